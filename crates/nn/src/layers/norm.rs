//! Batch norm, alone or at the end of a unit.

use std::sync::Arc;

use super::{Layer, Shared, kept, plain};
use crate::{
    backend::{Activation, Affine, Backend, Maps, Moments, NormGradients, NormState},
    param::{Entry, EntryMut, Param, Stored},
};

/// PyTorch's momentum of running statistics.
const MOMENTUM: f32 = 0.1;

/// γ: learned, or frozen as InsightFace freezes that of the embedding.
#[derive(Debug)]
enum Scale<B: Backend> {
    Learned(Param<B>),
    Frozen(Stored<B>),
}

/// The parameters and running statistics of a batch norm.
#[derive(Debug)]
pub(crate) struct NormCore<B: Backend> {
    scale: Scale<B>,
    bias: Param<B>,
    mean: Stored<B>,
    variance: Stored<B>,
    counter_name: String,
    counter: i64,
}

/// What the backward of a batch norm needs.
#[derive(Debug)]
pub(crate) struct NormSaved<B: Backend> {
    input: Shared<B>,
    moments: Moments<B>,
    affine: Arc<Affine<B>>,
}

impl<B: Backend> NormCore<B> {
    pub(crate) fn new(device: &B, name: &str, channels: usize) -> Self {
        let param = |part: &str, value: f32| {
            Param::new(device, format!("{name}.{part}"), vec![channels], &vec![value; channels])
        };
        let stored = |part: &str, value: f32| Stored {
            name: format!("{name}.{part}"),
            value: device.upload(&vec![value; channels]),
            len: channels,
        };
        Self {
            scale: Scale::Learned(param("weight", 1.0)),
            bias: param("bias", 0.0),
            mean: stored("running_mean", 0.0),
            variance: stored("running_var", 1.0),
            counter_name: format!("{name}.num_batches_tracked"),
            counter: 0,
        }
    }

    /// With γ fixed at 1.
    pub(crate) fn frozen(self) -> Self {
        let scale = match self.scale {
            Scale::Learned(Param { name, shape, value, .. }) => {
                Scale::Frozen(Stored { name, value, len: shape.iter().product() })
            }
            frozen @ Scale::Frozen(_) => frozen,
        };
        Self { scale, ..self }
    }

    fn weight(&self) -> &B::Buffer {
        match &self.scale {
            Scale::Learned(param) => &param.value,
            Scale::Frozen(stored) => &stored.value,
        }
    }

    /// Normalises by the batch's own statistics, which the running ones follow.
    pub(crate) fn train(
        &mut self,
        device: &B,
        input: Shared<B>,
        slope: Option<Arc<B::Buffer>>,
    ) -> (Activation<B>, NormSaved<B>) {
        let moments = device.moments(&input);
        let affine = device.affine(&moments.mean, &moments.variance, self.weight(), &self.bias.value, slope);
        let affine = Arc::new(affine);
        let count = input.shape.positions() as f32;
        // The unbiased variance; of a single value there is none, and the biased one, 0, is taken.
        let unbiased = if count > 1.0 { count / (count - 1.0) } else { 1.0 };
        device.update_running(&mut self.mean.value, &moments.mean, MOMENTUM, 1.0);
        device.update_running(&mut self.variance.value, &moments.variance, MOMENTUM, unbiased);
        self.counter = self.counter.saturating_add(1);
        let output = Activation { maps: Arc::clone(&input), affine: Some(Arc::clone(&affine)) };
        (output, NormSaved { input, moments, affine })
    }

    pub(crate) fn backward(
        &mut self,
        device: &B,
        saved: &NormSaved<B>,
        d_output: Shared<B>,
        also: Option<&Maps<B>>,
        slope: Option<&mut B::Buffer>,
    ) -> Maps<B> {
        let state = NormState { input: &saved.input, moments: &saved.moments, affine: &saved.affine };
        let weight = match &mut self.scale {
            Scale::Learned(param) => Some(&mut param.grad),
            Scale::Frozen(_) => None,
        };
        let gradients = NormGradients { weight, bias: &mut self.bias.grad, slope };
        device.batch_norm_backward(&state, d_output, also, gradients)
    }

    /// The normalisation by the running statistics.
    pub(crate) fn eval(&self, device: &B, slope: Option<Arc<B::Buffer>>) -> Affine<B> {
        let (mean, variance) = (&self.mean.value, &self.variance.value);
        device.affine(mean, variance, self.weight(), &self.bias.value, slope)
    }

    pub(crate) fn entries<'a>(&'a self, into: &mut Vec<Entry<'a, B>>) {
        into.push(match &self.scale {
            Scale::Learned(param) => Entry::Param(param),
            Scale::Frozen(stored) => Entry::Stored(stored),
        });
        into.push(Entry::Param(&self.bias));
        into.extend([Entry::Stored(&self.mean), Entry::Stored(&self.variance)]);
        into.push(Entry::Counter(&self.counter_name, self.counter));
    }

    pub(crate) fn entries_mut<'a>(&'a mut self, into: &mut Vec<EntryMut<'a, B>>) {
        into.push(match &mut self.scale {
            Scale::Learned(param) => EntryMut::Param(param),
            Scale::Frozen(stored) => EntryMut::Stored(stored),
        });
        into.push(EntryMut::Param(&mut self.bias));
        into.extend([EntryMut::Stored(&mut self.mean), EntryMut::Stored(&mut self.variance)]);
        into.push(EntryMut::Counter(&mut self.counter));
    }
}

/// A batch norm of its own, with nothing before it and no PReLU.
#[derive(Debug)]
pub(crate) struct Norm<B: Backend> {
    core: NormCore<B>,
    saved: Option<NormSaved<B>>,
}

impl<B: Backend> Norm<B> {
    pub(crate) fn new(device: &B, name: &str, channels: usize) -> Self {
        Self { core: NormCore::new(device, name, channels), saved: None }
    }
}

impl<B: Backend> Layer<B> for Norm<B> {
    fn train(&mut self, device: &B, input: Activation<B>) -> Activation<B> {
        let (output, saved) = self.core.train(device, plain(device, input).maps, None);
        self.saved = Some(saved);
        output
    }

    fn backward(&mut self, device: &B, d_output: Shared<B>, also: Option<Shared<B>>) -> Option<Maps<B>> {
        let saved = kept(&mut self.saved);
        Some(self.core.backward(device, &saved, d_output, also.as_deref(), None))
    }

    fn eval(&self, device: &B, input: Activation<B>) -> Activation<B> {
        let affine = Some(Arc::new(self.core.eval(device, None)));
        Activation { maps: plain(device, input).maps, affine }
    }

    fn seek(&mut self, _first: u64) {}

    fn entries<'a>(&'a self, into: &mut Vec<Entry<'a, B>>) {
        self.core.entries(into);
    }

    fn entries_mut<'a>(&'a mut self, into: &mut Vec<EntryMut<'a, B>>) {
        self.core.entries_mut(into);
    }
}
