//! What a variant says, and who says it, so that a comparison can tell what its variants differ in.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Change, VariantName};

/// All that decides a variant's numbers, as it was planned, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// The variant that the chain of `extends` begins with; itself, where it extends none.
    pub root: VariantName,
    /// Values by dotted key, as YAML on one line. Without seeds, and without what changes no number.
    pub values: BTreeMap<String, String>,
    /// Keys that it, or what it extends, sets otherwise than the root.
    pub declared: BTreeSet<String>,
    /// Keys that were set from outside the specs, with `--set`.
    pub overridden: BTreeSet<String>,
}

impl Lineage {
    /// What this variant says otherwise than `other`, in the order of the keys.
    pub fn differences(&self, other: &Self) -> Vec<Change> {
        let keys: BTreeSet<&String> = self.values.keys().chain(other.values.keys()).collect();
        let differs = |key: &&String| self.values.get(*key) != other.values.get(*key);
        let change = |key: &String| Change {
            key: key.clone(),
            from: other.values.get(key).cloned(),
            to: self.values.get(key).cloned().unwrap_or_else(|| "null".to_owned()),
        };
        keys.into_iter().filter(differs).map(change).collect()
    }

    /// Those of the differences that no spec declares: the two were planned under different `--set`, or one of them
    /// before a file that both rest on was changed. Specs that rest on no common file may differ in anything.
    pub fn undeclared_differences(&self, other: &Self) -> Vec<Change> {
        if self.root != other.root {
            return Vec::new();
        }
        let explained = |change: &Change| {
            let is_under = |keys: &BTreeSet<String>| keys.iter().any(|key| covers(key, &change.key));
            !is_under(&self.overridden)
                && !is_under(&other.overridden)
                && (is_under(&self.declared) || is_under(&other.declared))
        };
        self.differences(other).into_iter().filter(|change| !explained(change)).collect()
    }
}

/// Whether `key` is `prefix` or lies below it.
fn covers(prefix: &str, key: &str) -> bool {
    key.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
