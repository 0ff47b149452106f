//! An NVIDIA GPU as a device: the table of its operators, which `arclab-gpu` has.

mod loss_scale;

use std::sync::{Arc, Mutex, PoisonError};

use arclab_gpu::{
    Buffer, Element, Gpu, GpuError,
    ops::{
        self, View, adamw, batch_norm, convolution, dropout, elementwise, follow, gate, hard_sigmoid, images,
        join, moments, norm::Norm, prelu, sgd, sums,
    },
};

use loss_scale::LossScale;

use crate::{
    backend::{Activation, Affine, Backend, MapShape, Maps, Moments, NormGradients, NormState},
    checkpoint::{Mismatch, Tensors},
    network::Images,
    ops::{Convolution, DropoutMask},
    optim::{AdamWFactors, AdamWStep, Factors, Rows, SgdFactors, SgdStep, Step},
};

/// An NVIDIA GPU. Its operators do not say what fails: [`Gpu::check`] does, once a step is over.
#[derive(Debug)]
pub struct Cuda {
    gpu: Gpu,
    /// Of float16.
    loss_scale: Option<Mutex<LossScale>>,
    /// What a head's rows of length 1 and its cosines are kept as.
    pub(crate) head: Element,
}

impl Cuda {
    /// On a GPU that was opened.
    pub fn new(gpu: Gpu) -> Self {
        let is_float16 = gpu.element() == Element::Float16;
        Self { loss_scale: is_float16.then(|| Mutex::new(LossScale::new())), head: Element::Float32, gpu }
    }

    /// The same with heads that multiply what is kept as feature maps are; sums, centres and their gradients stay float32.
    #[must_use]
    pub fn with_head_as_maps(self) -> Self {
        Self { head: self.gpu.element(), ..self }
    }

    /// The GPU.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }
}

fn view(input: &Activation<Cuda>) -> View<'_> {
    let Maps { shape, data } = &*input.maps;
    View { data, channels: shape.channels, affine: input.affine.as_deref().map(affine) }
}

fn affine(affine: &Affine<Cuda>) -> ops::Affine<'_> {
    ops::Affine { scale: &affine.scale, shift: &affine.shift, slope: affine.slope.as_deref() }
}

fn size(MapShape { height, width, .. }: MapShape) -> images::Size {
    images::Size { height, width }
}

fn sizes(conv: &Convolution, input: MapShape) -> convolution::Convolution {
    let output = conv.output(input);
    convolution::Convolution {
        count: input.count,
        input: (input.height, input.width),
        output: (output.height, output.width),
        inputs: conv.inputs,
        outputs: conv.outputs,
        kernel: conv.kernel,
        stride: conv.stride,
        padding: conv.padding,
        groups: conv.groups,
    }
}

impl Backend for Cuda {
    type Numbers = Buffer;
    type Buffer = Buffer;
    type Ahead = images::Ahead;

    fn numbers(buffer: &Buffer) -> &Buffer {
        buffer
    }

    fn numbers_mut(buffer: &mut Buffer) -> &mut Buffer {
        buffer
    }

    fn upload(&self, values: &[f32]) -> Buffer {
        self.gpu.upload(values)
    }

    fn count(&self, numbers: &Buffer) -> usize {
        numbers.len()
    }

    fn download(&self, buffer: &Buffer) -> Vec<f32> {
        self.gpu.download(buffer)
    }

    fn check(&self) -> Result<(), GpuError> {
        self.gpu.check()
    }

    fn write(&self, buffer: &mut Buffer, values: &[f32]) {
        self.gpu.write(buffer, values);
    }

    fn copy(&self, buffer: &Buffer) -> Buffer {
        self.gpu.copy(buffer)
    }

    fn replace(&self, to: &mut Buffer, from: &Buffer) {
        self.gpu.replace(to, from);
    }

    fn recorder(&self) -> Option<&Gpu> {
        self.gpu.does_record().then_some(&self.gpu)
    }

    fn maps(&self, shape: MapShape, values: &[f32]) -> Maps<Self> {
        let values = self.gpu.upload(values);
        let converted = elementwise::convert(&self.gpu, &values, self.gpu.element());
        Maps { shape, data: converted.unwrap_or(values) }
    }

    fn values(&self, maps: &Maps<Self>) -> Vec<f32> {
        let floats = elementwise::convert(&self.gpu, &maps.data, Element::Float32);
        self.gpu.download(floats.as_ref().unwrap_or(&maps.data))
    }

    fn images(&self, shape: MapShape, pixels: &[u8]) -> Maps<Self> {
        Maps { shape, data: images::images(&self.gpu, pixels, size(shape), shape.channels) }
    }

    fn changes_images(&self) -> bool {
        true
    }

    fn hand_over(&self, images: &Images<'_>, changes: &[images::Change<'_>]) -> Option<images::Ahead> {
        let size = images::Size { height: images.size, width: images.size };
        Some(images::Ahead::upload(&self.gpu, images.pixels, size, changes))
    }

    fn handed_over(&self, ahead: &images::Ahead, first: usize, shape: MapShape) -> Maps<Self> {
        Maps { shape, data: ahead.maps(&self.gpu, size(shape), first, shape.count, shape.channels) }
    }

    fn conv2d(
        &self,
        input: &Activation<Self>,
        weight: &Buffer,
        conv: &Convolution,
        affine: Option<&Affine<Self>>,
    ) -> Maps<Self> {
        let applied = self.applied(input);
        let shape = conv.output(input.shape());
        let data = convolution::forward(&self.gpu, &applied.data, weight, &sizes(conv, input.shape()));
        match affine {
            None => Maps { shape, data },
            Some(affine) => {
                let view = View { data: &data, channels: shape.channels, affine: Some(self::affine(affine)) };
                Maps { shape, data: elementwise::apply(&self.gpu, view) }
            }
        }
    }

    fn conv2d_backward_input(
        &self,
        d_output: &Maps<Self>,
        weight: &Buffer,
        conv: &Convolution,
        input: MapShape,
        also: Option<Arc<Maps<Self>>>,
    ) -> Maps<Self> {
        let unshared = |also| match Arc::try_unwrap(also) {
            Ok(Maps { data, .. }) => data,
            Err(shared) => self.gpu.copy(&shared.data),
        };
        let also = also.map(unshared);
        let data = convolution::backward_input(&self.gpu, &d_output.data, weight, &sizes(conv, input), also);
        Maps { shape: input, data }
    }

    fn conv2d_backward_weight(
        &self,
        input: &Activation<Self>,
        d_output: &Maps<Self>,
        conv: &Convolution,
        d_weight: &mut Buffer,
    ) {
        let (applied, sizes) = (self.applied(input), sizes(conv, input.shape()));
        convolution::backward_weight(&self.gpu, &applied.data, &d_output.data, &sizes, d_weight);
    }

    fn add_bias(&self, maps: &mut Maps<Self>, bias: &Buffer) {
        elementwise::add_bias(&self.gpu, &mut maps.data, bias);
    }

    fn channel_sums(&self, maps: &Maps<Self>, sums: &mut Buffer) {
        sums::channel_sums(&self.gpu, &maps.data, sums);
    }

    fn moments(&self, maps: &Maps<Self>) -> Moments<Self> {
        let [mean, variance] = moments::moments(&self.gpu, &maps.data, maps.shape.channels);
        Moments { mean, variance }
    }

    fn affine(
        &self,
        mean: &Buffer,
        variance: &Buffer,
        weight: &Buffer,
        bias: &Buffer,
        slope: Option<Arc<Buffer>>,
    ) -> Affine<Self> {
        let [scale, shift] = batch_norm::scale_and_shift(&self.gpu, [mean, variance], weight, bias);
        Affine { scale, shift, slope }
    }

    fn update_running(&self, running: &mut Buffer, batch: &Buffer, momentum: f32, factor: f32) {
        batch_norm::update_running(&self.gpu, running, batch, momentum, factor);
    }

    fn batch_norm_backward(
        &self,
        state: &NormState<'_, Self>,
        d_output: Arc<Maps<Self>>,
        also: Option<&Maps<Self>>,
        gradients: NormGradients<'_, Self>,
    ) -> Maps<Self> {
        let NormState { input, moments, affine } = *state;
        let state = batch_norm::State {
            input: &input.data,
            affine: self::affine(affine),
            mean: &moments.mean,
            variance: &moments.variance,
        };
        let NormGradients { weight, bias, slope } = gradients;
        let gradients = batch_norm::Gradients { weight, bias, slope };
        let also = also.map(|also| &also.data);
        self.rewritten(d_output, |d_output, d_input| {
            batch_norm::backward(&self.gpu, &state, d_output, also, gradients, d_input);
        })
    }

    fn apply(&self, input: &Activation<Self>) -> Maps<Self> {
        Maps { shape: input.shape(), data: elementwise::apply(&self.gpu, view(input)) }
    }

    fn sum(&self, a: &Activation<Self>, b: &Activation<Self>) -> Maps<Self> {
        assert_eq!(a.shape(), b.shape(), "a shortcut has another shape than the path beside it");
        Maps { shape: a.shape(), data: elementwise::sum(&self.gpu, view(a), view(b)) }
    }

    fn join(&self, a: &Activation<Self>, b: &Activation<Self>) -> Maps<Self> {
        let beside = MapShape { channels: a.shape().channels, ..b.shape() };
        assert_eq!(a.shape(), beside, "what is joined differs in channels alone");
        let channels = a.shape().channels + b.shape().channels;
        Maps { shape: MapShape { channels, ..a.shape() }, data: join::forward(&self.gpu, view(a), view(b)) }
    }

    fn split(&self, d_output: &Maps<Self>, first: usize) -> [Maps<Self>; 2] {
        let channels = [first, d_output.shape.channels - first];
        let [a, b] = join::backward(&self.gpu, &d_output.data, channels);
        let maps = |data, channels| Maps { shape: MapShape { channels, ..d_output.shape }, data };
        [maps(a, channels[0]), maps(b, channels[1])]
    }

    fn pool(&self, input: &Activation<Self>) -> Maps<Self> {
        let shape = input.shape();
        Maps { shape: shape.per_image(), data: gate::pool(&self.gpu, view(input), shape.count) }
    }

    fn gate(&self, input: &Activation<Self>, gates: &Maps<Self>) -> Maps<Self> {
        assert_eq!(gates.shape, input.shape().per_image(), "there is one gate a channel of an image");
        Maps { shape: input.shape(), data: gate::forward(&self.gpu, view(input), &gates.data) }
    }

    fn gate_backward_gates(&self, input: &Activation<Self>, d_output: &Maps<Self>) -> Maps<Self> {
        let shape = input.shape();
        let data = gate::backward_gates(&self.gpu, view(input), &d_output.data, shape.count);
        Maps { shape: shape.per_image(), data }
    }

    fn gate_backward_input(
        &self,
        d_output: Arc<Maps<Self>>,
        gates: &Maps<Self>,
        d_means: &Maps<Self>,
    ) -> Maps<Self> {
        let shape = d_output.shape;
        self.rewritten(d_output, |d_output, d_input| {
            gate::backward_input(&self.gpu, d_output, &gates.data, &d_means.data, shape.channels, d_input);
        })
    }

    fn hard_sigmoid(&self, input: &Maps<Self>) -> Maps<Self> {
        Maps { shape: input.shape, data: hard_sigmoid::forward(&self.gpu, &input.data) }
    }

    fn hard_sigmoid_backward(&self, input: &Maps<Self>, mut d_output: Maps<Self>) -> Maps<Self> {
        hard_sigmoid::backward(&self.gpu, &input.data, &mut d_output.data);
        d_output
    }

    fn prelu_backward(
        &self,
        input: &Maps<Self>,
        slope: &Buffer,
        mut d_output: Maps<Self>,
        d_slope: &mut Buffer,
    ) -> Maps<Self> {
        prelu::backward(&self.gpu, &input.data, slope, &mut d_output.data, d_slope);
        d_output
    }

    fn dropout(&self, maps: Arc<Maps<Self>>, mask: DropoutMask) -> Maps<Self> {
        let first = mask.first.wrapping_mul(maps.shape.image_len() as u64);
        self.rewritten(maps, |maps, out| {
            dropout::apply(&self.gpu, maps, mask.random.key(), first, mask.rate, out);
        })
    }

    fn norm(&self, gradients: &[&Buffer]) -> f64 {
        let scale = self.with_scale(|scale| scale.now);
        let norm = Norm::new(&self.gpu, gradients, 1.0 / f64::from(scale), None).value(&self.gpu);
        self.with_scale(|scale| scale.follow(norm.is_finite()));
        norm
    }

    fn forgives_overflow(&self) -> bool {
        self.loss_scale.is_some() && self.with_scale(|scale| scale.may_fall())
    }

    fn state(&self) -> Tensors {
        if self.loss_scale.is_some() { self.with_scale(|scale| scale.state()) } else { Tensors::new() }
    }

    fn load_state(&self, state: &Tensors) -> Result<(), Mismatch> {
        if self.loss_scale.is_none() {
            return Mismatch::refuse_others(state, |_| false);
        }
        let loaded = LossScale::load(state)?;
        self.with_scale(|scale| *scale = loaded);
        Ok(())
    }

    fn sgd(&self, steps: Vec<SgdStep<'_, Buffer>>, factors: SgdFactors) {
        let gradient = self.factor(steps.iter().map(|(step, _)| step));
        let weight = |(step, velocity)| {
            let Step { value, gradient, rows, by: Factors { rate, weight_decay: decay, .. } } = step;
            sgd::Weight { value, velocity, gradient, rows: rows.map(self::rows), rate, decay }
        };
        let weights: Vec<_> = steps.into_iter().map(weight).collect();
        let SgdFactors { momentum, nesterov } = factors;
        sgd::step(&self.gpu, &weights, &Norm::known(&self.gpu, 1.0, gradient), momentum, nesterov);
    }

    fn adamw(&self, steps: Vec<AdamWStep<'_, Buffer>>, factors: AdamWFactors) {
        let gradient = self.factor(steps.iter().map(|(step, _)| step));
        let weight = |(step, moments)| {
            let Step { value, gradient, rows, by: Factors { rate, weight_decay: decay, .. } } = step;
            adamw::Weight { value, moments, gradient, rows: rows.map(self::rows), rate, decay }
        };
        let weights: Vec<_> = steps.into_iter().map(weight).collect();
        let AdamWFactors { betas, epsilon, steps } = factors;
        let factors = adamw::Factors { betas, epsilon, steps };
        adamw::step(&self.gpu, &weights, &Norm::known(&self.gpu, 1.0, gradient), factors);
    }

    fn approach(&self, pairs: Vec<(&mut Buffer, &Buffer)>, share: f32) {
        follow::follow(&self.gpu, &pairs, share);
    }

    fn add_share(&self, pairs: Vec<(&mut Buffer, &Buffer)>, share: f32, is_first: bool) {
        follow::add_share(&self.gpu, &pairs, share, is_first);
    }
}

fn rows(Rows { indices, width }: Rows<'_>) -> ops::Rows<'_> {
    ops::Rows { indices, width }
}

impl Cuda {
    /// What all gradients of a step are multiplied by: clipping, and what undoes the loss's scale.
    fn factor<'a>(&self, mut steps: impl Iterator<Item = &'a Step<'a, Buffer>>) -> f32 {
        let clipping = steps.next().map_or(1.0, |step| step.by.gradient);
        clipping / self.with_scale(|scale| scale.taken)
    }

    /// By what this step's loss is scaled.
    pub(crate) fn loss_scale(&self) -> f32 {
        self.with_scale(|scale| scale.now)
    }

    /// Of a loss that is not scaled, the scale is 1 and stays so.
    fn with_scale<T>(&self, work: impl FnOnce(&mut LossScale) -> T) -> T {
        match &self.loss_scale {
            Some(scale) => work(&mut scale.lock().unwrap_or_else(PoisonError::into_inner)),
            None => work(&mut LossScale::none()),
        }
    }

    /// The input with its normalisation applied, as cuDNN reads it.
    fn applied(&self, input: &Activation<Self>) -> Arc<Maps<Self>> {
        if input.affine.is_none() { Arc::clone(&input.maps) } else { Arc::new(self.apply(input)) }
    }

    /// What `work` writes to its second buffer, which is the first one where nobody else holds the maps.
    fn rewritten(&self, maps: Arc<Maps<Self>>, work: impl FnOnce(&Buffer, &Buffer)) -> Maps<Self> {
        match Arc::try_unwrap(maps) {
            Ok(maps) => {
                work(&maps.data, &maps.data);
                maps
            }
            Err(shared) => {
                let data = self.gpu.take(shared.data.len(), self.gpu.element());
                work(&shared.data, &data);
                Maps { shape: shared.shape, data }
            }
        }
    }
}
