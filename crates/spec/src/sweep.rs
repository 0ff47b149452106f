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
}

/// One cell of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// From 0, in the order of the search.
    pub number: u32,
    /// What each axis of the sweep has in it; none where the axis does not count.
    pub values: Vec<Option<String>>,
}
