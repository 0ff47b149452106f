//! What a network begins as: weights from a file, and which of them stay.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arclab_nn::{
    Cpu, FreezeError, Input, Network, ShapeError, StateError,
    checkpoint::Tensors,
    to_grey,
    weight_files::{WeightsError, load_weights},
};
use arclab_spec::{
    Fingerprint, PLAN_VERSION, WeightsReport, WeightsRequest,
    config::{Compares, Config, InitialWeights},
};

use crate::{
    model_card::{ModelCard, OtherInput},
    settings,
};

/// Of weights that say nothing of themselves.
const ASSUMED: &str = "it does not say which input it was trained on, and is taken for InsightFace's: red, green and \
                       blue, (x / 255 - 0.5) / 0.5, faces aligned to InsightFace's five points";

/// Why a run cannot begin as its spec says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("failed to load the weights that `model.init` names")]
    Load(#[source] WeightsError),
    #[error("{} says of itself what this arclab does not understand: use the arclab that wrote it", path.display())]
    Card { path: PathBuf, source: serde_json::Error },
    #[error("{} does not suit the spec", path.display())]
    Input { path: PathBuf, source: OtherInput },
    #[error(
        "{} makes embeddings of {found} numbers, and `model.embedding_size` is {wanted}: set it to {found}",
        path.display()
    )]
    EmbeddingSize { path: PathBuf, found: usize, wanted: usize },
    #[error("{} is not of the backbone that the spec names: name another `model.backbone`, or other weights", path.display())]
    State { path: PathBuf, source: StateError },
    #[error(
        "{} changed since the run was planned (planned {}, found {}): run it again, which plans anew",
        path.display(), planned.short(), found.short()
    )]
    Changed { path: PathBuf, planned: Fingerprint, found: Fingerprint },
    #[error("failed to build the network")]
    Build(#[source] ShapeError),
    #[error("failed to freeze what `model.freeze` names")]
    Freeze(#[source] FreezeError),
    #[error(
        "`model.freeze` leaves nothing to learn: all of the network is frozen, and this loss has no class centres and no proxies"
    )]
    NothingLearns,
}

/// Weights that suit a configuration's data; whether they suit its network is seen when they are loaded into it.
pub(crate) struct Start {
    path: PathBuf,
    tensors: Tensors,
    pub(crate) content: Fingerprint,
    /// What is taken for granted.
    pub(crate) notes: Vec<String>,
}

impl Start {
    /// Loads the weights that `init` names. Where they were planned with, they must be the same.
    pub(crate) fn load(init: &InitialWeights, config: &Config) -> Result<Self, StartError> {
        let path = init.file.clone();
        let file = load_weights(&path).map_err(StartError::Load)?;
        let content = Fingerprint::try_from(file.digest).expect("a digest is 64 hexadecimal digits");
        if let Some(planned) = init.content.as_ref().filter(|planned| **planned != content) {
            return Err(StartError::Changed { path, planned: planned.clone(), found: content });
        }
        let card: Option<ModelCard> = match file.note.as_deref().map(serde_json::from_str).transpose() {
            Ok(card) => card,
            Err(source) => return Err(StartError::Card { path, source }),
        };
        let (mut tensors, mut notes) = (file.tensors, file.remarks);
        match &card {
            None => notes.push(ASSUMED.to_owned()),
            Some(card) => match card.suits(config) {
                Ok(note) => notes.extend(note),
                Err(source) => return Err(StartError::Input { path, source }),
            },
        }
        // What reads neither colours nor grey is told of when it is loaded.
        let design = settings::design(config.model, config.data.image_size);
        if design.input == Input::Grey && to_grey(design.kind, &mut tensors) {
            notes.push("its first convolution read colours, and is summed over them to read grey".to_owned());
        }
        let notes = notes.into_iter().map(|note| format!("{}: {note}", path.display())).collect();
        Ok(Self { path, tensors, content, notes })
    }

    /// Makes `network` begin with them. Its head is none of theirs.
    pub(crate) fn begin(&self, network: &mut Network<Cpu>) -> Result<(), StartError> {
        let (found, wanted) = (self.embedding_size(network), network.embedding_size());
        if let Some(found) = found.filter(|found| *found != wanted) {
            return Err(StartError::EmbeddingSize { path: self.path.clone(), found, wanted });
        }
        let loaded = network.load_state(&self.tensors);
        loaded.map_err(|source| StartError::State { path: self.path.clone(), source })
    }

    /// By the batch norm that every backbone ends with.
    fn embedding_size(&self, network: &Network<Cpu>) -> Option<usize> {
        let state = network.state();
        let (last, _) = state.iter().rev().find(|(name, _)| name.ends_with("running_mean"))?;
        match self.tensors.get(last)?.dims() {
            [size] => Some(*size),
            _ => None,
        }
    }
}

/// Freezes what the configuration names.
pub(crate) fn freeze(network: &mut Network<Cpu>, config: &Config) -> Result<(), StartError> {
    network.freeze(&config.start.freeze).map_err(StartError::Freeze)?;
    let all_is_frozen = network.params().iter().all(|param| param.frozen);
    match config.loss.compares() {
        Compares::Images if all_is_frozen => Err(StartError::NothingLearns),
        Compares::Images | Compares::Proxies | Compares::Centres => Ok(()),
    }
}

/// Why a request about weights is not answered.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("failed to read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("failed to understand {}", path.display())]
    Parse { path: PathBuf, source: serde_json::Error },
    #[error(
        "the request is of version {0}, and this worker reads version {PLAN_VERSION}: use programs of one build"
    )]
    Version(u32),
    #[error("{} names no weights: give `model.init`", .0.display())]
    NoWeights(PathBuf),
}

/// `arclab-worker weights REQUEST.json`: whether a run could begin as its configuration says.
pub fn check_weights(request: &Path) -> anyhow::Result<WeightsReport> {
    let WeightsRequest { config, .. } = read(request)?;
    let init = config.start.init.as_ref().ok_or_else(|| RequestError::NoWeights(request.to_owned()))?;
    let start = Start::load(init, &config)?;
    let mut network = settings::network(&config, Arc::new(Cpu::new(1)), 0).map_err(StartError::Build)?;
    start.begin(&mut network)?;
    freeze(&mut network, &config)?;
    Ok(WeightsReport { content: start.content, notes: start.notes })
}

fn read(path: &Path) -> Result<WeightsRequest, RequestError> {
    let json = fs::read(path).map_err(|source| RequestError::Read { path: path.to_owned(), source })?;
    let request: WeightsRequest = serde_json::from_slice(&json)
        .map_err(|source| RequestError::Parse { path: path.to_owned(), source })?;
    if request.version == PLAN_VERSION { Ok(request) } else { Err(RequestError::Version(request.version)) }
}
