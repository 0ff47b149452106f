//! Memory, of this machine or of a GPU, as far as it can be given to runs. Pure.
//!
//! Two things are known of it: the shares of our runs, and what the system or NVML says is free. A worker does not take all
//! of its share at once, so free memory is more than can be given away while ours begin; and what they have taken is missing
//! from it, so that shares and free memory together would count them twice. So what others hold is worked out by itself. While
//! no run of ours is there, it is all that is in use. While some are, it is at least what is in use beyond their shares and
//! at most all of it, and between the two it is taken to be what it was before. A share fits where the memory less
//! what others hold, less the shares that are given, is as much.

/// Memory that is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryRoom {
    /// All of it, in bytes.
    pub bytes: u64,
    /// What others than this scheduler's runs hold of it.
    pub others_bytes: u64,
}

impl MemoryRoom {
    /// So many bytes, of which nobody is known to hold any.
    pub fn of(bytes: u64) -> Self {
        Self { bytes, others_bytes: 0 }
    }

    /// What others leave, in bytes.
    pub fn left(&self) -> u64 {
        self.bytes.saturating_sub(self.others_bytes)
    }

    /// Works out what others hold, now that so much is free while runs with `shares` are at work; one without a bound to its
    /// memory may hold all that is in use. It is not known what an adopted worker holds of its share, so others are taken to
    /// hold the least where nothing was known before.
    pub(crate) fn measured(&mut self, free_bytes: u64, shares: impl Iterator<Item = Option<u64>>) {
        let used = self.bytes.saturating_sub(free_bytes);
        let ours = shares.fold(0_u64, |sum, share| sum.saturating_add(share.unwrap_or(u64::MAX)));
        self.others_bytes = self.others_bytes.clamp(used.saturating_sub(ours), used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What others hold of 80 after so much is found free beside runs with these shares.
    fn others(before: u64, free: u64, shares: &[Option<u64>]) -> u64 {
        let mut room = MemoryRoom { bytes: 80, others_bytes: before };
        room.measured(free, shares.iter().copied());
        room.others_bytes
    }

    #[test]
    fn all_that_is_in_use_is_others_while_no_run_is_there() {
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
    fn a_run_without_a_bound_may_hold_all_that_is_in_use() {
        assert_eq!(others(0, 5, &[None]), 0);
    }
}
