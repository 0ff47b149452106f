//! Comma-separated fields (RFC 4180), unrounded.

use serde_json::Value;

use crate::{Column, Table};

pub(super) fn write(table: &Table) -> String {
    let heads = table.columns.iter().flat_map(Column::fields);
    let mut out = line(heads.map(|head| quoted(&head)));
    for row in table.rows() {
        out += &line(table.raw(row).iter().map(field));
    }
    out
}

fn line(fields: impl Iterator<Item = String>) -> String {
    fields.collect::<Vec<_>>().join(",") + "\n"
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let special = |c: char| matches!(c, ',' | '"' | '\n' | '\r');
    if text.contains(special) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
