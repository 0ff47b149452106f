//! `evaluation:`: which pairs test the model, and at which threshold.

use std::{collections::BTreeMap, path::PathBuf};

use arclab_metrics::ThresholdPolicy;
use serde::{Deserialize, Serialize};

use crate::ProtocolName;

/// `evaluation:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationConfig {
    /// The tests, by name.
    pub protocols: BTreeMap<ProtocolName, Protocol>,
    /// Balanced pairs drawn from the validation images, at most.
    pub validation_pairs: u32,
}

/// One test: its pairs and its threshold. `evaluation.threshold` is written into each that has none of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Where the pairs come from.
    pub pairs: PairSource,
    /// Where the threshold comes from.
    pub threshold: ThresholdPolicy,
}

/// Where a protocol's pairs come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PairSource {
    /// Balanced pairs drawn from a part of the split.
    Drawn {
        /// The part.
        from: SplitPart,
        /// How many at most: half same, half different.
        count: u32,
        /// Share of the pairs whose label is turned around, in [0, 0.5).
        mislabelled: f64,
    },
    /// A list in a file: CSV with columns `a,b,same` and perhaps `fold`, LFW's `pairs.txt`, or a verification set, which
    /// holds its images, too.
    Listed {
        /// The list.
        list: PathBuf,
        /// Its images, in any form; the data set's own where absent.
        images: Option<PathBuf>,
    },
}

/// A part of a split that no training image is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitPart {
    /// Held-out images of identities that were trained on.
    ClosedTest,
    /// Images of identities that were not.
    OpenTest,
}
