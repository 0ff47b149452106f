//! One measurement of the engine.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use arclab_nn::{
    BackboneKind, Backend, Cpu, Cuda, Images, Network,
    heads::{ArcFace, Head, HeadMemory, Loss, MarginGradient, PastTurn},
    optim::{Kind, Layers, Optimizer, Rule, Sgd},
};
use clap::{Args, ValueEnum};
use nix::sys::resource::{UsageWho, getrusage};
use serde::Serialize;

use crate::{
    measured::{Measured, median},
    output,
    place::{Place, Precision, open_gpu},
    profile::{Effort, Profile},
};

/// Classes of the head.
const CLASSES: usize = 100;
/// Fewest times that count.
const FEWEST: usize = 3;
/// Seconds that a GPU is at work for one of its times: it runs behind the program, which waits for it at the end alone.
const AT_WORK: f64 = 0.1;
/// Most steps of one time.
const MOST: f64 = 100.0;

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
    /// IResNet-50 at 112 × 112.
    IResNet50,
    /// IResNet-100 at 112 × 112.
    IResNet100,
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
    pub(crate) place: Place,
    /// Time to spend, after the warm-up.
    #[arg(long)]
    pub(crate) seconds: f64,
    /// Whether a GPU's time is also told by operator.
    #[arg(long)]
    pub(crate) operators: bool,
}

impl Model {
    /// Name of the variant on the command line.
    pub(crate) fn name(self) -> &'static str {
        self.kind().name()
    }

    pub(crate) fn size(self) -> usize {
        match self {
            Self::Small => 64,
            Self::MobileFaceNet | Self::IResNet18 | Self::IResNet50 | Self::IResNet100 => 112,
        }
    }

    pub(crate) fn embedding(self) -> usize {
        match self {
            Self::Small => 128,
            Self::MobileFaceNet | Self::IResNet18 | Self::IResNet50 | Self::IResNet100 => 512,
        }
    }

    fn kind(self) -> BackboneKind {
        match self {
            Self::Small => BackboneKind::Small,
            Self::MobileFaceNet => BackboneKind::MobileFaceNet,
            Self::IResNet18 => BackboneKind::IResNet18,
            Self::IResNet50 => BackboneKind::IResNet50,
            Self::IResNet100 => BackboneKind::IResNet100,
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
    let measured = match case.place {
        Place::Cpu { threads } => on_cpu(case, threads),
        Place::Cuda(precision) => on_gpu(case, precision),
    };
    output::print(&serde_json::to_string(&measured?)?)
}

fn on_cpu(case: &CaseArgs, threads: usize) -> anyhow::Result<Measured> {
    let before_bytes = peak_bytes()?;
    let device = Arc::new(Cpu::new(threads));
    let mut work = Work::new(Arc::clone(&device), case)?;
    work.steps(case.task, 2);
    device.take_times();
    let times = work.times(case, 1, || {});
    let steps = times.len();
    let operators = device.take_times().into_iter();
    let operators = operators.map(|(name, took)| (name.to_owned(), took.as_secs_f64() / steps as f64));
    Ok(Measured {
        median_seconds: median(times),
        steps,
        peak_bytes: peak_bytes()?,
        before_bytes,
        gpu_peak_bytes: None,
        operators: operators.collect(),
        profile: None,
    })
}

/// Steps until algorithms are chosen, memory is held and a loss is scaled; then as many at a time as keep it at work.
fn on_gpu(case: &CaseArgs, precision: Precision) -> anyhow::Result<Measured> {
    let before_bytes = peak_bytes()?;
    let device = Arc::new(Cuda::new(open_gpu(precision)?));
    let finish = || device.gpu().finish();
    let mut work = Work::new(Arc::clone(&device), case)?;
    work.steps(case.task, 8);
    finish();
    let one = work.time(case.task, 1, finish);
    let at_a_time = (AT_WORK / one).ceil().clamp(1.0, MOST) as usize;
    let times = work.times(case, at_a_time, finish);
    // Before what the GPU reaches is measured, which takes memory of its own.
    let gpu_peak_bytes = Some(device.gpu().peak_memory());
    let step = || work.step(case.task);
    let profile = case.operators.then(|| Profile::measure(device.gpu(), Effort::FULL, step)).transpose()?;
    device.check()?;
    Ok(Measured {
        steps: times.len() * at_a_time,
        median_seconds: median(times),
        peak_bytes: peak_bytes()?,
        before_bytes,
        gpu_peak_bytes,
        operators: BTreeMap::new(),
        profile,
    })
}

/// Linux counts kibibytes, macOS bytes.
pub(crate) fn peak_bytes() -> anyhow::Result<u64> {
    let used = getrusage(UsageWho::RUSAGE_SELF).context("failed to ask for the peak memory")?.max_rss();
    Ok(used as u64 * if cfg!(target_os = "macos") { 1 } else { 1024 })
}

/// A network with all that its steps need.
pub(crate) struct Work<B: HeadMemory> {
    device: Arc<B>,
    network: Network<B>,
    head: Head,
    mirror: B::Mirror,
    optimizer: Optimizer<B::Buffer>,
    pixels: Vec<u8>,
    labels: Vec<u32>,
    size: usize,
}

impl<B: HeadMemory> Work<B> {
    pub(crate) fn new(device: Arc<B>, case: &CaseArgs) -> anyhow::Result<Self> {
        let CaseArgs { model, batch, .. } = *case;
        let (size, embedding) = (model.size(), model.embedding());
        let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
        let loss = Loss::ArcFace(ArcFace { scale: 64.0, margin: 0.5, past_turn, gradient });
        let layers = Layers { decay_norms: true, head_rate: 1.0 };
        let rule = Rule::Sgd(Sgd::new(0.9, false));
        Ok(Self {
            network: Network::new(Arc::clone(&device), model.kind(), embedding, size, 0)?,
            head: Head::new(loss, CLASSES, embedding, 0),
            mirror: B::Mirror::default(),
            optimizer: Optimizer { rule, weight_decay: 5e-4, clip_norm: None, layers },
            pixels: (0..batch * size * size * 3).map(|i| (i * 7919 % 251) as u8).collect(),
            labels: (0..batch).map(|i| (i * 37 % CLASSES) as u32).collect(),
            device,
            size,
        })
    }

    /// Seconds a step, each time the mean of so many, until the case's time is over.
    fn times(&mut self, case: &CaseArgs, at_a_time: usize, finish: impl Fn()) -> Vec<f64> {
        let budget = Duration::from_secs_f64(case.seconds);
        let (began, mut times) = (Instant::now(), Vec::new());
        while times.len() < FEWEST || began.elapsed() < budget {
            times.push(self.time(case.task, at_a_time, &finish));
        }
        times
    }

    fn time(&mut self, task: Task, steps: usize, finish: impl Fn()) -> f64 {
        let began = Instant::now();
        self.steps(task, steps);
        finish();
        began.elapsed().as_secs_f64() / steps as f64
    }

    fn steps(&mut self, task: Task, count: usize) {
        for _ in 0..count {
            self.step(task);
        }
    }

    /// Other images, of the same number and size.
    pub(crate) fn take(&mut self, pixels: Vec<u8>) {
        self.pixels = pixels;
    }

    pub(crate) fn step(&mut self, task: Task) {
        let Self { device, network, head, mirror, optimizer, pixels, labels, size } = self;
        let images = Images { pixels, count: labels.len(), size: *size };
        match task {
            Task::Embed => {
                std::hint::black_box(network.embed(&images));
            }
            Task::Train => {
                let embeddings = network.train_forward_maps(&images);
                let (judged, d_embeddings) = device.judge(mirror, head, &embeddings, labels, (0, 0));
                network.backward_maps(d_embeddings);
                let mut weights = network.weights();
                weights.push((Kind::Head, device.weight(mirror, head.weight())));
                let norm = optimizer.launch(&**device, weights, 0.001);
                let (_, norm) = device.outputs(vec![judged], Some(norm));
                optimizer.settle(norm);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use arclab_gpu::{Gpu, Options};

    use super::*;

    #[test]
    fn a_training_step_on_a_gpu_is_told_by_operators_whose_work_is_known() {
        let precision = arclab_gpu::Precision::Bfloat16;
        let options = Options { precision, deterministic: false, memory_bytes: None, cache: None };
        let device = Arc::new(Cuda::new(Gpu::emulated(options)));
        let (model, task, place) = (Model::Small, Task::Train, Place::Cuda(Precision::Bf16));
        let case = CaseArgs { model, task, batch: 2, place, seconds: 0.0, operators: true };
        let mut work = Work::new(Arc::clone(&device), &case).unwrap();
        let profile = Profile::measure(device.gpu(), Effort::LEAST, || work.step(task)).unwrap();
        for operator in &profile.operators {
            assert!(
                operator.calls > 0 && operator.bytes > 0.0 && operator.least_seconds > 0.0,
                "{operator:?}"
            );
        }
        let calls = |name: &str| profile.operators.iter().find(|one| one.name == name).map(|one| one.calls);
        // The stem, two in each of four blocks; there is no gradient to the image.
        assert_eq!(calls("conv 3×3"), Some(9));
        assert_eq!(calls("conv 3×3, to input"), Some(8));
        assert_eq!(calls("conv 3×3, to weight"), Some(9));
        assert_eq!(calls("SGD"), Some(1));
        let json = serde_json::to_string(&profile).unwrap();
        assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile);
    }
}
