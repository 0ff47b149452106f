//! Named tensors in a safetensors file, written whole or not at all.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

use super::{LoadError, SaveError, replace_file, shown};

/// Tensors by name. The order of a `BTreeMap` is the same in every process.
pub type Tensors = BTreeMap<String, Tensor>;

/// Kernels have four.
const MOST_DIMENSIONS: usize = 8;

/// Key of the safetensors metadata under which [`save_tensors`] keeps its note.
const NOTE: &str = "arclab";

/// Puts `tensors` into `whole`, each as `PART/NAME`.
pub fn put(whole: &mut Tensors, part: &str, tensors: impl IntoIterator<Item = (String, Tensor)>) {
    whole.extend(tensors.into_iter().map(|(name, tensor)| (format!("{part}/{name}"), tensor)));
}

/// The tensors that [`put`] put under `part`.
pub fn part(whole: &Tensors, part: &str) -> Tensors {
    let prefix = format!("{part}/");
    let of_part =
        |(name, tensor): (&String, &Tensor)| Some((name.strip_prefix(&prefix)?.to_owned(), tensor.clone()));
    whole.iter().filter_map(of_part).collect()
}

/// Writes `tensors` to `path` through a temporary file that is synced and renamed; returns the file's content. The
/// note goes into the file's metadata under one key, `arclab`: safetensors writes several keys in a random order,
/// and equal runs shall give equal files. Refuses values that are not finite.
pub fn save_tensors(path: &Path, tensors: &Tensors, note: Option<&str>) -> Result<Vec<u8>, SaveError> {
    let layout = |source| SaveError::Layout { path: path.to_owned(), source };
    for (name, tensor) in tensors {
        if !is_finite(tensor).map_err(|error| layout(error.into()))? {
            return Err(SaveError::NotFinite { name: name.clone(), path: path.to_owned() });
        }
    }
    let metadata = note.map(|note| HashMap::from([(NOTE.to_owned(), note.to_owned())]));
    let bytes = safetensors::serialize(tensors, metadata).map_err(|error| layout(error.into()))?;
    replace_file(path, &bytes).map_err(|source| SaveError::Write { path: path.to_owned(), source })?;
    Ok(bytes)
}

/// Reads a file of tensors, as float32 where they are floats, and its note if it has one. Refuses a damaged file
/// and values that are not finite.
pub fn load_tensors(path: &Path) -> Result<(Tensors, Option<String>), LoadError> {
    parse(path, &super::read(path)?)
}

/// As [`load_tensors`], from the file's content.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<(Tensors, Option<String>), LoadError> {
    let damaged = |source| LoadError::Damaged { path: path.to_owned(), source };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let note = header.metadata().as_ref().and_then(|map| map.get(NOTE)).cloned();
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let about = |name: &str, problem| LoadError::Tensor { path: path.to_owned(), name: shown(name), problem };
    let read = |(name, view): (&str, _)| match tensor(&view) {
        Ok(tensor) => Ok((name.to_owned(), tensor)),
        Err(problem) => Err(about(name, problem)),
    };
    // safetensors has them in a random order: of several that are wrong the same one is named each time.
    let views: BTreeMap<_, _> = file.iter().collect();
    Ok((views.into_iter().map(read).collect::<Result<_, LoadError>>()?, note))
}

/// What `view` says, as float32 where it is floats; or what is wrong with it.
pub(crate) fn tensor(view: &safetensors::tensor::TensorView) -> Result<Tensor, String> {
    let unreadable = |error: candle_core::Error| format!("cannot be read: {error}");
    if view.shape().len() > MOST_DIMENSIONS {
        return Err(format!("has {} dimensions, and up to {MOST_DIMENSIONS} are read", view.shape().len()));
    }
    let dtype = DType::try_from(view.dtype()).map_err(|error| format!("cannot be read: {error}"))?;
    let raw = Tensor::from_raw_buffer(view.data(), dtype, view.shape(), &Device::Cpu).map_err(unreadable)?;
    let tensor = if dtype.is_float() { raw.to_dtype(DType::F32).map_err(unreadable)? } else { raw };
    let finite = is_finite(&tensor).map_err(unreadable)?;
    if finite { Ok(tensor) } else { Err("holds a value that is not finite".to_owned()) }
}

/// Whether no element is NaN or infinite. Integers always are finite.
fn is_finite(tensor: &Tensor) -> candle_core::Result<bool> {
    if !tensor.dtype().is_float() {
        return Ok(true);
    }
    Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?.iter().all(|value| value.is_finite()))
}
