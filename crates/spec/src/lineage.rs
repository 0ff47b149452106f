//! What a variant says, and who says it, so that a comparison can tell what its variants differ in.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Change, Fingerprint, VariantName, config::Config, source::joined};

/// A key that is set to nothing.
const NONE: &str = "null";

/// All that decides a variant's numbers, as it was planned, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// The variant that the chain of `extends` begins with; itself, where it extends none.
    pub root: VariantName,
    /// Files that it rests on, itself included.
    pub depth: usize,
    /// What it comes to, defaults included, as JSON by dotted key. Without seeds, without paths, whose content the
    /// plan's fingerprint covers, and without what changes no number; of a file to begin with, its name and, once it
    /// is planned with, its content: `w.pth (1a2b3c4d5e6f)`.
    pub values: BTreeMap<String, String>,
    /// Keys of which it, or what it extends, says otherwise than the root.
    pub declared: BTreeSet<String>,
    /// Keys that were set from outside the specs, with `--set`.
    pub overridden: BTreeSet<String>,
}

impl Lineage {
    /// What this variant says otherwise than `other`, in the order of the keys.
    pub fn differences(&self, other: &Self) -> Vec<Change> {
        let keys: BTreeSet<&String> = self.values.keys().chain(other.values.keys()).collect();
        let differs = |key: &&String| match (self.set(key), other.set(key)) {
            (Some(one), Some(other)) if *key == INIT => !are_same_weights(one, other),
            (one, other) => one != other,
        };
        let change = |key: &String| Change {
            key: key.clone(),
            from: other.set(key).cloned(),
            to: self.set(key).cloned().unwrap_or_else(|| NONE.to_owned()),
        };
        keys.into_iter().filter(differs).map(change).collect()
    }

    /// What `key` is set to. Of a section that one variant has and another one lacks, the parts tell the difference.
    fn set(&self, key: &str) -> Option<&String> {
        self.values.get(key).filter(|value| *value != NONE)
    }

    /// Those of the differences that no spec declares: the two were planned under different `--set`, or one of them
    /// before a file that both rest on was changed. Specs that rest on no common file may differ in anything.
    pub fn undeclared_differences(&self, other: &Self) -> Vec<Change> {
        if self.root != other.root {
            return Vec::new();
        }
        let explained = |change: &Change| {
            let is_among = |keys: &BTreeSet<String>| keys.contains(&change.key);
            !is_among(&self.overridden)
                && !is_among(&other.overridden)
                && (is_among(&self.declared) || is_among(&other.declared))
        };
        self.differences(other).into_iter().filter(|change| !explained(change)).collect()
    }

    /// That of a variant which a program derived from another one's configuration.
    pub(crate) fn derived(name: &VariantName, config: &Config) -> Self {
        Self {
            root: name.clone(),
            depth: 1,
            values: values(config),
            declared: BTreeSet::new(),
            overridden: BTreeSet::new(),
        }
    }

    /// Notes the content of the file that it begins with.
    pub(crate) fn begins_with(&mut self, file: &Path, content: &Fingerprint) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        self.values.insert(INIT.to_owned(), format!("{name} ({})", content.short()));
    }
}

/// By their content, which may lie in files of different names; by their names where one was planned without it.
fn are_same_weights(one: &str, other: &str) -> bool {
    let ((name, content), (other_name, other_content)) = (name_and_content(one), name_and_content(other));
    content.zip(other_content).map_or(name == other_name, |(one, other)| one == other)
}

/// Name and content of what [`Lineage::begins_with`] noted.
fn name_and_content(value: &str) -> (&str, Option<&str>) {
    let is_digest = |text: &&str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = value.strip_suffix(')').and_then(|value| value.rsplit_once(" ("));
    parts.filter(|(_, digest)| is_digest(digest)).map_or((value, None), |(name, digest)| (name, Some(digest)))
}

/// The order in which variants are run and compared: what others extend first, of these the baseline.
pub fn precedence(depth: usize, variant: &VariantName) -> (usize, bool) {
    (depth, variant.as_str() != "baseline")
}

/// Where the weights stand that a variant begins with.
const INIT: &str = "model.init";

/// Keys of a configuration that stand elsewhere in a spec.
const IN_SPECS: [(&str, &str); 5] = [
    ("start.init.file", INIT),
    ("start.freeze", "model.freeze"),
    ("cross_entropy.focal.gamma", "loss.focal"),
    ("cross_entropy.smoothed.share", "loss.label_smoothing"),
    ("sample_rate", "loss.sample_rate"),
];

/// What `config` says, by dotted key of a spec.
pub(crate) fn values(config: &Config) -> BTreeMap<String, String> {
    let mut covered = config.covered();
    if let (Some(named), Some(init)) = (&mut covered.start.init, &config.start.init) {
        named.file = init.file.file_name().map(PathBuf::from).unwrap_or_default();
    }
    let json = serde_json::to_value(covered);
    let mut values = BTreeMap::new();
    flatten("", &json.expect("a configuration is plain data and always becomes JSON"), &mut values);
    for (key, in_specs) in IN_SPECS {
        if let Some(value) = values.remove(key) {
            values.insert(in_specs.to_owned(), value);
        }
    }
    values
}

fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    let text = match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                flatten(&joined(path, key), value, into);
            }
            return;
        }
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    };
    into.insert(path.to_owned(), text);
}
