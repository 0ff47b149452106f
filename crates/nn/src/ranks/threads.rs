//! Ranks that meet in main memory, on any device: the numbers go there and back.
//!
//! Each rank lays its numbers on a table, and the last one to come completes the round. A round's numbers lie there until the
//! next one is complete, for which every rank must have come again: so nobody is late to read them. Each rank then sums for
//! itself, in the order of the ranks, which gives the same bits everywhere and each time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Exchange, Place, RankError};
use crate::backend::Backend;

/// A rank among threads of one process.
#[derive(Debug)]
pub struct Threads {
    place: Place,
    table: Arc<Table>,
}

#[derive(Debug, Default)]
struct Table {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Of the round under way, by rank.
    laid: Vec<Vec<f32>>,
    arrived: usize,
    /// Of the last complete round.
    complete: Arc<Vec<Vec<f32>>>,
    rounds: u64,
    failed: Option<RankError>,
}

impl Threads {
    /// So many ranks around one table.
    pub fn new(count: usize) -> Vec<Self> {
        let table = Arc::<Table>::default();
        table.lock().laid = vec![Vec::new(); count];
        let at = |rank| Self { place: Place { rank, count }, table: Arc::clone(&table) };
        (0..count).map(at).collect()
    }

    /// What all ranks have, once they are all here; nothing where one will not come.
    fn round(&self, own: Vec<f32>) -> Option<Arc<Vec<Vec<f32>>>> {
        let Place { rank, count } = self.place;
        let mut state = self.table.lock();
        if state.failed.is_some() {
            return None;
        }
        let round = state.rounds;
        state.laid[rank] = own;
        state.arrived += 1;
        if state.arrived == count {
            let laid = std::mem::replace(&mut state.laid, vec![Vec::new(); count]);
            (state.complete, state.arrived, state.rounds) = (Arc::new(laid), 0, round + 1);
            self.table.changed.notify_all();
        }
        let waits = |state: &mut State| state.rounds == round && state.failed.is_none();
        let state = self.table.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
        (state.rounds > round).then(|| Arc::clone(&state.complete))
    }

    /// `values` of all ranks, one place after the other, as `of` makes one of two.
    fn folded(&self, values: Vec<f32>, of: fn(f32, f32) -> f32) -> Vec<f32> {
        let len = values.len();
        let Some(all) = self.round(values) else { return vec![f32::NAN; len] };
        let mut folded = all[0].clone();
        for other in &all[1..] {
            assert_eq!(other.len(), len, "ranks make the same calls");
            folded.iter_mut().zip(other).for_each(|(folded, other)| *folded = of(*folded, *other));
        }
        folded
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Backend> Exchange<B> for Threads {
    fn place(&self) -> Place {
        self.place
    }

    fn sum(&self, device: &B, mut buffers: Vec<&mut B::Buffer>) {
        let parts = buffers.iter().map(|buffer| device.download(B::numbers(buffer)));
        let lens: Vec<usize> = buffers.iter().map(|buffer| device.count(B::numbers(buffer))).collect();
        let summed = self.folded(parts.flatten().collect(), |a, b| a + b);
        let mut rest = &*summed;
        for (buffer, len) in buffers.iter_mut().zip(lens) {
            let (own, others) = rest.split_at(len);
            device.write(buffer, own);
            rest = others;
        }
    }

    fn largest(&self, device: &B, buffer: &mut B::Buffer) {
        let largest = self.folded(device.download(B::numbers(buffer)), f32::max);
        device.write(buffer, &largest);
    }

    fn gather(&self, device: &B, buffer: &B::Buffer) -> B::Buffer {
        let own = device.download(B::numbers(buffer));
        let len = own.len() * self.place.count;
        let gathered = self.round(own).map_or_else(|| vec![f32::NAN; len], |all| all.concat());
        assert_eq!(gathered.len(), len, "ranks have equally much to gather");
        device.upload(&gathered)
    }

    fn leave(&self) {
        self.table.lock().failed.get_or_insert(RankError::Panicked(self.place.rank));
        self.table.changed.notify_all();
    }

    fn check(&self) -> Result<(), RankError> {
        self.table.lock().failed.clone().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{super::attend, *};
    use crate::cpu::Cpu;

    /// What each of `count` ranks says that it found.
    fn meet<T: Send>(
        count: usize,
        of: impl Fn(&dyn Exchange<Cpu>, &Cpu, usize) -> T + Sync,
    ) -> Vec<thread::Result<T>> {
        let of = &of;
        thread::scope(|scope| {
            let start = |ranks: Threads| {
                let rank = ranks.place.rank;
                scope.spawn(move || attend::<Cpu, _>(&ranks, || of(&ranks, &Cpu::new(1), rank)))
            };
            let all: Vec<_> = Threads::new(count).into_iter().map(start).collect();
            all.into_iter().map(thread::ScopedJoinHandle::join).collect()
        })
    }

    fn found<T>(all: Vec<thread::Result<T>>) -> Vec<T> {
        all.into_iter().map(|one| one.unwrap_or_else(|_| panic!("a rank has panicked"))).collect()
    }

    #[test]
    fn every_rank_has_the_same_sums_largest_numbers_and_parts() {
        let all = meet(3, |ranks, cpu, rank| {
            let own = rank as f32;
            let (mut a, mut b) = (cpu.upload(&[own, 10.0]), cpu.upload(&[-own]));
            ranks.sum(cpu, vec![&mut a, &mut b]);
            let mut largest = cpu.upload(&[own, -own, f32::NEG_INFINITY]);
            ranks.largest(cpu, &mut largest);
            let parts = ranks.gather(cpu, &cpu.upload(&[own, own + 0.5]));
            [a.to_vec(), b.to_vec(), largest.to_vec(), parts.to_vec()]
        });
        for one in found(all) {
            assert_eq!(one[..2], [vec![3.0, 30.0], vec![-3.0]]);
            assert_eq!(one[2..], [vec![2.0, 0.0, f32::NEG_INFINITY], vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5]]);
        }
    }

    #[test]
    fn sums_run_in_the_order_of_the_ranks_whoever_comes_first() {
        let numbers = [1e8_f32, -1e8, 1.0];
        for round in 0..50 {
            let all = meet(3, |ranks, cpu, rank| {
                (0..round % 3 * rank).for_each(|_| thread::yield_now());
                let mut number = cpu.upload(&[numbers[rank]]);
                ranks.sum(cpu, vec![&mut number]);
                number[0]
            });
            assert_eq!(found(all), [1.0; 3]);
        }
    }

    #[test]
    fn many_rounds_follow_one_another_without_being_mixed_up() {
        let all = meet(2, |ranks, cpu, rank| {
            (0..500).all(|round| {
                let mut number = cpu.upload(&[(round * (rank + 1)) as f32]);
                ranks.sum(cpu, vec![&mut number]);
                number[0] == (3 * round) as f32
            })
        });
        assert_eq!(found(all), [true; 2]);
    }

    #[test]
    fn nobody_waits_for_a_rank_that_has_panicked_and_its_numbers_are_none() {
        let mut all = meet(3, |ranks, cpu, rank| {
            assert_ne!(rank, 1, "what this test is about");
            let mut number = cpu.upload(&[1.0]);
            ranks.sum(cpu, vec![&mut number]);
            (number[0].is_nan(), ranks.gather(cpu, &number).to_vec().len(), ranks.check())
        });
        assert!(all.remove(1).is_err());
        assert_eq!(found(all), vec![(true, 3, Err(RankError::Panicked(1))); 2]);
    }
}
