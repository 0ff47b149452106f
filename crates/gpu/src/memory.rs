//! Memory that returns to a pool when it is dropped: a step asks for the same sizes again and again.
//!
//! Everything happens in the order of one stream, so memory that is given back may be used again at once: whatever still
//! reads it was asked for earlier. A recording is done later, too, so its memory returns to a pool of its own; what is
//! uploaded beside that order has buffers that stay (`staged.rs`).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Element,
    error::GpuError,
    runtime::{Address, Runtime},
};

/// What the driver aligns memory to; sizes are multiples of it.
const ALIGNMENT: usize = 512;

/// Memory given back and not yet taken again, by size.
#[derive(Debug)]
pub(crate) struct Memory {
    runtime: Arc<dyn Runtime>,
    /// Bytes that may be held at most.
    limit: Option<u64>,
    /// Whose memory this takes for its own, and gets all of it back in the end; none: the device's.
    pool: Option<Arc<Self>>,
    free: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    blocks: BTreeMap<usize, Vec<Address>>,
    /// Bytes taken from the device, in use or not, now and at most.
    held: u64,
    peak: u64,
}

/// Numbers in the GPU's memory.
#[derive(Debug)]
pub struct Buffer {
    pub(crate) address: Address,
    bytes: usize,
    len: usize,
    element: Element,
    memory: Arc<Memory>,
}

impl Buffer {
    /// Count of numbers.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How each is stored.
    pub fn element(&self) -> Element {
        self.element
    }
}

impl Memory {
    pub(crate) fn new(runtime: Arc<dyn Runtime>, limit: Option<u64>) -> Self {
        Self { runtime, limit, pool: None, free: Mutex::default() }
    }

    /// Memory of its own, out of `pool`.
    pub(crate) fn within(pool: &Arc<Self>) -> Self {
        let (runtime, pool) = (Arc::clone(&pool.runtime), Some(Arc::clone(pool)));
        Self { runtime, limit: None, pool, free: Mutex::default() }
    }

    /// `len` numbers, whatever they are.
    pub(crate) fn take(self: &Arc<Self>, len: usize, element: Element) -> Result<Buffer, GpuError> {
        // Of none, too, as a driver refuses to allocate nothing.
        let bytes = (len * element.bytes()).next_multiple_of(ALIGNMENT).max(ALIGNMENT);
        let (address, bytes) = self.block(bytes)?;
        Ok(Buffer { address, bytes, len, element, memory: Arc::clone(self) })
    }

    /// A buffer of numbers that are nowhere, once something has failed.
    pub(crate) fn nowhere(self: &Arc<Self>, len: usize, element: Element) -> Buffer {
        Buffer { address: 0, bytes: 0, len, element, memory: Arc::clone(self) }
    }

    /// Bytes held at most so far.
    pub(crate) fn peak(&self) -> u64 {
        self.lock().peak
    }

    /// A free block or a fresh one.
    fn block(&self, bytes: usize) -> Result<(Address, usize), GpuError> {
        let mut free = self.lock();
        if let Some(fitting) = free.fitting(bytes) {
            return Ok(fitting);
        }
        if let Some(pool) = &self.pool {
            return pool.lend(bytes);
        }
        if self.is_over(free.held + bytes as u64) {
            self.give_back(&mut free);
        }
        match self.fresh(&mut free, bytes) {
            Err(GpuError::OutOfMemory { .. }) => {
                self.give_back(&mut free);
                self.fresh(&mut free, bytes)
            }
            other => other,
        }
    }

    /// The same, but nothing is given back to the device: a driver would wait for work that is being recorded.
    fn lend(&self, bytes: usize) -> Result<(Address, usize), GpuError> {
        let mut free = self.lock();
        free.fitting(bytes).map_or_else(|| self.fresh(&mut free, bytes), Ok)
    }

    fn fresh(&self, free: &mut Free, bytes: usize) -> Result<(Address, usize), GpuError> {
        let fresh =
            if self.is_over(free.held + bytes as u64) { None } else { self.runtime.allocate(bytes)? };
        let fresh = fresh.ok_or_else(|| {
            let ((unused, total), wanted) = (self.runtime.memory(), bytes as u64);
            GpuError::OutOfMemory { wanted, held: free.held, limit: self.limit, free: unused, total }
        })?;
        free.held += bytes as u64;
        free.peak = free.peak.max(free.held);
        Ok((fresh, bytes))
    }

    fn is_over(&self, bytes: u64) -> bool {
        self.limit.is_some_and(|limit| bytes > limit)
    }

    /// Everything that nobody uses, to where it came from.
    fn give_back(&self, free: &mut Free) {
        let blocks = std::mem::take(&mut free.blocks);
        if let Some(pool) = &self.pool {
            let mut pool = pool.lock();
            return blocks.into_iter().for_each(|(size, addresses)| pool.of(size).extend(addresses));
        }
        for (size, addresses) in blocks {
            for address in addresses {
                self.runtime.free(address);
                free.held -= size as u64;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Free {
    /// The smallest block that fits and would not waste more than it holds.
    fn fitting(&mut self, bytes: usize) -> Option<(Address, usize)> {
        let fitting = self.blocks.range_mut(bytes..=2 * bytes).find(|(_, blocks)| !blocks.is_empty());
        fitting.and_then(|(size, blocks)| Some((blocks.pop()?, *size)))
    }

    fn of(&mut self, size: usize) -> &mut Vec<Address> {
        self.blocks.entry(size).or_default()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut free = std::mem::take(self.free.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.give_back(&mut free);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.address != 0 {
            self.memory.lock().of(self.bytes).push(self.address);
        }
    }
}
