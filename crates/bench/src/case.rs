//! One measurement of the engine.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use arclab_nn::{
    BackboneKind, Backend as _, Cpu, Images, Network,
    heads::{ArcFace, Head, Loss, MarginGradient, PastTurn},
    optim::{Kind, Layers, Optimizer, Rule, Sgd},
};
use clap::{Args, ValueEnum};
use nix::sys::resource::{UsageWho, getrusage};
use serde::Serialize;

use crate::{
    measured::{Measured, median},
    output,
};

/// Classes of the head.
const CLASSES: usize = 100;
/// Steps before the first that counts: memory is taken and caches are filled.
const WARM_UP: usize = 2;
/// Fewest steps that count.
const FEWEST: usize = 3;

/// A backbone at its usual size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub(crate) enum Model {
    /// arclab's own, at 64 × 64.
    Small,
    /// MobileFaceNet at 112 × 112.
    MobileFaceNet,
    /// IResNet-18 at 112 × 112.
    IResNet18,
}

/// What is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Task {
    /// Forward, ArcFace over 100 classes, backward, SGD with momentum.
    Train,
    /// Forward in evaluation.
    Embed,
}

/// One measurement.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct CaseArgs {
    #[arg(long)]
    pub(crate) model: Model,
    #[arg(long)]
    pub(crate) task: Task,
    #[arg(long)]
    pub(crate) batch: usize,
    #[arg(long)]
    pub(crate) threads: usize,
    /// Time to spend, after the warm-up.
    #[arg(long)]
    pub(crate) seconds: f64,
}

impl Model {
    /// Name of the variant on the command line.
    pub(crate) fn name(self) -> &'static str {
        self.kind().name()
    }

    pub(crate) fn size(self) -> usize {
        match self {
            Self::Small => 64,
            Self::MobileFaceNet | Self::IResNet18 => 112,
        }
    }

    pub(crate) fn embedding(self) -> usize {
        match self {
            Self::Small => 128,
            Self::MobileFaceNet | Self::IResNet18 => 512,
        }
    }

    fn kind(self) -> BackboneKind {
        match self {
            Self::Small => BackboneKind::Small,
            Self::MobileFaceNet => BackboneKind::MobileFaceNet,
            Self::IResNet18 => BackboneKind::IResNet18,
        }
    }
}

impl Task {
    /// Name of the variant on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Embed => "embed",
        }
    }
}

/// Measures, and prints a [`Measured`] as JSON.
pub(crate) fn execute(case: &CaseArgs) -> anyhow::Result<()> {
    let before_bytes = peak_bytes()?;
    let device = Arc::new(Cpu::new(case.threads));
    let mut work = Work::new(Arc::clone(&device), case)?;
    for _ in 0..WARM_UP {
        work.step(case.task);
    }
    device.take_times();
    let budget = Duration::from_secs_f64(case.seconds);
    let (began, mut times) = (Instant::now(), Vec::new());
    while times.len() < FEWEST || began.elapsed() < budget {
        let step = Instant::now();
        work.step(case.task);
        times.push(step.elapsed().as_secs_f64());
    }
    let steps = times.len();
    let operators = device.take_times().into_iter();
    let operators = operators.map(|(name, took)| (name.to_owned(), took.as_secs_f64() / steps as f64));
    let measured = Measured {
        median_seconds: median(times),
        steps,
        peak_bytes: peak_bytes()?,
        before_bytes,
        operators: operators.collect(),
    };
    output::print(&serde_json::to_string(&measured)?)
}

/// Linux counts kibibytes, macOS bytes.
pub(crate) fn peak_bytes() -> anyhow::Result<u64> {
    let used = getrusage(UsageWho::RUSAGE_SELF).context("failed to ask for the peak memory")?.max_rss();
    Ok(used as u64 * if cfg!(target_os = "macos") { 1 } else { 1024 })
}

/// A network with all that its steps need.
struct Work {
    device: Arc<Cpu>,
    network: Network,
    head: Head,
    optimizer: Optimizer,
    pixels: Vec<u8>,
    labels: Vec<u32>,
    size: usize,
}

impl Work {
    fn new(device: Arc<Cpu>, case: &CaseArgs) -> anyhow::Result<Self> {
        let CaseArgs { model, batch, .. } = *case;
        let (size, embedding) = (model.size(), model.embedding());
        let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
        let loss = Loss::ArcFace(ArcFace { scale: 64.0, margin: 0.5, past_turn, gradient });
        let layers = Layers { decay_norms: true, head_rate: 1.0 };
        let rule = Rule::Sgd(Sgd::new(0.9, false));
        Ok(Self {
            network: Network::new(Arc::clone(&device), model.kind(), embedding, size, 0)?,
            head: Head::new(loss, CLASSES, embedding, 0),
            optimizer: Optimizer { rule, weight_decay: 5e-4, clip_norm: None, layers },
            pixels: (0..batch * size * size * 3).map(|i| (i * 7919 % 251) as u8).collect(),
            labels: (0..batch).map(|i| (i * 37 % CLASSES) as u32).collect(),
            device,
            size,
        })
    }

    fn step(&mut self, task: Task) {
        let Self { device, network, head, optimizer, pixels, labels, size } = self;
        let images = Images { pixels, count: labels.len(), size: *size };
        match task {
            Task::Embed => {
                std::hint::black_box(network.embed(&images));
            }
            Task::Train => {
                let embeddings = network.train_forward(&images);
                let output = device.run(|| head.forward_backward(&embeddings, labels, 0));
                network.backward(&output.d_embeddings);
                let mut weights = network.weights();
                weights.push((Kind::Head, head.weight()));
                optimizer.step(&**device, weights, 0.001);
            }
        }
    }
}
