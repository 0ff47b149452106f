//! Kernels on the CPU: a C++ compiler's reading of their source, to test what they compute without a GPU.
//!
//! It is slow, and knows nothing of speed, of a GPU's memory order between blocks, or of instructions that kernels use
//! where they are compiled for one. Memory that was not written is NaN, and a kernel that writes beside its buffers is found
//! when they are read or freed.
#![expect(unsafe_code, reason = "compiled kernels are called through pointers")]

use std::{
    collections::BTreeMap,
    ffi::{OsString, c_int, c_uint, c_void},
    fmt::Write as _,
    fs,
    process::Command,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use libloading::Library;

use crate::{
    Element,
    cublas::Cublas,
    cudnn::Cudnn,
    error::GpuError,
    runtime::{Address, Grid, LANES, Replay, Runtime, Width},
    source,
    times::Moment,
};

/// What a compiled kernel is called by.
type Entry = unsafe extern "C" fn(*mut *mut c_void, c_uint, c_uint, c_uint) -> c_int;

/// Bytes on either side of a buffer, which must stay as they are. The size keeps the driver's alignment.
const GUARD: usize = 512;
const GUARD_BYTE: u8 = 0xA5;
/// Four of them are a float32 that is not a number, and two of either sort of 16 bits.
const UNWRITTEN: u8 = 0xFF;

/// Kernels of a unit share their variables (block and thread), so one runs at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A device that runs kernels on the CPU.
#[derive(Debug, Default)]
pub(crate) struct Emulator {
    memory: Mutex<BTreeMap<Address, Block>>,
    /// What was asked for since a recording began.
    recorded: Mutex<Option<Vec<Work>>>,
    lanes: [Mutex<Lane>; LANES],
    /// Bytes of each.
    uploads: Mutex<Vec<usize>>,
}

/// Uploads beside other work. They are there as late as they may be: once somebody waits for them.
#[derive(Debug, Default)]
struct Lane {
    under_way: Vec<(Address, Vec<u8>)>,
    is_read: bool,
}

/// What can be recorded.
#[derive(Debug)]
enum Work {
    Copy { from: Address, to: Address, bytes: usize },
    Launch { kernel: &'static str, element: Element, grid: Grid, arguments: Vec<Vec<u64>> },
}

/// Memory with its guards, aligned as the driver's.
#[derive(Debug)]
struct Block {
    lines: Vec<Line>,
    bytes: usize,
}

#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(512))]
struct Line([u8; GUARD]);

impl Emulator {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn lane(&self, lane: usize) -> MutexGuard<'_, Lane> {
        self.lanes[lane].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, upload: &[u8]) {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).push(upload.len());
    }
}

impl Block {
    fn new(bytes: usize) -> Self {
        let mut lines = vec![Line([UNWRITTEN; GUARD]); bytes.div_ceil(GUARD) + 2];
        let all: &mut [u8] = bytemuck::cast_slice_mut(&mut lines);
        all[..GUARD].fill(GUARD_BYTE);
        all[GUARD + bytes..].fill(GUARD_BYTE);
        Self { lines, bytes }
    }

    fn address(&self) -> Address {
        self.lines.as_ptr() as Address + GUARD as Address
    }

    fn is_intact(&self) -> bool {
        let all: &[u8] = bytemuck::cast_slice(&self.lines);
        all[..GUARD].iter().chain(&all[GUARD + self.bytes..]).all(|byte| *byte == GUARD_BYTE)
    }
}

impl Runtime for Emulator {
    fn name(&self) -> &'static str {
        "an emulated GPU"
    }

    /// Few threads, so that each takes several elements and every path of a kernel is taken.
    fn width(&self) -> Width {
        Width { blocks: 3, threads: 64 }
    }

    fn allocate(&self, bytes: usize) -> Result<Option<Address>, GpuError> {
        assert_ne!(bytes, 0, "a driver refuses to allocate nothing");
        let block = Block::new(bytes);
        let address = block.address();
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).insert(address, block);
        Ok(Some(address))
    }

    fn free(&self, at: Address) {
        let block = self.memory.lock().unwrap_or_else(PoisonError::into_inner).remove(&at);
        assert!(block.is_some_and(|block| block.is_intact()), "a kernel wrote beside a buffer");
    }

    /// As if nothing were held: it takes what the machine has.
    fn memory(&self) -> (u64, u64) {
        (1 << 40, 1 << 40)
    }

    fn upload(&self, to: Address, from: &[u8]) -> Result<(), GpuError> {
        assert!(self.recorded().is_none(), "what is uploaded cannot be recorded");
        self.count(from);
        // SAFETY: `to` is the beginning of a block that is at least as long.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to as *mut u8, from.len()) };
        Ok(())
    }

    fn upload_beside(&self, lane: usize, to: Address, from: &[u8]) -> Result<(), GpuError> {
        self.count(from);
        let mut lane = self.lane(lane);
        assert!(!lane.is_read, "an upload takes the place of bytes that are still read");
        // SAFETY: `to` is in a block of which there are at least as many bytes from there on.
        unsafe { std::ptr::write_bytes(to as *mut u8, UNWRITTEN, from.len()) };
        lane.under_way.push((to, from.to_vec()));
        Ok(())
    }

    fn await_lane(&self, lane: usize) -> Result<(), GpuError> {
        let mut lane = self.lane(lane);
        lane.is_read = true;
        for (to, bytes) in lane.under_way.drain(..) {
            // SAFETY: as when the upload began; its block is not freed before it was waited for.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to as *mut u8, bytes.len()) };
        }
        Ok(())
    }

    fn leave_lane(&self, lane: usize) -> Result<(), GpuError> {
        self.lane(lane).is_read = false;
        Ok(())
    }

    fn take_uploads(&self) -> Vec<usize> {
        std::mem::take(&mut *self.uploads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn download(&self, from: Address, to: &mut [u8]) -> Result<(), GpuError> {
        assert!(self.recorded().is_none(), "what is recorded is not done, and cannot be downloaded");
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(memory.values().all(Block::is_intact), "a kernel wrote beside a buffer");
        // SAFETY: `from` is the beginning of a block that is at least as long.
        unsafe { std::ptr::copy_nonoverlapping(from as *const u8, to.as_mut_ptr(), to.len()) };
        Ok(())
    }

    fn copy(&self, from: Address, to: Address, bytes: usize) -> Result<(), GpuError> {
        self.ask(Work::Copy { from, to, bytes })
    }

    fn launch(
        &self,
        kernel: &'static str,
        element: Element,
        grid: Grid,
        arguments: &[&[u8]],
    ) -> Result<(), GpuError> {
        self.ask(Work::Launch { kernel, element, grid, arguments: arguments.iter().map(aligned).collect() })
    }

    fn begin_recording(&self) -> Result<(), GpuError> {
        let before = self.recorded().replace(Vec::new());
        assert!(before.is_none(), "a recording has begun already");
        Ok(())
    }

    fn end_recording(&self) -> Result<Box<dyn Replay>, GpuError> {
        Ok(Box::new(self.recorded().take().unwrap_or_default()))
    }

    fn now(&self) -> Result<Moment, GpuError> {
        Ok(Moment::Now(Instant::now()))
    }

    fn cublas(&self) -> Result<Option<&Cublas>, GpuError> {
        Ok(None)
    }

    fn cudnn(&self) -> Result<Option<&Cudnn>, GpuError> {
        Ok(None)
    }
}

impl Emulator {
    /// Does it, or records it.
    fn ask(&self, work: Work) -> Result<(), GpuError> {
        match &mut *self.recorded() {
            Some(recorded) => {
                recorded.push(work);
                Ok(())
            }
            None => work.run(),
        }
    }

    fn recorded(&self) -> MutexGuard<'_, Option<Vec<Work>>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same bytes where a value of any type may lie.
fn aligned(bytes: &&[u8]) -> Vec<u64> {
    let mut words = vec![0_u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
    words
}

impl Work {
    fn run(&self) -> Result<(), GpuError> {
        match self {
            &Self::Copy { from, to, bytes } => {
                // SAFETY: both are in different blocks of which there is at least as much from there on.
                unsafe { std::ptr::copy_nonoverlapping(from as *const u8, to as *mut u8, bytes) };
                Ok(())
            }
            Self::Launch { kernel, element, grid, arguments } => run(kernel, *element, *grid, arguments),
        }
    }
}

impl Replay for Vec<Work> {
    fn launch(&self) -> Result<(), GpuError> {
        self.iter().try_for_each(Work::run)
    }
}

fn run(
    kernel: &'static str,
    element: Element,
    Grid { blocks: [x, y], threads }: Grid,
    arguments: &[Vec<u64>],
) -> Result<(), GpuError> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let symbol = format!("emulate_{kernel}");
    // SAFETY: `EMULATE` in `emulator.hpp` gives each kernel a function of this type.
    let entry = unsafe { library(element).get::<Entry>(symbol.as_bytes()) };
    let entry = entry.map_err(|error| GpuError::Call { what: kernel, reason: error.to_string() })?;
    let mut places: Vec<*mut c_void> =
        arguments.iter().map(|words| words.as_ptr().cast_mut().cast()).collect();
    // SAFETY: as for the driver, the operators' code gives a kernel the arguments that it takes.
    let outcome = unsafe { entry(places.as_mut_ptr(), x, y, threads) };
    match outcome {
        0 => Ok(()),
        1 => panic!("{kernel}: some threads of a block wait at a barrier that others never reach"),
        _ => panic!("{kernel}: an access of 16 bytes is not at a multiple of them"),
    }
}

/// The kernels for numbers of one kind; compiled once a process.
fn library(element: Element) -> &'static Library {
    static LIBRARIES: [OnceLock<Library>; 3] = [const { OnceLock::new() }; 3];
    LIBRARIES[element.number() as usize]
        .get_or_init(|| compile(element).unwrap_or_else(|error| panic!("{error}")))
}

/// Compiles into a folder of its own, or takes what an earlier process compiled from the same source.
fn compile(element: Element) -> Result<Library, String> {
    let mut text = String::from(include_str!("emulator.hpp"));
    text.push_str(&source::source(element));
    for name in source::names() {
        writeln!(text, "EMULATE({name})").map_err(|error| error.to_string())?;
    }
    let folder = std::env::temp_dir().join("arclab-emulator");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let done = folder.join(format!("{}.so", &blake3::hash(text.as_bytes()).to_hex()[..16]));
    if !done.exists() {
        let scratch = tempfile::tempdir_in(&folder).map_err(|error| error.to_string())?;
        let (from, to) = (scratch.path().join("kernels.cpp"), scratch.path().join("kernels.so"));
        fs::write(&from, text).map_err(|error| error.to_string())?;
        let compiler = std::env::var_os("CXX").unwrap_or_else(|| OsString::from("c++"));
        let output = Command::new(&compiler)
            .args(["-std=c++17", "-O2", "-fPIC", "-shared", "-Wno-unknown-pragmas", "-o"])
            .args([&to, &from])
            .output()
            .map_err(|error| format!("failed to run {}: {error}", compiler.display()))?;
        if !output.status.success() {
            return Err(format!("the kernels do not compile: {}", String::from_utf8_lossy(&output.stderr)));
        }
        fs::rename(&to, &done).map_err(|error| error.to_string())?;
    }
    // SAFETY: the library is the kernels' code alone, and is never closed.
    unsafe { Library::new(&done) }.map_err(|error| error.to_string())
}
