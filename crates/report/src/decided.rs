//! A run's scores on a pair list, each beside the threshold that it was held against.

use arclab_metrics::{EvaluateError, pair_thresholds};

use crate::{PairList, ProtocolResult};

/// In which way a pair is decided wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// Different people, called the same.
    FalsePositive,
    /// The same person, called different.
    FalseNegative,
}

impl ErrorKind {
    /// How a pair of this truth is decided wrongly.
    pub(crate) fn of(same: bool) -> Self {
        if same { Self::FalseNegative } else { Self::FalsePositive }
    }

    /// `FP` or `FN`.
    pub fn short(self) -> &'static str {
        match self {
            Self::FalsePositive => "FP",
            Self::FalseNegative => "FN",
        }
    }

    /// In words.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::FalsePositive => "False positive",
            Self::FalseNegative => "False negative",
        }
    }
}

/// A score and what it was held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// Cosine similarity.
    pub score: f64,
    /// Above it a pair is called the same person.
    pub threshold: f64,
}

impl Held {
    /// How far it lies on the wrong side for a pair of this kind; negative on the right one.
    pub(crate) fn beyond(self, kind: ErrorKind) -> f64 {
        match kind {
            ErrorKind::FalsePositive => self.score - self.threshold,
            ErrorKind::FalseNegative => self.threshold - self.score,
        }
    }

    pub(crate) fn is_wrong(self, kind: ErrorKind) -> bool {
        (self.score > self.threshold) == (kind == ErrorKind::FalsePositive)
    }
}

/// All pairs of a list, as a run decided them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decided {
    pairs: Vec<(Held, ErrorKind)>,
}

impl Decided {
    pub(crate) fn new(result: &ProtocolResult, list: &PairList) -> Result<Self, EvaluateError> {
        let (scores, pairs) = (&result.scores, list.same.len());
        if scores.len() != pairs {
            return Err(EvaluateError::LengthsDiffer { scores: scores.len(), pairs });
        }
        let thresholds = pair_thresholds(&result.evaluation, &list.same, list.folds.as_deref())?;
        let all = scores.iter().zip(thresholds).zip(&list.same);
        let pair = |((&score, threshold), &same): ((&f32, f64), &bool)| {
            (Held { score: f64::from(score), threshold }, ErrorKind::of(same))
        };
        Ok(Self { pairs: all.map(pair).collect() })
    }

    /// Each pair in the list's order, and the kind of error that it could be.
    pub(crate) fn pairs(&self) -> &[(Held, ErrorKind)] {
        &self.pairs
    }

    pub(crate) fn is_wrong(&self, pair: usize) -> bool {
        let (held, kind) = self.pairs[pair];
        held.is_wrong(kind)
    }
}
