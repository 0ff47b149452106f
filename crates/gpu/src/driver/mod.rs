//! NVIDIA's driver as a place where kernels run.
//!
//! One stream of its own, in whose order everything happens but for uploads beside it, and no event for each buffer: cudarc's
//! safe buffers have one wherever there is a second stream. So memory and launches are the driver's plain calls.
#![expect(unsafe_code, reason = "a driver's calls are unsafe, and each one here says why it is right")]

mod beside;
mod graph;
mod staging;

use std::{
    collections::BTreeMap,
    ffi::{CString, c_void},
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use cudarc::driver::{
    CudaContext, CudaStream, result,
    sys::{self, CUdevice_attribute},
};

use beside::Beside;
use staging::Staging;

use crate::{
    Element, Options, Precision,
    compile::compile,
    cublas::Cublas,
    cudnn::Cudnn,
    error::GpuError,
    libraries,
    runtime::{Address, Grid, Replay, Runtime, Width},
    source,
    times::Moment,
};

/// Blocks that a multiprocessor works at, at once, where each has [`THREADS`].
const BLOCKS_EACH: u32 = 8;
const THREADS: u32 = 256;

/// A GPU through its driver.
pub(crate) struct Driver {
    name: String,
    /// Opened by the first product.
    cublas: OnceLock<Result<Cublas, GpuError>>,
    /// Opened by the first dense convolution.
    cudnn: OnceLock<Result<Cudnn, GpuError>>,
    /// Opened by the first upload. As those before, it goes before the context does.
    staging: Mutex<Option<Staging>>,
    /// Opened by the first upload beside other work.
    beside: Mutex<Option<Beside>>,
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    multiprocessors: u32,
    /// `compute_90`.
    architecture: String,
    cache: Option<PathBuf>,
    kernels: Mutex<BTreeMap<Element, Kernels>>,
}

/// The kernels of one translation unit, by name.
type Kernels = BTreeMap<&'static str, Kernel>;

/// A kernel, which stays loaded as long as the context does.
#[derive(Clone, Copy)]
struct Kernel(sys::CUfunction);

// SAFETY: a function's handle may be used from any thread in which its context is current.
unsafe impl Send for Kernel {}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("name", &self.name)
            .field("architecture", &self.architecture)
            .finish_non_exhaustive()
    }
}

pub(crate) fn failed(what: &'static str) -> impl Fn(result::DriverError) -> GpuError {
    move |error| match error {
        result::DriverError(sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY) => GpuError::NoRoom { what },
        error => GpuError::Call { what, reason: error.to_string() },
    }
}

/// The number of GPUs that the driver sees, where all is there that using them needs.
pub fn gpus() -> Result<usize, GpuError> {
    libraries::load().ready()?;
    match CudaContext::device_count() {
        Ok(count) => Ok(count as usize),
        Err(result::DriverError(sys::CUresult::CUDA_ERROR_NO_DEVICE)) => Ok(0),
        Err(error) => Err(failed("counting GPUs")(error)),
    }
}

impl Driver {
    pub(crate) fn open(index: usize, options: &Options) -> Result<Self, GpuError> {
        let count = gpus()?;
        if index >= count {
            return Err(GpuError::NoSuchGpu { wanted: index, count });
        }
        let context = CudaContext::new(index).map_err(failed("opening the GPU"))?;
        if options.memory_bytes.is_some() {
            // Others share the GPU, and wait for it longer than a run that has it alone: spinning would take a core from them.
            context.set_blocking_synchronize().map_err(failed("cuCtxSetFlags"))?;
        }
        let stream = context.new_stream().map_err(failed("cuStreamCreate"))?;
        let attribute = |which| context.attribute(which).map_err(failed("cuDeviceGetAttribute"));
        let multiprocessors = attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)? as u32;
        let (major, minor) = context.compute_capability().map_err(failed("cuDeviceGetAttribute"))?;
        let name = context.name().map_err(failed("cuDeviceGetName"))?;
        if major < 8 && matches!(options.precision, Precision::Bfloat16 | Precision::Tf32) {
            return Err(GpuError::TooOld { name, capability: (major, minor) });
        }
        Ok(Self {
            name,
            cublas: OnceLock::new(),
            cudnn: OnceLock::new(),
            stream,
            multiprocessors,
            architecture: format!("compute_{major}{minor}"),
            cache: options.cache.clone(),
            kernels: Mutex::default(),
            staging: Mutex::default(),
            beside: Mutex::default(),
            context,
        })
    }

    /// The stream that everything happens on.
    pub(crate) fn stream(&self) -> sys::CUstream {
        self.stream.cu_stream()
    }

    /// Makes the context the one of the calling thread.
    fn bind(&self) -> Result<(), GpuError> {
        self.context.bind_to_thread().map_err(failed("cuCtxSetCurrent"))
    }

    /// What `work` does with the uploads beside other work.
    fn beside(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Beside) -> Result<(), result::DriverError>,
    ) -> Result<(), GpuError> {
        self.bind()?;
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        let beside = match &mut *beside {
            Some(beside) => beside,
            none => none.insert(Beside::new(&self.context).map_err(failed("cuMemHostAlloc"))?),
        };
        work(beside).map_err(failed(what))
    }

    fn kernel(&self, name: &'static str, element: Element) -> Result<Kernel, GpuError> {
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        if let std::collections::btree_map::Entry::Vacant(vacant) = kernels.entry(element) {
            vacant.insert(self.load(element)?);
        }
        let known = kernels.get(&element).and_then(|kernels| kernels.get(name)).copied();
        known.ok_or_else(|| GpuError::Call { what: name, reason: "there is no such kernel".to_owned() })
    }

    fn load(&self, element: Element) -> Result<Kernels, GpuError> {
        let compiled = |cache| compile(element, &self.architecture, cache);
        // What a cache kept may be damaged.
        let kept = compiled(self.cache.as_deref()).and_then(load_module);
        let module = kept.or_else(|_| load_module(compiled(None)?))?;
        let kernel = |name: &'static str| {
            let symbol = CString::new(name)
                .map_err(|error| GpuError::Call { what: name, reason: error.to_string() })?;
            // SAFETY: the module is never unloaded.
            let function = unsafe { result::module::get_function(module, symbol) }.map_err(failed(name))?;
            Ok((name, Kernel(function)))
        };
        source::names().map(kernel).collect()
    }
}

fn load_module(compiled: String) -> Result<sys::CUmodule, GpuError> {
    let compiled = CString::new(compiled)
        .map_err(|error| GpuError::Call { what: "cuModuleLoadData", reason: error.to_string() })?;
    // SAFETY: the image is PTX that ends in a zero byte, and is read during the call alone.
    unsafe { result::module::load_data(compiled.as_ptr().cast()) }.map_err(failed("cuModuleLoadData"))
}

impl Runtime for Driver {
    fn name(&self) -> &str {
        &self.name
    }

    fn width(&self) -> Width {
        Width { blocks: self.multiprocessors * BLOCKS_EACH, threads: THREADS }
    }

    fn allocate(&self, bytes: usize) -> Result<Option<Address>, GpuError> {
        self.bind()?;
        // SAFETY: nothing is read of the memory before it is written.
        match unsafe { result::malloc_sync(bytes) } {
            Ok(address) => Ok(Some(address)),
            Err(result::DriverError(sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => Ok(None),
            Err(error) => Err(failed("cuMemAlloc")(error)),
        }
    }

    fn free(&self, at: Address) {
        if self.bind().is_ok() {
            // SAFETY: it came from `allocate`, and its last buffer is gone; the call waits for work that still reads it.
            let _ = unsafe { result::free_sync(at) };
        }
    }

    fn memory(&self) -> (u64, u64) {
        let (free, total) = self.bind().ok().and_then(|()| result::mem_get_info().ok()).unwrap_or_default();
        (free as u64, total as u64)
    }

    fn upload(&self, to: Address, from: &[u8]) -> Result<(), GpuError> {
        self.bind()?;
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        let staging = match &mut *staging {
            Some(staging) => staging,
            none => none.insert(Staging::new(&self.context).map_err(failed("cuMemHostAlloc"))?),
        };
        staging.upload(to, from, self.stream()).map_err(failed("cuMemcpyHtoDAsync"))
    }

    fn upload_beside(&self, lane: usize, to: Address, from: &[u8]) -> Result<(), GpuError> {
        self.beside("cuMemcpyHtoDAsync", |beside| beside.upload(lane, to, from))
    }

    fn await_lane(&self, lane: usize) -> Result<(), GpuError> {
        self.beside("cuStreamWaitEvent", |beside| beside.await_lane(lane, self.stream()))
    }

    fn leave_lane(&self, lane: usize) -> Result<(), GpuError> {
        self.beside("cuEventRecord", |beside| beside.leave_lane(lane, self.stream()))
    }

    fn download(&self, from: Address, to: &mut [u8]) -> Result<(), GpuError> {
        self.bind()?;
        // SAFETY: `from` is as long as `to`, which stays until the stream has done all before.
        unsafe { result::memcpy_dtoh_async(to, from, self.stream()) }.map_err(failed("cuMemcpyDtoHAsync"))?;
        self.stream.synchronize().map_err(failed("cuStreamSynchronize"))
    }

    fn copy(&self, from: Address, to: Address, bytes: usize) -> Result<(), GpuError> {
        self.bind()?;
        // SAFETY: there are at least as many bytes in both from there on, and they are different buffers.
        unsafe { result::memcpy_dtod_async(to, from, bytes, self.stream()) }
            .map_err(failed("cuMemcpyDtoDAsync"))
    }

    fn launch(
        &self,
        kernel: &'static str,
        element: Element,
        Grid { blocks: [x, y], threads }: Grid,
        arguments: &[&[u8]],
    ) -> Result<(), GpuError> {
        self.bind()?;
        let Kernel(function) = self.kernel(kernel, element)?;
        let mut places: Vec<*mut c_void> =
            arguments.iter().map(|bytes| bytes.as_ptr().cast_mut().cast()).collect();
        // SAFETY: the operators' code gives each kernel as many arguments of such types as it takes, over buffers that are
        // as long as it reads and writes; the tests of each operator run it so, between guards. They are read during the call.
        unsafe { result::launch_kernel(function, (x, y, 1), (threads, 1, 1), 0, self.stream(), &mut places) }
            .map_err(failed(kernel))
    }

    fn now(&self) -> Result<Moment, GpuError> {
        let event = self.stream.record_event(Some(sys::CUevent_flags::CU_EVENT_DEFAULT));
        event.map(Moment::Event).map_err(failed("cuEventRecord"))
    }

    fn begin_recording(&self) -> Result<(), GpuError> {
        graph::begin(&self.stream)
    }

    fn end_recording(&self) -> Result<Box<dyn Replay>, GpuError> {
        Ok(Box::new(graph::end(&self.stream)?))
    }

    fn cublas(&self) -> Result<Option<&Cublas>, GpuError> {
        self.bind()?;
        self.cublas.get_or_init(|| Cublas::open(&self.stream)).as_ref().map(Some).map_err(Clone::clone)
    }

    fn bound_stream(&self) -> Result<Option<*mut c_void>, GpuError> {
        self.bind()?;
        Ok(Some(self.stream().cast()))
    }

    fn cudnn(&self) -> Result<Option<&Cudnn>, GpuError> {
        self.bind()?;
        self.cudnn.get_or_init(|| Cudnn::open(&self.stream)).as_ref().map(Some).map_err(Clone::clone)
    }
}
