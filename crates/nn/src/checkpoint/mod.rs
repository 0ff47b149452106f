//! Checkpoints: a file of tensors and a small JSON beside it.
//!
//! Each save makes a pair of its own: `checkpoint-STEP.safetensors`, and then `checkpoint-STEP.json` with a note and a
//! digest of both. The pair before it is kept, so a kill at any moment leaves a whole checkpoint, and damage to the
//! newest one costs the steps since the one before it and no more. What belongs in the note is the caller's affair;
//! random numbers are counter-based, so the seed and the position bring all of them back.

mod error;
mod mismatch;
mod replace;
mod tensors;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use error::{LoadError, SaveError};
pub use mismatch::Mismatch;
pub(crate) use mismatch::shown;
pub use replace::replace_file;
pub use tensors::{Tensors, load_tensors, part, put, save_tensors};
pub(crate) use tensors::{parse, tensor};

/// Version of the JSON's form. The first had one `checkpoint.json`, and no digest.
const VERSION: u32 = 2;
const JSON: &str = "json";
const TENSORS: &str = "safetensors";

/// The JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<N> {
    version: u32,
    /// See [`digest`].
    digest: String,
    note: N,
}

/// A checkpoint, and why there is no newer one.
#[derive(Debug)]
pub struct Loaded<N> {
    /// What was saved beside the tensors.
    pub note: N,
    /// The tensors.
    pub tensors: Tensors,
    /// What is wrong with newer checkpoints, which were passed over.
    pub passed_over: Vec<LoadError>,
}

/// Saves a checkpoint into `folder`, which is made if absent. `step` makes the files' names, and says which of two
/// checkpoints is the newer one.
pub fn save<N: Serialize>(folder: &Path, step: u64, note: &N, tensors: &Tensors) -> Result<(), SaveError> {
    fs::create_dir_all(folder).map_err(|source| SaveError::Write { path: folder.to_owned(), source })?;
    let path = folder.join(format!("checkpoint-{step:010}.{JSON}"));
    let bytes = save_tensors(&path.with_extension(TENSORS), tensors, None)?;
    let json = digest(&bytes, note)
        .and_then(|digest| serde_json::to_vec_pretty(&Written { version: VERSION, digest, note }))
        .map_err(|error| SaveError::Layout { path: path.clone(), source: error.into() })?;
    replace_file(&path, &json).map_err(|source| SaveError::Write { path: path.clone(), source })?;
    remove_others(folder, &path);
    Ok(())
}

/// Loads the newest checkpoint of `folder` that can be used; nothing where there never was one. Where none of those
/// that are there can be used, the error is the newest one's.
pub fn load<N: Serialize + DeserializeOwned>(folder: &Path) -> Result<Option<Loaded<N>>, LoadError> {
    let paths = newest_first(folder).map_err(|source| LoadError::Read { path: folder.to_owned(), source })?;
    let mut passed_over = Vec::new();
    for path in paths {
        match load_pair(&path) {
            Ok((note, tensors)) => return Ok(Some(Loaded { note, tensors, passed_over })),
            Err(error) => passed_over.push(error),
        }
    }
    passed_over.into_iter().next().map_or(Ok(None), Err)
}

/// Reads all checkpoints of `folder` back: how many can be used, and the JSON of each that cannot be, with the reason.
pub fn check<N: Serialize + DeserializeOwned>(
    folder: &Path,
) -> Result<(u32, Vec<(PathBuf, LoadError)>), LoadError> {
    let paths = newest_first(folder).map_err(|source| LoadError::Read { path: folder.to_owned(), source })?;
    let (mut usable, mut damaged) = (0, Vec::new());
    for path in paths {
        match load_pair::<N>(&path) {
            Ok(_) => usable += 1,
            Err(error) => damaged.push((path, error)),
        }
    }
    Ok((usable, damaged))
}

/// The JSON of each checkpoint in a folder: the names sort by step.
fn newest_first(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| is_ours(path) && path.extension().is_some_and(|ending| ending == JSON));
    paths.sort_by(|a, b| b.cmp(a));
    Ok(paths)
}

fn load_pair<N: Serialize + DeserializeOwned>(path: &Path) -> Result<(N, Tensors), LoadError> {
    let unclear = |source| LoadError::Note { path: path.to_owned(), source };
    let json = read(path)?;
    check_version(path, &json)?;
    let Written { digest: written, note, .. }: Written<N> = serde_json::from_slice(&json).map_err(unclear)?;
    let tensors = path.with_extension(TENSORS);
    let bytes = read(&tensors)?;
    if digest(&bytes, &note).map_err(unclear)? != written {
        return Err(LoadError::Digest { path: tensors });
    }
    Ok((note, parse(&tensors, &bytes)?.0))
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })
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

/// BLAKE3 of the tensors' file and the note: a number that changed in either would change the run's.
fn digest<N: Serialize>(tensors: &[u8], note: &N) -> serde_json::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(tensors).update(&serde_json::to_vec(note)?);
    Ok(hasher.finalize().to_hex().to_string())
}

/// Removes all but the checkpoint at `newest` and the one before it: older ones, damaged ones that the run went back
/// behind, and what a killed process left half-written. A file that stays costs only space, so failures are passed
/// over.
fn remove_others(folder: &Path, newest: &Path) {
    let before = newest_first(folder).into_iter().flatten().find(|path| **path < *newest);
    let kept = [Some(newest), before.as_deref()].map(|path| path.and_then(Path::file_stem));
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if is_ours(&path) && !kept.contains(&path.file_stem()) {
            let _ = fs::remove_file(&path);
        }
    }
}

fn is_ours(path: &Path) -> bool {
    let begins =
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("checkpoint"));
    let ending = path.extension().and_then(|ending| ending.to_str());
    begins && matches!(ending, Some(JSON | TENSORS | replace::TEMPORARY))
}

#[cfg(test)]
mod tests;
