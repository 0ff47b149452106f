//! How a network's steps are done: layer by layer, or, on a device that can, as a recording.
//!
//! A first step is done layer by layer, in which libraries are opened and algorithms measured. Then the same forward and
//! backward are recorded for batches of its shape, and every further step is two launches. Nothing of the layers' code runs in
//! these, so what it does beside calling operators, which is counting batches, is done here.

use std::sync::Arc;

use arclab_gpu::{Gpu, GpuError, Recording};

use crate::{
    backend::{Activation, Backend, MapShape, Maps},
    layers::{Layer, Sequence},
    param::EntryMut,
};

/// Parts of a recording.
const FORWARD: usize = 0;
const BACKWARD: usize = 1;

/// How a network's steps are done.
#[derive(Debug)]
pub(crate) enum Steps<B: Backend> {
    /// Layer by layer, until there was one.
    First,
    /// As a recording, once there is one for batches of the shape that there was.
    Next(MapShape),
    /// As a recording, and layer by layer where a batch has another shape.
    Recorded(Box<Recorded<B>>),
    /// Layer by layer, as there is something that cannot be recorded.
    Unrecorded,
}

/// A recorded forward and backward, for batches of one shape.
#[derive(Debug)]
pub(crate) struct Recorded<B: Backend> {
    recording: Recording,
    /// What forward reads and writes, and what backward reads. The gradients are the layers'.
    input: Maps<B>,
    output: Maps<B>,
    d_output: Maps<B>,
    /// What each counter of the layers rises by.
    counted: Vec<i64>,
}

impl<B: Backend> Steps<B> {
    /// The recording that does a step on batches of this shape, if one does; it is made where it is time.
    pub(crate) fn recorded(
        &mut self,
        device: &B,
        layers: &mut Sequence<B>,
        fixed: usize,
        input: &Maps<B>,
    ) -> Option<&mut Recorded<B>> {
        let gpu = device.recorder()?;
        if let Self::Next(shape) = self
            && *shape == input.shape
        {
            *self = match Recorded::new(device, gpu, layers, fixed, input) {
                Ok(recorded) => Self::Recorded(Box::new(recorded)),
                Err(reason) => {
                    tracing::info!(%reason, "steps are not recorded as a CUDA graph, and take somewhat longer");
                    Self::Unrecorded
                }
            };
        }
        match self {
            Self::Recorded(recorded) if recorded.input.shape == input.shape => Some(recorded),
            Self::Recorded(_) | Self::First | Self::Next(_) | Self::Unrecorded => None,
        }
    }

    /// After a step that was done layer by layer.
    pub(crate) fn done(&mut self, shape: MapShape) {
        if let Self::First | Self::Next(_) = self {
            *self = Self::Next(shape);
        }
    }
}

impl<B: Backend> Recorded<B> {
    /// Both passes through the layers, whose counters stay as they are.
    #[expect(clippy::expect_used, reason = "backward takes all that forward kept")]
    fn new(
        device: &B,
        gpu: &Gpu,
        layers: &mut Sequence<B>,
        fixed: usize,
        input: &Maps<B>,
    ) -> Result<Self, GpuError> {
        let before: Vec<i64> = counters(layers).map(|counter| *counter).collect();
        let input = Arc::new(Maps { shape: input.shape, data: device.copy(&input.data) });
        let recorded = gpu.record(|recorder| {
            let (output, d_output) = recorder.part(|| {
                let input = Activation { maps: Arc::clone(&input), affine: None };
                let output = device.apply(&layers.train_after(fixed, device, input));
                let d_output = Maps { shape: output.shape, data: device.copy(&output.data) };
                (output, Arc::new(d_output))
            });
            recorder.part(|| layers.backward_after(fixed, device, Arc::clone(&d_output), None));
            (output, d_output)
        });
        let counted = counters(layers).zip(before);
        let counted = counted.map(|(counter, before)| std::mem::replace(counter, before) - before).collect();
        let (recording, (output, d_output)) = recorded?;
        let own = |maps| Arc::into_inner(maps).expect("backward takes all that forward kept");
        Ok(Self { recording, input: own(input), output, d_output: own(d_output), counted })
    }

    /// The output of a forward, which is the caller's.
    pub(crate) fn forward(&mut self, device: &B, layers: &mut Sequence<B>, input: &Maps<B>) -> Maps<B> {
        device.replace(B::numbers_mut(&mut self.input.data), B::numbers(&input.data));
        self.replay(device, FORWARD);
        counters(layers).zip(&self.counted).for_each(|(counter, by)| *counter = counter.saturating_add(*by));
        Maps { shape: self.output.shape, data: device.copy(&self.output.data) }
    }

    /// The backward of the last forward.
    pub(crate) fn backward(&mut self, device: &B, d_output: &Maps<B>) {
        device.replace(B::numbers_mut(&mut self.d_output.data), B::numbers(&d_output.data));
        self.replay(device, BACKWARD);
    }

    fn replay(&self, device: &B, part: usize) {
        if let Some(gpu) = device.recorder() {
            gpu.replay(&self.recording, part);
        }
    }
}

fn counters<B: Backend>(layers: &mut Sequence<B>) -> impl Iterator<Item = &mut i64> {
    let mut entries = Vec::new();
    layers.entries_mut(&mut entries);
    entries.into_iter().filter_map(|entry| match entry {
        EntryMut::Counter(counter) => Some(counter),
        EntryMut::Param(_) | EntryMut::Stored(_) => None,
    })
}
