//! The CPU as a device: threads, instruction sets, memory, and the table of its operators.

mod buffer;
mod simd;
mod times;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rayon::{ThreadPool, ThreadPoolBuilder};

pub use buffer::CpuBuffer;
pub(crate) use buffer::Memory;
pub use simd::Kernels;
pub(crate) use simd::{Lanes, each_vector, load, prelu, store};
use times::{Times, names};

use crate::{
    average,
    backend::{Activation, Affine, Backend, MapShape, Maps, Moments, NormGradients, NormState},
    ops::{
        Convolution, DropoutMask, batch_norm, conv2d, dropout, elementwise, gate, grouped, hard_sigmoid,
        join, pool, prelu,
    },
    optim::{self, AdamWFactors, AdamWStep, SgdFactors, SgdStep},
};

/// The CPU, with its own threads. Results do not depend on how many these are.
#[derive(Debug)]
pub struct Cpu {
    threads: ThreadPool,
    kernels: Kernels,
    memory: Arc<Memory>,
    times: Times,
    multiplications: AtomicU64,
}

impl Cpu {
    /// A CPU of `threads` threads (at least one) on the fastest instruction set there is.
    pub fn new(threads: usize) -> Self {
        Self::with_kernels(threads, Kernels::best())
    }

    /// As `new`, on a given instruction set.
    #[expect(clippy::expect_used, reason = "without threads nothing can run, and the system says why")]
    pub fn with_kernels(threads: usize, kernels: Kernels) -> Self {
        let threads = ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(|index| format!("nn-{index}"))
            .build()
            .expect("failed to start the threads that compute");
        Self {
            threads,
            kernels,
            memory: Arc::default(),
            times: Times::default(),
            multiplications: AtomicU64::new(0),
        }
    }

    /// The instruction set that the kernels run on.
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// How long each operator took since the last call.
    pub fn take_times(&self) -> BTreeMap<&'static str, Duration> {
        self.times.take()
    }

    /// Multiplications of forward convolutions and linear layers since the last call.
    pub fn take_multiplications(&self) -> u64 {
        self.multiplications.swap(0, Ordering::Relaxed)
    }

    /// An operator on this device's threads, with its time counted.
    fn operator<T: Send>(&self, name: &'static str, work: impl FnOnce() -> T + Send) -> T {
        self.times.measure(name, || self.threads.install(work))
    }

    /// A buffer whose contents are whatever was there before.
    pub(crate) fn take(&self, len: usize) -> CpuBuffer {
        self.memory.take(len)
    }

    pub(crate) fn zeros(&self, len: usize) -> CpuBuffer {
        self.memory.zeros(len)
    }

    pub(crate) fn take_maps(&self, shape: MapShape) -> Maps<Self> {
        Maps { shape, data: self.take(shape.len()) }
    }
}

impl Backend for Cpu {
    type Numbers = [f32];
    type Buffer = CpuBuffer;
    type Ahead = Infallible;

    fn numbers(buffer: &CpuBuffer) -> &[f32] {
        buffer
    }

    fn numbers_mut(buffer: &mut CpuBuffer) -> &mut [f32] {
        buffer
    }

    /// Runs `work` on this device's threads; rayon's parallel iterators in it use them too.
    fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.threads.install(work)
    }

    fn upload(&self, values: &[f32]) -> CpuBuffer {
        let mut buffer = self.take(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    fn count(&self, numbers: &[f32]) -> usize {
        numbers.len()
    }

    fn download(&self, numbers: &[f32]) -> Vec<f32> {
        numbers.to_vec()
    }

    fn write(&self, buffer: &mut CpuBuffer, values: &[f32]) {
        buffer.copy_from_slice(values);
    }

    fn copy(&self, buffer: &CpuBuffer) -> CpuBuffer {
        self.upload(buffer)
    }

    fn replace(&self, to: &mut [f32], from: &[f32]) {
        to.copy_from_slice(from);
    }

    fn images(&self, shape: MapShape, pixels: &[u8]) -> Maps<Self> {
        self.operator("images", || elementwise::images(self, shape, pixels))
    }

    fn handed_over(&self, ahead: &Infallible, _first: usize, _shape: MapShape) -> Maps<Self> {
        match *ahead {}
    }

    fn conv2d(
        &self,
        input: &Activation<Self>,
        weight: &CpuBuffer,
        conv: &Convolution,
        affine: Option<&Affine<Self>>,
    ) -> Maps<Self> {
        self.multiplications.fetch_add(conv.multiplications(input.shape()), Ordering::Relaxed);
        self.operator(names(conv).forward, || match conv.groups {
            1 => conv2d::forward(self, input, weight, conv, affine),
            _ => grouped::forward(self, input, weight, conv, affine),
        })
    }

    fn conv2d_backward_input(
        &self,
        d_output: &Maps<Self>,
        weight: &CpuBuffer,
        conv: &Convolution,
        input: MapShape,
        also: Option<Arc<Maps<Self>>>,
    ) -> Maps<Self> {
        self.operator(names(conv).backward_input, || match conv.groups {
            1 => conv2d::backward_input(self, d_output, weight, conv, input, also),
            _ => grouped::backward_input(self, d_output, weight, conv, input, also),
        })
    }

    fn conv2d_backward_weight(
        &self,
        input: &Activation<Self>,
        d_output: &Maps<Self>,
        conv: &Convolution,
        d_weight: &mut CpuBuffer,
    ) {
        self.operator(names(conv).backward_weight, || match conv.groups {
            1 => conv2d::backward_weight(self, input, d_output, conv, d_weight),
            _ => grouped::backward_weight(self, input, d_output, conv, d_weight),
        });
    }

    fn add_bias(&self, maps: &mut Maps<Self>, bias: &CpuBuffer) {
        self.times.measure("bias", || elementwise::add_bias(maps, bias));
    }

    fn channel_sums(&self, maps: &Maps<Self>, sums: &mut CpuBuffer) {
        self.times.measure("bias", || elementwise::channel_sums(maps, sums));
    }

    fn moments(&self, maps: &Maps<Self>) -> Moments<Self> {
        self.operator("batch norm, moments", || batch_norm::moments(self, maps))
    }

    fn affine(
        &self,
        mean: &CpuBuffer,
        variance: &CpuBuffer,
        weight: &CpuBuffer,
        bias: &CpuBuffer,
        slope: Option<Arc<CpuBuffer>>,
    ) -> Affine<Self> {
        batch_norm::affine(self, mean, variance, weight, bias, slope)
    }

    fn update_running(&self, running: &mut CpuBuffer, batch: &CpuBuffer, momentum: f32, factor: f32) {
        for (running, batch) in running.iter_mut().zip(batch.iter()) {
            *running = (1.0 - momentum) * *running + momentum * factor * batch;
        }
    }

    fn batch_norm_backward(
        &self,
        state: &NormState<'_, Self>,
        d_output: Arc<Maps<Self>>,
        also: Option<&Maps<Self>>,
        gradients: NormGradients<'_, Self>,
    ) -> Maps<Self> {
        self.operator("batch norm and PReLU, backward", || {
            batch_norm::backward(self, state, d_output, also, gradients)
        })
    }

    fn apply(&self, input: &Activation<Self>) -> Maps<Self> {
        self.operator("normalise and PReLU", || elementwise::apply(self, input))
    }

    fn sum(&self, a: &Activation<Self>, b: &Activation<Self>) -> Maps<Self> {
        self.operator("sum", || elementwise::sum(self, a, b))
    }

    fn join(&self, a: &Activation<Self>, b: &Activation<Self>) -> Maps<Self> {
        self.operator("join", || join::forward(self, a, b))
    }

    fn split(&self, d_output: &Maps<Self>, first: usize) -> [Maps<Self>; 2] {
        self.operator("join, backward", || join::backward(self, d_output, first))
    }

    fn pool(&self, input: &Activation<Self>) -> Maps<Self> {
        self.operator("pool", || pool::forward(self, input))
    }

    fn gate(&self, input: &Activation<Self>, gates: &Maps<Self>) -> Maps<Self> {
        self.operator("gate", || gate::forward(self, input, gates))
    }

    fn gate_backward_gates(&self, input: &Activation<Self>, d_output: &Maps<Self>) -> Maps<Self> {
        self.operator("gate, to gates", || gate::backward_gates(self, input, d_output))
    }

    fn gate_backward_input(
        &self,
        d_output: Arc<Maps<Self>>,
        gates: &Maps<Self>,
        d_means: &Maps<Self>,
    ) -> Maps<Self> {
        self.operator("gate, to input", || gate::backward_input(self, d_output, gates, d_means))
    }

    fn hard_sigmoid(&self, input: &Maps<Self>) -> Maps<Self> {
        hard_sigmoid::forward(self, input)
    }

    fn hard_sigmoid_backward(&self, input: &Maps<Self>, d_output: Maps<Self>) -> Maps<Self> {
        hard_sigmoid::backward(self, input, d_output)
    }

    fn prelu_backward(
        &self,
        input: &Maps<Self>,
        slope: &CpuBuffer,
        d_output: Maps<Self>,
        d_slope: &mut CpuBuffer,
    ) -> Maps<Self> {
        prelu::backward(self, input, slope, d_output, d_slope)
    }

    fn dropout(&self, maps: Arc<Maps<Self>>, mask: DropoutMask) -> Maps<Self> {
        self.operator("dropout", || dropout::apply(self, maps, mask))
    }

    fn norm(&self, gradients: &[&[f32]]) -> f64 {
        optim::global_norm(gradients.iter().copied())
    }

    fn sgd(&self, steps: Vec<SgdStep<'_, [f32]>>, factors: SgdFactors) {
        self.run(|| steps.into_iter().for_each(|(step, velocity)| optim::sgd(step, velocity, factors)));
    }

    fn adamw(&self, steps: Vec<AdamWStep<'_, [f32]>>, factors: AdamWFactors) {
        self.run(|| steps.into_iter().for_each(|(step, moments)| optim::adamw(step, moments, factors)));
    }

    fn approach(&self, pairs: Vec<(&mut [f32], &[f32])>, share: f32) {
        self.run(|| pairs.into_iter().for_each(|(average, value)| average::approach(average, value, share)));
    }

    fn add_share(&self, pairs: Vec<(&mut [f32], &[f32])>, share: f32, is_first: bool) {
        self.run(|| pairs.into_iter().for_each(|(sum, value)| optim::add_share(sum, value, share, is_first)));
    }
}
