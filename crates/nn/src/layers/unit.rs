//! A convolution (or linear layer) with the batch norm and PReLU after it.

use std::sync::Arc;

use super::{Layer, NormCore, Shared, kept, norm::NormSaved};
use crate::{
    backend::{Activation, Backend, Maps},
    init::Init,
    ops::Convolution,
    param::{Entry, EntryMut, Param},
};

/// Initial slope of PReLU, as PyTorch's.
pub(super) const SLOPE: f32 = 0.25;

/// How to make a unit.
#[derive(Debug, Clone)]
pub(crate) struct UnitBuilder {
    pub(crate) conv: Convolution,
    /// Name of the convolution, without `.weight`.
    pub(crate) name: String,
    /// Name of the batch norm.
    pub(crate) norm: String,
    /// Name of the PReLU, if there is one.
    pub(crate) prelu: Option<String>,
    pub(crate) init: Init,
    pub(crate) role: Role,
    /// Whether the batch norm's scale is fixed at 1.
    pub(crate) frozen_norm: bool,
}

/// What a unit computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Convolution,
    /// A convolution that reads images, to which no gradient is wanted.
    Images,
    /// A linear layer, whose weight is a matrix in PyTorch.
    Linear {
        bias: bool,
    },
}

impl UnitBuilder {
    pub(crate) fn new(conv: Convolution, name: String, norm: String, init: Init) -> Self {
        Self { conv, name, norm, prelu: None, init, role: Role::Convolution, frozen_norm: false }
    }

    pub(crate) fn prelu(self, name: String) -> Self {
        Self { prelu: Some(name), ..self }
    }

    pub(crate) fn build<B: Backend>(self, device: &B, seed: u64) -> Unit<B> {
        let Self { conv, .. } = self;
        let name = format!("{}.weight", self.name);
        let shape = match self.role {
            Role::Convolution | Role::Images => conv.weight_shape(),
            Role::Linear { .. } => vec![conv.outputs, conv.weight_len() / conv.outputs],
        };
        let weight = Param::new(device, name.clone(), shape, &self.init.weights(seed, &name, &conv));
        let bias = (self.role == Role::Linear { bias: true }).then(|| {
            let name = format!("{}.bias", self.name);
            let values = Init::bias(seed, &name, &conv);
            Param::new(device, name, vec![conv.outputs], &values)
        });
        let norm = NormCore::new(device, &self.norm, conv.outputs);
        let norm = if self.frozen_norm { norm.frozen() } else { norm };
        let slope = self.prelu.map(|name| {
            Param::new(device, format!("{name}.weight"), vec![conv.outputs], &vec![SLOPE; conv.outputs])
        });
        Unit { conv, weight, bias, norm, slope, first: self.role == Role::Images, saved: None }
    }
}

/// A convolution with its batch norm and PReLU.
#[derive(Debug)]
pub(crate) struct Unit<B: Backend> {
    conv: Convolution,
    weight: Param<B>,
    bias: Option<Param<B>>,
    norm: NormCore<B>,
    slope: Option<Param<B>>,
    first: bool,
    saved: Option<Saved<B>>,
}

#[derive(Debug)]
struct Saved<B: Backend> {
    input: Activation<B>,
    norm: NormSaved<B>,
}

impl<B: Backend> Unit<B> {
    fn convolve(&self, device: &B, input: &Activation<B>) -> Maps<B> {
        let mut maps = device.conv2d(input, &self.weight.value, &self.conv, None);
        if let Some(bias) = &self.bias {
            device.add_bias(&mut maps, &bias.value);
        }
        maps
    }

    fn slope(&self, device: &B) -> Option<Arc<B::Buffer>> {
        self.slope.as_ref().map(|slope| Arc::new(device.copy(&slope.value)))
    }
}

impl<B: Backend> Layer<B> for Unit<B> {
    fn train(&mut self, device: &B, input: Activation<B>) -> Activation<B> {
        let maps = Arc::new(self.convolve(device, &input));
        let slope = self.slope(device);
        let (output, norm) = self.norm.train(device, maps, slope);
        self.saved = Some(Saved { input, norm });
        output
    }

    fn backward(&mut self, device: &B, d_output: Shared<B>, also: Option<Shared<B>>) -> Option<Maps<B>> {
        let Saved { input, norm } = kept(&mut self.saved);
        let d_slope = self.slope.as_mut().map(|slope| &mut slope.grad);
        let d_maps = self.norm.backward(device, &norm, d_output, None, d_slope);
        drop(norm);
        if let Some(bias) = &mut self.bias {
            device.channel_sums(&d_maps, &mut bias.grad);
        }
        device.conv2d_backward_weight(&input, &d_maps, &self.conv, &mut self.weight.grad);
        let shape = input.shape();
        drop(input);
        (!self.first)
            .then(|| device.conv2d_backward_input(&d_maps, &self.weight.value, &self.conv, shape, also))
    }

    fn eval(&self, device: &B, input: Activation<B>) -> Activation<B> {
        let affine = self.norm.eval(device, self.slope(device));
        if self.bias.is_some() {
            let maps = Arc::new(self.convolve(device, &input));
            return Activation { maps, affine: Some(Arc::new(affine)) };
        }
        Activation::plain(device.conv2d(&input, &self.weight.value, &self.conv, Some(&affine)))
    }

    fn seek(&mut self, _first: u64) {}

    fn entries<'a>(&'a self, into: &mut Vec<Entry<'a, B>>) {
        into.push(Entry::Param(&self.weight));
        into.extend(self.bias.as_ref().map(Entry::Param));
        self.norm.entries(into);
        into.extend(self.slope.as_ref().map(Entry::Param));
    }

    fn entries_mut<'a>(&'a mut self, into: &mut Vec<EntryMut<'a, B>>) {
        into.push(EntryMut::Param(&mut self.weight));
        into.extend(self.bias.as_mut().map(EntryMut::Param));
        self.norm.entries_mut(into);
        into.extend(self.slope.as_mut().map(EntryMut::Param));
    }
}
