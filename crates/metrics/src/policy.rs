//! A threshold policy with the number it needs.

use crate::{EvaluateError, ThresholdPolicy};

/// [`ThresholdPolicy`] once the threshold is known: what [`evaluate`](crate::evaluate) needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ResolvedPolicy {
    /// Thresholds come from the test pairs' other folds.
    KFold {
        /// Number of folds where the pair list names none.
        folds: u32,
    },
    /// The same, over all thresholds.
    KFoldExact {
        /// Number of folds where the pair list names none.
        folds: u32,
    },
    /// The threshold that validation pairs gave.
    Validation {
        /// Cosine similarity.
        threshold: f64,
    },
    /// The threshold that the spec gives.
    Fixed {
        /// Cosine similarity.
        threshold: f64,
    },
}

impl ThresholdPolicy {
    /// Folds of a list that names none, where the policy takes thresholds from folds.
    pub fn folds(self) -> Option<u32> {
        match self {
            Self::KFold { folds } | Self::KFoldExact { folds } => Some(folds),
            Self::Validation | Self::Fixed(_) => None,
        }
    }

    /// The policy with its threshold. `validation` gives the threshold of the validation pairs (see
    /// [`validation_threshold`](crate::validation_threshold)) and is asked under `Validation` only.
    pub fn resolve<E>(self, validation: impl FnOnce() -> Result<f64, E>) -> Result<ResolvedPolicy, E> {
        Ok(match self {
            Self::KFold { folds } => ResolvedPolicy::KFold { folds },
            Self::KFoldExact { folds } => ResolvedPolicy::KFoldExact { folds },
            Self::Validation => ResolvedPolicy::Validation { threshold: validation()? },
            Self::Fixed(threshold) => ResolvedPolicy::Fixed { threshold },
        })
    }
}

impl From<ResolvedPolicy> for ThresholdPolicy {
    fn from(policy: ResolvedPolicy) -> Self {
        match policy {
            ResolvedPolicy::KFold { folds } => Self::KFold { folds },
            ResolvedPolicy::KFoldExact { folds } => Self::KFoldExact { folds },
            ResolvedPolicy::Validation { .. } => Self::Validation,
            ResolvedPolicy::Fixed { threshold } => Self::Fixed(threshold),
        }
    }
}

/// Refuses a threshold that every comparison would answer with no.
pub(crate) fn checked(threshold: f64) -> Result<f64, EvaluateError> {
    if threshold.is_nan() { Err(EvaluateError::BadThreshold { threshold }) } else { Ok(threshold) }
}
