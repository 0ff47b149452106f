//! Which run goes onto which GPU: one for itself, or with a share of its memory beside others. Pure.

use crate::MemoryRoom;

/// A GPU's memory, as far as it can be given to runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GpuRoom {
    /// Number of the GPU.
    pub gpu: u32,
    /// Its memory.
    pub memory: MemoryRoom,
}

/// Where a run is on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GpuPlace {
    /// Number of the GPU.
    pub gpu: u32,
    /// Its share of the memory, in bytes; none: it has the GPU for itself.
    pub share_bytes: Option<u64>,
}

/// What is left of the GPUs.
#[derive(Debug)]
pub(crate) struct FreeGpus(Vec<FreeGpu>);

#[derive(Debug)]
struct FreeGpu {
    gpu: u32,
    is_idle: bool,
    /// None: a run has it for itself.
    bytes: Option<u64>,
}

impl FreeGpus {
    /// All of them, while no run is on any.
    pub(crate) fn of(rooms: &[GpuRoom]) -> Self {
        let free = |room: &GpuRoom| FreeGpu { gpu: room.gpu, is_idle: true, bytes: Some(room.memory.left()) };
        Self(rooms.iter().map(free).collect())
    }

    pub(crate) fn take(&mut self, place: GpuPlace) {
        for free in self.0.iter_mut().filter(|free| free.gpu == place.gpu) {
            free.is_idle = false;
            free.bytes = free.bytes.zip(place.share_bytes).map(|(bytes, share)| bytes.saturating_sub(share));
        }
    }

    /// The GPU with most room, be it too little: as nobody else is placed there meanwhile, its room only grows.
    pub(crate) fn emptiest(&self, share_bytes: Option<u64>) -> Option<GpuPlace> {
        let room = |free: &&FreeGpu| (free.bytes.unwrap_or(0), std::cmp::Reverse(free.gpu));
        self.0.iter().max_by_key(room).map(|free| GpuPlace { gpu: free.gpu, share_bytes })
    }

    /// Where a run with this share would go, if there is room: a whole GPU is the first without a run, and a share goes where
    /// it leaves least, so that whole GPUs and large shares find room longest.
    pub(crate) fn place(&self, share_bytes: Option<u64>) -> Option<GpuPlace> {
        let found = match share_bytes {
            None => self.0.iter().find(|free| free.is_idle),
            Some(share) => {
                let left = |free: &FreeGpu| free.bytes.and_then(|bytes| bytes.checked_sub(share));
                let fitting = self.0.iter().filter_map(|free| Some((left(free)?, free)));
                fitting.min_by_key(|(left, _)| *left).map(|(_, free)| free)
            }
        };
        found.map(|free| GpuPlace { gpu: free.gpu, share_bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// GPU 0 of 80 GiB, of which others hold so much.
    fn room(others: u64) -> GpuRoom {
        GpuRoom { gpu: 0, memory: MemoryRoom { bytes: 80 * GIB, others_bytes: others * GIB } }
    }

    #[test]
    fn a_share_goes_where_it_leaves_least() {
        let rooms = [80, 24, 40].map(|gib| GpuRoom { memory: MemoryRoom::of(gib * GIB), ..room(0) });
        let rooms: Vec<GpuRoom> =
            rooms.into_iter().zip(0..).map(|(room, gpu)| GpuRoom { gpu, ..room }).collect();
        let mut free = FreeGpus::of(&rooms);
        let places: Vec<Option<u32>> = [30, 20, 20, 50, 10, 10]
            .map(|gib| {
                let place = free.place(Some(gib * GIB))?;
                free.take(place);
                Some(place.gpu)
            })
            .into();
        assert_eq!(places, [Some(2), Some(1), Some(0), Some(0), Some(0), Some(2)]);
        assert_eq!(free.place(Some(4 * GIB)).map(|place| place.gpu), Some(1));
        assert_eq!(free.place(Some(5 * GIB)), None);
        assert_eq!(free.place(None), None, "each has a run");
    }

    #[test]
    fn what_others_hold_is_not_given_away() {
        let free = FreeGpus::of(&[room(70)]);
        assert_eq!(free.place(Some(11 * GIB)), None);
        assert!(free.place(Some(10 * GIB)).is_some() && free.place(None).is_some());
    }
}
