//! Aligned columns for a terminal.

use std::fmt::Write as _;

use crate::{Better, Cell, Column, Kind, Table};

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

const GAP: &str = "  ";

/// Notes are wrapped to the table's width, and to this under a narrower table.
const NARROWEST: usize = 80;

pub(super) fn write(table: &Table, colour: bool) -> String {
    let shown: Vec<Vec<String>> =
        table.rows().iter().map(|row| row.iter().map(|cell| tame(&cell.shown())).collect()).collect();
    let width = |(place, column): (usize, &Column)| {
        let cells = shown.iter().map(|row| row[place].chars().count());
        cells.chain([column.title.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = table.columns.iter().enumerate().map(width).collect();
    let mut out = String::new();
    if !table.caption.is_empty() {
        let _ = writeln!(out, "{}", painted(&table.caption, BOLD, colour));
    }
    let titles = table.columns.iter().map(|column| (column.title.clone(), BOLD));
    push_line(&mut out, table, &widths, titles, colour);
    let rule: usize = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
    let _ = writeln!(out, "{}", "─".repeat(rule));
    for (row, shown) in table.rows().iter().zip(shown) {
        let paints = table.columns.iter().zip(row).map(|(column, cell)| paint(column.kind, cell));
        push_line(&mut out, table, &widths, shown.into_iter().zip(paints), colour);
    }
    for note in &table.notes {
        push_wrapped(&mut out, &tame(note), rule.max(NARROWEST));
    }
    out
}

/// Breaks between words, and sets the lines after the first in.
fn push_wrapped(out: &mut String, text: &str, width: usize) {
    let mut used = 0;
    for (place, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if place > 0 && used + 1 + length > width {
            out.push_str("\n  ");
            used = 2;
        } else if place > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out.push('\n');
}

fn push_line<'a>(
    out: &mut String,
    table: &Table,
    widths: &[usize],
    cells: impl Iterator<Item = (String, &'a str)>,
    colour: bool,
) {
    let mut line = String::new();
    for ((column, &width), (text, paint)) in table.columns.iter().zip(widths).zip(cells) {
        let space = " ".repeat(width - text.chars().count());
        let text = painted(&text, paint, colour);
        let (before, after) = if column.is_left_aligned() { ("", &*space) } else { (&*space, "") };
        let _ = write!(line, "{before}{text}{after}{GAP}");
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Green for a clear gain, red for a clear loss.
fn paint(kind: Kind, cell: &Cell) -> &'static str {
    match (kind, cell.clear()) {
        (Kind::Difference(Better::Unsaid), _) => "",
        (Kind::Difference(better), Some(difference)) => {
            if (difference.value > 0.0) == (better == Better::Higher) { GREEN } else { RED }
        }
        _ => "",
    }
}

fn painted(text: &str, paint: &str, colour: bool) -> String {
    if colour && !paint.is_empty() { format!("{paint}{text}{PLAIN}") } else { text.to_owned() }
}

/// One line, and nothing that a terminal would obey.
fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
