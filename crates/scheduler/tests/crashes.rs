//! A thousand crashes at random points, against a model of what must be stored.
//!
//! A scheduler's crash is its future, dropped at a random one of the points where it waits: for the database, for a journal, for
//! time. What is left is what a killed process leaves: the file of the database, folders, and workers that go on. Workers are
//! processes, struck at random points of their contract. The model is the journal: what is stored must be exactly what the part
//! of it says that is stored.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]
#![expect(
    clippy::print_stderr,
    reason = "it says how many crashes there were, and the seed of one that fails"
)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use arclab_scheduler::Stop;
use arclab_spec::{Event, JournalLine, RunId, RunState};
use arclab_store::records::Outcome;
use nix::{
    sys::{
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use serde_json::{Value, json};
use support::Bench;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// Crashes of schedulers and workers together.
const CRASHES: usize = 1_000;
/// Runs of a store.
const RUNS: u64 = 3;
/// A run comes through within so many schedulers, or never.
const SCHEDULERS: u32 = 200;

/// xorshift64*: the same choices from the same seed, though what they meet depends on the machine's mood, too.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }

    /// From 1 to 2 to the `bits`, as likely in each doubling.
    fn scale(&mut self, bits: u64) -> u64 {
        let bound = 1 << (1 + self.below(bits));
        1 + self.below(bound)
    }
}

/// A future that is given up after so many looks at it: `None`.
struct Crashing<F> {
    future: F,
    looks: u64,
}

impl<F: Future + Unpin> Future for Crashing<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.looks == 0 {
            return Poll::Ready(None);
        }
        self.looks -= 1;
        let polled = Pin::new(&mut self.future).poll(context);
        if polled.is_pending() && self.looks == 0 {
            return Poll::Ready(None);
        }
        polled.map(Some)
    }
}

/// What a worker does in its attempts: most of the first ones end badly.
fn fates(dice: &mut Dice, steps: u64) -> Value {
    let mut attempts = serde_json::Map::new();
    for attempt in 1..=dice.below(8) {
        let step = 1 + dice.below(steps);
        let fate = match dice.below(9) {
            0 => json!({"cut": step}),
            1 => json!({"garbage": step}),
            2 => json!({"panic": step}),
            3 => json!({"leave": step}),
            4 => json!({"short_scores": true}),
            _ => {
                let points = [
                    json!("start"),
                    json!("lock"),
                    json!("begin"),
                    json!({"step": step}),
                    json!({"checkpoint": step.div_ceil(5) * 5}),
                    json!("scores"),
                    json!("result"),
                    json!("end"),
                ];
                json!({"strike": {"at": points[dice.below(8) as usize], "whom": "worker"}})
            }
        };
        attempts.insert(attempt.to_string(), fate);
    }
    json!({"steps": steps, "step_ms": dice.below(2), "attempts": attempts})
}

/// A scheduler that crashes after so many looks, unless it is done by then. Whether it crashed.
async fn crash(bench: &Bench, looks: u64) -> bool {
    let (_stop, stopped) = watch::channel(Stop::No);
    let (progress, _) = mpsc::unbounded_channel();
    let mut scheduler = bench.scheduler();
    let future = pin!(scheduler.run(&bench.runs, progress, stopped));
    match (Crashing { future, looks }).await {
        None => true,
        Some(ended) => {
            ended.unwrap();
            false
        }
    }
}

/// Waits until a transaction has ended that was on its way to the database when its scheduler crashed: a killed process's ends with
/// it. Whoever has the write lock knows that nobody else is within one.
async fn settle(bench: &Bench) {
    bench.store.while_still("nobody", |_| true, || ()).await.unwrap();
}

/// Waits for workers that are gone, as whoever adopts orphans does.
fn reap() {
    while waitpid(None, Some(WaitPidFlag::WNOHANG)).is_ok_and(|status| status != WaitStatus::StillAlive) {}
}

/// Asserts that what is stored of the run is what the part of its journal says that is stored.
async fn assert_as_modelled(bench: &Bench, run: &RunId) {
    let offset = bench.store.job(run).await.unwrap().journal_offset as usize;
    let journal = fs::read(bench.store.run_folder(run).join("events.jsonl")).unwrap_or_default();
    assert!(offset <= journal.len(), "{run}: more is stored than the journal has");
    let (mut losses, mut results) = (BTreeMap::new(), BTreeSet::new());
    for line in journal[..offset].split(|byte| *byte == b'\n') {
        let Ok(line) = serde_json::from_slice::<JournalLine>(line) else { continue };
        match line.event {
            Event::Step { at, metrics } => drop(losses.insert(at.step, metrics["loss"])),
            Event::Evaluated { protocol, .. } => drop(results.insert(protocol)),
            Event::Started(_)
            | Event::Epoch { .. }
            | Event::Checkpoint { .. }
            | Event::Heartbeat(_)
            | Event::Interrupted { .. }
            | Event::Finished { .. }
            | Event::Failed { .. } => {}
        }
    }
    let stored = bench.store.metrics(run, "loss").await.unwrap();
    let stored: Vec<(u64, f64)> = stored.iter().map(|point| (point.step, point.value)).collect();
    assert_eq!(stored, losses.into_iter().collect::<Vec<_>>(), "{run}");
    // One whose scores cannot be read is in the journal alone.
    for result in bench.store.evaluations(run).await.unwrap() {
        assert!(results.contains(&result.protocol), "{run}: {}", result.protocol);
        assert_eq!(bench.store.scores(run, &result.protocol).await.unwrap().unwrap().scores.len(), 8);
    }
}

/// A folder in memory, where there are any: no crash here is one of the disk, for which most of the time would be waited.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Crashes, by who crashed.
#[derive(Debug, Default, Clone, Copy)]
struct Crashes {
    schedulers: usize,
    workers: usize,
}

/// Carries three runs out through crashes, which are counted.
async fn endure(dice: &mut Dice, crashes: &mut Crashes) {
    let mut bench = Bench::at(in_memory(), RUNS, json!({}), |_| {}).await;
    bench.poll = Duration::from_millis(2);
    let steps: Vec<u64> = bench.runs.iter().map(|_| 5 + dice.below(12)).collect();
    for (run, &steps) in bench.runs.iter().zip(&steps) {
        bench.script(run, &fates(dice, steps));
    }
    for schedulers in 0.. {
        assert!(schedulers < SCHEDULERS, "the runs never came through");
        // Now and then one that is left in peace.
        let looks = if dice.below(12) == 0 { u64::MAX } else { dice.scale(9) };
        crashes.schedulers += usize::from(crash(&bench, looks).await);
        settle(&bench).await;
        for run in &bench.runs {
            assert_as_modelled(&bench, run).await;
            if let Some(pid) = bench.pid(run).filter(|_| dice.below(4) == 0) {
                // Only its own: the worker holds the lock that its number stands in.
                let lives = fs::read_to_string(format!("/proc/{pid}/cmdline"))
                    .unwrap_or_default()
                    .contains(run.as_str());
                if lives {
                    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
                }
            }
        }
        reap();
        let mut states = Vec::new();
        for run in &bench.runs {
            states.push(bench.state(run).await);
        }
        if states.iter().all(|state| matches!(state, RunState::Succeeded { .. })) {
            break;
        }
    }
    for (run, &steps) in bench.runs.iter().zip(&steps) {
        bench.assert_done(run, steps).await;
        let attempts = bench.store.attempts(run).await.unwrap();
        let died =
            |outcome: Outcome| matches!(outcome, Outcome::Retried | Outcome::Failed | Outcome::Interrupted);
        crashes.workers += attempts
            .iter()
            .filter(|attempt| attempt.end.as_ref().is_some_and(|end| died(end.outcome)))
            .count();
    }
    bench.assert_sound().await;
    bench.store.clone().close().await;
}

/// Names the seed where a test fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("ARCLAB_SEED={} has the same crashes again", self.0);
        }
    }
}

#[tokio::test]
async fn a_thousand_crashes_at_random_points_lose_nothing_and_store_nothing_twice() {
    let seed = std::env::var("ARCLAB_SEED").map_or(0x9E37_79B9_7F4A_7C15, |seed| seed.parse().unwrap());
    let (mut seed, mut crashes, mut stores) = (seed, Crashes::default(), 0);
    while crashes.schedulers + crashes.workers < CRASHES {
        let told = Told(seed);
        let mut dice = Dice(seed);
        endure(&mut dice, &mut crashes).await;
        stores += 1;
        drop(told);
        // Each store's from a seed of its own, so that one can be looked at alone.
        seed = dice.0;
    }
    eprintln!("{stores} stores: {crashes:?}");
}
