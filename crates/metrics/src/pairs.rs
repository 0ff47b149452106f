//! Scores beside the truth, checked once: everything else may rely on it.

/// Why scores cannot be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Nothing to evaluate.
    #[error("the pair list is empty")]
    NoPairs,
    /// Scores and truth do not belong together.
    #[error("{scores} scores for {pairs} pairs")]
    LengthsDiffer {
        /// Scores given.
        scores: usize,
        /// Truths given.
        pairs: usize,
    },
    /// Folds and truth do not belong together.
    #[error("{folds} fold numbers for {pairs} pairs")]
    FoldsDiffer {
        /// Fold numbers given.
        folds: usize,
        /// Truths given.
        pairs: usize,
    },
    /// The people of other pairs than were decided.
    #[error("the people of {people} pairs for {pairs} pairs")]
    PeopleDiffer {
        /// Pairs of people given.
        people: usize,
        /// Truths given.
        pairs: usize,
    },
    /// Neither a threshold nor a ROC curve has a meaning.
    #[error("all {pairs} pairs are {}: both kinds are needed", if *.same { "the same person" } else { "different people" })]
    OneClass {
        /// Number of pairs.
        pairs: usize,
        /// Whether they are all of the same person.
        same: bool,
    },
    /// A network that has diverged gives such scores.
    #[error("the score of pair {pair} (from 0) is {score}")]
    NotFinite {
        /// Position in the list, from 0.
        pair: usize,
        /// The score.
        score: f32,
    },
    /// Not a similarity: perhaps a distance.
    #[error("the score of pair {pair} (from 0) is {score}, no cosine similarity, which lies in -1 to 1")]
    NotACosine {
        /// Position in the list, from 0.
        pair: usize,
        /// The score.
        score: f32,
    },
    /// A fold's threshold comes from the other folds.
    #[error(
        "{folds} fold is too few: a fold's threshold comes from the other folds, so at least 2 are needed"
    )]
    TooFewFolds {
        /// Folds asked for or listed.
        folds: usize,
    },
    /// A fold would be empty.
    #[error("{folds} folds of {pairs} pairs: a fold would be empty")]
    MoreFoldsThanPairs {
        /// Folds asked for.
        folds: usize,
        /// Number of pairs.
        pairs: usize,
    },
    /// A threshold that compares with nothing.
    #[error("the threshold is {threshold}, not a number")]
    BadThreshold {
        /// The threshold.
        threshold: f64,
    },
    /// The evaluation was made over other folds than these.
    #[error("{thresholds} thresholds for {folds} folds")]
    ThresholdsDiffer {
        /// Thresholds in the evaluation.
        thresholds: usize,
        /// Folds of the pair list.
        folds: usize,
    },
}

/// Float32 arithmetic may leave [-1, 1] by this much.
const ROUNDING: f32 = 1e-3;

/// Scores and truth of a pair list: as many of each, finite, with both kinds of pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pairs<'a> {
    pub(crate) scores: &'a [f32],
    pub(crate) same: &'a [bool],
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(scores: &'a [f32], same: &'a [bool]) -> Result<Self, EvaluateError> {
        if scores.len() != same.len() {
            return Err(EvaluateError::LengthsDiffer { scores: scores.len(), pairs: same.len() });
        }
        let first = *same.first().ok_or(EvaluateError::NoPairs)?;
        for (pair, &score) in scores.iter().enumerate() {
            if !score.is_finite() {
                return Err(EvaluateError::NotFinite { pair, score });
            }
            if score.abs() > 1.0 + ROUNDING {
                return Err(EvaluateError::NotACosine { pair, score });
            }
        }
        if same.iter().all(|&one| one == first) {
            return Err(EvaluateError::OneClass { pairs: same.len(), same: first });
        }
        Ok(Self { scores, same })
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (f32, bool)> + 'a {
        self.scores.iter().copied().zip(self.same.iter().copied())
    }
}
