//! What is compared: the results of variants, as the store has kept them.

use std::{collections::BTreeMap, num::NonZeroU32};

use arclab_metrics::Evaluation;
use arclab_spec::{Fingerprint, Lineage, ProtocolName, RunId, SharedPeople, VariantName};

use crate::Stated;

/// A variant and its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantResults {
    /// Its name.
    pub name: VariantName,
    /// What became of its runs: `cached`, `2 of 3 failed`. The tables have a column for it if any variant has one.
    pub state: Option<String>,
    /// What its runs should teach; empty if nobody said.
    pub hypothesis: String,
    /// The same, as results can answer it; absent if nobody said.
    pub stated: Option<Stated>,
    /// What it says, and which spec says so; absent where it was not kept.
    pub lineage: Option<Lineage>,
    /// One a seed; runs that have not succeeded are left out by the caller.
    pub runs: Vec<RunResults>,
}

/// One seed's run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResults {
    /// Its name, which variants of one plan share.
    pub run: RunId,
    /// Its seed.
    pub seed: u64,
    /// So many parts of a batch for each that its plan has, where memory ran out at first.
    pub parts: Option<NonZeroU32>,
    /// By protocol.
    pub protocols: BTreeMap<ProtocolName, ProtocolResult>,
    /// (epochs done, training loss), in order.
    pub loss: Vec<(f64, f64)>,
    /// (epochs done, accuracy on the validation pairs), in order.
    pub validation_accuracy: Vec<(f64, f64)>,
}

/// One test of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct ProtocolResult {
    /// On which pairs.
    pub pair_list: Fingerprint,
    /// The numbers.
    pub evaluation: Evaluation,
    /// One cosine similarity a pair, in the list's order; empty if not kept.
    pub scores: Vec<f32>,
    /// How many of its people are in the run's training; none where that is not known.
    pub shared_people: Option<SharedPeople>,
}

/// The truth of a pair list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PairList {
    /// Whether each pair is the same person.
    pub same: Vec<bool>,
    /// Each pair's fold, where the list names folds.
    pub folds: Option<Vec<u32>>,
    /// Both people of each pair, by number: images in one folder are of one person.
    pub people: Vec<[u32; 2]>,
    /// Both images of each pair, by name; empty where they were not kept.
    pub images: Vec<[String; 2]>,
}

/// All pair lists that some results rest on.
pub type PairLists = BTreeMap<Fingerprint, PairList>;
