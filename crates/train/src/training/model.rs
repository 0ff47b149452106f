//! Network, head and optimiser: everything that training changes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arclab_nn::{
    Backend, Cpu, Images, MovingAverage, Network, Param, ShapeError,
    checkpoint::{self, Tensors},
    heads::Head,
    optim::{Kind, Optimizer, PartsMean, Weight},
};
use arclab_spec::config::Config;

use super::meters::{StepNumbers, StepTimes};
use crate::{settings, verification::Embedder};

/// Parts of a checkpoint's tensors.
const NETWORK: &str = "network";
const HEAD: &str = "head";
/// All that the optimiser remembers: of SGD, momentum.
const MOMENTUM: &str = "momentum";
const AVERAGE: &str = "average";

/// All that training changes.
pub(crate) struct Model {
    device: Arc<Cpu>,
    network: Network<Cpu>,
    head: Head,
    optimizer: Optimizer,
    /// Where it is asked for: what is validated, tested and kept in place of the network.
    average: Option<MovingAverage>,
    parts: usize,
    /// Of a batch in several parts.
    gradients: Option<PartsMean>,
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
        let design = settings::design(config.model, config.data.image_size);
        let network = || Network::of(Arc::clone(&device), &design, seed);
        let average =
            config.training.ema.map(|decay| Ok(MovingAverage::new(decay, network()?))).transpose()?;
        let parts = config.training.accumulate as usize;
        let head = settings::loss(config.loss, classes, seed);
        let head = Head::new(head, classes, design.embedding_size, seed);
        Ok(Self {
            network: network()?,
            head: head.with_cross_entropy(settings::cross_entropy(config.cross_entropy)),
            optimizer: settings::optimizer(config.optimizer),
            average,
            parts,
            gradients: (parts > 1).then(|| PartsMean::new(parts)),
            device,
            image_size: design.image_size,
        })
    }

    /// One step on a batch, after `step` others, at learning rate `rate`. Where the loss or the gradient is not
    /// finite, the weights stay as they were; running statistics may not.
    pub(crate) fn step(&mut self, pixels: &[u8], labels: &[u32], step: u64, rate: f64) -> StepNumbers {
        let [pixel_count, count] = [pixels.len(), labels.len()].map(|all| all / self.parts);
        let part = |at: usize| (&pixels[at * pixel_count..][..pixel_count], &labels[at * count..][..count]);
        let first = |at: usize| step * labels.len() as u64 + (at * count) as u64;
        let mut numbers = self.part(part(0), step, first(0), rate);
        for at in 1..self.parts {
            numbers = numbers.and(self.part(part(at), step, first(at), rate));
        }
        let began = Instant::now();
        if numbers.loss.is_finite() {
            numbers.gradient_norm = self.update(rate);
        }
        numbers.times.update = began.elapsed();
        numbers
    }

    /// The gradient of a part of a batch, or of all of it; `first` counts the images of all steps before it.
    fn part(&mut self, (pixels, labels): (&[u8], &[u32]), step: u64, first: u64, rate: f64) -> StepNumbers {
        let images = Images { pixels, count: labels.len(), size: self.image_size };
        let began = Instant::now();
        self.network.seek(first);
        let embeddings = self.network.train_forward(&images);
        let output = self.device.run(|| self.head.forward_backward_part(&embeddings, labels, step, first));
        let forward = began.elapsed();
        let began = Instant::now();
        self.network.backward(&output.d_embeddings);
        if let Some(gradients) = &mut self.gradients {
            let weights = weights(&mut self.network, &mut self.head);
            self.device.run(|| gradients.add(&weights));
        }
        let backward = began.elapsed();
        StepNumbers {
            images: labels.len(),
            loss: output.loss,
            learning_rate: rate,
            gradient_norm: f64::NAN,
            correct: output.correct,
            past_turn: output.past_turn,
            angles: output.angles,
            squared_angles: output.squared_angles,
            norms: output.norms,
            times: StepTimes { data: Duration::ZERO, forward, backward, update: Duration::ZERO },
        }
    }

    fn update(&mut self, rate: f64) -> f64 {
        let weights = weights(&mut self.network, &mut self.head);
        let mut weights = match &self.gradients {
            Some(gradients) => gradients.instead(weights),
            None => weights,
        };
        let norm = self.device.run(|| self.optimizer.step(&mut weights, rate));
        if let Some(average) = self.average.as_mut().filter(|_| norm.is_finite()) {
            average.follow(&self.network);
        }
        norm
    }

    /// What is validated, tested and kept.
    fn result(&self) -> &Network<Cpu> {
        self.average.as_ref().map_or(&self.network, MovingAverage::network)
    }

    /// Everything, for a checkpoint.
    pub(crate) fn tensors(&self) -> Tensors {
        let mut all = Tensors::new();
        checkpoint::put(&mut all, NETWORK, self.network.state());
        checkpoint::put(&mut all, HEAD, self.head.state());
        checkpoint::put(&mut all, MOMENTUM, self.optimizer.state());
        if let Some(average) = &self.average {
            checkpoint::put(&mut all, AVERAGE, average.state());
        }
        all
    }

    /// The resulting network alone, under PyTorch's InsightFace names.
    pub(crate) fn network_tensors(&self) -> Tensors {
        self.result().state().into_iter().collect()
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
        restored.map_err(|error| failed("momentum")(error.into()))?;
        let average = checkpoint::part(tensors, AVERAGE);
        let restored = self.average.as_mut().map_or(Ok(()), |whole| whole.load_state(&average));
        restored.map_err(|error| failed("moving average")(error.into()))
    }
}

impl Embedder for Model {
    fn embed(&self, pixels: &[u8], count: usize) -> Vec<f32> {
        self.result().embed(&Images { pixels, count, size: self.image_size })
    }
}

/// All learnable weights in the network's order, the centres last.
fn weights<'a>(network: &'a mut Network<Cpu>, head: &'a mut Head) -> Vec<(Kind, Weight<'a>)> {
    let network = network.params_mut().into_iter().map(Param::weight);
    network.chain([(Kind::Head, head.weight())]).collect()
}

#[cfg(test)]
mod tests;
