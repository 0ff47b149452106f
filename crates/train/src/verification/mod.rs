//! Verification: embeddings to scores, decisions and the files that keep them.

mod embed;
mod predictions;
mod test_pairs;

use arclab_metrics::{EvaluateError, evaluate, validation_threshold};

pub(crate) use embed::{Embedder, Embeddings, Stopped};
pub(crate) use predictions::{Prediction, file_name, text};
pub(crate) use test_pairs::{WriteError, predictions_file, scores_file, test_pairs};

use crate::{
    data::{Data, PairList},
    run::Stop,
};

/// What the validation pairs say of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Validation {
    /// The most accurate cosine similarity.
    pub(crate) threshold: f64,
    /// Accuracy there: on the pairs that the threshold was chosen on.
    pub(crate) accuracy: f64,
}

/// Why pairs were not scored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error("asked to stop")]
    Stopped(Stopped),
    #[error("failed to judge the scores")]
    Evaluate(#[source] EvaluateError),
}

/// Validates a model; nothing where the validation images make no pairs.
pub(crate) fn validate(
    model: &impl Embedder,
    data: &Data,
    stop: &Stop,
) -> Result<Option<Validation>, VerifyError> {
    let Some(list) = data.validation() else { return Ok(None) };
    let scores = scores(model, data, list, stop).map_err(VerifyError::Stopped)?;
    let threshold = validation_threshold(&scores, &list.same).map_err(VerifyError::Evaluate)?;
    let policy = arclab_metrics::ResolvedPolicy::Validation { threshold };
    let evaluation = evaluate(&scores, &list.same, None, policy).map_err(VerifyError::Evaluate)?;
    Ok(Some(Validation { threshold, accuracy: evaluation.accuracy }))
}

/// The cosine similarity of each pair, in the list's order.
pub(crate) fn scores(
    model: &impl Embedder,
    data: &Data,
    list: &PairList,
    stop: &Stop,
) -> Result<Vec<f32>, Stopped> {
    let images = list.pairs.iter().flatten().copied();
    let embeddings = Embeddings::compute(model, data.image_size(), images, |image| data.pixels(image), stop)?;
    Ok(list.pairs.iter().map(|&[a, b]| embeddings.similarity(a, b)).collect())
}
