//! Which of cuDNN's algorithms computes a convolution.

use std::{ffi::c_int, mem::MaybeUninit};

use cudarc::cudnn::sys::{self, cudnnDeterminism_t, cudnnMathType_t, cudnnStatus_t};

use super::{Direction, Operands, Workspace, descriptors::Descriptors, failed, pointer};
use crate::{Precision, error::GpuError};

/// More than there are, each with and without tensor cores.
const MOST: usize = 24;

/// One of cuDNN's, for one of the directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Forward(sys::cudnnConvolutionFwdAlgo_t),
    BackwardInput(sys::cudnnConvolutionBwdDataAlgo_t),
    BackwardWeight(sys::cudnnConvolutionBwdFilterAlgo_t),
}

/// What came of trying an algorithm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) algorithm: Algorithm,
    pub(super) math: cudnnMathType_t,
    /// Bytes of workspace.
    pub(super) bytes: usize,
    status: cudnnStatus_t,
    determinism: cudnnDeterminism_t,
}

/// cuDNN's three kinds of results have the same fields.
macro_rules! measured {
    ($direction:ident, $result:ty) => {
        impl From<$result> for Measured {
            fn from(result: $result) -> Self {
                Self {
                    algorithm: Algorithm::$direction(result.algo),
                    math: result.mathType,
                    bytes: result.memory,
                    status: result.status,
                    determinism: result.determinism,
                }
            }
        }
    };
}
measured!(Forward, sys::cudnnConvolutionFwdAlgoPerf_t);
measured!(BackwardInput, sys::cudnnConvolutionBwdDataAlgoPerf_t);
measured!(BackwardWeight, sys::cudnnConvolutionBwdFilterAlgoPerf_t);

/// What products may be computed in. cuDNN's default is TF32 where a GPU has it, so exact float32 is asked for by name.
pub(super) fn math(precision: Precision) -> cudnnMathType_t {
    match precision {
        Precision::Float32 => cudnnMathType_t::CUDNN_FMA_MATH,
        Precision::Tf32 => cudnnMathType_t::CUDNN_DEFAULT_MATH,
        Precision::Bfloat16 | Precision::Float16 => cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
    }
}

/// The fastest that worked, of results in the order of their times.
///
/// A deterministic one must be the same in each run, so it is not chosen by time: but first by tensor cores where they are
/// wanted, then the algorithm that cuDNN's documentation names for them, which is number 1 in all three directions.
pub(super) fn choose(
    measured: &[Measured],
    wanted: cudnnMathType_t,
    is_deterministic: bool,
) -> Option<Measured> {
    let mut fit = measured
        .iter()
        .filter(|one| one.status == cudnnStatus_t::CUDNN_STATUS_SUCCESS && is_permitted(one.math, wanted));
    if !is_deterministic {
        return fit.next().copied();
    }
    fit.filter(|one| one.determinism == cudnnDeterminism_t::CUDNN_DETERMINISTIC)
        .min_by_key(|one| (one.math != wanted, one.algorithm.number() != 1, one.algorithm.number()))
        .copied()
}

/// Exact float32 stays so, and nothing is rounded to fewer bits than it is kept in but by TF32.
fn is_permitted(math: cudnnMathType_t, wanted: cudnnMathType_t) -> bool {
    match math {
        cudnnMathType_t::CUDNN_FMA_MATH => true,
        cudnnMathType_t::CUDNN_DEFAULT_MATH | cudnnMathType_t::CUDNN_TENSOR_OP_MATH => {
            wanted != cudnnMathType_t::CUDNN_FMA_MATH
        }
        cudnnMathType_t::CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION => false,
    }
}

impl Algorithm {
    fn number(self) -> u32 {
        match self {
            Self::Forward(algorithm) => algorithm as u32,
            Self::BackwardInput(algorithm) => algorithm as u32,
            Self::BackwardWeight(algorithm) => algorithm as u32,
        }
    }
}

impl Descriptors {
    /// Tries all algorithms of a direction, fastest first. What is written is scratch, and so is the workspace, which bounds
    /// what an algorithm may take.
    pub(super) fn measure(
        &self,
        handle: sys::cudnnHandle_t,
        direction: Direction,
        operands: Operands,
        workspace: Workspace,
    ) -> Result<Vec<Measured>, GpuError> {
        let (x, weight, y) = self.with(operands);
        let (conv, at, bytes) = (self.conv, pointer(workspace.at), workspace.bytes);
        macro_rules! find {
            ($find:ident, $a:ident, $b:ident, $to:ident) => {
                // SAFETY: the descriptors are live and say what lies at the places, which the operators' code gives as long as
                // they say; `count` and `results` are places for one number and as many results as are asked for.
                list(stringify!($find), |most, count, results| unsafe {
                    sys::$find(
                        handle, $a.0, $a.1, $b.0, $b.1, conv, $to.0, $to.1, most, count, results, at, bytes,
                    )
                })
            };
        }
        match direction {
            Direction::Forward => find!(cudnnFindConvolutionForwardAlgorithmEx, x, weight, y),
            Direction::BackwardInput => find!(cudnnFindConvolutionBackwardDataAlgorithmEx, weight, y, x),
            Direction::BackwardWeight => find!(cudnnFindConvolutionBackwardFilterAlgorithmEx, x, y, weight),
        }
    }
}

/// The results that one of cuDNN's searches writes.
fn list<R: Copy + Into<Measured>>(
    what: &'static str,
    find: impl FnOnce(c_int, *mut c_int, *mut R) -> cudnnStatus_t,
) -> Result<Vec<Measured>, GpuError> {
    let mut count = 0;
    let mut results = [MaybeUninit::<R>::uninit(); MOST];
    find(MOST as c_int, &raw mut count, results.as_mut_ptr().cast()).result().map_err(failed(what))?;
    let written = results.iter().take(count as usize);
    // SAFETY: the search wrote as many.
    Ok(written.map(|result| unsafe { result.assume_init() }.into()).collect())
}

#[cfg(test)]
mod tests {
    use cudarc::cudnn::sys::cudnnConvolutionBwdFilterAlgo_t as Filter;

    use super::*;

    const ATOMIC: Algorithm = Algorithm::BackwardWeight(Filter::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0);
    const PRODUCT: Algorithm = Algorithm::BackwardWeight(Filter::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1);
    const FFT: Algorithm = Algorithm::BackwardWeight(Filter::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT);

    fn measured(algorithm: Algorithm, math: cudnnMathType_t) -> Measured {
        let determinism = if algorithm == ATOMIC {
            cudnnDeterminism_t::CUDNN_NON_DETERMINISTIC
        } else {
            cudnnDeterminism_t::CUDNN_DETERMINISTIC
        };
        Measured { algorithm, math, bytes: 0, status: cudnnStatus_t::CUDNN_STATUS_SUCCESS, determinism }
    }

    fn chosen(
        measured: &[Measured],
        precision: Precision,
        is_deterministic: bool,
    ) -> Option<(Algorithm, cudnnMathType_t)> {
        choose(measured, math(precision), is_deterministic).map(|one| (one.algorithm, one.math))
    }

    #[test]
    fn the_fastest_that_worked_is_chosen() {
        let tensor = cudnnMathType_t::CUDNN_TENSOR_OP_MATH;
        let refused = Measured { status: cudnnStatus_t::CUDNN_STATUS_NOT_SUPPORTED, ..measured(FFT, tensor) };
        let all = [refused, measured(ATOMIC, tensor), measured(PRODUCT, tensor)];
        assert_eq!(chosen(&all, Precision::Bfloat16, false), Some((ATOMIC, tensor)));
        assert_eq!(chosen(&all[..1], Precision::Bfloat16, false), None);
    }

    #[test]
    fn a_deterministic_choice_does_not_depend_on_times() {
        let [tensor, plain] = [cudnnMathType_t::CUDNN_TENSOR_OP_MATH, cudnnMathType_t::CUDNN_DEFAULT_MATH];
        let mut all = [(ATOMIC, tensor), (FFT, tensor), (PRODUCT, plain), (PRODUCT, tensor)]
            .map(|(algorithm, math)| measured(algorithm, math));
        assert_eq!(chosen(&all, Precision::Bfloat16, true), Some((PRODUCT, tensor)));
        all.reverse();
        assert_eq!(chosen(&all, Precision::Bfloat16, true), Some((PRODUCT, tensor)));
        assert_eq!(chosen(&all[3..], Precision::Bfloat16, true), None);
    }

    #[test]
    fn float32_is_never_rounded_unless_tf32_is_asked_for() {
        let [tensor, exact] = [cudnnMathType_t::CUDNN_TENSOR_OP_MATH, cudnnMathType_t::CUDNN_FMA_MATH];
        let rounding = measured(FFT, cudnnMathType_t::CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION);
        let default = measured(FFT, cudnnMathType_t::CUDNN_DEFAULT_MATH);
        let all = [rounding, measured(PRODUCT, tensor), default, measured(PRODUCT, exact)];
        assert_eq!(chosen(&all, Precision::Float32, false), Some((PRODUCT, exact)));
        assert_eq!(chosen(&all, Precision::Tf32, false), Some((PRODUCT, tensor)));
    }
}
