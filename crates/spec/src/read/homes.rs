//! Where keys belong, for those who write one in the wrong section.

use std::collections::BTreeMap;

use serde_json::Value;

use super::schema::json_schema;
use crate::source::{joined, one_of};

/// The sections that have a key, by key.
#[derive(Debug)]
pub(super) struct Homes(BTreeMap<String, Vec<String>>);

impl Homes {
    pub(super) fn new() -> Self {
        let mut homes = BTreeMap::new();
        collect(&json_schema(), "", &mut homes);
        Self(homes)
    }

    /// `` `margin` belongs in `loss` ``, where it is in few places and not at the top.
    pub(super) fn hint(&self, key: &str) -> Option<String> {
        let sections = self.0.get(key).filter(|sections| sections.len() <= 3)?;
        let sections: Vec<&str> = sections.iter().map(String::as_str).collect();
        if sections.contains(&"") {
            return Some(format!("`{key}` belongs at the top, not indented"));
        }
        Some(format!("`{key}` belongs in {}", one_of(&sections)))
    }
}

fn collect(schema: &Value, path: &str, homes: &mut BTreeMap<String, Vec<String>>) {
    let alternatives = schema["anyOf"].as_array();
    alternatives.into_iter().flatten().for_each(|one| collect(one, path, homes));
    for (key, below) in schema["properties"].as_object().into_iter().flatten() {
        homes.entry(key.clone()).or_default().push(path.to_owned());
        collect(below, &joined(path, key), homes);
    }
}
