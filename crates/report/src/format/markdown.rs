//! A table of GitHub's Markdown.

use std::fmt::Write as _;

use crate::{Cell, Table};

pub(super) fn write(table: &Table) -> String {
    let mut out = String::new();
    if !table.caption.is_empty() {
        let _ = writeln!(out, "**{}**\n", escaped(&table.caption));
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out += &line(table.columns.iter().map(|column| escaped(&column.title)).collect());
    let rule = |left: bool| if left { ":---" } else { "---:" }.to_owned();
    out += &line(table.columns.iter().map(|column| rule(column.is_left_aligned())).collect());
    for row in table.rows() {
        out += &line(row.iter().map(cell).collect());
    }
    if !table.notes.is_empty() {
        out.push('\n');
    }
    for note in &table.notes {
        let _ = writeln!(out, "- {}", escaped(note));
    }
    out
}

/// Numbers stay as they are: a star behind one is no markup there.
fn cell(cell: &Cell) -> String {
    if let Cell::Text(text) = cell { escaped(text) } else { cell.shown() }
}

/// Text that is no markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | '*' | '<' | '`' | '[' | ']' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
