//! One protocol: scores, the evaluation, and the files of both.

use std::{
    io,
    path::{Path, PathBuf},
};

use arclab_data::PairList;
use arclab_metrics::{EvaluateError, Evaluation, ResolvedPolicy, decisions, evaluate};
use arclab_nn::checkpoint::replace_file;

use super::{Embedder, Prediction, VerifyError, file_name, scores, text};
use crate::{data::Pictures, run::Stop};

/// A pair list with what a model says of it.
#[derive(Debug)]
pub(crate) struct Tested<'a> {
    list: &'a PairList,
    /// One cosine similarity a pair, in the list's order.
    scores: Vec<f32>,
    /// The numbers.
    pub(crate) evaluation: Evaluation,
    decisions: Vec<bool>,
}

/// A result that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write {}", path.display())]
pub(crate) struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Scores every pair and decides it.
pub(crate) fn test_pairs<'a>(
    model: &impl Embedder,
    pictures: Pictures<'_>,
    list: &'a PairList,
    policy: ResolvedPolicy,
    stop: &Stop,
) -> Result<Tested<'a>, VerifyError> {
    let scores = scores(model, pictures, list, stop).map_err(VerifyError::Stopped)?;
    let (evaluation, decisions) = judge(&scores, list, policy).map_err(VerifyError::Evaluate)?;
    Ok(Tested { list, scores, evaluation, decisions })
}

fn judge(
    scores: &[f32],
    list: &PairList,
    policy: ResolvedPolicy,
) -> Result<(Evaluation, Vec<bool>), EvaluateError> {
    let (same, folds) = (list.same(), list.folds());
    let evaluation = evaluate(scores, &same, folds.as_deref(), policy)?;
    let decided = decisions(&evaluation, scores, &same, folds.as_deref())?;
    Ok((evaluation, decided))
}

/// Writes `scores-MODE.f32` into `folder`: little-endian float32, one a pair. Returns its name.
pub(crate) fn scores_file(tested: &Tested<'_>, folder: &Path, mode: &str) -> Result<String, WriteError> {
    let name = format!("scores-{mode}.f32");
    let bytes: Vec<u8> = tested.scores.iter().flat_map(|score| score.to_le_bytes()).collect();
    write(&folder.join(&name), &bytes)?;
    Ok(name)
}

/// Writes `MODE_MODEL_predict.txt` into `folder`. Returns its path.
pub(crate) fn predictions_file(
    tested: &Tested<'_>,
    pictures: Pictures<'_>,
    folder: &Path,
    mode: &str,
    model: &str,
) -> Result<PathBuf, WriteError> {
    let pairs = tested.list.pairs.iter().zip(&tested.scores).zip(&tested.decisions);
    let predictions = pairs.map(|((pair, &score), &decision)| Prediction {
        names: [pair.a, pair.b].map(|image| pictures.name(image)),
        score,
        decision,
        truth: pair.same,
    });
    let path = folder.join(file_name(mode, model));
    write(&path, text(mode, model, &tested.evaluation, predictions).as_bytes())?;
    Ok(path)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    replace_file(path, bytes).map_err(|source| WriteError { path: path.to_owned(), source })
}
