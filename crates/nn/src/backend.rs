//! What a device must be able to do: the operators of the training graph, each with its backward.
//!
//! Layers are written against [`Backend`] alone, so an operator has one meaning and an implementation for each
//! device. Feature maps are N×H×W×C inside; how a device packs weights for itself is its own business.

use std::sync::Arc;

use arclab_gpu::{Gpu, GpuError, ops::images::Change as ImageChange};

use crate::{
    checkpoint::{Mismatch, Tensors},
    network::Images,
    ops::{Convolution, DropoutMask},
    optim::{AdamWFactors, AdamWStep, SgdFactors, SgdStep},
};

/// Sizes of a batch of feature maps, N×H×W×C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapShape {
    /// Images.
    pub count: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

impl MapShape {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.positions() * self.channels
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// N·H·W: the number of values that each channel has.
    pub fn positions(&self) -> usize {
        self.count * self.height * self.width
    }

    /// N×1×1×C: one number a channel of an image.
    #[must_use]
    pub fn per_image(&self) -> Self {
        Self { height: 1, width: 1, ..*self }
    }

    /// Elements of one image.
    pub fn image_len(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// A batch of feature maps on a device.
#[derive(Debug)]
pub struct Maps<B: Backend> {
    /// N×H×W×C.
    pub shape: MapShape,
    /// The elements, row-major.
    pub data: B::Buffer,
}

/// Per channel z = scale·y + shift, then PReLU where there are slopes: z if z > 0, else slope·z.
#[derive(Debug)]
pub struct Affine<B: Backend> {
    /// One factor a channel.
    pub scale: B::Buffer,
    /// One summand a channel.
    pub shift: B::Buffer,
    /// PReLU's slope a channel.
    pub slope: Option<Arc<B::Buffer>>,
}

/// Feature maps of which the last normalisation is still to be applied. Whoever reads them applies it on the way, so
/// that the normalised maps need never be written to memory, nor kept for backward.
#[derive(Debug)]
pub struct Activation<B: Backend> {
    /// What was computed.
    pub maps: Arc<Maps<B>>,
    /// What is to be applied; none: the maps are as they are.
    pub affine: Option<Arc<Affine<B>>>,
}

impl<B: Backend> Activation<B> {
    /// Maps that need nothing applied.
    pub fn plain(maps: Maps<B>) -> Self {
        Self { maps: Arc::new(maps), affine: None }
    }

    /// N×H×W×C.
    pub fn shape(&self) -> MapShape {
        self.maps.shape
    }
}

impl<B: Backend> Clone for Activation<B> {
    fn clone(&self) -> Self {
        Self { maps: Arc::clone(&self.maps), affine: self.affine.clone() }
    }
}

/// Mean and variance of each channel over a batch.
#[derive(Debug)]
pub struct Moments<B: Backend> {
    /// One mean a channel.
    pub mean: B::Buffer,
    /// One variance a channel, divided by n (not n - 1).
    pub variance: B::Buffer,
}

/// What a batch norm's backward needs from its forward.
#[derive(Debug)]
pub struct NormState<'a, B: Backend> {
    /// The input of the normalisation.
    pub input: &'a Maps<B>,
    /// The batch's moments.
    pub moments: &'a Moments<B>,
    /// What was applied.
    pub affine: &'a Affine<B>,
}

/// Where a batch norm's backward writes the gradients of its parameters.
#[derive(Debug)]
pub struct NormGradients<'a, B: Backend> {
    /// Of the scale; none where it is frozen.
    pub weight: Option<&'a mut B::Buffer>,
    /// Of the shift.
    pub bias: &'a mut B::Buffer,
    /// Of PReLU's slope.
    pub slope: Option<&'a mut B::Buffer>,
}

/// A device with its operators. All are deterministic: sums run in an order that depends on shapes alone.
pub trait Backend: Sized + Send + Sync + std::fmt::Debug + 'static {
    /// What a buffer is borrowed as.
    type Numbers: ?Sized + Send + Sync + std::fmt::Debug;

    /// Numbers in the device's memory.
    type Buffer: Send + Sync + std::fmt::Debug;

    /// Images that were handed over ahead of the step that reads them; of a device that takes none there are none.
    type Ahead: Send + Sync + std::fmt::Debug;

    /// A buffer's numbers.
    fn numbers(buffer: &Self::Buffer) -> &Self::Numbers;

    /// A buffer's numbers, to be changed.
    fn numbers_mut(buffer: &mut Self::Buffer) -> &mut Self::Numbers;

    /// Runs `work`, which calls many operators, where they are called fastest.
    fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        work()
    }

    /// A buffer with these values.
    fn upload(&self, values: &[f32]) -> Self::Buffer;

    /// How many they are.
    fn count(&self, numbers: &Self::Numbers) -> usize;

    /// Their values.
    fn download(&self, numbers: &Self::Numbers) -> Vec<f32>;

    /// What failed first on it, if anything did: operators themselves do not say. Numbers are NaN after that.
    fn check(&self) -> Result<(), GpuError> {
        Ok(())
    }

    /// Replaces a buffer's values by as many others.
    fn write(&self, buffer: &mut Self::Buffer, values: &[f32]);

    /// Another buffer with the same values.
    fn copy(&self, buffer: &Self::Buffer) -> Self::Buffer;

    /// Replaces numbers by as many others.
    fn replace(&self, to: &mut Self::Numbers, from: &Self::Numbers);

    /// What can record work and do it again as a whole; none where nothing is gained by that.
    fn recorder(&self) -> Option<&Gpu> {
        None
    }

    /// Feature maps of these values, N×H×W×C.
    fn maps(&self, shape: MapShape, values: &[f32]) -> Maps<Self> {
        Maps { shape, data: self.upload(values) }
    }

    /// The values of feature maps, which a device may keep in fewer bits than those of parameters.
    fn values(&self, maps: &Maps<Self>) -> Vec<f32> {
        self.download(Self::numbers(&maps.data))
    }

    /// Pixels in N×H×W×3, red, green and blue, to (x/255 - 0.5) / 0.5; with one channel, of their luma.
    fn images(&self, shape: MapShape, pixels: &[u8]) -> Maps<Self>;

    /// Whether it makes [`ImageChange`]s itself as it reads bytes; else they are made before it gets these.
    fn changes_images(&self) -> bool {
        false
    }

    /// Takes images ahead of the step that reads them, with one change each where it makes these, while it computes. Two
    /// batches at once do. Nothing where it reads bytes where they are.
    fn hand_over(&self, _images: &Images<'_>, _changes: &[ImageChange<'_>]) -> Option<Self::Ahead> {
        None
    }

    /// As [`Backend::images`], of images that were handed over, from number `first` of them on.
    fn handed_over(&self, ahead: &Self::Ahead, first: usize, shape: MapShape) -> Maps<Self>;

    /// Correlation with a weight of O×(I/groups)×KH×KW; `affine`, where there is one, is applied to the sums.
    fn conv2d(
        &self,
        input: &Activation<Self>,
        weight: &Self::Buffer,
        conv: &Convolution,
        affine: Option<&Affine<Self>>,
    ) -> Maps<Self>;

    /// The gradient to the input, of shape `input`, from that to the output. `also` is another gradient to the same
    /// input, which is added (and whose memory may be used).
    fn conv2d_backward_input(
        &self,
        d_output: &Maps<Self>,
        weight: &Self::Buffer,
        conv: &Convolution,
        input: MapShape,
        also: Option<Arc<Maps<Self>>>,
    ) -> Maps<Self>;

    /// The gradient to the weight, written to `d_weight`.
    fn conv2d_backward_weight(
        &self,
        input: &Activation<Self>,
        d_output: &Maps<Self>,
        conv: &Convolution,
        d_weight: &mut Self::Buffer,
    );

    /// Adds a value to each channel, in place.
    fn add_bias(&self, maps: &mut Maps<Self>, bias: &Self::Buffer);

    /// The sum of each channel, written to `sums`: the gradient of a bias.
    fn channel_sums(&self, maps: &Maps<Self>, sums: &mut Self::Buffer);

    /// Each channel's mean and variance over the batch.
    fn moments(&self, maps: &Maps<Self>) -> Moments<Self>;

    /// Batch norm as one scale and one shift: scale = weight / √(variance + ε), shift = bias - mean·scale.
    fn affine(
        &self,
        mean: &Self::Buffer,
        variance: &Self::Buffer,
        weight: &Self::Buffer,
        bias: &Self::Buffer,
        slope: Option<Arc<Self::Buffer>>,
    ) -> Affine<Self>;

    /// running ← (1 - momentum)·running + momentum·factor·batch.
    fn update_running(&self, running: &mut Self::Buffer, batch: &Self::Buffer, momentum: f32, factor: f32);

    /// The gradient to the input of a batch norm (with its PReLU) in training, from that to its output; `also` is
    /// another gradient to the same input, which is added. Uses the memory of `d_output` where nobody else does.
    fn batch_norm_backward(
        &self,
        state: &NormState<'_, Self>,
        d_output: Arc<Maps<Self>>,
        also: Option<&Maps<Self>>,
        gradients: NormGradients<'_, Self>,
    ) -> Maps<Self>;

    /// The maps with their normalisation applied.
    fn apply(&self, input: &Activation<Self>) -> Maps<Self>;

    /// The sum of two activations, both with their normalisation applied.
    fn sum(&self, a: &Activation<Self>, b: &Activation<Self>) -> Maps<Self>;

    /// Two activations side by side, both with their normalisation applied: the channels of `a`, then those of `b`.
    fn join(&self, a: &Activation<Self>, b: &Activation<Self>) -> Maps<Self>;

    /// The gradients to both parts of a join, of which the one before has `first` channels.
    fn split(&self, d_output: &Maps<Self>, first: usize) -> [Maps<Self>; 2];

    /// The mean of each channel of each image, N×1×1×C, with the normalisation applied.
    fn pool(&self, input: &Activation<Self>) -> Maps<Self>;

    /// The input, with its normalisation applied, times one gate a channel of an image: N×1×1×C.
    fn gate(&self, input: &Activation<Self>, gates: &Maps<Self>) -> Maps<Self>;

    /// The gradient to the gates.
    fn gate_backward_gates(&self, input: &Activation<Self>, d_output: &Maps<Self>) -> Maps<Self>;

    /// The gradient to the (normalised) input of [`Backend::gate`], and of the [`Backend::pool`] that led to its gates,
    /// whose means have the gradient `d_means`. Uses the memory of `d_output` where nobody else does.
    fn gate_backward_input(
        &self,
        d_output: Arc<Maps<Self>>,
        gates: &Maps<Self>,
        d_means: &Maps<Self>,
    ) -> Maps<Self>;

    /// min(max(x/5 + 1/2, 0), 1).
    fn hard_sigmoid(&self, input: &Maps<Self>) -> Maps<Self>;

    /// The gradient to the input of a hard sigmoid.
    fn hard_sigmoid_backward(&self, input: &Maps<Self>, d_output: Maps<Self>) -> Maps<Self>;

    /// The gradient to the input of a PReLU without batch norm; that to its slope is written to `d_slope`.
    fn prelu_backward(
        &self,
        input: &Maps<Self>,
        slope: &Self::Buffer,
        d_output: Maps<Self>,
        d_slope: &mut Self::Buffer,
    ) -> Maps<Self>;

    /// The maps with a share of their numbers at 0 and the rest scaled up; forward and backward alike. Uses the memory
    /// of `maps` where nobody else does.
    fn dropout(&self, maps: Arc<Maps<Self>>, mask: DropoutMask) -> Maps<Self>;

    /// The Euclidean norm of all gradients together, summed in an order that depends on their lengths alone.
    fn norm(&self, gradients: &[&Self::Numbers]) -> f64;

    /// Whether a norm that was not finite may be a matter of how the device computes, so that the step is left out and
    /// training goes on.
    fn forgives_overflow(&self) -> bool {
        false
    }

    /// What the device remembers from step to step; it belongs in checkpoints.
    fn state(&self) -> Tensors {
        Tensors::new()
    }

    /// Brings that back.
    fn load_state(&self, state: &Tensors) -> Result<(), Mismatch> {
        Mismatch::refuse_others(state, |_| false)
    }

    /// Steps of stochastic gradient descent, each with the weight's velocity.
    fn sgd(&self, steps: Vec<SgdStep<'_, Self::Numbers>>, factors: SgdFactors);

    /// Steps of Adam with decoupled weight decay, each with the weight's first and second moment.
    fn adamw(&self, steps: Vec<AdamWStep<'_, Self::Numbers>>, factors: AdamWFactors);

    /// a ← a + share·(b - a); where a and b are equal they stay so to the bit.
    fn approach(&self, pairs: Vec<(&mut Self::Numbers, &Self::Numbers)>, share: f32);

    /// a ← a + share·b; at first a ← share·b, whatever a was.
    fn add_share(&self, pairs: Vec<(&mut Self::Numbers, &Self::Numbers)>, share: f32, is_first: bool);
}
