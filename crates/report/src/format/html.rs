//! A table as a part of a page.

use std::fmt::Write as _;

use crate::{Better, Cell, Kind, Table};

pub(crate) fn write(table: &Table) -> String {
    let mut out = format!("<table>\n<caption>{}</caption>\n<thead><tr>", escaped(&table.caption));
    for column in &table.columns {
        let _ = write!(out, "<th{}>{}</th>", class(column.kind, ""), escaped(&column.title));
    }
    out += "</tr></thead>\n<tbody>\n";
    for row in table.rows() {
        out += "<tr>";
        for (column, cell) in table.columns.iter().zip(row) {
            let class = class(column.kind, news(column.kind, cell));
            let _ = write!(out, "<td{class}>{}</td>", escaped(&cell.shown()));
        }
        out += "</tr>\n";
    }
    out += "</tbody>\n</table>\n";
    if !table.notes.is_empty() {
        out += "<ul class=\"notes\">\n";
        for note in &table.notes {
            let _ = writeln!(out, "<li>{}</li>", escaped(note));
        }
        out += "</ul>\n";
    }
    out
}

fn class(kind: Kind, news: &str) -> String {
    let kind = match kind {
        Kind::Text => return String::new(),
        Kind::Number | Kind::Spread | Kind::Interval => "number",
        Kind::Difference(_) => "difference",
    };
    if news.is_empty() { format!(" class=\"{kind}\"") } else { format!(" class=\"{kind} {news}\"") }
}

/// Whether a difference is clear, and good or bad.
fn news(kind: Kind, cell: &Cell) -> &'static str {
    match (kind, cell.clear()) {
        (Kind::Difference(Better::Unsaid), _) => "",
        (Kind::Difference(better), Some(difference)) => {
            if (difference.value > 0.0) == (better == Better::Higher) { "gain" } else { "loss" }
        }
        _ => "",
    }
}

/// Text that is no markup, in an element or in a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}
