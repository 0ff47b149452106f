//! What cuDNN is told of a convolution, and the calls that are told it.

use std::{
    ffi::{c_int, c_void},
    ptr::null_mut,
};

use cudarc::cudnn::{
    result,
    sys::{self, cudnnDataType_t, cudnnTensorFormat_t},
};

use super::{Operands, Workspace, failed, pointer, search::Algorithm};
use crate::{Element, error::GpuError, ops::convolution::Convolution};

/// A dense convolution's maps and weight, both with channels nearest, and its steps; null where one could not be made.
pub(super) struct Descriptors {
    x: sys::cudnnTensorDescriptor_t,
    weight: sys::cudnnFilterDescriptor_t,
    y: sys::cudnnTensorDescriptor_t,
    pub(super) conv: sys::cudnnConvolutionDescriptor_t,
}

type Described = (sys::cudnnTensorDescriptor_t, *mut c_void);
type DescribedWeight = (sys::cudnnFilterDescriptor_t, *mut c_void);

const NHWC: cudnnTensorFormat_t = cudnnTensorFormat_t::CUDNN_TENSOR_NHWC;

fn stored(element: Element) -> cudnnDataType_t {
    match element {
        Element::Float32 => cudnnDataType_t::CUDNN_DATA_FLOAT,
        Element::Bfloat16 => cudnnDataType_t::CUDNN_DATA_BFLOAT16,
        Element::Float16 => cudnnDataType_t::CUDNN_DATA_HALF,
    }
}

/// In the order N, C, H, W, in which cuDNN takes sizes whatever the order of numbers.
fn sizes(sizes: [usize; 4]) -> [c_int; 4] {
    sizes.map(|size| size as c_int)
}

impl Descriptors {
    pub(super) fn new(
        conv: &Convolution,
        element: Element,
        math: sys::cudnnMathType_t,
    ) -> Result<Self, GpuError> {
        let mut all = Self { x: null_mut(), weight: null_mut(), y: null_mut(), conv: null_mut() };
        all.x = tensor(element, [conv.count, conv.inputs, conv.input.0, conv.input.1])?;
        all.y = tensor(element, [conv.count, conv.outputs, conv.output.0, conv.output.1])?;
        all.weight = result::create_filter_descriptor().map_err(failed("cudnnCreateFilterDescriptor"))?;
        let weight = sizes([conv.outputs, conv.inputs, conv.kernel.0, conv.kernel.1]);
        // SAFETY: the descriptor is fresh.
        unsafe { result::set_filter4d_descriptor(all.weight, stored(element), NHWC, weight) }
            .map_err(failed("cudnnSetFilter4dDescriptor"))?;
        all.conv =
            result::create_convolution_descriptor().map_err(failed("cudnnCreateConvolutionDescriptor"))?;
        let [padding, stride] = [conv.padding, conv.stride].map(|size| size as c_int);
        let mode = sys::cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION;
        let sums = cudnnDataType_t::CUDNN_DATA_FLOAT;
        // SAFETY: the descriptor is fresh.
        unsafe {
            result::set_convolution2d_descriptor(all.conv, padding, padding, stride, stride, 1, 1, mode, sums)
        }
        .map_err(failed("cudnnSetConvolution2dDescriptor"))?;
        all.set_math(math)?;
        Ok(all)
    }

    pub(super) fn set_math(&self, math: sys::cudnnMathType_t) -> Result<(), GpuError> {
        // SAFETY: the descriptor is a live one.
        unsafe { result::set_convolution_math_type(self.conv, math) }
            .map_err(failed("cudnnSetConvolutionMathType"))
    }

    /// Computes what the algorithm is one for.
    pub(super) fn run(
        &self,
        handle: sys::cudnnHandle_t,
        algorithm: Algorithm,
        operands: Operands,
        beta: f32,
        workspace: Workspace,
    ) -> Result<(), GpuError> {
        let (x, weight, y) = self.with(operands);
        let (conv, at, bytes) = (self.conv, pointer(workspace.at), workspace.bytes);
        let one = 1_f32;
        // Factors are float32 for maps of 16 bits too.
        let (alpha, beta) = ((&raw const one).cast(), (&raw const beta).cast());
        macro_rules! run {
            ($run:ident, $algorithm:ident, $a:ident, $b:ident, $to:ident) => {
                // SAFETY: the descriptors are live and say what lies at the places, which the operators' code gives as long as they
                // say; the factors are read during the call, and the workspace is used in the stream's order.
                unsafe {
                    sys::$run(
                        handle, alpha, $a.0, $a.1, $b.0, $b.1, conv, $algorithm, at, bytes, beta, $to.0, $to.1,
                    )
                }
                .result()
                .map_err(failed(stringify!($run)))
            };
        }
        match algorithm {
            Algorithm::Forward(algorithm) => run!(cudnnConvolutionForward, algorithm, x, weight, y),
            Algorithm::BackwardInput(algorithm) => {
                run!(cudnnConvolutionBackwardData, algorithm, weight, y, x)
            }
            Algorithm::BackwardWeight(algorithm) => {
                run!(cudnnConvolutionBackwardFilter, algorithm, x, y, weight)
            }
        }
    }

    /// Each operand's descriptor and place.
    pub(super) fn with(
        &self,
        Operands { x, weight, y }: Operands,
    ) -> (Described, DescribedWeight, Described) {
        ((self.x, pointer(x)), (self.weight, pointer(weight)), (self.y, pointer(y)))
    }
}

fn tensor(element: Element, shape: [usize; 4]) -> Result<sys::cudnnTensorDescriptor_t, GpuError> {
    let tensor = result::create_tensor_descriptor().map_err(failed("cudnnCreateTensorDescriptor"))?;
    // SAFETY: the descriptor is fresh.
    unsafe { result::set_tensor4d_descriptor(tensor, NHWC, stored(element), sizes(shape)) }
        .map_err(failed("cudnnSetTensor4dDescriptor"))?;
    Ok(tensor)
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        // SAFETY: each that is not null was made by `new`, and nobody else has it.
        unsafe {
            for tensor in [self.x, self.y].into_iter().filter(|tensor| !tensor.is_null()) {
                let _ = result::destroy_tensor_descriptor(tensor);
            }
            if !self.weight.is_null() {
                let _ = result::destroy_filter_descriptor(self.weight);
            }
            if !self.conv.is_null() {
                let _ = result::destroy_convolution_descriptor(self.conv);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a test that does not run should say why")]
mod tests {
    use super::*;
    use crate::libraries::{self, Library};

    /// Descriptors need the library and no GPU.
    fn is_here() -> bool {
        let found = libraries::load().of(Library::Cudnn);
        if let Err(error) = &found {
            assert!(std::env::var_os("ARCLAB_TEST_CUDNN").is_none(), "cuDNN was promised: {error}");
            eprintln!("skipped: {error}");
        }
        found.is_ok()
    }

    #[test]
    fn cudnn_understands_sizes_as_they_are_meant() {
        if !is_here() {
            return;
        }
        for element in Element::ALL {
            let conv = Convolution {
                count: 3,
                input: (7, 10),
                output: (4, 6),
                inputs: 5,
                outputs: 8,
                kernel: (3, 1),
                stride: 2,
                padding: 1,
                groups: 1,
            };
            let math = sys::cudnnMathType_t::CUDNN_FMA_MATH;
            let Descriptors { conv: steps, x, weight, .. } = &Descriptors::new(&conv, element, math).unwrap();
            let [mut n, mut c, mut h, mut w] = [0; 4];
            // SAFETY: the descriptors are live, and the places are there during the call.
            let outcome = unsafe {
                let [n, c, h, w] = [&raw mut n, &raw mut c, &raw mut h, &raw mut w];
                sys::cudnnGetConvolution2dForwardOutputDim(*steps, *x, *weight, n, c, h, w)
            };
            outcome.result().map_err(failed("cudnnGetConvolution2dForwardOutputDim")).unwrap();
            assert_eq!([n, c, h, w], [3, 8, 4, 6], "{element:?}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_cudnns_words() {
        if !is_here() {
            return;
        }
        let error = tensor(Element::Float32, [1, 0, 2, 2]).unwrap_err();
        assert!(
            error.to_string().starts_with("cudnnSetTensor4dDescriptor failed: CUDNN_STATUS_BAD_PARAM"),
            "{error}"
        );
    }
}
