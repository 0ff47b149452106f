//! The store's records as what is compared.

use std::collections::BTreeMap;

use arclab_spec::SharedPeople;
use arclab_store::records::{
    EvaluationRecord, MetricPoint, MetricScope, PairListRecord, PairRecord, ScoresRecord,
};

use crate::{PairList, ProtocolResult};

impl From<&PairListRecord> for PairList {
    fn from(record: &PairListRecord) -> Self {
        Self {
            same: record.pairs.iter().map(|pair| pair.same).collect(),
            // Folds count only if every pair has one.
            folds: record.pairs.iter().map(|pair| pair.fold).collect(),
            people: people(&record.pairs),
            images: record.pairs.iter().map(|pair| [pair.a.clone(), pair.b.clone()]).collect(),
        }
    }
}

/// An image is named by its person's folder and its file there; one without a folder counts as a person of its own.
fn people(pairs: &[PairRecord]) -> Vec<[u32; 2]> {
    let mut numbers = BTreeMap::new();
    let mut number = |image: &str| {
        let person = image.split_once('/').map_or(image, |(person, _)| person);
        let next = numbers.len() as u32;
        *numbers.entry(person.to_owned()).or_insert(next)
    };
    pairs.iter().map(|pair| [number(&pair.a), number(&pair.b)]).collect()
}

impl ProtocolResult {
    /// A stored evaluation with the scores it was made from, where they were kept, and who of its people is in training.
    pub fn stored(
        evaluation: &EvaluationRecord,
        scores: Option<ScoresRecord>,
        shared_people: Option<SharedPeople>,
    ) -> Self {
        // Scores of another list would be decided against the wrong truth.
        let scores = scores.filter(|scores| scores.pair_list == evaluation.pair_list);
        Self {
            pair_list: evaluation.pair_list.clone(),
            evaluation: evaluation.evaluation.clone(),
            scores: scores.map_or_else(Vec::new, |scores| scores.scores),
            shared_people,
        }
    }
}

/// The training curve of a metric's points: (epochs done, value), of whole epochs alone.
pub fn curve(points: &[MetricPoint]) -> Vec<(f64, f64)> {
    let whole = points.iter().filter(|point| point.scope == MetricScope::Epoch);
    whole.map(|point| (f64::from(point.epoch), point.value)).collect()
}
