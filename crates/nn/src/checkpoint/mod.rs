//! Checkpoints: a file of tensors and a small JSON that names it.
//!
//! The tensors go to a file of their own for each save, `checkpoint-STEP.safetensors`; then `checkpoint.json`, which
//! names that file and its length, is replaced. Until that last rename the earlier pair is untouched, so a kill at
//! any moment leaves one whole checkpoint. What belongs in the note is the caller's affair; random numbers are
//! counter-based, so the seed and the position bring all of them back.

mod error;
mod mismatch;
mod replace;
mod tensors;

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use error::{LoadError, SaveError};
pub use mismatch::Mismatch;
pub use replace::replace_file;
pub use tensors::{Tensors, load_tensors, part, put, save_tensors};

/// Version of `checkpoint.json`'s form.
const VERSION: u32 = 1;
/// The JSON that names the tensors' file.
const JSON: &str = "checkpoint.json";

/// `checkpoint.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<N> {
    version: u32,
    /// File of the tensors, in the same folder.
    tensors: String,
    /// Its length, so that a file cut short is told at once.
    bytes: u64,
    note: N,
}

/// Saves a checkpoint into `folder`, which is made if absent. `step` only makes the file's name.
pub fn save<N: Serialize>(folder: &Path, step: u64, note: &N, tensors: &Tensors) -> Result<(), SaveError> {
    fs::create_dir_all(folder).map_err(|source| SaveError::Write { path: folder.to_owned(), source })?;
    let name = format!("checkpoint-{step:08}.safetensors");
    let bytes = save_tensors(&folder.join(&name), tensors, None)?;
    let json_path = folder.join(JSON);
    let written = Written { version: VERSION, tensors: name.clone(), bytes, note };
    let json = serde_json::to_vec_pretty(&written)
        .map_err(|error| SaveError::Layout { path: json_path.clone(), source: error.into() })?;
    replace_file(&json_path, &json).map_err(|source| SaveError::Write { path: json_path, source })?;
    remove_others(folder, &name);
    Ok(())
}

/// Loads the checkpoint of `folder`, or nothing where there is none.
pub fn load<N: DeserializeOwned>(folder: &Path) -> Result<Option<(N, Tensors)>, LoadError> {
    let json_path = folder.join(JSON);
    let json = match fs::read(&json_path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|source| LoadError::Read { path: json_path.clone(), source })?,
    };
    check_version(&json_path, &json)?;
    let written: Written<N> =
        serde_json::from_slice(&json).map_err(|source| LoadError::Note { path: json_path, source })?;
    let path = folder.join(&written.tensors);
    check_length(&path, written.bytes)?;
    Ok(Some((written.note, load_tensors(&path)?.0)))
}

/// Reads the version alone first: another version's note may have another form.
fn check_version(path: &Path, json: &[u8]) -> Result<(), LoadError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } =
        serde_json::from_slice(json).map_err(|source| LoadError::Note { path: path.to_owned(), source })?;
    if version == VERSION {
        return Ok(());
    }
    Err(LoadError::Version { path: path.to_owned(), found: version, expected: VERSION })
}

fn check_length(path: &Path, expected: u64) -> Result<(), LoadError> {
    let found = fs::metadata(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })?.len();
    if found == expected { Ok(()) } else { Err(LoadError::Length { path: path.to_owned(), found, expected }) }
}

/// Removes earlier tensors and what a killed process left half-written. A file that stays costs only space, so
/// failures are passed over.
fn remove_others(folder: &Path, keep: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if is_ours(&path) && path.file_name().is_some_and(|name| name != keep && name != JSON) {
            let _ = fs::remove_file(&path);
        }
    }
}

fn is_ours(path: &Path) -> bool {
    let begins =
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("checkpoint"));
    let ending = path.extension().and_then(|ending| ending.to_str());
    begins && matches!(ending, Some("safetensors" | replace::TEMPORARY))
}

#[cfg(test)]
mod tests;
