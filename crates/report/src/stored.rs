//! The store's records as what is compared.

use arclab_store::records::{EvaluationRecord, MetricPoint, MetricScope, PairListRecord, ScoresRecord};

use crate::{PairList, ProtocolResult};

impl From<&PairListRecord> for PairList {
    fn from(record: &PairListRecord) -> Self {
        Self {
            same: record.pairs.iter().map(|pair| pair.same).collect(),
            // Folds count only if every pair has one.
            folds: record.pairs.iter().map(|pair| pair.fold).collect(),
        }
    }
}

impl ProtocolResult {
    /// A stored evaluation with the scores it was made from, where they were kept.
    pub fn stored(evaluation: &EvaluationRecord, scores: Option<ScoresRecord>) -> Self {
        // Scores of another list would be decided against the wrong truth.
        let scores = scores.filter(|scores| scores.pair_list == evaluation.pair_list);
        Self {
            pair_list: evaluation.pair_list.clone(),
            evaluation: evaluation.evaluation.clone(),
            scores: scores.map_or_else(Vec::new, |scores| scores.scores),
        }
    }
}

/// The training curve of a metric's points: (epochs done, value), of whole epochs alone.
pub fn curve(points: &[MetricPoint]) -> Vec<(f64, f64)> {
    let whole = points.iter().filter(|point| point.scope == MetricScope::Epoch);
    whole.map(|point| (f64::from(point.epoch), point.value)).collect()
}
