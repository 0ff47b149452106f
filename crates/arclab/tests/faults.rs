//! The real worker, stopped, without room, and without its folder: the tables end up the same, to the digit. What becomes of each is
//! in `crates/scheduler/FAULTS.md`, too. `kills.rs` has twenty kills.

mod support;
#[path = "../../scheduler/tests/support/table.rs"]
mod table;

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use arclab_scheduler::{Role, Scheduler, SchedulerOptions, Stop, WorkerAbilities};
use arclab_spec::RunId;
use arclab_store::{
    Store,
    records::{Outcome, Provenance},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{Lab, worker};
use table::stands;

/// Long enough to be caught in the middle.
const EPOCHS: &str = "training.epochs=40";
const TABLES: [&str; 4] = ["compare", "--json", "baseline", "--quiet"];

/// The tables of a run that nothing happens to.
fn undisturbed() -> String {
    let lab = Lab::new();
    lab.succeed(&["run", "specs/baseline.yaml", "--quiet", "--set", EPOCHS]);
    lab.succeed(&TABLES)
}

/// A laboratory whose one run waits.
struct Waiting {
    lab: Lab,
    store: Store,
    run: RunId,
    runtime: tokio::runtime::Runtime,
}

impl Waiting {
    fn new() -> Self {
        let lab = Lab::new();
        lab.succeed(&["submit", "specs/baseline.yaml", "--quiet", "--set", EPOCHS]);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let store = runtime.block_on(Store::open(lab.path().join(".arclab"))).expect("the store opens");
        let run = runtime.block_on(store.run_names()).expect("runs are listed").remove(0);
        Self { lab, store, run, runtime }
    }

    fn folder(&self) -> PathBuf {
        self.store.run_folder(&self.run)
    }

    /// Carries the run out; a silence of more than a few seconds is too long.
    fn carry_out(&self) {
        let provenance = Provenance { program_version: "0".to_owned(), git_commit: None, git_dirty: None };
        let mut options = SchedulerOptions::of_this_machine(worker().to_owned(), provenance);
        options.hung_after = Duration::from_secs(6);
        let abilities = WorkerAbilities { cuda: Err("there is none".to_owned()) };
        self.runtime.block_on(async {
            let scheduler = Scheduler::new(self.store.clone(), options, abilities, Role::Command);
            let mut scheduler = scheduler.expect("the store is free");
            let (_stop, stopped) = tokio::sync::watch::channel(Stop::No);
            let (progress, _) = tokio::sync::mpsc::unbounded_channel();
            let runs = std::slice::from_ref(&self.run);
            scheduler.run(runs, progress, stopped).await.expect("the run is looked after");
        });
    }

    /// Does something once the worker has begun its fifth epoch, while the run is carried out.
    fn carry_out_and(&self, act: impl FnOnce(&Path) + Send) {
        let folder = self.folder();
        thread::scope(|scope| {
            scope.spawn(|| {
                until(|| {
                    let journal = fs::read_to_string(folder.join("events.jsonl")).unwrap_or_default();
                    journal.matches("\"type\":\"epoch\"").count() >= 4
                });
                act(&folder);
            });
            self.carry_out();
        });
    }

    /// What became of each attempt, in a word, and why the first ended.
    fn told(&self) -> (Vec<Outcome>, String) {
        let attempts = self.runtime.block_on(self.store.attempts(&self.run)).expect("attempts are listed");
        let why = attempts[0].failure.as_ref().map_or_else(String::new, |failure| failure.message.clone());
        (attempts.iter().filter_map(|attempt| attempt.end.as_ref().map(|end| end.outcome)).collect(), why)
    }

    /// Asserts that the tables are those of an undisturbed run, and that nothing is wrong.
    fn assert_undisturbed(&self) {
        assert_eq!(self.lab.succeed(&TABLES), undisturbed());
        assert_eq!(self.lab.succeed(&["fsck", "--json"]).trim(), "[]");
    }
}

fn until(mut held: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !held() {
        assert!(begin.elapsed() < Duration::from_mins(2), "waited in vain");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_worker_that_stands_still_is_killed_and_goes_on_from_its_checkpoint() {
    let waiting = Waiting::new();
    waiting.carry_out_and(|folder| {
        let pid = fs::read_to_string(folder.join("worker.lock")).expect("the lock is there");
        let pid = pid.trim().parse().expect("the worker's number stands in it");
        kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("the worker lives");
    });
    let (outcomes, why) = waiting.told();
    assert_eq!(outcomes, [Outcome::Retried, Outcome::Finished]);
    assert!(why.starts_with("the worker hung"), "{why}");
    waiting.assert_undisturbed();
    stands(
        "SIGSTOP of the real worker",
        "tried again: the worker hung; then finished, with the tables of an undisturbed run",
    );
}

#[test]
fn a_worker_whose_folder_is_removed_says_so_and_begins_again() {
    let waiting = Waiting::new();
    // Again where the worker wrote a file meanwhile.
    waiting.carry_out_and(|folder| until(|| fs::remove_dir_all(folder).is_ok()));
    let (outcomes, _) = waiting.told();
    assert_eq!(outcomes, [Outcome::Retried, Outcome::Finished]);
    waiting.assert_undisturbed();
    stands(
        "the folder of a run is removed while the real worker is at work",
        "tried again; then finished, with the tables of an undisturbed run",
    );
}

/// A file system with little room, while it lives.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(place: PathBuf) -> Option<Self> {
        fs::create_dir_all(&place).expect("folders can be made");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(&place);
        mount.output().is_ok_and(|mounted| mounted.status.success()).then_some(Self(place))
    }

    /// Fills it but for so many bytes.
    fn fill(&self, left: u64) -> PathBuf {
        let path = self.0.join("ballast");
        let mut file = File::create(&path).expect("there is room");
        while file.write_all(&[1; 4096]).is_ok() {}
        let held = file.metadata().expect("it is there").len();
        file.set_len(held - left).expect("it can be cut");
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
fn a_worker_without_room_for_its_checkpoint_says_so_and_goes_on_once_there_is_some() {
    let waiting = Waiting::new();
    let Some(disk) = SmallDisk::at(waiting.folder()) else {
        eprintln!("skipped: no small disk can be mounted here");
        return;
    };
    let ballast = disk.fill(64 << 10);
    waiting.carry_out();
    let (outcomes, why) = waiting.told();
    assert_eq!(outcomes, [Outcome::Retried, Outcome::Retried, Outcome::Failed]);
    assert!(why.contains("No space left on device"), "{why}");
    fs::remove_file(ballast).expect("it is there");
    waiting.carry_out();
    waiting.assert_undisturbed();
    stands(
        "the disk of a run's folder has no room for the real worker's checkpoint, and later has",
        "failed after three attempts: No space left on device; asked for again it finished, with the tables of an undisturbed run",
    );
}
