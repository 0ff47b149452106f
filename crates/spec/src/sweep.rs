//! A sweep, as whoever carries it out or shows it needs it.

use serde::{Deserialize, Serialize};

use crate::ExperimentName;

/// Which sweep a variant is a part of, and as what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// The sweep.
    pub sweep: Sweep,
    /// Which cell; none: what all cells are held against.
    pub cell: Option<Cell>,
}

/// What `sweep:` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The experiment that its variants are compared in.
    pub name: ExperimentName,
    /// Keys and what they take, in the order written.
    pub axes: Vec<SweepAxis>,
    /// How cells are chosen.
    pub search: Search,
    /// Which are stopped before their end; none: all go to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopRule>,
    /// Runs that all cells may have together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// Hours of work, of all workers together, after which no further cell begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<f64>,
}

/// One key of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepAxis {
    /// `loss.margin`.
    pub key: String,
    /// What it takes, as it is written.
    pub written: String,
    /// How many values a list has; none of a range.
    pub choices: Option<u32>,
}

/// How cells are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Search {
    /// All of the axes' product.
    Grid,
    /// So many, each value by chance.
    Random {
        /// How many.
        cells: u32,
        /// Of chance.
        seed: u32,
    },
    /// So many of Sobol's sequence.
    Sobol {
        /// How many.
        cells: u32,
        /// Of the scrambling.
        seed: u32,
    },
    /// So many, in rounds: the first of Sobol's sequence, each further one by what those before it have shown.
    Tpe {
        /// How many.
        cells: u32,
        /// Cells that are chosen at once.
        round: u32,
        /// Of chance.
        seed: u32,
    },
}

/// One cell of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// From 0, in the order of the search.
    pub number: u32,
    /// Its place on each axis, of [0, 1); none where the axis does not count.
    pub point: Vec<Option<f64>>,
    /// What each axis has in it.
    pub values: Vec<Option<String>>,
}

/// Which runs are stopped before their end, by the accuracy on validation pairs after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum StopRule {
    /// Asynchronous successive halving.
    Asha {
        /// Epochs before the first decision.
        min_epochs: u32,
        /// One in so many goes on; to so many times the epochs.
        reduction: u32,
    },
    /// Those below the median of the others.
    Median {
        /// Epochs before a decision, and from one to the next.
        min_epochs: u32,
    },
}
