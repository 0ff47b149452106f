//! One measurement of a head, in a process of its own.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use arclab_nn::{
    Backend, Cpu, Cuda, MapShape, Maps,
    heads::{ArcFace, Head, HeadMemory, Loss, MarginGradient, PastTurn},
    optim::{Kind, Layers, Optimizer, Rule, Sgd},
};

use super::{HeadCaseArgs, StepArgs, labels};
use crate::{
    case::peak_bytes,
    measured::{Measured, median},
    output,
    place::{Place, open_gpu},
};

/// Fewest steps that count.
const FEWEST: usize = 3;

/// Measures, and prints a [`Measured`] as JSON.
pub(crate) fn execute(case: &HeadCaseArgs) -> anyhow::Result<()> {
    let measured = match case.place {
        Place::Cpu { threads } => on_cpu(case, Cpu::new(threads)),
        Place::Cuda(precision) => on_gpu(case, Cuda::new(open_gpu(precision)?).with_head_as_maps()),
    };
    output::print(&serde_json::to_string(&measured?)?)
}

/// Time with the optimiser's step, memory without it, as what it remembers is kept from step to step.
fn on_cpu(case: &HeadCaseArgs, cpu: Cpu) -> anyhow::Result<Measured> {
    let mut work = Work::new(case, cpu);
    let before_bytes = peak_bytes()?;
    work.judge();
    let peak_bytes = peak_bytes()?;
    let times = work.times(case.step.seconds, |_| {});
    Ok(measured(times, [peak_bytes, before_bytes], None))
}

/// Memory is all that the GPU holds at most.
fn on_gpu(case: &HeadCaseArgs, gpu: Cuda) -> anyhow::Result<Measured> {
    let before_bytes = peak_bytes()?;
    let mut work = Work::new(case, gpu);
    for _ in 0..FEWEST {
        work.step();
    }
    let times = work.times(case.step.seconds, |gpu| gpu.gpu().finish());
    work.device.check()?;
    let held = work.device.gpu().peak_memory();
    Ok(measured(times, [peak_bytes()?, before_bytes], Some(held)))
}

fn measured(times: Vec<f64>, [peak_bytes, before_bytes]: [u64; 2], gpu_peak_bytes: Option<u64>) -> Measured {
    Measured {
        steps: times.len(),
        median_seconds: median(times),
        peak_bytes,
        before_bytes,
        gpu_peak_bytes,
        operators: BTreeMap::new(),
        profile: None,
    }
}

/// A head with all that its steps need.
struct Work<B: HeadMemory> {
    device: B,
    head: Head,
    mirror: B::Mirror,
    optimizer: Optimizer<B::Buffer>,
    embeddings: Maps<B>,
    labels: Vec<u32>,
    /// Judged so far.
    steps: u64,
}

impl<B: HeadMemory> Work<B> {
    fn new(case: &HeadCaseArgs, device: B) -> Self {
        let StepArgs { batch, embedding, .. } = case.step;
        let [count, channels] = [batch, embedding].map(|size| size as usize);
        let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
        let loss = Loss::ArcFace(ArcFace { scale: 64.0, margin: 0.5, past_turn, gradient });
        let mut head = Head::new(loss, case.classes as usize, channels, 0);
        if let Some(rate) = case.rate {
            head = head.with_sampled_classes(rate, 0);
        }
        let embeddings: Vec<f32> =
            (0..count * channels).map(|i| (i * 7919 % 251) as f32 / 125.0 - 1.0).collect();
        let layers = Layers { decay_norms: true, head_rate: 1.0 };
        let rule = Rule::Sgd(Sgd::new(0.9, false));
        Self {
            embeddings: device.maps(MapShape { count, height: 1, width: 1, channels }, &embeddings),
            device,
            head,
            mirror: B::Mirror::default(),
            optimizer: Optimizer { rule, weight_decay: 5e-4, clip_norm: None, layers },
            labels: labels(batch, case.classes).collect(),
            steps: 0,
        }
    }

    /// The loss and all gradients.
    fn judge(&mut self) {
        let Self { device, head, mirror, embeddings, labels, steps, .. } = self;
        let at = (*steps, *steps * labels.len() as u64);
        std::hint::black_box(device.judge(mirror, head, embeddings, labels, at));
        *steps += 1;
    }

    fn step(&mut self) {
        self.judge();
        let Self { device, head, mirror, optimizer, .. } = self;
        optimizer.step(device, vec![(Kind::Head, device.weight(mirror, head.weight()))], 0.001);
    }

    /// Seconds of each step, until so many are over.
    fn times(&mut self, seconds: f64, finish: impl Fn(&B)) -> Vec<f64> {
        let budget = Duration::from_secs_f64(seconds);
        let (began, mut times) = (Instant::now(), Vec::new());
        while times.len() < FEWEST || began.elapsed() < budget {
            let step = Instant::now();
            self.step();
            finish(&self.device);
            times.push(step.elapsed().as_secs_f64());
        }
        times
    }
}
