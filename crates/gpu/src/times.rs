//! How long operators take on a GPU, by an event before and one behind each: a profile that needs no profiler.
//!
//! An operator tells what it has to do at least: the bytes of the maps that it reads and writes, twice where it cannot do with
//! one pass over them, and, of convolutions and products, the multiplications and additions, two for each pair of factors. What
//! others compute takes less time than their memory does.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cudarc::driver::CudaEvent;

use crate::{Buffer, Element, Gpu, error::GpuError};

/// What an operator must do at least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Read and written.
    pub bytes: usize,
    /// Multiplications and additions of a convolution or a product.
    pub flops: usize,
}

impl Work {
    /// Of an operator that reads and writes so many numbers of each kind.
    pub(crate) fn moving(numbers: &[(usize, Element)]) -> Self {
        Self { bytes: numbers.iter().map(|(count, element)| count * element.bytes()).sum(), flops: 0 }
    }

    /// Of one that reads or writes each of these.
    pub(crate) fn on(buffers: &[&Buffer]) -> Self {
        Self::moving(&buffers.iter().map(|buffer| (buffer.len(), buffer.element())).collect::<Vec<_>>())
    }
}

/// One run of an operator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timed {
    /// Its name; that of a kernel which no operator launched.
    pub operator: &'static str,
    /// What it had to do; of such a kernel nothing is known.
    pub work: Work,
    /// How long it took on the GPU.
    pub seconds: f64,
}

/// A moment in the order in which a device works.
#[derive(Debug)]
pub(crate) enum Moment {
    Event(CudaEvent),
    /// Of the emulator, which is done when a call returns.
    #[cfg(feature = "emulator")]
    Now(std::time::Instant),
}

impl Moment {
    /// Seconds from then to `later`, a moment of the same device, once both have come.
    pub(crate) fn until(&self, later: &Self) -> Result<f64, GpuError> {
        match (self, later) {
            (Self::Event(from), Self::Event(to)) => {
                let milliseconds = from.elapsed_ms(to).map_err(|error| GpuError::Call {
                    what: "cuEventElapsedTime",
                    reason: error.to_string(),
                })?;
                Ok(f64::from(milliseconds) / 1e3)
            }
            #[cfg(feature = "emulator")]
            (Self::Now(from), Self::Now(to)) => Ok(to.duration_since(*from).as_secs_f64()),
            #[cfg(feature = "emulator")]
            (Self::Event(_), Self::Now(_)) | (Self::Now(_), Self::Event(_)) => Ok(f64::NAN),
        }
    }
}

/// What ran since times were last taken.
#[derive(Debug, Default)]
pub(crate) struct Times(Mutex<Runs>);

#[derive(Debug, Default)]
struct Runs {
    /// Whether an operator is under way, of which those that it calls are a part.
    is_open: bool,
    done: Vec<(&'static str, Work, Moment, Moment)>,
}

/// An operator under way, which ends where this is dropped.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    gpu: &'a Gpu,
    times: &'a Times,
    operator: &'static str,
    work: Work,
    /// None where the GPU failed.
    from: Option<Moment>,
}

impl Times {
    fn lock(&self) -> MutexGuard<'_, Runs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let to = self.gpu.unless_failed(|| self.gpu.runtime.now());
        let mut runs = self.times.lock();
        runs.is_open = false;
        runs.done.extend(self.from.take().zip(to).map(|(from, to)| (self.operator, self.work, from, to)));
    }
}

impl Gpu {
    /// From now on the times of operators are kept. Two events more for each of them make a step a little slower.
    pub fn keep_times(&self) {
        self.times.get_or_init(Times::default);
    }

    /// All that operators did since the last call, in their order, once it is done; nothing where times are not kept.
    pub fn take_times(&self) -> Vec<Timed> {
        let Some(times) = self.times.get() else { return Vec::new() };
        let done = std::mem::take(&mut times.lock().done);
        let timed = |(operator, work, from, to): (_, _, Moment, Moment)| {
            let seconds = self.unless_failed(|| from.until(&to))?;
            Some(Timed { operator, work, seconds })
        };
        done.into_iter().filter_map(timed).collect()
    }

    /// Counts the time until what it gives is dropped as the operator's, where times are kept and it is no part of another.
    pub(crate) fn operator(
        &self,
        operator: &'static str,
        work: impl FnOnce() -> Work,
    ) -> Option<Running<'_>> {
        let times = self.times.get()?;
        if std::mem::replace(&mut times.lock().is_open, true) {
            return None;
        }
        let from = self.unless_failed(|| self.runtime.now());
        Some(Running { gpu: self, times, operator, work: work(), from })
    }
}
