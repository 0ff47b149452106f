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
/// A safetensors file that holds nothing.
const NO_TENSORS: &[u8] = b"\x02\0\0\0\0\0\0\0{}";

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
    /// Once told to stop, waits for a file `enough`.
    linger: bool,
    /// Writes one score too few.
    short_scores: bool,
    /// Strikes somebody at a point of the contract.
    strike: Option<Strike>,
}

/// Who is struck, and when.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Strike {
    at: Point,
    whom: Whom,
}

/// A point of the contract between worker and scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Point {
    /// It has the plan, and has taken no lock.
    Start,
    /// It has the lock, and has said nothing.
    Lock,
    /// It has said that it begins.
    Begin,
    /// It has done so many steps, and said so.
    Step(u64),
    /// The checkpoint of this step is on the disk, and it has not said so.
    Checkpoint(u64),
    /// A test's scores are on the disk, and it has not said so.
    Scores,
    /// It has said one test's result, and not the other's.
    Result,
    /// It has said that all is done, and has not ended.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Whom {
    /// Itself, killed.
    Worker,
    /// The scheduler that started it, killed.
    Scheduler,
    /// Both, killed.
    Both,
    /// Itself, stopped in the way of Ctrl-Z.
    Halt,
}

impl Strike {
    fn carry_out(self) {
        use nix::sys::signal::Signal::{SIGKILL, SIGSTOP};
        if matches!(self.whom, Whom::Scheduler | Whom::Both) {
            kill_scheduler();
        }
        match self.whom {
            Whom::Worker | Whom::Both => send_self(SIGKILL),
            Whom::Halt => send_self(SIGSTOP),
            Whom::Scheduler => {}
        }
    }
}

/// Only one of a process of its own: not the tests themselves, nor whoever adopts orphans.
fn kill_scheduler() {
    let parent = nix::unistd::getppid();
    let command = fs::read(format!("/proc/{parent}/cmdline")).unwrap_or_default();
    if String::from_utf8_lossy(&command).contains("examples/drive") {
        nix::sys::signal::kill(parent, nix::sys::signal::Signal::SIGKILL).expect("it dies");
    }
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
    let (assignment, script) = told(&folder);
    let own = script.attempts.get(&assignment.attempt.to_string());
    let mischief = own.or_else(|| script.attempts.get("0")).cloned().unwrap_or_default();
    strike(&mischief, Point::Start);
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
    strike(&mischief, Point::Lock);
    let mut stop = signal(SignalKind::terminate()).expect("signals are heard");
    let journal = open_journal(&folder.join(run_folder::EVENTS));
    let code = Worker { folder, assignment, script, mischief, journal }.work(&mut stop).await;
    drop(lock);
    code.into()
}

/// What the scheduler says, and the test: in the run's folder, or for all runs in the store's.
fn told(folder: &Path) -> (Assignment, Script) {
    let plan = fs::read(folder.join(run_folder::PLAN)).expect("the plan is there");
    let script = fs::read(folder.join("script.json")).or_else(|_| fs::read(folder.join("../../script.json")));
    let script = script.expect("the script is there");
    (
        serde_json::from_slice(&plan).expect("the plan is one"),
        serde_json::from_slice(&script).expect("the script is one"),
    )
}

fn strike(mischief: &Mischief, point: Point) {
    if let Some(strike) = mischief.strike.filter(|strike| strike.at == point) {
        strike.carry_out();
    }
}

impl Worker {
    async fn work(mut self, stop: &mut Signal) -> u8 {
        let saved = self.saved();
        self.note_environment();
        log(&format!("attempt {} begins at step {saved}", self.assignment.attempt));
        self.start(saved);
        strike(&self.mischief, Point::Begin);
        for step in saved + 1..=self.script.steps {
            tokio::select! {
                () = sleep(Duration::from_millis(self.script.step_ms)) => {}
                _ = stop.recv(), if !self.mischief.deaf => {
                    self.linger().await;
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
        fs::write(self.folder.join(run_folder::WEIGHTS), NO_TENSORS).expect("the weights are written");
        self.say(Event::Finished {
            used: Usage {
                wall_seconds: 1.0,
                cpu_seconds: 1.0,
                peak_memory_bytes: 1,
                peak_gpu_memory_bytes: None,
            },
        });
        strike(&self.mischief, Point::End);
        run_folder::exit::FINISHED
    }

    /// Once it was told to stop, until it may.
    async fn linger(&self) {
        log("told to stop");
        while self.mischief.linger && !self.folder.join("enough").exists() {
            sleep(Duration::from_millis(1)).await;
        }
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
        strike(&self.mischief, Point::Step(step));
        if step.is_multiple_of(STEPS_PER_EPOCH) {
            self.save(step);
            strike(&self.mischief, Point::Checkpoint(step));
            self.say(Event::Checkpoint { at: at(step) });
            let epoch = (step / STEPS_PER_EPOCH) as u32;
            if step < self.script.steps && self.assignment.until_epoch.is_some_and(|until| epoch >= until) {
                self.say(Event::Interrupted { at: at(step) });
                return Some(run_folder::exit::INTERRUPTED);
            }
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
        strike(&self.mischief, Point::Scores);
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
        strike(&self.mischief, Point::Result);
    }

    fn say(&mut self, event: Event) {
        self.say_as(self.assignment.attempt, event);
    }

    fn say_as(&mut self, attempt: Attempt, event: Event) {
        let line = JournalLine { version: JOURNAL_VERSION, attempt, at_ms: 1, event };
        let line = serde_json::to_string(&line).expect("a line is plain data") + "\n";
        self.refuse_lost_journal();
        self.journal.write_all(line.as_bytes()).expect("the journal grows");
    }

    /// As the worker does: what nobody can read is not gone on from.
    fn refuse_lost_journal(&self) {
        let about = self.journal.metadata().expect("the journal is open");
        assert!(std::os::unix::fs::MetadataExt::nlink(&about) > 0, "somebody has removed the journal");
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.join(run_folder::CHECKPOINTS).join("checkpoint.json")
    }

    fn saved(&self) -> u64 {
        fs::read_to_string(self.checkpoint())
            .map_or(0, |text| text.parse().expect("a checkpoint is a number"))
    }

    fn save(&self, step: u64) {
        self.refuse_lost_journal();
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
    send_self(nix::sys::signal::Signal::SIGKILL);
}

fn send_self(signal: nix::sys::signal::Signal) {
    nix::sys::signal::kill(nix::unistd::getpid(), signal).expect("it is sent");
}
