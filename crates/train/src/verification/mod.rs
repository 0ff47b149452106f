//! Verification: embeddings to scores, decisions and the files that keep them.

mod embed;
mod predictions;
mod test_pairs;

use arclab_data::PairList;
use arclab_metrics::{EvaluateError, ResolvedPolicy, evaluate, validation_threshold};

pub(crate) use embed::{Embedder, Embeddings, Stopped};
pub(crate) use predictions::{Prediction, file_name, text};
pub(crate) use test_pairs::{WriteError, predictions_file, scores_file, test_pairs};

use crate::{data::Pictures, run::Stop};

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

/// Validates a model; nothing where there are no validation pairs.
pub(crate) fn validate(
    model: &impl Embedder,
    pictures: Pictures<'_>,
    list: &PairList,
    stop: &Stop,
) -> Result<Option<Validation>, VerifyError> {
    if list.is_empty() {
        return Ok(None);
    }
    let scores = scores(model, pictures, list, stop).map_err(VerifyError::Stopped)?;
    judge(&scores, &list.same()).map(Some).map_err(VerifyError::Evaluate)
}

fn judge(scores: &[f32], same: &[bool]) -> Result<Validation, EvaluateError> {
    let threshold = validation_threshold(scores, same)?;
    let accuracy = evaluate(scores, same, None, ResolvedPolicy::Validation { threshold })?.accuracy;
    Ok(Validation { threshold, accuracy })
}

/// The cosine similarity of each pair, in the list's order. Each distinct image is embedded once.
fn scores(
    model: &impl Embedder,
    pictures: Pictures<'_>,
    list: &PairList,
    stop: &Stop,
) -> Result<Vec<f32>, Stopped> {
    let [images, mirrored] = [false, true].map(|mirrored| pictures.batches(list.images(), mirrored));
    let embeddings = Embeddings::compute(model, images, mirrored, stop)?;
    Ok(list.pairs.iter().map(|pair| embeddings.similarity(pair.a, pair.b)).collect())
}
