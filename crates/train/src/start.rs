//! What a network begins as: weights from a file, and which of them stay.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use arclab_data::{Leak, PairList, Prepared, TestPairs, prepare};
use arclab_nn::{
    Backend, Cpu, FreezeError, Input, Network, ShapeError, StateError,
    checkpoint::Tensors,
    to_grey,
    weight_files::{WeightsError, load_weights},
};
use arclab_spec::{
    Fingerprint, WeightsReport, WeightsRequest,
    config::{Compares, Config, InitialWeights},
};

use crate::{
    data::Logged,
    makers::{Makers, not_checked},
    model_card::{ModelCard, OtherInput, UnreadableCard, assumed},
    request::read_request,
    settings,
};

/// Sizes that backbones take, in multiples of 16.
const IMAGE_SIZES: RangeInclusive<usize> = 32..=512;

/// Why a run cannot begin as its spec says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("failed to load the weights that `model.init` names")]
    Load(#[source] WeightsError),
    #[error("failed to understand the weights that `model.init` names")]
    Card(#[source] UnreadableCard),
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
    #[error(
        "{} has seen images of this run's tests, and would be praised for it: {leak}; take these pairs out of them, or \
         begin with other weights",
        path.display()
    )]
    Seen { path: PathBuf, leak: Leak },
    #[error("failed to build the network")]
    Build(#[source] ShapeError),
    #[error("failed to freeze what `model.freeze` names")]
    Freeze(#[source] FreezeError),
    #[error(
        "`model.freeze` leaves nothing to learn: all of the network is frozen, and this loss has no class centres and no proxies"
    )]
    NothingLearns,
}

impl StartError {
    /// The key of the spec that would have to say something else.
    fn key(&self) -> &'static str {
        match self {
            Self::Load(_)
            | Self::Card(_)
            | Self::Input { .. }
            | Self::EmbeddingSize { .. }
            | Self::State { .. }
            | Self::Changed { .. }
            | Self::Seen { .. } => "model.init",
            Self::Build(_) => "model",
            Self::Freeze(_) | Self::NothingLearns => "model.freeze",
        }
    }
}

/// Weights that suit a configuration's data; whether they suit its network is seen when they are loaded into it.
pub(crate) struct Start {
    path: PathBuf,
    tensors: Tensors,
    makers: Makers,
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
        let card = ModelCard::read(&path, file.note.as_deref()).map_err(StartError::Card)?;
        let (mut tensors, mut notes) = (file.tensors, file.remarks);
        match &card {
            None => notes.push(assumed(&config.data.dataset)),
            Some(card) => match card.suits(config) {
                Ok(words) => notes.extend(words),
                Err(source) => return Err(StartError::Input { path, source }),
            },
        }
        let mut makers = Makers::of(&path, card.as_ref());
        notes.extend(makers.unknown.take().map(not_checked));
        // What reads neither colours nor grey is told of when it is loaded.
        let design = settings::design(config.model, config.data.image_size);
        if design.input == Input::Grey && to_grey(design.kind, &mut tensors) {
            notes.push("its first convolution read colours, and is summed over them to read grey".to_owned());
        }
        let notes = notes.into_iter().map(|note| format!("{}: {note}", path.display())).collect();
        Ok(Self { path, tensors, makers, content, notes })
    }

    /// Makes `network` begin with them. Its head is none of theirs.
    pub(crate) fn begin<B: Backend>(&self, network: &mut Network<B>) -> Result<(), StartError> {
        let (found, wanted) = (self.embedding_size(network), network.embedding_size());
        if let Some(found) = found.filter(|found| *found != wanted) {
            return Err(StartError::EmbeddingSize { path: self.path.clone(), found, wanted });
        }
        let loaded = network.load_state(&self.tensors);
        loaded.map_err(|source| match self.other_input(network) {
            Some(source) => StartError::Input { path: self.path.clone(), source },
            None => StartError::State { path: self.path.clone(), source },
        })
    }

    /// Refuses to begin with weights that were trained on images of the tests of `data`; returns what is not known.
    pub(crate) fn refuse_seen(&self, data: &Prepared, cache: &Path) -> Result<Vec<String>, StartError> {
        let tests: Vec<_> = data.protocols.iter().map(|(name, pairs)| (name, test(pairs, data))).collect();
        let leak = |seen: &Prepared| tests.iter().find_map(|(name, test)| seen.leak(name, test));
        match self.makers.refuse_seen(cache, leak) {
            Ok(unknown) => Ok(unknown.into_iter().map(not_checked).collect()),
            Err(leak) => Err(StartError::Seen { path: self.path.clone(), leak }),
        }
    }

    /// The input that they were trained on, where the backbone is theirs: one tensor alone is of another shape then.
    fn other_input<B: Backend>(&self, network: &Network<B>) -> Option<OtherInput> {
        let state = network.state();
        let shape = |name: &String| Some(self.tensors.get(name)?.dims());
        let mut others = state.iter().filter(|(name, wanted)| shape(name) != Some(wanted.dims()));
        let (Some((name, wanted)), None) = (others.next(), others.next()) else { return None };
        let (found, wanted) = (shape(name)?, wanted.dims());
        if name == network.kind().first_weight() {
            return (found.get(1) == Some(&1)).then_some(OtherInput::OneChannel);
        }
        let [found, wanted] = [found, wanted].map(|shape| shape.iter().product::<usize>());
        let size = network.image_size();
        // It covers the whole image, so its length goes with the square of the image's size.
        let fits = |other: &usize| *other != size && found * size * size == wanted * other * other;
        let other = IMAGE_SIZES.step_by(16).find(fits)?;
        Some(OtherInput::ImageSize { found: other as u32, wanted: size as u32 })
    }

    /// By the batch norm that every backbone ends with.
    fn embedding_size<B: Backend>(&self, network: &Network<B>) -> Option<usize> {
        let state = network.state();
        let (last, _) = state.iter().rev().find(|(name, _)| name.ends_with("running_mean"))?;
        match self.tensors.get(last)?.dims() {
            [size] => Some(*size),
            _ => None,
        }
    }
}

fn test(pairs: &PairList, data: &Prepared) -> TestPairs {
    let (pairs, images) = (pairs.clone(), data.images.clone());
    TestPairs { pairs, images, left_out: Vec::new(), notes: Vec::new() }
}

/// Freezes what the configuration names.
pub(crate) fn freeze<B: Backend>(network: &mut Network<B>, config: &Config) -> Result<(), StartError> {
    network.freeze(&config.start.freeze).map_err(StartError::Freeze)?;
    let all_is_frozen = network.params().iter().all(|param| param.frozen);
    match config.loss.compares() {
        Compares::Images if all_is_frozen => Err(StartError::NothingLearns),
        Compares::Images | Compares::Proxies | Compares::Centres => Ok(()),
    }
}

/// A request that asks nothing.
#[derive(Debug, thiserror::Error)]
#[error("{} names no weights: give `model.init`", .0.display())]
struct NoWeights(PathBuf);

/// `arclab-worker weights REQUEST.json`: whether a run could begin as its configuration says.
pub fn check_weights(request: &Path) -> anyhow::Result<WeightsReport> {
    let WeightsRequest { config, cache, .. } = read_request(request)?;
    let init = config.start.init.as_ref().ok_or_else(|| NoWeights(request.to_owned()))?;
    let data = cache
        .map(|cache| prepare(&config.data, &config.evaluation, &cache, &Logged).map(|data| (data, cache)));
    Ok(match tried(init, &config, data.transpose()?.as_ref()) {
        Ok(Start { content, notes, .. }) => WeightsReport::Suits { content, notes },
        Err(error) => {
            let key = error.key().to_owned();
            WeightsReport::Refused { key, reason: format!("{:#}", anyhow::Error::from(error)) }
        }
    })
}

fn tried(
    init: &InitialWeights,
    config: &Config,
    data: Option<&(Prepared, PathBuf)>,
) -> Result<Start, StartError> {
    let mut start = Start::load(init, config)?;
    let mut network = settings::network(config, Arc::new(Cpu::new(1)), 0).map_err(StartError::Build)?;
    start.begin(&mut network)?;
    freeze(&mut network, config)?;
    if let Some((data, cache)) = data {
        let unknown = start.refuse_seen(data, cache)?;
        start.notes.extend(unknown);
    }
    Ok(start)
}
