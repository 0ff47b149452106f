//! Squeeze and excitation (Hu et al. 2018): channels times gates that the means of all channels open and close.
//!
//! - m = the mean of each channel of an image; h = W₁m + b₁; e = W₂·PReLU(h) + b₂; g = the hard sigmoid of e
//! - y = z·g
//!
//! With PReLU for its ReLU, as GhostFaceNets has it.

use std::sync::Arc;

use super::{Layer, Shared, kept, unit::SLOPE};
use crate::{
    backend::{Activation, Affine, Backend, Maps},
    init::Init,
    ops::Convolution,
    param::{Entry, EntryMut, Param},
};

/// Squeeze and excitation.
#[derive(Debug)]
pub(crate) struct Excite<B: Backend> {
    reduce: Linear<B>,
    slope: Param<B>,
    expand: Linear<B>,
    /// Ones and zeros: the scale and shift of no batch norm, with which PReLU is applied.
    plain: [B::Buffer; 2],
    saved: Option<Saved<B>>,
}

#[derive(Debug)]
struct Saved<B: Backend> {
    input: Activation<B>,
    computed: Computed<B>,
}

/// What leads to the gates.
#[derive(Debug)]
struct Computed<B: Backend> {
    means: Activation<B>,
    /// h, with PReLU still to be applied.
    hidden: Activation<B>,
    /// e.
    logits: Maps<B>,
    gates: Maps<B>,
}

impl<B: Backend> Excite<B> {
    /// Over `channels`, by way of `hidden` numbers.
    pub(crate) fn new(device: &B, name: &str, channels: usize, hidden: usize, seed: u64) -> Self {
        let slope = Param::new(device, format!("{name}.prelu.weight"), vec![hidden], &vec![SLOPE; hidden]);
        let linear = |part: &str, inputs, outputs| {
            Linear::new(device, &format!("{name}.{part}"), Convolution::square(inputs, outputs, 1, 1), seed)
        };
        let (reduce, expand) =
            (linear("conv_reduce", channels, hidden), linear("conv_expand", hidden, channels));
        let plain = [1.0, 0.0].map(|number| device.upload(&vec![number; hidden]));
        Self { reduce, slope, expand, plain, saved: None }
    }

    fn compute(&self, device: &B, input: &Activation<B>) -> Computed<B> {
        let means = Activation::plain(device.pool(input));
        let maps = Arc::new(self.reduce.forward(device, &means));
        let [scale, shift] = self.plain.each_ref().map(|numbers| device.copy(numbers));
        let affine = Affine { scale, shift, slope: Some(Arc::new(device.copy(&self.slope.value))) };
        let hidden = Activation { maps, affine: Some(Arc::new(affine)) };
        let logits = self.expand.forward(device, &hidden);
        let gates = device.hard_sigmoid(&logits);
        Computed { means, hidden, logits, gates }
    }
}

impl<B: Backend> Layer<B> for Excite<B> {
    fn train(&mut self, device: &B, input: Activation<B>) -> Activation<B> {
        let computed = self.compute(device, &input);
        let output = Activation::plain(device.gate(&input, &computed.gates));
        self.saved = Some(Saved { input, computed });
        output
    }

    fn backward(&mut self, device: &B, d_output: Shared<B>, also: Option<Shared<B>>) -> Option<Maps<B>> {
        let Saved { input, computed: Computed { means, hidden, logits, gates } } = kept(&mut self.saved);
        let d_gates = device.gate_backward_gates(&input, &d_output);
        let d_logits = device.hard_sigmoid_backward(&logits, d_gates);
        let d_hidden = self.expand.backward(device, &hidden, &d_logits);
        let d_hidden = device.prelu_backward(&hidden.maps, &self.slope.value, d_hidden, &mut self.slope.grad);
        let d_means = self.reduce.backward(device, &means, &d_hidden);
        let d_input = device.gate_backward_input(d_output, &gates, &d_means);
        Some(match also {
            None => d_input,
            Some(maps) => device.sum(&Activation::plain(d_input), &Activation { maps, affine: None }),
        })
    }

    fn eval(&self, device: &B, input: Activation<B>) -> Activation<B> {
        let gates = self.compute(device, &input).gates;
        Activation::plain(device.gate(&input, &gates))
    }

    fn seek(&mut self, _first: u64) {}

    fn entries<'a>(&'a self, into: &mut Vec<Entry<'a, B>>) {
        into.extend(self.reduce.params().map(Entry::Param));
        into.push(Entry::Param(&self.slope));
        into.extend(self.expand.params().map(Entry::Param));
    }

    fn entries_mut<'a>(&'a mut self, into: &mut Vec<EntryMut<'a, B>>) {
        into.extend(self.reduce.params_mut().map(EntryMut::Param));
        into.push(EntryMut::Param(&mut self.slope));
        into.extend(self.expand.params_mut().map(EntryMut::Param));
    }
}

/// A linear layer over channels, with its bias and no batch norm.
#[derive(Debug)]
struct Linear<B: Backend> {
    conv: Convolution,
    weight: Param<B>,
    bias: Param<B>,
}

impl<B: Backend> Linear<B> {
    fn new(device: &B, name: &str, conv: Convolution, seed: u64) -> Self {
        let weight = format!("{name}.weight");
        let values = Init::KaimingOut.weights(seed, &weight, &conv);
        let bias = Param::new(device, format!("{name}.bias"), vec![conv.outputs], &vec![0.0; conv.outputs]);
        Self { conv, weight: Param::new(device, weight, conv.weight_shape(), &values), bias }
    }

    fn forward(&self, device: &B, input: &Activation<B>) -> Maps<B> {
        let mut maps = device.conv2d(input, &self.weight.value, &self.conv, None);
        device.add_bias(&mut maps, &self.bias.value);
        maps
    }

    fn backward(&mut self, device: &B, input: &Activation<B>, d_output: &Maps<B>) -> Maps<B> {
        device.channel_sums(d_output, &mut self.bias.grad);
        device.conv2d_backward_weight(input, d_output, &self.conv, &mut self.weight.grad);
        device.conv2d_backward_input(d_output, &self.weight.value, &self.conv, input.shape(), None)
    }

    fn params(&self) -> impl Iterator<Item = &Param<B>> {
        [&self.weight, &self.bias].into_iter()
    }

    fn params_mut(&mut self) -> impl Iterator<Item = &mut Param<B>> {
        [&mut self.weight, &mut self.bias].into_iter()
    }
}
