//! Kernels from source to PTX, by NVRTC, and kept on the disk.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use cudarc::nvrtc::{CompileError, CompileOptions, compile_ptx_with_opts, sys};

use crate::{Element, error::GpuError, source};

/// Where compiled kernels are kept unless something else is asked for: `$XDG_CACHE_HOME/arclab`, or `~/.cache/arclab`.
pub fn default_cache() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let base = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("arclab"))
}

/// The kernels for numbers of one kind as PTX for an architecture such as `compute_90`, from `cache` where they are there.
pub fn compile(element: Element, architecture: &str, cache: Option<&Path>) -> Result<String, GpuError> {
    let source = source::source(element);
    let version = version()?;
    let file = cache.map(|folder| folder.join(name(&source, architecture, version)));
    if let Some(kept) = file.as_ref().and_then(|file| fs::read_to_string(file).ok()) {
        return Ok(kept);
    }
    let compiled = compile_source(&source, architecture)?;
    if let Some(file) = file {
        // A cache that cannot be written costs time, no more.
        let _ = keep(&file, &compiled);
    }
    Ok(compiled)
}

/// Everything that the outcome depends on.
fn name(source: &str, architecture: &str, (major, minor): (i32, i32)) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(source.as_bytes());
    format!("kernels-{architecture}-nvrtc{major}.{minor}-{}.ptx", &hash.finalize().to_hex()[..16])
}

/// Whole or not at all: another process may read it at any time.
fn keep(file: &Path, compiled: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let scratch = file.with_extension(format!("{}.new", std::process::id()));
    fs::write(&scratch, compiled)?;
    fs::rename(&scratch, file)
}

#[expect(unsafe_code, reason = "cudarc's calls panic where the library is missing, and this asks first")]
fn version() -> Result<(i32, i32), GpuError> {
    // SAFETY: only tries to load the library, whose initialisers run as in any program that uses it.
    if !unsafe { sys::is_culib_present() } {
        return Err(GpuError::Missing { library: "NVRTC (libnvrtc.so)" });
    }
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both places are there for the whole call.
    let outcome = unsafe { sys::nvrtcVersion(&raw mut major, &raw mut minor) };
    let outcome = outcome.result();
    outcome.map_err(|error| GpuError::Call { what: "nvrtcVersion", reason: error.to_string() })?;
    Ok((major, minor))
}

fn compile_source(source: &str, architecture: &str) -> Result<String, GpuError> {
    let options = CompileOptions {
        options: vec![format!("--gpu-architecture={architecture}"), "--std=c++17".to_owned()],
        name: Some("arclab.cu".to_owned()),
        ..CompileOptions::default()
    };
    let refused = |log| GpuError::Compile { architecture: architecture.to_owned(), log };
    match compile_ptx_with_opts(source, options) {
        Ok(compiled) => Ok(compiled.to_src()),
        Err(CompileError::CompileError { log, .. }) => Err(refused(log.to_string_lossy().into_owned())),
        Err(other) => Err(refused(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_named_after_all_that_it_depends_on() {
        let base = name("a", "compute_90", (13, 0));
        assert_eq!(base, name("a", "compute_90", (13, 0)));
        for other in [
            name("b", "compute_90", (13, 0)),
            name("a", "compute_80", (13, 0)),
            name("a", "compute_90", (12, 9)),
        ] {
            assert_ne!(base, other);
        }
    }
}
