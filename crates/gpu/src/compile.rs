//! Kernels from source to PTX, by NVRTC, and kept on the disk.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use cudarc::nvrtc::{CompileError, CompileOptions, compile_ptx_with_opts};

use crate::{
    Element,
    error::GpuError,
    libraries::{self, Library, Version},
    source,
};

/// Where compiled kernels are kept unless something else is asked for: `$XDG_CACHE_HOME/arclab`, or `~/.cache/arclab`.
pub fn default_cache() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let base = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("arclab"))
}

/// The kernels for numbers of one kind as PTX for an architecture such as `compute_90`, from `cache` where they are there.
pub fn compile(element: Element, architecture: &str, cache: Option<&Path>) -> Result<String, GpuError> {
    let source = source::source(element);
    let version = libraries::load().of(Library::Nvrtc)?.version;
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

/// The options, but for the architecture. All functions are the GPU's: NVRTC 13.0 takes lambdas for the host's otherwise.
const OPTIONS: [&str; 2] = ["--std=c++17", "--device-as-default-execution-space"];

/// Everything that the outcome depends on.
fn name(source: &str, architecture: &str, version: Version) -> String {
    let mut hash = blake3::Hasher::new();
    for option in OPTIONS {
        hash.update(option.as_bytes());
    }
    hash.update(source.as_bytes());
    format!("kernels-{architecture}-nvrtc{version}-{}.ptx", &hash.finalize().to_hex()[..16])
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

fn compile_source(source: &str, architecture: &str) -> Result<String, GpuError> {
    let architecture_option = format!("--gpu-architecture={architecture}");
    let options = CompileOptions {
        options: OPTIONS.map(str::to_owned).into_iter().chain([architecture_option]).collect(),
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
        let [version, older] = [(13, 0), (12, 9)].map(|(major, minor)| Version { major, minor, patch: None });
        let base = name("a", "compute_90", version);
        assert_eq!(base, name("a", "compute_90", version));
        for other in [
            name("b", "compute_90", version),
            name("a", "compute_80", version),
            name("a", "compute_90", older),
        ] {
            assert_ne!(base, other);
        }
    }
}
