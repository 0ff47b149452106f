//! A `table` for the `booktabs` package.

use std::fmt::Write as _;

use crate::{Cell, Table};

pub(super) fn write(table: &Table) -> String {
    let alignment: String =
        table.columns.iter().map(|column| if column.is_left_aligned() { 'l' } else { 'r' }).collect();
    let mut out = String::from("% \\usepackage{booktabs}\n\\begin{table}\n  \\centering\n");
    if !table.caption.is_empty() {
        let _ = writeln!(out, "  \\caption{{{}}}", escaped(&table.caption));
    }
    let _ = writeln!(out, "  \\begin{{tabular}}{{{alignment}}}\n    \\toprule");
    let line = |cells: Vec<String>| format!("    {} \\\\\n", cells.join(" & "));
    out += &line(table.columns.iter().map(|column| escaped(&column.title)).collect());
    out += "    \\midrule\n";
    for row in table.rows() {
        out += &line(row.iter().map(cell).collect());
    }
    out += "    \\bottomrule\n  \\end{tabular}\n";
    for note in &table.notes {
        let _ = writeln!(out, "  \\par\\footnotesize {}", escaped(note));
    }
    out + "\\end{table}\n"
}

/// Signs of numbers are set as mathematics: a minus, not a hyphen.
fn cell(cell: &Cell) -> String {
    let shown = escaped(&cell.shown());
    if matches!(cell, Cell::Empty | Cell::Text(_) | Cell::Time(_)) {
        return shown;
    }
    shown.replace('-', "$-$").replace('+', "$+$")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out += "\\textbackslash{}",
            '~' => out += "\\textasciitilde{}",
            '^' => out += "\\textasciicircum{}",
            '<' => out += "\\textless{}",
            '>' => out += "\\textgreater{}",
            '±' => out += "$\\pm$",
            '×' => out += "$\\times$",
            // In a cell that begins a row, a bracket would be taken as an option of the line break before it.
            '[' => out += "{[}",
            ']' => out += "{]}",
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
