//! Workers and schedulers killed at random moments: the tables end up the same, to the digit.

mod support;
#[path = "../../scheduler/tests/support/table.rs"]
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use support::{Lab, text};

const KILLS: u32 = 20;
/// Enough that twenty kills find something to kill, as a rule.
const RUN: [&str; 5] = ["run", "specs", "--quiet", "--set", "training.epochs=150"];
const TABLES: [&str; 5] = ["compare", "--json", "baseline", "m0.2", "--quiet"];

/// xorshift64*: which moment, which victim. A fixed seed, though what it meets there depends on the machine's mood.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

/// Process ids of the workers whose run folders lie below `store`.
fn workers(store: &Path) -> Vec<i32> {
    let is_worker = |process: &PathBuf| {
        fs::read(process.join("cmdline")).is_ok_and(|line| {
            let line = text(&line);
            line.contains("arclab-worker") && line.contains(&*store.to_string_lossy())
        })
    };
    let processes = fs::read_dir("/proc").expect("/proc is there").flatten().map(|entry| entry.path());
    let pid = |process: PathBuf| process.file_name()?.to_str()?.parse().ok();
    processes.filter(is_worker).filter_map(pid).collect()
}

fn kill(pid: i32) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).ok();
}

fn start(lab: &Lab, force: bool) -> Child {
    let mut run = lab.command(RUN);
    run.args(force.then_some("--force"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("arclab starts")
}

/// Kills `KILLS` times, a worker or the scheduler, and starts the scheduler again whenever it is gone.
fn disturb(lab: &Lab) {
    let store = lab.path().join(".arclab");
    let (mut dice, mut killed) = (Dice(0x9E37_79B9_7F4A_7C15), 0);
    let mut scheduler = start(lab, false);
    let until = Instant::now() + Duration::from_mins(5);
    while killed < KILLS {
        assert!(Instant::now() < until, "only {killed} kills happened in five minutes");
        thread::sleep(Duration::from_millis(20 + dice.below(400)));
        if let Ok(Some(status)) = scheduler.try_wait() {
            // Where all is done before the last kill, it is done once more.
            scheduler = start(lab, status.success());
            continue;
        }
        let workers = workers(&store);
        if dice.below(3) == 0 {
            scheduler.kill().expect("the scheduler is ours");
            scheduler.wait().expect("a killed child can be waited for");
            killed += 1;
        } else if !workers.is_empty() {
            kill(workers[dice.below(workers.len() as u64) as usize]);
            killed += 1;
        }
    }
    scheduler.wait().expect("the scheduler ends");
}

#[test]
fn twenty_kills_at_random_moments_leave_the_tables_of_an_undisturbed_run() {
    let calm = Lab::new();
    calm.succeed(&RUN);
    let expected = calm.succeed(&TABLES);

    let wild = Lab::new();
    disturb(&wild);
    wild.succeed(&RUN);
    assert_eq!(wild.succeed(&TABLES), expected);
    assert_eq!(wild.succeed(&["fsck", "--json"]).trim(), "[]");
    table::stands("twenty SIGKILLs of real workers and schedulers", "the tables of undisturbed runs");
}
