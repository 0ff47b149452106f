//! `queue:`: when runs are carried out. Not part of their identity: it changes no number.

use serde::{Deserialize, Serialize};

use crate::VariantName;

/// `queue:`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueConfig {
    /// Each whole level goes before what was submitted up to an hour earlier.
    pub priority: f64,
    /// Variants of the same experiment, or runs, that must have succeeded before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<VariantName>,
}

impl QueueConfig {
    /// Whether it says nothing, as that of most specs.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}
