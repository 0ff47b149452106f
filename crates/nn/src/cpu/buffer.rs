//! Aligned memory that returns to a pool when it is dropped.
//!
//! A training step needs the same sizes again and again, and fresh large allocations cost a page fault for each 4 KiB.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

use bytemuck::{Pod, Zeroable};

/// A cache line, so that no vector of 16 floats straddles two.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

const LINE: usize = 16;

/// Memory given back and not yet taken again.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    free: Mutex<Vec<Vec<Line>>>,
}

impl Memory {
    /// A buffer whose contents are whatever was there before.
    pub(crate) fn take(self: &Arc<Self>, len: usize) -> CpuBuffer {
        let wanted = len.div_ceil(LINE);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest that fits, unless it would waste more than it holds.
        let fitting =
            free.iter().enumerate().filter(|(_, lines)| (wanted..=2 * wanted + 64).contains(&lines.len()));
        let best = fitting.min_by_key(|(_, lines)| lines.len()).map(|(index, _)| index);
        let lines = best.map(|index| free.swap_remove(index));
        drop(free);
        let lines = lines.unwrap_or_else(|| vec![Line::zeroed(); wanted]);
        CpuBuffer { lines, len, memory: Arc::clone(self) }
    }

    /// A buffer of zeros.
    pub(crate) fn zeros(self: &Arc<Self>, len: usize) -> CpuBuffer {
        let mut buffer = self.take(len);
        buffer.fill(0.0);
        buffer
    }
}

/// Numbers in main memory, aligned to cache lines; a slice in all other respects.
#[derive(Debug, Clone)]
pub struct CpuBuffer {
    lines: Vec<Line>,
    len: usize,
    memory: Arc<Memory>,
}

impl Deref for CpuBuffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl DerefMut for CpuBuffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

impl PartialEq for CpuBuffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Drop for CpuBuffer {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.memory.free.lock().unwrap_or_else(PoisonError::into_inner).push(lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_used_again() {
        let memory = Arc::new(Memory::default());
        let first = memory.take(1000).as_ptr();
        assert_eq!(first, memory.take(990).as_ptr());
    }

    #[test]
    fn a_much_larger_buffer_is_not_spent_on_a_small_one() {
        let memory = Arc::new(Memory::default());
        drop(memory.take(1_000_000));
        assert!(memory.take(1000).lines.len() < 1000);
    }

    #[test]
    fn buffers_begin_at_a_cache_line() {
        let memory = Arc::new(Memory::default());
        for len in [1, 17, 5000] {
            assert_eq!(memory.take(len).as_ptr().align_offset(64), 0);
        }
    }
}
