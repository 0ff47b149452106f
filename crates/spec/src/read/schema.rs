//! The JSON Schema of specs, from the same description that reads them.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::{
    section::{Reading, Section},
    spec,
};

/// The JSON Schema (draft 2020-12) of a spec file. `data.dataset` may be missing there, since an extended spec may
/// give it.
pub fn json_schema() -> Value {
    let reading = Reading { found: RefCell::default(), environment: &|_| None };
    let mut top = Section::new(&reading, None, "");
    spec::top_level(&mut top);
    let mut schema = top.finish();
    if let Some(data) = schema["properties"]["data"].as_object_mut() {
        data.remove("required");
    }
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("arclab spec");
    schema
}
