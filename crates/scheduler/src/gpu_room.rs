//! Which run goes onto which GPU: one for itself, or with a share of its memory beside others. Pure.
//!
//! Two things are known of a GPU's memory: the shares of our runs on it, and what NVML says is free. A worker does not take all
//! of its share at once, so free memory is more than can be given away while ours begin; and what they have taken is missing
//! from it, so that shares and free memory together would count them twice. So what others hold is worked out by itself. While
//! no run of ours is on a GPU, it is all that is in use. While some are, it is at least what is in use beyond their shares and
//! at most all of it, and between the two it is taken to be what it was before. A share fits where the GPU's memory less
//! what others hold, less the shares on it, is as much.

use crate::Busy;

/// A GPU's memory, as far as it can be given to runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GpuRoom {
    /// Number of the GPU.
    pub gpu: u32,
    /// All of its memory, in bytes.
    pub memory_bytes: u64,
    /// What others than this scheduler's runs hold of it.
    pub others_bytes: u64,
}

/// Where a run is on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GpuPlace {
    /// Number of the GPU.
    pub gpu: u32,
    /// Its share of the memory, in bytes; none: it has the GPU for itself.
    pub share_bytes: Option<u64>,
}

impl GpuRoom {
    /// Works out what others hold, now that so much is free while `running` are at work. It is not known what an adopted
    /// worker holds of its share, so others are taken to hold the least where nothing was known before.
    pub(crate) fn measured(&mut self, free_bytes: u64, running: &[Busy]) {
        let used = self.memory_bytes.saturating_sub(free_bytes);
        let places = running.iter().filter_map(|busy| busy.gpu).filter(|place| place.gpu == self.gpu);
        // Without a bound to its memory, a run may hold all that is in use.
        let ours = places.fold(0_u64, |sum, place| sum.saturating_add(place.share_bytes.unwrap_or(u64::MAX)));
        self.others_bytes = self.others_bytes.clamp(used.saturating_sub(ours), used);
    }
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
        let free = |room: &GpuRoom| FreeGpu {
            gpu: room.gpu,
            is_idle: true,
            bytes: Some(room.memory_bytes.saturating_sub(room.others_bytes)),
        };
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

    /// GPU 0 of 80 GiB, of which others were last known to hold so much.
    fn room(others: u64) -> GpuRoom {
        GpuRoom { gpu: 0, memory_bytes: 80 * GIB, others_bytes: others * GIB }
    }

    /// What others hold in GiB after so much is found free beside runs with these shares on GPU 0.
    fn others(before: u64, free: u64, shares: &[Option<u64>]) -> u64 {
        let place = |share: &Option<u64>| GpuPlace { gpu: 0, share_bytes: share.map(|gib| gib * GIB) };
        let busy = |share| Busy { threads: 1, memory_bytes: 0, gpu: Some(place(share)) };
        let elsewhere = GpuPlace { gpu: 1, share_bytes: Some(70 * GIB) };
        let mut running: Vec<Busy> = shares.iter().map(busy).collect();
        running.push(Busy { threads: 1, memory_bytes: 0, gpu: Some(elsewhere) });
        let mut room = room(before);
        room.measured(free * GIB, &running);
        room.others_bytes / GIB
    }

    #[test]
    fn all_that_is_in_use_is_others_while_no_run_is_on_the_gpu() {
        assert_eq!(others(0, 50, &[]), 30);
        assert_eq!(others(70, 50, &[]), 30);
    }

    #[test]
    fn what_our_runs_have_taken_of_their_shares_is_not_counted_as_others() {
        // 20 by others; ours have 30 and 10, and take them little by little.
        for free in [60, 45, 20] {
            assert_eq!(others(20, free, &[Some(30), Some(10)]), 20, "{free} free");
        }
    }

    #[test]
    fn others_that_take_more_or_give_it_back_beside_our_runs_are_noticed_where_numbers_prove_it() {
        assert_eq!(others(20, 10, &[Some(30), Some(10)]), 30);
        assert_eq!(others(20, 75, &[Some(30), Some(10)]), 5);
    }

    #[test]
    fn of_workers_that_were_found_at_work_the_full_shares_are_taken_for_ours() {
        assert_eq!(others(0, 30, &[Some(40)]), 10);
    }

    #[test]
    fn a_run_with_the_gpu_for_itself_may_hold_all_that_is_in_use() {
        assert_eq!(others(0, 5, &[None]), 0);
    }

    #[test]
    fn a_share_goes_where_it_leaves_least() {
        let rooms = [80, 24, 40].map(|gib| GpuRoom { memory_bytes: gib * GIB, ..room(0) });
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
