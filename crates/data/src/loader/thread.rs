//! Threads that make batches and the channels that hold them.

use std::{
    io,
    panic::resume_unwind,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use super::{
    Batch, Recipe,
    order::{Drawn, Order, Shuffled},
};
use crate::{augment::Chance, images::Images, split::Sample};
/// Batches that each thread keeps ready.
const AHEAD: usize = 3;

/// What makes batches.
#[derive(Debug)]
pub(super) struct Maker {
    pub(super) images: Images,
    pub(super) samples: Vec<Sample>,
    pub(super) recipe: Recipe,
    pub(super) order: Order,
}

impl Maker {
    fn batch(&self, step: u64, shuffled: &Shuffled) -> Batch {
        let epoch = self.order.epoch(step);
        let drawn = self.order.batch(shuffled, step);
        let Recipe { augment, colour, seed, .. } = self.recipe;
        let chance = Chance { augment, colour, seed };
        let (size, labels) = (self.images.size(), Vec::with_capacity(drawn.len()));
        let mut batch = Batch { epoch, step, pixels: Vec::new(), changes: Vec::new(), labels };
        batch.pixels.reserve_exact(drawn.len() * 3 * (size as usize).pow(2));
        for Drawn { place, number } in drawn {
            let start = batch.pixels.len();
            batch.pixels.extend_from_slice(self.images.pixels(self.samples[place].image));
            let change = chance.draw(epoch, number, size).begin(&mut batch.pixels[start..], size);
            if self.recipe.leaves_changes {
                batch.changes.push(change);
            } else {
                change.apply(&mut batch.pixels[start..], size);
            }
            batch.labels.push(self.samples[place].label);
        }
        batch
    }

    /// Sends the steps `first`, `first` + `stride`, … until nobody listens.
    fn work(&self, first: u64, stride: usize, batches: &SyncSender<Batch>) {
        let mut shuffled: Option<Shuffled> = None;
        for step in (first..self.order.steps()).step_by(stride) {
            let known = shuffled.take();
            let order = shuffled.insert(self.order.shuffle(step, known));
            if batches.send(self.batch(step, order)).is_err() {
                return;
            }
        }
    }
}

/// One thread, until it has ended.
#[derive(Debug)]
struct Worker {
    batches: Option<Receiver<Batch>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    fn start(maker: &Arc<Maker>, first: u64, stride: usize) -> io::Result<Self> {
        let (sender, batches) = sync_channel(AHEAD);
        let maker = Arc::clone(maker);
        let thread = thread::Builder::new()
            .name("arclab-loader".to_owned())
            .spawn(move || maker.work(first, stride, &sender))?;
        Ok(Self { batches: Some(batches), thread: Some(thread) })
    }

    /// `None` once all its batches are taken.
    fn next(&mut self) -> Option<Batch> {
        let batch = self.batches.as_ref()?.recv().ok();
        if batch.is_none() {
            self.batches = None;
            // A thread that panicked sends nothing either, and that is not the end of the run.
            if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
                resume_unwind(panic);
            }
        }
        batch
    }

    /// Nothing where the next batch is not made yet, or there are no more.
    fn next_ready(&self) -> Option<Batch> {
        self.batches.as_ref()?.try_recv().ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Without a listener the thread ends at its next batch.
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // Dropping reports nothing, and a panic here would abort.
            let _ = thread.join();
        }
    }
}

/// Threads that take turns: the order of batches is that of one thread.
#[derive(Debug)]
pub(super) struct Threads {
    workers: Vec<Worker>,
    turn: usize,
}

impl Threads {
    pub(super) fn start(maker: &Arc<Maker>, step: u64) -> io::Result<Self> {
        let count = maker.recipe.threads.max(1);
        let workers: io::Result<Vec<Worker>> =
            (0..count).map(|number| Worker::start(maker, step + number as u64, count)).collect();
        Ok(Self { workers: workers?, turn: 0 })
    }

    pub(super) fn next(&mut self) -> Option<Batch> {
        let batch = self.workers[self.turn].next();
        self.turn = (self.turn + 1) % self.workers.len();
        batch
    }

    pub(super) fn next_ready(&mut self) -> Option<Batch> {
        let batch = self.workers[self.turn].next_ready()?;
        self.turn = (self.turn + 1) % self.workers.len();
        Some(batch)
    }
}
