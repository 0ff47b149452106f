//! cuBLAS on one stream, with memory of its own, so that results repeat and graphs can hold its products.
//!
//! cuBLAS reads matrices column by column, in which order a matrix that lies row by row is its transpose. Transposed,
//! out = a·b is outᵀ = bᵀ·aᵀ: so what is asked for here is b times a, with rows and columns of the outcome exchanged,
//! and each factor transposed where the caller's is.
#![expect(unsafe_code, reason = "a library's calls are unsafe, and each one here says why it is right")]

use std::{ffi::c_void, sync::Arc};

use cudarc::{
    cublas::{
        result::{self, CublasError},
        sys::{self, cublasComputeType_t, cublasMath_t, cublasOperation_t, cudaDataType},
    },
    driver::{self, CudaContext, CudaStream},
};

use crate::{
    Buffer, Element,
    driver::failed as driver_failed,
    error::GpuError,
    ops::matmul::{Factor, Product},
    runtime::Address,
};

/// What NVIDIA advises for Hopper, and more than older GPUs need.
const WORKSPACE: usize = 32 << 20;

/// cuBLAS, which is used by one thread at a time.
#[derive(Debug)]
pub(crate) struct Cublas {
    handle: sys::cublasHandle_t,
    workspace: Address,
    context: Arc<CudaContext>,
}

// SAFETY: a handle may be used from any thread in which its context is current.
unsafe impl Send for Cublas {}
// SAFETY: the same; cuBLAS's calls are safe on one handle from several threads, though their order would be any.
unsafe impl Sync for Cublas {}

fn failed(what: &'static str) -> impl Fn(CublasError) -> GpuError {
    move |error| match error {
        CublasError(sys::cublasStatus_t::CUBLAS_STATUS_ALLOC_FAILED) => GpuError::NoRoom { what },
        error => GpuError::Call { what, reason: error.to_string() },
    }
}

impl Cublas {
    /// The context of `stream` must be the calling thread's.
    pub(crate) fn open(stream: &CudaStream) -> Result<Self, GpuError> {
        // SAFETY: only tries to load the library, whose initialisers run as in any program that uses it.
        if !unsafe { sys::is_culib_present() } {
            return Err(GpuError::Missing { library: "cuBLAS (libcublas.so)" });
        }
        let handle = result::create_handle().map_err(failed("cublasCreate"))?;
        let mut opened = Self { handle, workspace: 0, context: Arc::clone(stream.context()) };
        // SAFETY: the handle is fresh, and the stream lives as long as the context that the handle belongs to is used.
        unsafe { result::set_stream(handle, stream.cu_stream().cast()) }
            .map_err(failed("cublasSetStream"))?;
        // SAFETY: the size is not 0. The memory is freed after the handle.
        opened.workspace =
            unsafe { driver::result::malloc_sync(WORKSPACE) }.map_err(driver_failed("cuMemAlloc"))?;
        // SAFETY: the memory is that long and is this handle's alone. A stream that is set later would take it away.
        unsafe { sys::cublasSetWorkspace_v2(handle, opened.workspace as *mut c_void, WORKSPACE) }
            .result()
            .map_err(failed("cublasSetWorkspace"))?;
        // Partial sums stay float32 where the outcome has 16 bits.
        let mode = cublasMath_t::CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
        // SAFETY: the handle is a live one.
        unsafe { sys::cublasSetMathMode(handle, mode) }.result().map_err(failed("cublasSetMathMode"))?;
        Ok(opened)
    }

    /// See [`Product`]. The handle's context must be the calling thread's.
    pub(crate) fn multiply(&self, product: &Product<'_>, out: &Buffer) -> Result<(), GpuError> {
        let Product { a, b, rows, columns, inner, stride, alpha, beta, is_tf32 } = *product;
        let kind = if is_tf32 && a.values.element() == Element::Float32 {
            cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32
        } else {
            cublasComputeType_t::CUBLAS_COMPUTE_32F
        };
        // SAFETY: whoever makes a product checks that its matrices are as long as its sizes say; `alpha` and `beta` are
        // read during the call.
        let outcome = unsafe {
            result::gemm_ex(
                self.handle,
                operation(b),
                operation(a),
                columns as i32,
                rows as i32,
                inner as i32,
                (&raw const alpha).cast(),
                b.values.address as *const c_void,
                stored(b.values.element()),
                b.stride as i32,
                a.values.address as *const c_void,
                stored(a.values.element()),
                a.stride as i32,
                (&raw const beta).cast(),
                out.address as *mut c_void,
                stored(out.element()),
                stride as i32,
                kind,
                sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        };
        outcome.map_err(failed("cublasGemmEx"))
    }
}

fn operation(factor: Factor<'_>) -> cublasOperation_t {
    if factor.transposed { cublasOperation_t::CUBLAS_OP_T } else { cublasOperation_t::CUBLAS_OP_N }
}

fn stored(element: Element) -> cudaDataType {
    match element {
        Element::Float32 => cudaDataType::CUDA_R_32F,
        Element::Bfloat16 => cudaDataType::CUDA_R_16BF,
        Element::Float16 => cudaDataType::CUDA_R_16F,
    }
}

impl Drop for Cublas {
    fn drop(&mut self) {
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: nobody else has the handle; destroying it waits for its products, which use the memory.
            let _ = unsafe { result::destroy_handle(self.handle) };
            if self.workspace != 0 {
                // SAFETY: it came from `malloc_sync`, and whoever used it is gone.
                let _ = unsafe { driver::result::free_sync(self.workspace) };
            }
        }
    }
}
