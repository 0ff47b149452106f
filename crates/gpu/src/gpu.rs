//! A GPU in use: its memory, its kernels, and what failed first.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use crate::{
    Buffer, Element, Precision,
    driver::Driver,
    error::GpuError,
    memory::Memory,
    recording::Part,
    runtime::{Address, Grid, Runtime},
    staged::Lanes,
    times::{Times, Work},
};

/// What no graph can hold, as its bytes are other ones in each step.
const UPLOAD: &str = "an upload";

/// How a GPU is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What is computed in.
    pub precision: Precision,
    /// Whether the same computation must give the same bits twice. It costs some speed in convolutions.
    pub deterministic: bool,
    /// Bytes of its memory that buffers and workspaces may hold, where others share the GPU; none: all of them.
    pub memory_bytes: Option<u64>,
    /// The folder that compiled kernels are kept in; none: they are compiled anew.
    pub cache: Option<PathBuf>,
}

/// A GPU in use.
///
/// Operators do not fail one by one: a GPU runs behind the program that asks it for work, and says late what went wrong.
/// After a failure nothing more is done, downloads are NaN, and [`Gpu::check`] says what it was.
#[derive(Debug)]
pub struct Gpu {
    pub(crate) runtime: Arc<dyn Runtime>,
    memory: Arc<Memory>,
    failure: Mutex<Option<GpuError>>,
    options: Options,
    /// What stays uploaded, by its kernel and what it is there.
    kept: Mutex<BTreeMap<(&'static str, &'static str), Kept>>,
    /// What calls of libraries share: everything happens in the order of one stream.
    workspace: Mutex<Option<Arc<Buffer>>>,
    /// Of operators, once they are asked for.
    pub(crate) times: OnceLock<Times>,
    /// What is being recorded.
    pub(crate) part: Mutex<Option<Part>>,
    does_record: bool,
    pub(crate) lanes: Lanes,
}

/// 0 has each kernel launched by itself, rather than recorded in CUDA graphs.
const GRAPH: &str = "ARCLAB_CUDA_GRAPH";

/// Bytes that were uploaded, and where they are.
#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    buffer: Arc<Buffer>,
}

/// One argument of a kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arg<'a> {
    Buffer(&'a Buffer),
    /// A buffer, or a null pointer.
    Maybe(Option<&'a Buffer>),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// A struct of these numbers.
    Sizes(&'a [i32]),
    /// A struct of these numbers.
    Doubles(&'a [f64]),
}

impl Gpu {
    /// GPU number `index` of those that the driver sees.
    pub fn open(index: usize, options: Options) -> Result<Self, GpuError> {
        let driver = Driver::open(index, &options)?;
        let does_record = std::env::var_os(GRAPH).is_none_or(|value| value != "0");
        Ok(Self::on(Arc::new(driver), options).recording(does_record))
    }

    /// A GPU in which kernels run on the CPU, to test what they compute.
    #[cfg(feature = "emulator")]
    pub fn emulated(options: Options) -> Self {
        Self::on(Arc::new(crate::emulator::Emulator::new()), options)
    }

    /// The bytes of each upload since this was last asked; of an emulated one alone.
    #[cfg(feature = "emulator")]
    pub fn take_uploads(&self) -> Vec<usize> {
        self.runtime.take_uploads()
    }

    fn on(runtime: Arc<dyn Runtime>, options: Options) -> Self {
        let memory = Arc::new(Memory::new(Arc::clone(&runtime), options.memory_bytes));
        let (failure, kept, workspace) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (times, lanes) = (OnceLock::new(), Lanes::new());
        let (part, does_record) = (Mutex::default(), true);
        Self { runtime, memory, failure, options, kept, workspace, times, part, does_record, lanes }
    }

    /// The same, used by recordings where they can be made, or never.
    #[must_use]
    pub fn recording(self, does_record: bool) -> Self {
        Self { does_record, ..self }
    }

    /// Whether recordings are wanted: not while operators are timed, each by itself.
    pub fn does_record(&self) -> bool {
        self.does_record && self.times.get().is_none()
    }

    /// `NVIDIA H200`.
    pub fn name(&self) -> &str {
        self.runtime.name()
    }

    /// How it is used.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What feature maps are kept as.
    pub fn element(&self) -> Element {
        self.options.precision.element()
    }

    /// What failed first, if anything did.
    pub fn check(&self) -> Result<(), GpuError> {
        self.failure().clone().map_or(Ok(()), Err)
    }

    /// Bytes of its memory that buffers held at most, in use or not; what libraries keep for themselves, as cuBLAS its 32 MiB, is
    /// not counted.
    pub fn peak_memory(&self) -> u64 {
        self.memory.peak()
    }

    /// Waits until all that was asked for is done.
    pub fn finish(&self) {
        self.download(&self.take(1, Element::Float32));
    }

    /// `len` numbers, whatever they are.
    pub fn take(&self, len: usize, element: Element) -> Buffer {
        let recording = self.part().as_ref().map(|part| Arc::clone(&part.memory));
        let memory = recording.as_ref().unwrap_or(&self.memory);
        match self.unless_failed(|| memory.take(len, element)) {
            Some(buffer) => buffer,
            None => self.memory.nowhere(len, element),
        }
    }

    /// At least so many bytes of memory that calls of libraries share; it grows to what most was asked for.
    pub(crate) fn workspace(&self, bytes: usize) -> Arc<Buffer> {
        let len = bytes.div_ceil(4).max(1);
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        let known = workspace.take().filter(|known| known.len() >= len);
        // The smaller one is free by now, unless a recording uses it.
        let known = known.unwrap_or_else(|| Arc::new(self.take(len, Element::Float32)));
        if let Some(part) = &mut *self.part()
            && part.shared.last().is_none_or(|last| !Arc::ptr_eq(last, &known))
        {
            part.shared.push(Arc::clone(&known));
        }
        Arc::clone(workspace.insert(known))
    }

    /// Where all memory comes from, and goes back to.
    pub(crate) fn pool(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Memory for a moment: `most` bytes, or of those that halve it the most that there are.
    pub(crate) fn scratch(&self, most: usize) -> Option<Buffer> {
        let mut sizes = (0..8).map(|halvings| (most >> halvings) / 4);
        sizes.find_map(|len| self.memory.take(len, Element::Float32).ok())
    }

    /// A buffer of float32 with these values.
    pub fn upload(&self, values: &[f32]) -> Buffer {
        let buffer = self.take(values.len(), Element::Float32);
        self.write(&buffer, values);
        buffer
    }

    /// A buffer of these bytes, which only kernels that read bytes can read.
    pub fn upload_bytes(&self, bytes: &[u8]) -> Buffer {
        let buffer = self.take(bytes.len().div_ceil(4), Element::Float32);
        self.unrecorded(UPLOAD, || self.runtime.upload(buffer.address, bytes));
        buffer
    }

    /// These bytes, which are uploaded only where they are not those that were last uploaded under this name; as many
    /// bytes stay in their place.
    pub(crate) fn kept(&self, name: (&'static str, &'static str), bytes: &[u8]) -> Arc<Buffer> {
        // What is there may be replaced by the next step's.
        self.unrecorded(UPLOAD, || Ok(()));
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Kept { bytes: bytes.to_vec(), buffer: Arc::new(self.upload_bytes(bytes)) };
        let kept = all.entry(name).or_insert_with(fresh);
        if kept.bytes.len() != bytes.len() {
            *kept = fresh();
        } else if kept.bytes != bytes {
            self.unless_failed(|| self.runtime.upload(kept.buffer.address, bytes));
            kept.bytes.copy_from_slice(bytes);
        }
        Arc::clone(&kept.buffer)
    }

    /// Replaces the values of a float32 buffer.
    ///
    /// # Panics
    /// Where there are as many values as do not fit, or the buffer holds other numbers.
    pub fn write(&self, buffer: &Buffer, values: &[f32]) {
        assert_eq!(
            (buffer.len(), buffer.element()),
            (values.len(), Element::Float32),
            "a buffer's values are replaced by as many float32"
        );
        self.unrecorded(UPLOAD, || self.runtime.upload(buffer.address, bytemuck::cast_slice(values)));
    }

    /// The values of a float32 buffer, once all work before is done.
    ///
    /// # Panics
    /// Where the buffer holds other numbers.
    pub fn download(&self, buffer: &Buffer) -> Vec<f32> {
        assert_eq!(buffer.element(), Element::Float32, "float32 is downloaded");
        let mut values = vec![f32::NAN; buffer.len()];
        if self
            .unrecorded("a download", || {
                self.runtime.download(buffer.address, bytemuck::cast_slice_mut(&mut values))
            })
            .is_none()
        {
            values.fill(f32::NAN);
        }
        values
    }

    /// Another buffer with the same values.
    pub fn copy(&self, buffer: &Buffer) -> Buffer {
        let mut copy = self.take(buffer.len(), buffer.element());
        let _time = self.operator("copy", || Work::on(&[buffer, &copy]));
        self.replace(&mut copy, buffer);
        copy
    }

    /// A buffer of float32 with the values of several, one after the other.
    ///
    /// # Panics
    /// Where one holds other numbers.
    pub fn joined(&self, buffers: &[&Buffer]) -> Buffer {
        let joined = self.take(buffers.iter().map(|buffer| buffer.len()).sum(), Element::Float32);
        let mut at = joined.address;
        for buffer in buffers {
            assert_eq!(buffer.element(), Element::Float32, "float32 is joined");
            let bytes = buffer.len() * buffer.element().bytes();
            self.unless_failed(|| self.runtime.copy(buffer.address, at, bytes));
            at += bytes as Address;
        }
        joined
    }

    /// Replaces a buffer's values by another one's.
    ///
    /// # Panics
    /// Where they are not as many, or kept otherwise.
    pub fn replace(&self, to: &mut Buffer, from: &Buffer) {
        let kind = |buffer: &Buffer| (buffer.len(), buffer.element());
        assert_eq!(kind(to), kind(from), "a buffer's values are replaced by as many that are kept alike");
        let bytes = from.len() * from.element().bytes();
        self.unless_failed(|| self.runtime.copy(from.address, to.address, bytes));
    }

    /// Runs a kernel as it is compiled for feature maps.
    pub(crate) fn launch(&self, kernel: &'static str, grid: Grid, arguments: &[Arg<'_>]) {
        // As a rule an operator is under way; one that does not say so is found by its kernels.
        let _time = self.operator(kernel, Work::default);
        let mut bits = vec![0; arguments.len()];
        let bytes = arguments.iter().zip(&mut bits).map(|(argument, bits)| argument.bytes(bits));
        let bytes: Vec<&[u8]> = bytes.collect();
        self.unless_failed(|| self.runtime.launch(kernel, self.element(), grid, &bytes));
    }

    /// A grid that covers `count` elements, of which each thread takes as many as come to it.
    pub(crate) fn over(&self, count: usize) -> Grid {
        let width = self.runtime.width();
        let blocks = count.div_ceil(width.threads as usize).clamp(1, width.blocks as usize);
        Grid { blocks: [blocks as u32, 1], threads: width.threads }
    }

    /// A grid of blocks of which each takes as many of `count` pieces as come to it.
    pub(crate) fn blocks(&self, count: usize) -> Grid {
        self.over(count * self.runtime.width().threads as usize)
    }

    /// The outcome of `work`; nothing where it or something before it failed.
    pub(crate) fn unless_failed<T>(&self, work: impl FnOnce() -> Result<T, GpuError>) -> Option<T> {
        let mut failure = self.failure();
        if failure.is_some() {
            return None;
        }
        match work() {
            Ok(done) => Some(done),
            Err(error) => {
                *failure = Some(error);
                None
            }
        }
    }

    pub(crate) fn failure(&self) -> std::sync::MutexGuard<'_, Option<GpuError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arg<'_> {
    /// What a kernel's launch reads: the numbers where they are, or `bits`, in whose low bytes a number of any type is read (all
    /// platforms of CUDA are little-endian).
    fn bytes<'b>(&'b self, bits: &'b mut u64) -> &'b [u8] {
        *bits = match self {
            Self::Buffer(buffer) => buffer.address,
            Self::Maybe(buffer) => buffer.map_or(0, |buffer| buffer.address),
            Self::Int(value) => u64::from(value.cast_unsigned()),
            Self::Long(value) => value.cast_unsigned(),
            Self::Float(value) => u64::from(value.to_bits()),
            Self::Double(value) => value.to_bits(),
            Self::Sizes(sizes) => return bytemuck::cast_slice(sizes),
            Self::Doubles(numbers) => return bytemuck::cast_slice(numbers),
        };
        bytemuck::bytes_of(bits)
    }
}
