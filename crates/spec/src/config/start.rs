//! `model.init:` and `model.freeze:`: what the network begins as, and what of it stays so.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Fingerprint;

/// What a network begins as. Its shape is the [`ModelConfig`](super::ModelConfig)'s affair.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartConfig {
    /// Weights to begin with; none: random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitialWeights>,
    /// Parameters that stay as they are: names of them or of parts, with `*` for any characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<String>,
}

/// A file of weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitialWeights {
    /// Where it lies now. No part of a plan's identity: it may move.
    pub file: PathBuf,
    /// Of its content; absent until it is planned with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Fingerprint>,
}

impl StartConfig {
    /// What nobody has to say: random weights, all of which learn.
    pub fn is_random(&self) -> bool {
        *self == Self::default()
    }
}
