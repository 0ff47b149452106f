//! NVIDIA's libraries: where they are, of which versions, and whether these suit each other.
//!
//! They are looked for in the folders of `ARCLAB_CUDA_PATH`, then where the system's loader looks, then in NVIDIA's wheels in
//! an active Python environment. What is found is loaded before the first call of CUDA, and cudarc, which knows names alone,
//! then gets what was found here.
//!
//! cudarc's bindings are those of CUDA 13.0. They look functions up when they are called, and need a driver of CUDA 13.0 or newer
//! for another reason: cuBLAS 13 and cuDNN for CUDA 13 do, and no driver reads kernels that a newer NVRTC wrote.
#![expect(unsafe_code, reason = "libraries run code when they are loaded, and answer through pointers")]

#[cfg(target_os = "linux")]
mod alias;
mod library;
mod places;
mod version;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use libloading::os::unix::{Library as Handle, RTLD_GLOBAL, RTLD_NOW};

pub use library::{CUDA_MAJOR, DRIVER, Library};
pub use version::Version;

use crate::error::GpuError;
use places::Places;

/// A library that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its file.
    pub path: PathBuf,
    /// What it says that it is.
    pub version: Version,
}

/// A library that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is nowhere, or could not be loaded.
    #[error("{0}")]
    Missing(String),
    /// It is there, and does not do.
    #[error("{why}")]
    Unsuitable {
        /// Its file.
        path: PathBuf,
        /// What it says that it is, if it says so.
        version: Option<Version>,
        /// What is wrong with it, and what would be right.
        why: String,
    },
}

/// What there is of all libraries.
#[derive(Debug)]
pub struct Libraries(BTreeMap<Library, Result<Found, Wrong>>);

/// Looks for all libraries and loads them, once a process.
pub fn load() -> &'static Libraries {
    static LIBRARIES: OnceLock<Libraries> = OnceLock::new();
    LIBRARIES.get_or_init(|| {
        let places = Places::of(|name| env::var_os(name));
        let mut found: BTreeMap<_, _> =
            Library::ALL.into_iter().map(|library| (library, find(library, &places))).collect();
        let driver = found[&Library::Driver].as_ref().ok().map(|found| found.version);
        if let (Some(driver), Some(nvrtc)) = (driver, found.get_mut(&Library::Nvrtc)) {
            *nvrtc = nvrtc.clone().and_then(|nvrtc| readable(nvrtc, driver));
        }
        Libraries(found)
    })
}

impl Libraries {
    /// Each library with what there is of it.
    pub fn all(&self) -> impl Iterator<Item = (Library, &Result<Found, Wrong>)> {
        self.0.iter().map(|(library, state)| (*library, state))
    }

    /// A library that a call is about to need.
    pub fn of(&self, library: Library) -> Result<&Found, GpuError> {
        self.0[&library].as_ref().map_err(|wrong| match wrong {
            Wrong::Missing(_) => GpuError::Missing { library: library.name() },
            Wrong::Unsuitable { why, .. } => {
                GpuError::Unsuitable { library: library.name(), why: why.clone() }
            }
        })
    }

    /// Whether all is there that training on a GPU needs.
    pub fn ready(&self) -> Result<(), GpuError> {
        Library::NEEDED.into_iter().try_for_each(|library| self.of(library).map(|_| ()))
    }
}

fn find(library: Library, places: &Places) -> Result<Found, Wrong> {
    let file = format!("{}.{}", library.bare(), library.interface());
    let within = |folders: &[PathBuf]| folders.iter().map(|folder| folder.join(&file)).collect::<Vec<_>>();
    let in_folders = |paths: Vec<PathBuf>| paths.into_iter().filter(|path| path.is_file());
    // By its name alone, it is looked for by the loader.
    let by_loader = std::iter::once(PathBuf::from(&file));
    let mut refused = Vec::new();
    for path in in_folders(within(&places.named)).chain(by_loader).chain(in_folders(within(&places.others))) {
        match open(&path) {
            Ok(handle) => return suitable(library, handle, &path),
            // That it knows none by a bare name is no news.
            Err(error) if path.is_absolute() || !error.contains("No such file") => refused.push(error),
            Err(_) => {}
        }
    }
    Err(Wrong::Missing(if refused.is_empty() { nowhere(&file, places) } else { refused.join("; ") }))
}

fn nowhere(file: &str, places: &Places) -> String {
    let absent =
        |folder: &&PathBuf| !folder.is_dir() && !folder.ends_with("lib") && !folder.ends_with("lib64");
    let absent =
        places.named.iter().find(absent).map(|folder| format!(" (there is no folder {})", folder.display()));
    format!(
        "no {file} in ARCLAB_CUDA_PATH{}, the system's folders, or NVIDIA's wheels in an active Python environment",
        absent.unwrap_or_default()
    )
}

/// Its names are for whatever is loaded later, and it stays for as long as the process does.
fn open(path: &Path) -> Result<Handle, String> {
    // SAFETY: the library's initialisers run, as in any program that uses it.
    unsafe { Handle::open(Some(path), RTLD_NOW | RTLD_GLOBAL) }.map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        source.unwrap_or_else(|| error.to_string())
    })
}

/// Whether what was loaded is of the right version and what cudarc will get, too.
fn suitable(library: Library, handle: Handle, asked: &Path) -> Result<Found, Wrong> {
    let path = file_of(&handle, library).unwrap_or_else(|| asked.to_owned());
    let version = version::version(library, &handle);
    let wrong = match version {
        None => Some("it does not say its version: it is not NVIDIA's, or damaged".to_owned()),
        Some(version) => unsuitable(library, version, version::cuda_of_cudnn(&handle))
            .or_else(|| named(library, &handle, &path)),
    };
    if library == Library::Nvrtc {
        load_builtins(&path, version);
    }
    std::mem::forget(handle);
    match (version, wrong) {
        (Some(version), None) => Ok(Found { path, version }),
        (version, why) => Err(Wrong::Unsuitable { path, version, why: why.unwrap_or_default() }),
    }
}

fn unsuitable(library: Library, version: Version, cuda_of_cudnn: Option<Version>) -> Option<String> {
    match library {
        Library::Driver if version.major < CUDA_MAJOR => Some(format!(
            "it is of CUDA {version}, and CUDA {CUDA_MAJOR}.0 or newer is needed: install driver {DRIVER} or newer"
        )),
        Library::Cudnn => cuda_of_cudnn.filter(|cuda| cuda.major != CUDA_MAJOR).map(|cuda| {
            format!(
                "it is for CUDA {}, and one for CUDA {CUDA_MAJOR} is needed: {}",
                cuda.major,
                library.install()
            )
        }),
        Library::Nvrtc | Library::CublasLt | Library::Cublas if version.major != CUDA_MAJOR => Some(format!(
            "it is of CUDA {version} whatever its name says, and {CUDA_MAJOR} is needed: {}",
            library.install()
        )),
        Library::Driver
        | Library::Nvrtc
        | Library::CublasLt
        | Library::Cublas
        | Library::Nccl
        | Library::Curand => None,
    }
}

/// NVRTC writes for the newest driver that it knows of.
fn readable(nvrtc: Found, driver: Version) -> Result<Found, Wrong> {
    let Found { path, version } = nvrtc;
    if version <= driver {
        return Ok(Found { path, version });
    }
    let why = format!(
        "it is {version}, and the driver, of CUDA {driver}, does not read what it writes: install a newer driver, or \
         pip install 'nvidia-cuda-nvrtc=={driver}.*'"
    );
    Err(Wrong::Unsuitable { path, version: Some(version), why })
}

/// Gives the library the name that cudarc asks for first, and says what is wrong where another one has that name still.
fn named(library: Library, handle: &Handle, path: &Path) -> Option<String> {
    #[cfg(target_os = "linux")]
    if let Ok(file) = alias::file(library.bare(), path) {
        use std::os::fd::{AsRawFd as _, IntoRawFd as _};
        if open(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd()))).map(std::mem::forget).is_ok() {
            // The loader would take the next file of this number for this one.
            let _ = file.into_raw_fd();
        }
    }
    let other = open(Path::new(library.bare())).ok()?;
    if address(&other, library) == address(handle, library) {
        return None;
    }
    let other = file_of(&other, library).unwrap_or_else(|| PathBuf::from(library.bare()));
    Some(format!("{} would be used in its place: take it from LD_LIBRARY_PATH", other.display()))
}

/// NVRTC opens it by name, when it compiles; of several versions its own.
fn load_builtins(nvrtc: &Path, version: Option<Version>) {
    let builtins = version.map(|version| nvrtc.with_file_name(format!("libnvrtc-builtins.so.{version}")));
    // NVRTC itself says what is missing, where it needs it.
    let _ = builtins.filter(|path| path.is_file()).map(|path| open(&path).map(std::mem::forget));
}

/// Of a function that the library has.
fn address(handle: &Handle, library: Library) -> Option<usize> {
    // SAFETY: what is there is only compared.
    let symbol = unsafe { handle.get::<*const ()>(library.symbol().as_bytes()) };
    symbol.ok().map(|symbol| symbol.into_raw() as usize)
}

/// The file that holds a library's code, as the kernel tells it.
fn file_of(handle: &Handle, library: Library) -> Option<PathBuf> {
    let address = address(handle, library)?;
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let holds = |line: &&str| {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let bound = |text: &str| usize::from_str_radix(text, 16).unwrap_or(0);
        range.is_some_and(|(from, to)| (bound(from)..bound(to)).contains(&address))
    };
    let line = maps.lines().find(holds)?;
    line.find('/').map(|at| PathBuf::from(&line[at..]))
}
