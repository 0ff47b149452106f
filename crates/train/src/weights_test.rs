//! `arclab-worker test REQUEST.json`: weights at hand on one pair list.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arclab_data::{Leak, PrepareError, TestPairs, prepare_test};
use arclab_metrics::{ResolvedPolicy, ThresholdPolicy};
use arclab_nn::{
    Cpu, Images, Network, ShapeError, StateError,
    checkpoint::Tensors,
    weight_files::{WeightsError, WeightsFile, load_weights},
};
use arclab_spec::{
    ProtocolName, TestReport, TestRequest,
    config::{DataConfig, ModelConfig, Precision},
};

use crate::{
    data::{Logged, Pictures},
    device::{Device, NoDevice},
    makers::{self, Makers},
    model_card::{ModelCard, OtherInput, UnreadableCard, words},
    request::{RequestError, read_request},
    run::Stop,
    settings,
    verification::{self, Embedder, VerifyError, WriteError},
};

/// Files that gave no image are named one by one up to so many.
const NAMED: usize = 5;

/// Why weights were not tested.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TestError {
    #[error("failed to take the request")]
    Request(#[source] RequestError),
    #[error("failed to find a device")]
    Device(#[source] NoDevice),
    #[error("failed to load the weights")]
    Load(#[source] WeightsError),
    #[error("failed to understand the weights")]
    Card(#[source] UnreadableCard),
    #[error("{} cannot be tested here", path.display())]
    Input { path: PathBuf, source: OtherInput },
    #[error(
        "{} does not say which network it belongs to: name a spec that does with `--spec`", .0.display()
    )]
    NoModel(PathBuf),
    #[error(
        "{} holds a network of {}, and `model` of the spec says {}: name a spec of the same network with `--spec`",
        path.display(), words(found), words(asked)
    )]
    OtherModel { path: PathBuf, found: ModelConfig, asked: ModelConfig },
    #[error("failed to build the network")]
    Build(#[source] ShapeError),
    #[error("failed to use {}", path.display())]
    State { path: PathBuf, source: StateError },
    #[error("failed to prepare the data")]
    Data(#[source] PrepareError),
    #[error(
        "{} carries no threshold from validation: ask for k folds or a fixed threshold", .0.display()
    )]
    NoThreshold(PathBuf),
    #[error(
        "the weights have seen images of this test, and would be praised for it: {0}; take these pairs out of it"
    )]
    Seen(Leak),
    #[error("failed to test")]
    Verify(#[source] VerifyError),
    #[error("failed to make {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("failed to keep the predictions")]
    Write(#[source] WriteError),
}

/// Weights with what they say of themselves.
pub(crate) struct Weights {
    path: PathBuf,
    tensors: Tensors,
    card: Option<ModelCard>,
}

/// A network that only embeds.
pub(crate) struct Tester {
    network: Network<Cpu>,
    image_size: usize,
}

impl Embedder for Tester {
    fn embed(&self, pixels: &[u8], count: usize) -> Vec<f32> {
        self.network.embed(&Images { pixels, count, size: self.image_size })
    }
}

/// Tests the weights that a request names; writes the predictions and returns the numbers.
pub fn test(request: &Path, stop: &Stop) -> anyhow::Result<TestReport> {
    Ok(carry_out(request, stop)?)
}

fn carry_out(request: &Path, stop: &Stop) -> Result<TestReport, TestError> {
    let request: TestRequest = read_request(request).map_err(TestError::Request)?;
    Device::resolve(request.device, Precision::Float32, 1).map_err(TestError::Device)?;
    let weights = Weights::load(&request.checkpoint)?;
    let config = weights.data_config(&request.data);
    let tester = weights.tester(request.model, request.threads, config.image_size)?;
    let policy = weights.policy(request.protocol.threshold)?;
    let data = prepare_test(&config, &request.mode, &request.protocol, &request.cache, &Logged)
        .map_err(TestError::Data)?;
    tell(&data);
    weights.refuse_seen(&request.mode, &data, &request.cache)?;
    let pictures = Pictures::new(&data.images, config.colour);
    let tested =
        verification::test_pairs(&tester, pictures, &data.pairs, policy, stop).map_err(TestError::Verify)?;
    fs::create_dir_all(&request.output)
        .map_err(|source| TestError::Folder { path: request.output.clone(), source })?;
    let (mode, model) = (request.mode.as_str(), weights.name());
    let predictions = verification::predictions_file(&tested, pictures, &request.output, mode, &model)
        .map_err(TestError::Write)?;
    let pair_list = data.pairs.fingerprint.clone();
    Ok(TestReport { mode: request.mode, model, pair_list, evaluation: tested.evaluation, predictions })
}

/// What a person should know of the pairs.
fn tell(data: &TestPairs) {
    data.notes.iter().for_each(|note| tracing::warn!("{note}"));
    for file in data.left_out.iter().take(NAMED) {
        tracing::warn!("left out {}: {}", file.path.display(), file.reason);
    }
    if data.left_out.len() > NAMED {
        tracing::warn!("left out {} more files", data.left_out.len() - NAMED);
    }
}

impl Weights {
    pub(crate) fn load(path: &Path) -> Result<Self, TestError> {
        let WeightsFile { tensors, note, remarks, .. } = load_weights(path).map_err(TestError::Load)?;
        for remark in &remarks {
            tracing::warn!("{}: {remark}", path.display());
        }
        let card = ModelCard::read(path, note.as_deref()).map_err(TestError::Card)?;
        if let Some(Err(source)) = card.as_ref().map(ModelCard::can_be_fed) {
            return Err(TestError::Input { path: path.to_owned(), source });
        }
        Ok(Self { path: path.to_owned(), tensors, card })
    }

    /// Image size and colours belong to the weights.
    fn data_config(&self, asked: &DataConfig) -> DataConfig {
        let mut config = asked.clone();
        if let Some(card) = &self.card {
            (config.image_size, config.colour) = (card.image_size, card.colour);
        }
        config
    }

    fn model(&self, asked: Option<ModelConfig>) -> Result<ModelConfig, TestError> {
        match (&self.card, asked) {
            (None, None) => Err(TestError::NoModel(self.path.clone())),
            (None, Some(asked)) => Ok(asked),
            (Some(card), Some(asked)) if !card.model.has_weights_of(&asked) => {
                Err(TestError::OtherModel { path: self.path.clone(), found: card.model, asked })
            }
            (Some(card), _) => Ok(card.model),
        }
    }

    /// What arclab wrote beside them; nothing of weights from elsewhere.
    pub(crate) fn card(&self) -> Option<&ModelCard> {
        self.card.as_ref()
    }

    /// Their network on `threads` of the CPU. `asked` is what a spec says that it is.
    pub(crate) fn tester(
        &self,
        asked: Option<ModelConfig>,
        threads: u32,
        image_size: u32,
    ) -> Result<Tester, TestError> {
        let model = self.model(asked)?;
        let device = Arc::new(Cpu::new(threads as usize));
        let design = settings::design(model, image_size);
        let mut network = Network::of(device, &design, 0).map_err(TestError::Build)?;
        let loaded = network.load_state(&self.tensors);
        loaded.map_err(|source| TestError::State { path: self.path.clone(), source })?;
        Ok(Tester { network, image_size: design.image_size })
    }

    fn policy(&self, policy: ThresholdPolicy) -> Result<ResolvedPolicy, TestError> {
        let carried = self.card.as_ref().and_then(|card| card.validation_threshold);
        policy.resolve(|| carried.ok_or_else(|| TestError::NoThreshold(self.path.clone())))
    }

    /// Refuses a test on images that the weights were trained on, and says where that cannot be known.
    fn refuse_seen(&self, mode: &ProtocolName, test: &TestPairs, cache: &Path) -> Result<(), TestError> {
        let mut makers = Makers::of(&self.path, self.card.as_ref());
        let unknown = makers.refuse_seen(cache, |data| data.leak(mode, test)).map_err(TestError::Seen)?;
        let unknown = unknown.into_iter().chain(makers.unknown.take());
        unknown.for_each(|unknown| tracing::warn!("{}", makers::not_checked(unknown)));
        Ok(())
    }

    /// The run that made them, or the file's name.
    fn name(&self) -> String {
        let stem = || self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        self.card.as_ref().map_or_else(stem, |card| card.run.as_str().to_owned())
    }
}
