//! A worker that trains nothing: it keeps the contract of a run's folder, and breaks it where it is told to, by
//! `script.json` in the run's folder. For the scheduler's tests.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use arclab_metrics::{Confusion, Evaluation, ThresholdPolicy};
use arclab_spec::{
    Assignment, Attempt, Event, FailureKind, Fingerprint, JOURNAL_VERSION, JournalLine, Position, Started,
    Usage, run_folder,
};
use serde::Deserialize;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
};

const STEPS_PER_EPOCH: u64 = 5;
const PAIRS: u64 = 8;

/// What to do; the default is what a good worker does.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Script {
    steps: u64,
    step_ms: u64,
    /// By attempt, as text; `0` holds for all others.
    attempts: BTreeMap<String, Mischief>,
}

/// What a worker may do wrong, each at a step.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Mischief {
    /// Killed without a word.
    die: Option<u64>,
    /// Killed in the middle of a line.
    cut: Option<u64>,
    /// Panics.
    panic: Option<u64>,
    /// Reports a failure.
    fail: Option<(u64, FailureKind)>,
    /// Reports that memory ran out, unless batches are in parts.
    fill: Option<u64>,
    /// Writes what is no line, and lines of the first attempt.
    garbage: Option<u64>,
    /// Exits as if all were well, having said nothing.
    leave: Option<u64>,
    /// Does not hear SIGTERM.
    deaf: bool,
    /// Writes one score too few.
    short_scores: bool,
}

struct Worker {
    folder: PathBuf,
    assignment: Assignment,
    script: Script,
    mischief: Mischief,
    journal: File,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    assert_eq!(arguments[1], "run");
    let folder = PathBuf::from(&arguments[2]);
    let mut lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(run_folder::LOCK))
        .expect("the lock opens");
    if lock.try_lock().is_err() {
        fs::write(folder.join("two-at-once"), "").expect("a note is written");
        return run_folder::exit::LOCKED.into();
    }
    lock.set_len(0).expect("the lock is emptied");
    writeln!(lock, "{}", std::process::id()).expect("the lock is written");
    let mut stop = signal(SignalKind::terminate()).expect("signals are heard");
    let code = Worker::new(folder).work(&mut stop).await;
    drop(lock);
    code.into()
}

impl Worker {
    fn new(folder: PathBuf) -> Self {
        let plan = fs::read(folder.join(run_folder::PLAN)).expect("the plan is there");
        let assignment: Assignment = serde_json::from_slice(&plan).expect("the plan is one");
        let script = fs::read(folder.join("script.json")).expect("the script is there");
        let script: Script = serde_json::from_slice(&script).expect("the script is one");
        let own = script.attempts.get(&assignment.attempt.to_string());
        let mischief = own.or_else(|| script.attempts.get("0")).cloned().unwrap_or_default();
        let journal = open_journal(&folder.join(run_folder::EVENTS));
        Self { folder, assignment, script, mischief, journal }
    }

    async fn work(mut self, stop: &mut Signal) -> u8 {
        let saved = self.saved();
        self.note_environment();
        log(&format!("attempt {} begins at step {saved}", self.assignment.attempt));
        self.start(saved);
        for step in saved + 1..=self.script.steps {
            tokio::select! {
                () = sleep(Duration::from_millis(self.script.step_ms)) => {}
                _ = stop.recv(), if !self.mischief.deaf => {
                    self.save(step - 1);
                    self.say(Event::Interrupted { at: at(step - 1) });
                    return run_folder::exit::INTERRUPTED;
                }
            }
            if let Some(code) = self.step(step) {
                return code;
            }
        }
        for protocol in self.assignment.plan.config.evaluation.protocols.clone().into_keys() {
            self.evaluate(protocol);
        }
        self.say(Event::Finished {
            used: Usage {
                wall_seconds: 1.0,
                cpu_seconds: 1.0,
                peak_memory_bytes: 1,
                peak_gpu_memory_bytes: None,
            },
        });
        run_folder::exit::FINISHED
    }

    fn start(&mut self, saved: u64) {
        let (pid, threads) = (std::process::id(), self.assignment.threads);
        let steps = self.script.steps;
        self.say(Event::Started(Started {
            pid,
            host: "here".to_owned(),
            device: "cpu".to_owned(),
            threads,
            version: "0".to_owned(),
            kernels: "none".to_owned(),
            from: at(saved),
            epochs: (steps / STEPS_PER_EPOCH) as u32,
            steps,
        }));
    }

    fn step(&mut self, step: u64) -> Option<u8> {
        let now = |wanted: Option<u64>| wanted == Some(step);
        if now(self.mischief.die) {
            kill_self();
        }
        if now(self.mischief.cut) {
            self.journal
                .write_all(br#"{"version":1,"attempt":1,"at_ms":5,"ev"#)
                .expect("half a line is written");
            kill_self();
        }
        assert!(!now(self.mischief.panic), "as the script says");
        if now(self.mischief.leave) {
            return Some(run_folder::exit::FINISHED);
        }
        if now(self.mischief.garbage) {
            self.journal.write_all(b"\x00\xff garbage\n{\"version\":1}\n").expect("garbage is written");
            let first = Attempt::FIRST;
            self.say_as(
                first,
                Event::Failed {
                    kind: FailureKind::Run,
                    message: "late".to_owned(),
                    at: None,
                    out_of_memory: false,
                },
            );
        }
        if let Some((_, kind)) = self.mischief.fail.filter(|(when, _)| *when == step) {
            let message = format!("failed at step {step}");
            self.say(Event::Failed { kind, message, at: Some(at(step)), out_of_memory: false });
            return Some(run_folder::exit::FAILED);
        }
        if now(self.mischief.fill) && self.assignment.parts.is_none() {
            let message = "the GPU is out of memory".to_owned();
            let (kind, at) = (FailureKind::Run, Some(at(step)));
            self.say(Event::Failed { kind, message, at, out_of_memory: true });
            return Some(run_folder::exit::FAILED);
        }
        self.say(Event::Step { at: at(step), metrics: BTreeMap::from([("loss".to_owned(), loss(step))]) });
        if step.is_multiple_of(STEPS_PER_EPOCH) {
            self.save(step);
            self.say(Event::Checkpoint { at: at(step) });
        }
        None
    }

    fn evaluate(&mut self, protocol: arclab_spec::ProtocolName) {
        let rows = (0..PAIRS).map(|i| format!("a{i},{protocol}{i},{},\n", i % 2));
        let list: String = std::iter::once("a,b,same,fold\n".to_owned()).chain(rows).collect();
        let pair_list = Fingerprint::of(list.as_bytes());
        let pairs = self.assignment.cache.join("pairs");
        fs::create_dir_all(&pairs).expect("the cache is made");
        let new = pairs.join(format!("{pair_list}.{}", std::process::id()));
        fs::write(&new, list)
            .and_then(|()| fs::rename(&new, pairs.join(format!("{pair_list}.csv"))))
            .expect("the list is written");
        let count = PAIRS - u64::from(self.mischief.short_scores);
        let bytes: Vec<u8> = (0..count).flat_map(|i| (loss(i + 1) as f32).to_le_bytes()).collect();
        let scores = format!("{protocol}.f32");
        fs::write(self.folder.join(&scores), bytes).expect("the scores are written");
        let confusion =
            Confusion { true_positives: 3, false_positives: 1, true_negatives: 3, false_negatives: 1 };
        let evaluation = Evaluation {
            policy: ThresholdPolicy::Fixed(0.5),
            thresholds: vec![0.5],
            confusion,
            accuracy: 0.75,
            folds: None,
            auc: 0.8,
            best_accuracy: 0.9,
        };
        self.say(Event::Evaluated { protocol, pair_list, evaluation, scores });
    }

    fn say(&mut self, event: Event) {
        self.say_as(self.assignment.attempt, event);
    }

    fn say_as(&mut self, attempt: Attempt, event: Event) {
        let line = JournalLine { version: JOURNAL_VERSION, attempt, at_ms: 1, event };
        let line = serde_json::to_string(&line).expect("a line is plain data") + "\n";
        self.journal.write_all(line.as_bytes()).expect("the journal grows");
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.join(run_folder::CHECKPOINTS).join("checkpoint.json")
    }

    fn saved(&self) -> u64 {
        fs::read_to_string(self.checkpoint())
            .map_or(0, |text| text.parse().expect("a checkpoint is a number"))
    }

    fn save(&self, step: u64) {
        let new = self.folder.join("checkpoint.new");
        fs::create_dir_all(self.folder.join(run_folder::CHECKPOINTS)).expect("the folder is made");
        fs::write(&new, step.to_string())
            .and_then(|()| fs::rename(&new, self.checkpoint()))
            .expect("a checkpoint is written");
    }

    /// For tests of how workers are launched.
    fn note_environment(&self) {
        let value = |name| std::env::var(name).unwrap_or_else(|_| "unset".to_owned());
        let group = nix::unistd::getpgrp() == nix::unistd::getpid();
        let text = format!(
            "CUDA_VISIBLE_DEVICES={};RUST_LIB_BACKTRACE={};leads={group}",
            value("CUDA_VISIBLE_DEVICES"),
            value("RUST_LIB_BACKTRACE")
        );
        fs::write(self.folder.join("environment"), text).expect("a note is written");
    }
}

/// Ends what a killed attempt left open.
fn open_journal(file: &Path) -> File {
    let mut journal =
        OpenOptions::new().create(true).read(true).append(true).open(file).expect("the journal opens");
    let mut last = [b'\n'];
    if journal.seek(SeekFrom::End(-1)).is_ok() {
        journal.read_exact(&mut last).expect("the journal is read");
    }
    if last != [b'\n'] {
        journal.write_all(b"\n").expect("the journal grows");
    }
    journal
}

fn at(step: u64) -> Position {
    Position { epoch: (step / STEPS_PER_EPOCH) as u32, step }
}

fn log(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("the log grows");
}

fn loss(step: u64) -> f64 {
    1.0 / step as f64
}

fn kill_self() {
    nix::sys::signal::kill(nix::unistd::getpid(), nix::sys::signal::Signal::SIGKILL).expect("it dies");
}
