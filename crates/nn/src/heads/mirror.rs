//! What a head learns, where the network's device keeps it.
//!
//! Losses are computed on the CPU, whatever the network's device: a head's own copy of its centres is then brought up to
//! date before each step, and its gradient taken to the device, where the optimiser is.

use arclab_gpu::Buffer;

use crate::{backend::Backend, cpu::Cpu, cuda::Cuda, optim::Weight};

/// A device that can hold what a head learns.
pub trait HeadMemory: Backend {
    /// What a head learns, and its gradient, on the device; nothing before it is first asked for.
    type Mirror: std::fmt::Debug + Default + Send;

    /// Brings the head's own copy up to date.
    fn pull(&self, mirror: &Self::Mirror, host: Weight<'_>);

    /// Takes the head's gradient to the device.
    fn push(&self, mirror: &mut Self::Mirror, host: Weight<'_>);

    /// What the optimiser changes.
    fn weight<'a>(&self, mirror: &'a mut Self::Mirror, host: Weight<'a>) -> Weight<'a, Self::Numbers>;
}

impl HeadMemory for Cpu {
    /// The head's own memory is the device's.
    type Mirror = ();

    fn pull(&self, (): &(), _host: Weight<'_>) {}

    fn push(&self, (): &mut (), _host: Weight<'_>) {}

    fn weight<'a>(&self, (): &'a mut (), host: Weight<'a>) -> Weight<'a> {
        host
    }
}

/// On a GPU.
#[derive(Debug)]
pub struct OnGpu {
    value: Buffer,
    gradient: Buffer,
}

impl HeadMemory for Cuda {
    type Mirror = Option<OnGpu>;

    fn pull(&self, mirror: &Option<OnGpu>, host: Weight<'_>) {
        if let Some(mirror) = mirror {
            host.value.copy_from_slice(&self.download(&mirror.value));
        }
    }

    fn push(&self, mirror: &mut Option<OnGpu>, host: Weight<'_>) {
        let gradient = self.upload(host.gradient);
        match mirror {
            Some(mirror) => mirror.gradient = gradient,
            None => *mirror = Some(OnGpu { value: self.upload(host.value), gradient }),
        }
    }

    fn weight<'a>(&self, mirror: &'a mut Option<OnGpu>, host: Weight<'a>) -> Weight<'a, Buffer> {
        let Weight { name, value, gradient, rows } = host;
        let OnGpu { value, gradient } = mirror
            .get_or_insert_with(|| OnGpu { value: self.upload(value), gradient: self.upload(gradient) });
        Weight { name, value, gradient, rows }
    }
}
