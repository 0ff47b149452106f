//! Objects with unrounded numbers.

use serde_json::{Map, Value};

use crate::{Column, Table};

pub(super) fn write(tables: &[Table]) -> String {
    text(&document(tables))
}

pub(super) fn text(document: &Value) -> String {
    format!("{document:#}\n")
}

pub(super) fn document(tables: &[Table]) -> Value {
    match tables {
        [table] => rows(table),
        tables => {
            let mut all: Map<_, _> = tables.iter().map(|table| (table.name.clone(), rows(table))).collect();
            all.insert("notes".to_owned(), notes(tables));
            Value::Object(all)
        }
    }
}

fn rows(table: &Table) -> Value {
    let fields: Vec<String> = table.columns.iter().flat_map(Column::fields).collect();
    let object = |row| Value::Object(fields.iter().cloned().zip(table.raw(row)).collect());
    table.rows().iter().map(|row| object(row)).collect()
}

/// Each note once.
fn notes(tables: &[Table]) -> Value {
    let mut notes: Vec<&str> = Vec::new();
    for note in tables.iter().flat_map(|table| &table.notes) {
        if !notes.contains(&&**note) {
            notes.push(note);
        }
    }
    notes.into()
}
