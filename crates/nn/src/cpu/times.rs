//! How long each operator took, for benchmarks: a profile that needs no profiler.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::ops::Convolution;

/// Time by operator.
#[derive(Debug, Default)]
pub(super) struct Times(Mutex<BTreeMap<&'static str, Duration>>);

impl Times {
    /// Does `work` and counts its time as `operator`'s. Operators take microseconds at least, this some nanoseconds.
    pub(super) fn measure<T>(&self, operator: &'static str, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = work();
        let took = began.elapsed();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(operator).or_default() += took;
        result
    }

    /// What was counted since the last call.
    pub(super) fn take(&self) -> BTreeMap<&'static str, Duration> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Names of a convolution's three passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConvolutionNames {
    pub(super) forward: &'static str,
    pub(super) backward_input: &'static str,
    pub(super) backward_weight: &'static str,
}

/// The names by kind of convolution, since each has a kernel, or at least a cost, of its own.
pub(super) fn names(conv: &Convolution) -> ConvolutionNames {
    let [forward, backward_input, backward_weight] = match (conv.groups, conv.kernel) {
        (1, (1, 1)) => ["conv 1×1", "conv 1×1, to input", "conv 1×1, to weight"],
        (1, (3, 3)) => ["conv 3×3", "conv 3×3, to input", "conv 3×3, to weight"],
        (1, _) => ["linear", "linear, to input", "linear, to weight"],
        (_, (3, 3)) => ["grouped 3×3", "grouped 3×3, to input", "grouped 3×3, to weight"],
        _ => ["global depthwise", "global depthwise, to input", "global depthwise, to weight"],
    };
    ConvolutionNames { forward, backward_input, backward_weight }
}
