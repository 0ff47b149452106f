//! Tensors as views of storages: a storage is a file of numbers, a view says which of them make a tensor.

use std::{collections::BTreeMap, iter};

use candle_core::Tensor;
use safetensors::{Dtype, tensor::TensorView};

use super::archive::Archive;
use crate::checkpoint::tensor;

/// Numbers of one kind in an entry `data/KEY` of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Storage<'a> {
    pub(super) dtype: Dtype,
    pub(super) key: &'a str,
    /// Numbers in it.
    pub(super) count: usize,
}

/// A tensor in a storage: the element at index i is number `offset` + Σ iₖ · stridesₖ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View<'a> {
    pub(super) storage: Storage<'a>,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// The storages of an archive, each read once.
pub(super) struct Storages<'a> {
    archive: Archive<'a>,
    read: BTreeMap<String, Vec<u8>>,
    /// Bytes that tensors may still have: views may share a storage, but not make much of little.
    left: u64,
}

impl<'a> Storages<'a> {
    pub(super) fn new(archive: Archive<'a>) -> Self {
        Self { left: archive.bytes(), archive, read: BTreeMap::new() }
    }

    /// The tensor that `view` is, contiguous; or what is wrong with it.
    pub(super) fn tensor(&mut self, view: &View<'_>) -> Result<Tensor, String> {
        let numbers = view.numbers()?;
        let size = view.storage.dtype.bitsize() / 8;
        let wanted = numbers.checked_mul(size).and_then(|bytes| u64::try_from(bytes).ok());
        let left = wanted.and_then(|wanted| self.left.checked_sub(wanted));
        self.left =
            left.ok_or("shares its numbers with so many others that together they exceed the file")?;
        let bytes = self.storage(view.storage, size)?;
        let mut content = Vec::with_capacity(numbers * size);
        for at in view.places() {
            content.extend_from_slice(&bytes[at * size..][..size]);
        }
        let whole = TensorView::new(view.storage.dtype, view.shape.clone(), &content);
        tensor(&whole.map_err(|error| format!("cannot be read: {error}"))?)
    }

    fn storage(&mut self, storage: Storage<'_>, size: usize) -> Result<&[u8], String> {
        let Storage { key, count, .. } = storage;
        if !self.read.contains_key(key) {
            let content = self.archive.entry(&format!("data/{key}")).map_err(|error| error.to_string())?;
            let content = content.ok_or_else(|| format!("needs an entry `data/{key}`, which is missing"))?;
            self.read.insert(key.to_owned(), content);
        }
        let bytes = &self.read[key];
        if count.checked_mul(size) == Some(bytes.len()) {
            Ok(bytes)
        } else {
            Err(format!("needs {count} numbers in `data/{key}`, which has {} bytes", bytes.len()))
        }
    }
}

impl View<'_> {
    /// How many numbers it has; at least one, no more than its storage has, and all of them inside it.
    fn numbers(&self) -> Result<usize, String> {
        let Self { storage, offset, shape, strides } = self;
        let numbers = shape.iter().try_fold(1_usize, |all, &one| all.checked_mul(one));
        let last = shape.iter().zip(strides).try_fold(*offset, |at, (&length, &stride)| {
            at.checked_add(length.saturating_sub(1).checked_mul(stride)?)
        });
        match (numbers, last) {
            _ if shape.len() != strides.len() => {
                Err("has another number of strides than of dimensions".to_owned())
            }
            (Some(0), _) => Err("has no numbers".to_owned()),
            (Some(numbers), Some(last)) if numbers <= storage.count && last < storage.count => Ok(numbers),
            _ => Err(format!("does not fit into its storage of {} numbers", storage.count)),
        }
    }

    /// Places in the storage, in row-major order of the indices.
    fn places(&self) -> impl Iterator<Item = usize> {
        let mut index = vec![0; self.shape.len()];
        let mut next = Some(self.offset);
        iter::from_fn(move || {
            let at = next?;
            next = self.after(at, &mut index);
            Some(at)
        })
    }

    /// The place after `at`, to whose `index` one is added.
    fn after(&self, mut at: usize, index: &mut [usize]) -> Option<usize> {
        for axis in (0..index.len()).rev() {
            if index[axis] + 1 < self.shape[axis] {
                index[axis] += 1;
                return Some(at + self.strides[axis]);
            }
            at -= index[axis] * self.strides[axis];
            index[axis] = 0;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(offset: usize, shape: &[usize], strides: &[usize]) -> View<'static> {
        let storage = Storage { dtype: Dtype::F32, key: "0", count: 6 };
        View { storage, offset, shape: shape.to_vec(), strides: strides.to_vec() }
    }

    #[test]
    fn a_transposed_view_takes_its_numbers_in_turn() {
        assert_eq!(view(0, &[3, 2], &[1, 3]).places().collect::<Vec<_>>(), [0, 3, 1, 4, 2, 5]);
        assert_eq!(view(1, &[2], &[4]).places().collect::<Vec<_>>(), [1, 5]);
        assert_eq!(view(4, &[], &[]).places().collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn views_that_leave_their_storage_or_repeat_it_are_refused() {
        assert_eq!(view(0, &[2, 3], &[3, 1]).numbers(), Ok(6));
        let huge = usize::MAX / 2 + 1;
        for (offset, shape, strides) in [
            (1, [2, 3], [3, 1]),
            (0, [2, 3], [huge, huge]),
            (usize::MAX, [1, 2], [1, 1]),
            (0, [huge, 4], [0, 0]),
            (0, [7, 1], [0, 0]),
            (0, [0, 3], [3, 1]),
        ] {
            assert!(view(offset, &shape, &strides).numbers().is_err(), "{offset} {shape:?} {strides:?}");
        }
        assert!(view(0, &[2], &[]).numbers().is_err());
    }
}
