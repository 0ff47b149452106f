//! Network, head and optimiser: everything that training changes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arclab_nn::{
    GpuError, Images, Maps, MovingAverage, Network, ShapeError,
    checkpoint::{self, Tensors},
    heads::{HeadMemory, own_tensors},
    optim::{Kind, Optimizer, PartsMean, Weight},
    ranks::{Exchange, RankError, attend},
};
use arclab_spec::config::Config;

use super::{
    feed::Pixels,
    meters::{StepNumbers, StepTimes},
    objective::Objective,
    together,
};
use crate::{
    settings,
    start::{self, Start, StartError},
    verification::Embedder,
};

/// Parts of a checkpoint's tensors.
const NETWORK: &str = "network";
const HEAD: &str = "head";
/// Of a device that remembers something from step to step.
const DEVICE: &str = "device";
/// All that the optimiser remembers: of SGD, momentum.
const MOMENTUM: &str = "momentum";
const AVERAGE: &str = "average";

/// All that training changes.
pub(crate) struct Model<B: HeadMemory> {
    device: Arc<B>,
    network: Network<B>,
    objective: Objective<B>,
    optimizer: Optimizer<B::Buffer>,
    /// Where it is asked for: what is validated, tested and kept in place of the network.
    average: Option<MovingAverage<B>>,
    parts: usize,
    /// Of a batch in several parts.
    gradients: Option<PartsMean<B::Buffer>>,
    image_size: usize,
    /// Of a model that is one rank of several.
    exchange: Option<Arc<dyn Exchange<B>>>,
}

/// Saved tensors that do not fit the model.
#[derive(Debug, thiserror::Error)]
#[error("failed to bring back the {part}")]
pub(crate) struct RestoreError {
    part: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl<B: HeadMemory> Model<B> {
    /// A model as it begins: random weights and centres from the seed, no momentum.
    pub(crate) fn new(
        device: Arc<B>,
        config: &Config,
        classes: usize,
        seed: u64,
    ) -> Result<Self, ShapeError> {
        let network = || settings::network(config, Arc::clone(&device), seed);
        let average =
            config.training.ema.map(|decay| Ok(MovingAverage::new(decay, network()?))).transpose()?;
        let parts = config.training.accumulate as usize;
        Ok(Self {
            network: network()?,
            objective: Objective::new(config, classes, seed),
            optimizer: settings::optimizer(config.optimizer),
            average,
            parts,
            gradients: (parts > 1).then(|| PartsMean::new(parts)),
            device,
            image_size: config.data.image_size as usize,
            exchange: None,
        })
    }

    /// The model as one rank of several: with its part of the head, and with the average on the first of them alone.
    pub(super) fn among(self, exchange: Arc<dyn Exchange<B>>) -> Self {
        let place = exchange.place();
        let average = self.average.filter(|_| place.rank == 0);
        Self { objective: self.objective.split(place), average, exchange: Some(exchange), ..self }
    }

    /// What has kept the ranks from speaking to each other, if anything did.
    pub(super) fn check_exchange(&self) -> Result<(), RankError> {
        self.exchange.as_ref().map_or(Ok(()), |exchange| exchange.check())
    }

    /// As [`Self::step_while`], of a rank that the others are not to wait for where it panics.
    pub(super) fn step_among(
        &mut self,
        pixels: Pixels<'_, B>,
        labels: &[u32],
        step: u64,
        rate: f64,
        meanwhile: impl FnOnce(),
    ) -> StepNumbers {
        match self.exchange.clone() {
            Some(exchange) => attend(&*exchange, || self.step_while(pixels, labels, step, rate, meanwhile)),
            None => self.step_while(pixels, labels, step, rate, meanwhile),
        }
    }

    /// Whether a gradient that is not finite may be a matter of the loss's scale, which has fallen: the step was left out.
    pub(crate) fn forgives_overflow(&self) -> bool {
        self.device.forgives_overflow()
    }

    /// What failed first on the device, if anything did.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        self.device.check()
    }

    /// Freezes what the configuration names. What is frozen is no part of what the optimiser remembers.
    pub(crate) fn freeze(&mut self, config: &Config) -> Result<(), StartError> {
        start::freeze(&mut self.network, config)
    }

    /// Begins with weights from a file rather than random ones.
    pub(crate) fn begin(&mut self, start: &Start) -> Result<(), StartError> {
        start.begin(&mut self.network)?;
        self.average.as_mut().map_or(Ok(()), |average| start.begin(average.network_mut()))
    }

    /// One step on a batch, after `step` others, at learning rate `rate`; of one rank among several, all of which are given
    /// the whole batch, and say the same of it. Where the loss or the gradient is not finite, the weights stay as they were; running statistics may not. `meanwhile` is called once the device has been
    /// given what takes it longest.
    pub(crate) fn step_while(
        &mut self,
        pixels: Pixels<'_, B>,
        labels: &[u32],
        step: u64,
        rate: f64,
        meanwhile: impl FnOnce(),
    ) -> StepNumbers {
        let count = labels.len() / self.parts;
        let first = |at: usize| step * labels.len() as u64 + (at * count) as u64;
        let mut numbers = self.part(pixels, &labels[..count], 0, (step, first(0)), rate, meanwhile);
        for at in 1..self.parts {
            let labels = &labels[at * count..][..count];
            numbers = numbers.and(self.part(pixels, labels, at * count, (step, first(at)), rate, || ()));
        }
        let began = Instant::now();
        if numbers.loss.is_finite() {
            numbers.gradient_norm = self.update(rate);
        }
        numbers.times.update = began.elapsed();
        numbers
    }

    /// The gradient of a part of a batch, or of all of it, from image number `at` of its `pixels` on; `first` counts the
    /// images of all steps before the part.
    fn part(
        &mut self,
        pixels: Pixels<'_, B>,
        labels: &[u32],
        at: usize,
        (step, first): (u64, u64),
        rate: f64,
        meanwhile: impl FnOnce(),
    ) -> StepNumbers {
        let own = self.exchange.as_ref().map_or(0..labels.len(), |among| among.place().share(labels.len()));
        let ((unread, d_embeddings), forward) = timed(|| {
            self.network.seek(first + own.start as u64);
            let embeddings = self.forward(pixels, at + own.start, own.len());
            match &self.exchange {
                None => self.objective.judge(&self.device, &embeddings, labels, step, first),
                Some(among) => {
                    self.objective.judge_among(&**among, &self.device, &embeddings, labels, (step, first))
                }
            }
        });
        let ((), backward) = timed(|| {
            self.network.backward_maps(d_embeddings);
            if let Some(gradients) = &mut self.gradients {
                let weights = weights(&*self.device, &mut self.network, &mut self.objective);
                gradients.add(&*self.device, &weights);
            }
        });
        let ((), data) = timed(meanwhile);
        // Only now, so that a device need not wait between forward and backward.
        let (judged, waited) = timed(|| unread.read(&self.device));
        StepNumbers {
            images: labels.len(),
            loss: judged.loss,
            learning_rate: rate,
            gradient_norm: f64::NAN,
            norms: judged.norms,
            measured: judged.measured,
            times: StepTimes { data, forward, backward: backward + waited, update: Duration::ZERO },
        }
    }

    /// The embeddings of `count` images from number `at` of `pixels` on.
    fn forward(&mut self, pixels: Pixels<'_, B>, at: usize, count: usize) -> Maps<B> {
        let size = self.image_size;
        match pixels {
            Pixels::Here(pixels) => {
                let image = 3 * size * size;
                let pixels = &pixels[at * image..][..count * image];
                self.network.train_forward_maps(&Images { pixels, count, size })
            }
            Pixels::Ahead(ahead) => self.network.train_forward_ahead(ahead, at, count),
        }
    }

    fn update(&mut self, rate: f64) -> f64 {
        if let Some(among) = &self.exchange {
            together::sum_gradients(&**among, &*self.device, &mut self.network, self.gradients.as_mut());
        }
        let is_split = self.objective.split_classes().is_some();
        let weights = weights(&*self.device, &mut self.network, &mut self.objective);
        let weights = match &self.gradients {
            Some(gradients) => gradients.instead::<B>(weights),
            None => weights,
        };
        let norm = match self.exchange.as_ref().filter(|_| is_split) {
            None => self.optimizer.step(&*self.device, weights, rate),
            Some(among) => {
                let norm = together::norm(&**among, &*self.device, &weights);
                self.optimizer.step_of_norm(&*self.device, weights, rate, norm);
                norm
            }
        };
        if let Some(average) = self.average.as_mut().filter(|_| norm.is_finite()) {
            average.follow(&self.network);
        }
        norm
    }

    /// What is validated, tested and kept.
    fn result(&self) -> &Network<B> {
        self.average.as_ref().map_or(&self.network, MovingAverage::network)
    }

    /// Everything, for a checkpoint.
    pub(crate) fn tensors(&mut self) -> Tensors {
        let mut all = Tensors::new();
        checkpoint::put(&mut all, NETWORK, self.network.state());
        checkpoint::put(&mut all, HEAD, self.objective.state(&self.device));
        checkpoint::put(&mut all, MOMENTUM, self.optimizer.state(&*self.device));
        checkpoint::put(&mut all, DEVICE, self.device.state());
        if let Some(average) = &self.average {
            checkpoint::put(&mut all, AVERAGE, average.state());
        }
        all
    }

    /// What a rank adds to the checkpoint that the first one makes: its part of the head, and what the optimiser remembers of it.
    pub(super) fn split_tensors(&mut self) -> Tensors {
        let mut all = Tensors::new();
        if self.objective.split_classes().is_some() {
            checkpoint::put(&mut all, HEAD, self.objective.state(&self.device));
            checkpoint::put(&mut all, MOMENTUM, self.optimizer.state(&*self.device));
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
        let split = self.exchange.as_ref().zip(self.objective.split_classes());
        let tensors = &match split {
            Some((among, classes)) => own_tensors(tensors, among.place(), classes),
            None => tensors.clone(),
        };
        let network = self.network.load_state(&checkpoint::part(tensors, NETWORK));
        network.map_err(|error| failed("network")(error.into()))?;
        let objective = self.objective.load_state(&checkpoint::part(tensors, HEAD));
        objective.map_err(|error| failed("head")(error.into()))?;
        let momentum = checkpoint::part(tensors, MOMENTUM);
        let weights = weights(&*self.device, &mut self.network, &mut self.objective);
        let restored = self.optimizer.load_state(&*self.device, &weights, &momentum);
        restored.map_err(|error| failed("momentum")(error.into()))?;
        let device = self.device.load_state(&checkpoint::part(tensors, DEVICE));
        device.map_err(|error| failed("loss's scale")(error.into()))?;
        let average = checkpoint::part(tensors, AVERAGE);
        let restored = self.average.as_mut().map_or(Ok(()), |whole| whole.load_state(&average));
        restored.map_err(|error| failed("moving average")(error.into()))
    }
}

impl<B: HeadMemory> Embedder for Model<B> {
    fn embed(&self, pixels: &[u8], count: usize) -> Vec<f32> {
        self.result().embed(&Images { pixels, count, size: self.image_size })
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    (work(), began.elapsed())
}

/// All weights that learn in the network's order, those of the head last.
fn weights<'a, B: HeadMemory>(
    device: &B,
    network: &'a mut Network<B>,
    objective: &'a mut Objective<B>,
) -> Vec<(Kind, Weight<'a, B::Numbers>)> {
    network.weights().into_iter().chain(objective.weight(device)).collect()
}

#[cfg(test)]
mod tests;
