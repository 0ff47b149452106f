//! The JSON Schema of specs, from the same description that reads them.

use serde_json::{Value, json};

use super::{
    section::{Reading, Section},
    spec, sweep,
};

/// The JSON Schema (draft 2020-12) of a spec file. Nothing is required there, since an extended spec may give it.
pub fn json_schema() -> Value {
    let reading = Reading::new(&|_| None);
    let mut top = Section::new(&reading, None, "");
    spec::top_level(&mut top);
    top.describe(
        sweep::KEY,
        "Axes over keys of this spec: each cell of them is a variant.",
        sweep::schema(&reading),
    );
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "arclab spec",
        "description": "A variant of a face-verification experiment: what to train on, how, and how to test it.",
    });
    if let (Value::Object(schema), Value::Object(described)) = (&mut schema, top.finish()) {
        schema.extend(described);
    }
    schema
}
