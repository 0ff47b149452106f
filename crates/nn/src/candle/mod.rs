//! candle's tensors as a device: the numeric reference of the others, on whatever candle runs on, and a place to try new layers
//! before they have kernels.
//!
//! Every operator is put together from candle's: each of these is a pass over memory, maps are turned from N×H×W×C to N×C×H×W and
//! back for each convolution, which unfolds them, the gradient to its input is a thread for each number on a GPU, groups are taken
//! one by one, and sums are float64. That is slow by nature: training that is to be fast has [`crate::Cuda`]. All maps are float32.

mod convolution;
mod maps;
mod norm;
mod steps;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arclab_gpu::{
    GpuError,
    libraries::{self, Library},
};
use candle_core::{Device, Result, Tensor};

use crate::{
    backend::{Activation, Affine, Backend, MapShape, Maps, Moments, NormGradients, NormState},
    ops::{Convolution, DropoutMask},
    optim::{AdamWFactors, AdamWStep, SgdFactors, SgdStep},
};

/// A device of candle's. Its operators do not say what fails: [`Backend::check`] does, once a step is over.
///
/// No tensor is ever changed in place, so that sharing one is copying it.
#[derive(Debug)]
pub struct Candle {
    device: Device,
    failure: Mutex<Option<GpuError>>,
}

impl Candle {
    /// Whether this program was built with candle's CUDA device: feature `candle-cuda`.
    pub const HAS_CUDA: bool = cfg!(feature = "candle-cuda");

    /// On any device.
    pub fn new(device: Device) -> Self {
        Self { device, failure: Mutex::new(None) }
    }

    /// On GPU number `index` of those that the driver sees.
    pub fn on_gpu(index: usize) -> std::result::Result<Self, GpuError> {
        let count = arclab_gpu::gpus()?;
        if index >= count {
            return Err(GpuError::NoSuchGpu { wanted: index, count });
        }
        libraries::load().of(Library::Curand)?;
        // With a stream of its own: the default one is another one for each thread, and their work is not ordered.
        let device = Device::new_cuda_with_stream(index).map_err(failed("opening candle's CUDA device"))?;
        Ok(Self::new(device))
    }

    /// The outcome of `work`; nothing where it or something before it failed.
    fn attempt<T>(&self, what: &'static str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        let mut failure = self.failure();
        if failure.is_some() {
            return None;
        }
        work().map_err(|error| *failure = Some(failed(what)(error))).ok()
    }

    /// A tensor of `len` numbers, NaN after a failure.
    fn numbers(&self, what: &'static str, len: usize, work: impl FnOnce() -> Result<Tensor>) -> Tensor {
        self.attempt(what, work).unwrap_or_else(|| unknown(len))
    }

    /// As `numbers`, of feature maps.
    fn compute(
        &self,
        what: &'static str,
        shape: MapShape,
        work: impl FnOnce() -> Result<Tensor>,
    ) -> Maps<Self> {
        Maps { shape, data: self.numbers(what, shape.len(), work) }
    }

    /// Puts what `work` makes in the place of `tensor`.
    fn replace(&self, what: &'static str, tensor: &mut Tensor, work: impl FnOnce(&Tensor) -> Result<Tensor>) {
        if let Some(new) = self.attempt(what, || work(tensor)) {
            *tensor = new;
        }
    }

    fn failure(&self) -> MutexGuard<'_, Option<GpuError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(what: &'static str) -> impl FnOnce(candle_core::Error) -> GpuError {
    move |error| GpuError::Call { what, reason: error.to_string() }
}

/// NaN, so many times, in the room of one.
fn unknown(len: usize) -> Tensor {
    let nan = Tensor::full(f32::NAN, (), &Device::Cpu).and_then(|nan| nan.broadcast_as(len));
    nan.expect("one number can stand for many")
}

impl Backend for Candle {
    type Numbers = Tensor;
    type Buffer = Tensor;
    type Ahead = Infallible;

    fn numbers(buffer: &Tensor) -> &Tensor {
        buffer
    }

    fn numbers_mut(buffer: &mut Tensor) -> &mut Tensor {
        buffer
    }

    fn upload(&self, values: &[f32]) -> Tensor {
        self.numbers("uploading", values.len(), || Tensor::from_slice(values, values.len(), &self.device))
    }

    fn count(&self, numbers: &Tensor) -> usize {
        numbers.elem_count()
    }

    fn download(&self, numbers: &Tensor) -> Vec<f32> {
        let values = self.attempt("downloading", || numbers.flatten_all()?.to_vec1());
        values.unwrap_or_else(|| vec![f32::NAN; numbers.elem_count()])
    }

    fn check(&self) -> std::result::Result<(), GpuError> {
        // A GPU says late what went wrong.
        self.attempt("waiting for the device", || self.device.synchronize());
        self.failure().clone().map_or(Ok(()), Err)
    }

    fn write(&self, buffer: &mut Tensor, values: &[f32]) {
        assert_eq!(buffer.elem_count(), values.len(), "a buffer's values are replaced by as many");
        *buffer = self.upload(values);
    }

    fn copy(&self, buffer: &Tensor) -> Tensor {
        buffer.clone()
    }

    fn replace(&self, to: &mut Tensor, from: &Tensor) {
        *to = from.clone();
    }

    fn images(&self, shape: MapShape, pixels: &[u8]) -> Maps<Self> {
        self.compute("images", shape, || maps::images(&self.device, pixels, shape.channels))
    }

    fn handed_over(&self, ahead: &Infallible, _first: usize, _shape: MapShape) -> Maps<Self> {
        match *ahead {}
    }

    fn conv2d(
        &self,
        input: &Activation<Self>,
        weight: &Tensor,
        conv: &Convolution,
        affine: Option<&Affine<Self>>,
    ) -> Maps<Self> {
        self.compute("conv2d", conv.output(input.shape()), || {
            let y = convolution::forward(&maps::apply(input)?, weight, conv)?;
            affine.map_or(Ok(y.clone()), |affine| maps::normalise(&y, affine))
        })
    }

    fn conv2d_backward_input(
        &self,
        d_output: &Maps<Self>,
        weight: &Tensor,
        conv: &Convolution,
        input: MapShape,
        also: Option<Arc<Maps<Self>>>,
    ) -> Maps<Self> {
        self.compute("conv2d, to input", input, || {
            let d_input = convolution::backward_input(&maps::view(d_output)?, weight, conv, input)?;
            also.map_or(Ok(d_input.clone()), |also| d_input + maps::view(&also)?)
        })
    }

    fn conv2d_backward_weight(
        &self,
        input: &Activation<Self>,
        d_output: &Maps<Self>,
        conv: &Convolution,
        d_weight: &mut Tensor,
    ) {
        self.replace("conv2d, to weight", d_weight, |_| {
            convolution::backward_weight(&maps::apply(input)?, &maps::view(d_output)?, conv)
        });
    }

    fn add_bias(&self, maps: &mut Maps<Self>, bias: &Tensor) {
        let shape = maps.shape;
        self.replace("bias", &mut maps.data, |data| data.reshape(((), shape.channels))?.broadcast_add(bias));
    }

    fn channel_sums(&self, maps: &Maps<Self>, sums: &mut Tensor) {
        self.replace("bias, backward", sums, |_| norm::channel_sums(maps));
    }

    fn moments(&self, maps: &Maps<Self>) -> Moments<Self> {
        let unknown = || unknown(maps.shape.channels);
        self.attempt("moments", || norm::moments(maps))
            .unwrap_or_else(|| Moments { mean: unknown(), variance: unknown() })
    }

    fn affine(
        &self,
        mean: &Tensor,
        variance: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        slope: Option<Arc<Tensor>>,
    ) -> Affine<Self> {
        let factors = self.attempt("batch norm", || norm::affine([mean, variance, weight, bias]));
        let [scale, shift] = factors.unwrap_or_else(|| [(); 2].map(|()| unknown(self.count(mean))));
        Affine { scale, shift, slope }
    }

    fn update_running(&self, running: &mut Tensor, batch: &Tensor, momentum: f32, factor: f32) {
        let [momentum, factor] = [momentum, factor].map(f64::from);
        self.replace("running statistics", running, |running| {
            (running * (1.0 - momentum))? + (batch * (momentum * factor))?
        });
    }

    fn batch_norm_backward(
        &self,
        state: &NormState<'_, Self>,
        d_output: Arc<Maps<Self>>,
        also: Option<&Maps<Self>>,
        gradients: NormGradients<'_, Self>,
    ) -> Maps<Self> {
        let shape = state.input.shape;
        let found = self.attempt("batch norm, backward", || norm::backward(state, &d_output, also));
        let Some(norm::Gradients { input, weight, bias, slope }) = found else {
            return Maps { shape, data: unknown(shape.len()) };
        };
        *gradients.bias = bias;
        for (place, gradient) in [(gradients.weight, Some(weight)), (gradients.slope, slope)] {
            if let (Some(place), Some(gradient)) = (place, gradient) {
                *place = gradient;
            }
        }
        Maps { shape, data: input }
    }

    fn apply(&self, input: &Activation<Self>) -> Maps<Self> {
        self.compute("batch norm", input.shape(), || maps::apply(input))
    }

    fn sum(&self, a: &Activation<Self>, b: &Activation<Self>) -> Maps<Self> {
        self.compute("sum", a.shape(), || maps::apply(a)? + maps::apply(b)?)
    }

    fn join(&self, a: &Activation<Self>, b: &Activation<Self>) -> Maps<Self> {
        let channels = a.shape().channels + b.shape().channels;
        let shape = MapShape { channels, ..a.shape() };
        self.compute("join", shape, || Tensor::cat(&[maps::apply(a)?, maps::apply(b)?], 3))
    }

    fn split(&self, d_output: &Maps<Self>, first: usize) -> [Maps<Self>; 2] {
        let part = |start: usize, channels: usize| {
            self.compute("join, backward", MapShape { channels, ..d_output.shape }, || {
                maps::view(d_output)?.narrow(3, start, channels)?.contiguous()
            })
        };
        [part(0, first), part(first, d_output.shape.channels - first)]
    }

    fn pool(&self, input: &Activation<Self>) -> Maps<Self> {
        self.compute("pool", input.shape().per_image(), || maps::pool(input))
    }

    fn gate(&self, input: &Activation<Self>, gates: &Maps<Self>) -> Maps<Self> {
        self.compute("gate", input.shape(), || maps::gate(input, gates))
    }

    fn gate_backward_gates(&self, input: &Activation<Self>, d_output: &Maps<Self>) -> Maps<Self> {
        let shape = input.shape().per_image();
        self.compute("gate, to gates", shape, || maps::gate_backward_gates(input, d_output))
    }

    fn gate_backward_input(
        &self,
        d_output: Arc<Maps<Self>>,
        gates: &Maps<Self>,
        d_means: &Maps<Self>,
    ) -> Maps<Self> {
        let shape = d_output.shape;
        self.compute("gate, to input", shape, || maps::gate_backward_input(&d_output, gates, d_means))
    }

    fn hard_sigmoid(&self, input: &Maps<Self>) -> Maps<Self> {
        self.compute("hard sigmoid", input.shape, || maps::hard_sigmoid(&input.data))
    }

    fn hard_sigmoid_backward(&self, input: &Maps<Self>, d_output: Maps<Self>) -> Maps<Self> {
        self.compute("hard sigmoid, backward", input.shape, || {
            maps::hard_sigmoid_backward(&maps::view(input)?, &maps::view(&d_output)?)
        })
    }

    fn prelu_backward(
        &self,
        input: &Maps<Self>,
        slope: &Tensor,
        d_output: Maps<Self>,
        d_slope: &mut Tensor,
    ) -> Maps<Self> {
        self.compute("PReLU, backward", input.shape, || {
            let [d_input, of_slope] = norm::prelu_backward(input, slope, &d_output)?;
            *d_slope = of_slope;
            Ok(d_input)
        })
    }

    fn dropout(&self, maps: Arc<Maps<Self>>, mask: DropoutMask) -> Maps<Self> {
        self.compute("dropout", maps.shape, || maps::dropout(&maps, mask))
    }

    fn norm(&self, gradients: &[&Tensor]) -> f64 {
        self.attempt("norm", || steps::norm(gradients)).unwrap_or(f64::NAN)
    }

    fn sgd(&self, steps: Vec<SgdStep<'_, Tensor>>, factors: SgdFactors) {
        self.attempt("SGD", || steps.into_iter().try_for_each(|step| steps::sgd(step, factors)));
    }

    fn adamw(&self, steps: Vec<AdamWStep<'_, Tensor>>, factors: AdamWFactors) {
        self.attempt("AdamW", || steps.into_iter().try_for_each(|step| steps::adamw(step, factors)));
    }

    fn approach(&self, pairs: Vec<(&mut Tensor, &Tensor)>, share: f32) {
        for (average, value) in pairs {
            self.replace("moving average", average, |average| steps::approach(average, value, share));
        }
    }

    fn add_share(&self, pairs: Vec<(&mut Tensor, &Tensor)>, share: f32, is_first: bool) {
        for (sum, value) in pairs {
            self.replace("mean of parts", sum, |sum| {
                steps::add_share((!is_first).then_some(sum), value, share)
            });
        }
    }
}
