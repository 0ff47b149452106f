//! The runs that made some weights, by the plans beside them, and so what the weights have seen: no image of a test
//! may be among it.

use std::path::{Path, PathBuf};

use arclab_data::{Leak, PrepareError, Prepared, prepare};
use arclab_nn::weight_files::{WeightsError, load_weights};
use arclab_spec::{Assignment, Plan, config::InitialWeights, run_folder};

use crate::{
    data::Logged,
    model_card::{ModelCard, UnreadableCard},
    request::{self, RequestError},
};

/// Why it is not known what weights were trained on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unknown {
    #[error("{} does not say which run made it", .0.display())]
    NoCard(PathBuf),
    #[error("the plan of the run that made {} is not beside it", weights.display())]
    NoPlan { weights: PathBuf, source: RequestError },
    #[error("{} is the plan of other weights", .0.display())]
    OtherPlan(PathBuf),
    #[error("the weights that they began with cannot be read")]
    Weights(#[source] WeightsError),
    #[error("the weights that they began with cannot be understood")]
    Card(#[source] UnreadableCard),
    #[error("failed to prepare what {} was trained on", weights.display())]
    Data { weights: PathBuf, source: Box<PrepareError> },
    #[error("{} has changed since", .0.display())]
    OtherWeights(PathBuf),
    #[error("what {} was trained on has changed since", .0.display())]
    OtherData(PathBuf),
}

/// The runs that made some weights, the last one first: it may have begun with weights itself, and so may the run that
/// made these.
#[derive(Debug)]
pub(crate) struct Makers {
    /// Each with the weights that it made.
    plans: Vec<(PathBuf, Plan)>,
    /// Why there may be more.
    pub(crate) unknown: Option<Unknown>,
}

impl Makers {
    /// Those of the weights in `path`, which say `card` of themselves.
    pub(crate) fn of(path: &Path, card: Option<&ModelCard>) -> Self {
        let mut plans = Vec::new();
        let unknown = trace(path, card, &mut plans).err();
        Self { plans, unknown }
    }

    /// Refuses weights where `leak` finds images of a test among those that one of these runs read; returns of which
    /// it is not known what they read. Quick while the cache holds the images.
    pub(crate) fn refuse_seen(
        &self,
        cache: &Path,
        leak: impl Fn(&Prepared) -> Option<Leak>,
    ) -> Result<Vec<Unknown>, Leak> {
        let mut unknown = Vec::new();
        for (weights, plan) in &self.plans {
            match read_by(weights, plan, cache) {
                Ok(data) => leak(&data).map_or(Ok(()), Err)?,
                Err(reason) => unknown.push(reason),
            }
        }
        Ok(unknown)
    }
}

/// Ends: a plan covers the content of the weights that it begins with, so that none comes twice.
fn trace(path: &Path, card: Option<&ModelCard>, plans: &mut Vec<(PathBuf, Plan)>) -> Result<(), Unknown> {
    let card = card.ok_or_else(|| Unknown::NoCard(path.to_owned()))?;
    let beside = path.with_file_name(run_folder::PLAN);
    let plan = request::read::<Assignment>(&beside)
        .map_err(|source| Unknown::NoPlan { weights: path.to_owned(), source })?
        .plan;
    if plan.hash() != card.plan {
        return Err(Unknown::OtherPlan(beside));
    }
    let init = plan.config.start.init.clone();
    plans.push((path.to_owned(), plan));
    init.map_or(Ok(()), |init| trace(&init.file, card_of(&init)?.as_ref(), plans))
}

fn card_of(init: &InitialWeights) -> Result<Option<ModelCard>, Unknown> {
    let file = load_weights(&init.file).map_err(Unknown::Weights)?;
    if init.content.as_ref().is_none_or(|planned| planned.as_str() != file.digest) {
        return Err(Unknown::OtherWeights(init.file.clone()));
    }
    ModelCard::read(&init.file, file.note.as_deref()).map_err(Unknown::Card)
}

/// What the run of `plan`, which made `weights`, trained and validated on.
fn read_by(weights: &Path, plan: &Plan, cache: &Path) -> Result<Prepared, Unknown> {
    match prepare(&plan.config.data, &plan.config.evaluation, cache, &Logged) {
        Ok(data) if data.fingerprint == plan.data => Ok(data),
        Ok(_) => Err(Unknown::OtherData(weights.to_owned())),
        Err(source) => Err(Unknown::Data { weights: weights.to_owned(), source: source.into() }),
    }
}

/// A word on what is not known.
pub(crate) fn not_checked(unknown: Unknown) -> String {
    let reason = anyhow::Error::from(unknown);
    format!("not checked: whether the weights were trained on images of a test ({reason:#})")
}
