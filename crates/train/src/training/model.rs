//! Network, head and optimiser: everything that training changes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arclab_nn::{
    Backend, Cpu, Images, Network, ShapeError,
    checkpoint::{self, Tensors},
    heads::Head,
    optim::{Sgd, Weight},
};
use arclab_spec::config::Config;

use super::meters::{StepNumbers, StepTimes};
use crate::{settings, verification::Embedder};

/// Parts of a checkpoint's tensors.
const NETWORK: &str = "network";
const HEAD: &str = "head";
const MOMENTUM: &str = "momentum";

/// All that training changes.
pub(crate) struct Model {
    device: Arc<Cpu>,
    network: Network<Cpu>,
    head: Head,
    optimizer: Sgd,
    image_size: usize,
}

/// Saved tensors that do not fit the model.
#[derive(Debug, thiserror::Error)]
#[error("failed to bring back the {part}")]
pub(crate) struct RestoreError {
    part: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Model {
    /// A model as it begins: random weights and centres from the seed, no momentum.
    pub(crate) fn new(
        device: Arc<Cpu>,
        config: &Config,
        classes: usize,
        seed: u64,
    ) -> Result<Self, ShapeError> {
        let (embedding_size, image_size) =
            (config.model.embedding_size as usize, config.data.image_size as usize);
        let kind = settings::backbone(config.model.backbone);
        let loss = settings::loss(config.loss, classes, seed);
        let head = Head::new(loss, classes, embedding_size, seed);
        Ok(Self {
            network: Network::new(Arc::clone(&device), kind, embedding_size, image_size, seed)?,
            head: head.with_cross_entropy(settings::cross_entropy(config.cross_entropy)),
            optimizer: settings::optimizer(config.optimizer),
            device,
            image_size,
        })
    }

    /// One step on a batch, after `step` others, at learning rate `rate`. Where the loss or the gradient is not
    /// finite, the weights stay as they were; running statistics may not.
    pub(crate) fn step(&mut self, pixels: &[u8], labels: &[u32], step: u64, rate: f64) -> StepNumbers {
        let images = Images { pixels, count: labels.len(), size: self.image_size };
        let began = Instant::now();
        let embeddings = self.network.train_forward(&images);
        let output = self.device.run(|| self.head.forward_backward(&embeddings, labels, step));
        let forward = began.elapsed();
        let began = Instant::now();
        self.network.backward(&output.d_embeddings);
        let backward = began.elapsed();
        let began = Instant::now();
        let gradient_norm = if output.loss.is_finite() { self.update(rate) } else { f64::NAN };
        let update = began.elapsed();
        StepNumbers {
            images: labels.len(),
            loss: output.loss,
            learning_rate: rate,
            gradient_norm,
            correct: output.correct,
            past_turn: output.past_turn,
            angles: output.angles,
            squared_angles: output.squared_angles,
            norms: output.norms,
            times: StepTimes { data: Duration::ZERO, forward, backward, update },
        }
    }

    fn update(&mut self, rate: f64) -> f64 {
        let mut weights = weights(&mut self.network, &mut self.head);
        self.device.run(|| self.optimizer.step(&mut weights, rate))
    }

    /// Everything, for a checkpoint.
    pub(crate) fn tensors(&self) -> Tensors {
        let mut all = Tensors::new();
        checkpoint::put(&mut all, NETWORK, self.network.state());
        checkpoint::put(&mut all, HEAD, self.head.state());
        checkpoint::put(&mut all, MOMENTUM, self.optimizer.state());
        all
    }

    /// The network alone, under PyTorch's InsightFace names.
    pub(crate) fn network_tensors(&self) -> Tensors {
        self.network.state().into_iter().collect()
    }

    /// Brings back everything from a checkpoint.
    pub(crate) fn restore(&mut self, tensors: &Tensors) -> Result<(), RestoreError> {
        let failed = |part| move |source| RestoreError { part, source };
        let network = self.network.load_state(&checkpoint::part(tensors, NETWORK));
        network.map_err(|error| failed("network")(error.into()))?;
        let head = self.head.load_state(&checkpoint::part(tensors, HEAD));
        head.map_err(|error| failed("class centres")(error.into()))?;
        let momentum = checkpoint::part(tensors, MOMENTUM);
        let restored = self.optimizer.load_state(&weights(&mut self.network, &mut self.head), &momentum);
        restored.map_err(|error| failed("momentum")(error.into()))
    }
}

impl Embedder for Model {
    fn embed(&self, pixels: &[u8], count: usize) -> Vec<f32> {
        self.network.embed(&Images { pixels, count, size: self.image_size })
    }
}

/// All learnable weights in the network's order, the centres last.
fn weights<'a>(network: &'a mut Network<Cpu>, head: &'a mut Head) -> Vec<Weight<'a>> {
    let params = network.params_mut().into_iter();
    let network =
        params.map(|param| Weight { name: &param.name, value: &mut param.value, gradient: &param.grad });
    network.chain([head.weight()]).collect()
}
