//! What a spec expects of its runs, in a form that results can answer.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ProtocolName, VariantName};

/// One entry of `expect:`: how a number of the variant compares with that of another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// On which test.
    pub protocol: ProtocolName,
    /// Of what.
    pub number: Number,
    /// Which way.
    pub change: Direction,
    /// The variant that it is compared with.
    pub versus: VariantName,
}

/// A number that every test of a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Number {
    /// Share of pairs decided rightly.
    Accuracy,
    /// Different people, called the same.
    FalsePositives,
    /// The same person, called different people.
    FalseNegatives,
    /// Area under the ROC curve.
    Auc,
}

/// How a number differs from that of another variant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It is larger.
    Increases,
    /// It is smaller.
    Decreases,
    /// It differs by so much at most.
    Stays {
        /// In the number's own unit: a share, or a count of pairs.
        within: f64,
    },
}

impl Number {
    /// Each with its name in specs.
    pub const ALL: [(&'static str, Self); 4] = [
        ("accuracy", Self::Accuracy),
        ("false_positives", Self::FalsePositives),
        ("false_negatives", Self::FalseNegatives),
        ("auc", Self::Auc),
    ];

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, number)| *number == self).map_or("", |(name, _)| name)
    }
}

impl Expectation {
    /// `open.false_negatives`, as specs say it.
    pub fn metric(&self) -> String {
        format!("{}.{}", self.protocol, self.number.name())
    }
}

/// `increases`, `decreases`, `stays within ±0.01`.
impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Increases => f.write_str("increases"),
            Self::Decreases => f.write_str("decreases"),
            Self::Stays { within } => write!(f, "stays within ±{within}"),
        }
    }
}

/// `open.false_negatives decreases versus baseline`.
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} versus {}", self.metric(), self.change, self.versus)
    }
}
