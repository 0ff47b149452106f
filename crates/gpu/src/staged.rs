//! Bytes for a later step, which are uploaded while the present one computes.
//!
//! Two lanes take turns, each with a buffer of its own. What is computed waits for a lane's uploads before it reads them, and
//! uploads wait until all that was read of their lane before is read.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Buffer, Element, Gpu,
    runtime::{Address, LANES},
};

/// A lane that nobody has bytes in.
#[derive(Debug)]
struct Lane {
    number: usize,
    /// Grows to what most was asked for.
    buffer: Option<Arc<Buffer>>,
}

/// The lanes that are free: the one that has been so for longest comes first.
#[derive(Debug, Clone)]
pub(crate) struct Lanes(Arc<Mutex<VecDeque<Lane>>>);

impl Lanes {
    pub(crate) fn new() -> Self {
        let lanes = (0..LANES).map(|number| Lane { number, buffer: None });
        Self(Arc::new(Mutex::new(lanes.collect())))
    }

    fn take(&self) -> Option<Lane> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn give_back(&self, lane: Lane) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(lane);
    }
}

/// Bytes on their way to the GPU, or there. Their lane is free again when they are dropped.
#[derive(Debug)]
pub struct Staged {
    lanes: Lanes,
    /// None where all were taken: they came in the order of all other work.
    lane: Option<usize>,
    buffer: Arc<Buffer>,
}

impl Gpu {
    /// Begins to upload `parts`, each to its place in `bytes` bytes: beside all other work, where there is a lane.
    pub(crate) fn stage(&self, parts: &[(usize, &[u8])], bytes: usize) -> Staged {
        let (lane, buffer) = match self.lanes.take() {
            Some(Lane { number, buffer }) => (Some(number), self.room(number, buffer, bytes)),
            None => (None, Arc::new(self.take(bytes.div_ceil(4), Element::Float32))),
        };
        for (place, part) in parts.iter().filter(|(_, part)| !part.is_empty()) {
            let to = buffer.address + *place as Address;
            self.unless_failed(|| match lane {
                Some(lane) => self.runtime.upload_beside(lane, to, part),
                None => self.runtime.upload(to, part),
            });
        }
        Staged { lanes: self.lanes.clone(), lane, buffer }
    }

    /// A lane's buffer, or a larger one in its place. The memory pool knows the order of all other work alone, so both go by
    /// it here: what is given back is written to no more, and of what is taken nothing is read any more.
    fn room(&self, lane: usize, known: Option<Arc<Buffer>>, bytes: usize) -> Arc<Buffer> {
        if let Some(known) = &known {
            if known.len() * known.element().bytes() >= bytes {
                return Arc::clone(known);
            }
            self.unless_failed(|| self.runtime.await_lane(lane));
        }
        drop(known);
        let buffer = self.take(bytes.div_ceil(4), Element::Float32);
        self.unless_failed(|| self.runtime.leave_lane(lane));
        Arc::new(buffer)
    }
}

impl Staged {
    /// What `work` makes of the bytes, which are there by then.
    pub(crate) fn read<T>(&self, gpu: &Gpu, work: impl FnOnce(&Buffer) -> T) -> T {
        let Some(lane) = self.lane else { return work(&self.buffer) };
        gpu.unless_failed(|| gpu.runtime.await_lane(lane));
        let made = work(&self.buffer);
        gpu.unless_failed(|| gpu.runtime.leave_lane(lane));
        made
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(number) = self.lane {
            self.lanes.give_back(Lane { number, buffer: Some(Arc::clone(&self.buffer)) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Precision};

    fn gpu() -> Gpu {
        let (precision, deterministic) = (Precision::Float32, true);
        Gpu::emulated(Options { precision, deterministic, memory_bytes: None, cache: None })
    }

    fn bits(gpu: &Gpu, buffer: &Buffer) -> Vec<u32> {
        gpu.download(buffer).into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn bytes_are_there_once_they_are_waited_for_and_not_before() {
        let gpu = gpu();
        let staged = gpu.stage(&[(0, &[1; 4]), (8, &[2; 4])], 12);
        assert_eq!(bits(&gpu, &staged.buffer)[0], u32::MAX, "as in memory that nobody wrote");
        let found = staged.read(&gpu, |buffer| bits(&gpu, buffer));
        assert_eq!((found[0], found[2]), (0x0101_0101, 0x0202_0202));
    }

    #[test]
    #[should_panic(expected = "an upload takes the place of bytes that are still read")]
    fn an_upload_that_does_not_wait_for_what_is_read_is_found() {
        let gpu = gpu();
        let staged = gpu.stage(&[(0, &[1; 4])], 4);
        staged.read(&gpu, |_| {
            gpu.runtime.upload_beside(staged.lane.unwrap(), staged.buffer.address, &[2; 4]).unwrap();
        });
    }

    #[test]
    fn two_lanes_take_turns_and_a_third_batch_comes_in_the_order_of_all_other_work() {
        let gpu = gpu();
        let stage = |value: u8| gpu.stage(&[(0, &[value; 4])], 4);
        let [one, two, three] = [1, 2, 3].map(stage);
        assert_eq!([&one, &two, &three].map(|staged| staged.lane), [Some(0), Some(1), None]);
        assert_eq!(three.read(&gpu, |buffer| bits(&gpu, buffer)), [0x0303_0303]);
        drop(two);
        drop(one);
        let next = stage(4);
        assert_eq!(next.lane, Some(1), "the one that has been free for longer");
        assert_eq!(next.read(&gpu, |buffer| bits(&gpu, buffer)), [0x0404_0404]);
    }

    #[test]
    fn a_lane_grows_to_what_most_was_asked_for() {
        let gpu = gpu();
        // In one lane, as the other one stays taken.
        let _other = gpu.stage(&[], 4);
        for bytes in [4, 4096, 8] {
            let staged = gpu.stage(&[(bytes - 4, &[7; 4])], bytes);
            let found = staged.read(&gpu, |buffer| bits(&gpu, buffer));
            assert_eq!(found[bytes / 4 - 1], 0x0707_0707, "{bytes} bytes");
            assert_eq!(found.len() >= 1024, bytes > 4, "{bytes} bytes");
        }
    }
}
