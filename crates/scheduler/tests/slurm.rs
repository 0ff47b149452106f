//! Runs on a Slurm of three nodes on this machine, which `tests/slurm/cluster` starts: as root, with Debian's `slurm-wlm` and
//! `munge`. Elsewhere these tests say so and are skipped.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use arclab_scheduler::{Progress, RunEnd, Stop};
use arclab_spec::{
    RunState,
    config::{Executor, SlurmRequest},
};
use arclab_store::records::Outcome;
use serde_json::json;
use support::{Bench, attempt, example, script};
use tempfile::TempDir;

/// The cluster; ended when it is dropped.
struct Cluster {
    folder: TempDir,
    port: u16,
}

impl Cluster {
    /// None, and why is printed, where it cannot be started.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().min(65_000);
        let cluster = Self { folder, port };
        if let Err(said) = cluster.ask(&["up"]) {
            return skipped(&said);
        }
        Some(cluster)
    }

    fn ask(&self, arguments: &[&str]) -> Result<(), String> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slurm/cluster");
        let mut command = Command::new(program);
        command.args(arguments).env("ARCLAB_SLURM_FOLDER", self.folder.path());
        // In files: a daemon that inherited a pipe would keep its reader waiting.
        let said = self.folder.path().join("said");
        let errors = fs::File::create(&said).unwrap();
        let status = command.env("ARCLAB_SLURM_PORT", self.port.to_string()).stderr(errors).status().unwrap();
        if status.success() { Ok(()) } else { Err(fs::read_to_string(said).unwrap()) }
    }

    fn programs(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(self.programs().join(program)).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// So many runs, each of so many steps of 100 ms.
    async fn bench(&self, seeds: u64, steps: u64, slurm: SlurmRequest) -> Bench {
        let ask =
            |request: &mut arclab_spec::config::ResourceRequest| request.executor = Executor::Slurm(slurm);
        let mut bench = Bench::with(seeds, script(steps, 100, &json!({})), ask).await;
        bench.slurm = Some(self.programs());
        bench
    }

    /// What Slurm calls the job of a run's last attempt: `812_3`.
    async fn job(&self, bench: &Bench, run: usize) -> String {
        let job = bench.store.attempts(&bench.runs[run]).await.unwrap().pop().unwrap().job.unwrap();
        job.split(' ').nth(1).unwrap().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.ask(&["down"]));
    }
}

#[expect(clippy::print_stderr, reason = "a person should know that nothing was tested")]
fn skipped(why: &str) -> Option<Cluster> {
    eprintln!("skipped: no Slurm can be started here: {why}");
    None
}

/// Waits until `held` holds, a minute at most.
async fn until(what: &str, mut held: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !held() {
        assert!(begin.elapsed() < Duration::from_mins(1), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn has_trained(bench: &Bench, run: usize, steps: usize) -> bool {
    bench.journal(&bench.runs[run]).matches("\"type\":\"step\"").count() >= steps
}

/// How often a worker has begun.
fn begun(bench: &Bench, run: usize) -> usize {
    bench.journal(&bench.runs[run]).matches("\"type\":\"started\"").count()
}

fn drive(bench: &Bench) -> Child {
    let mut command = Command::new(example("drive"));
    command.arg(bench.path()).arg(&bench.worker).env("SLURM_PROGRAMS", bench.slurm.as_ref().unwrap());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How many runs each array has that was handed in.
fn submitted(said: &[Progress]) -> Vec<usize> {
    let size = |progress: &Progress| {
        if let Progress::Submitted { runs, .. } = progress { Some(runs.len()) } else { None }
    };
    said.iter().filter_map(size).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_on_a_cluster_lose_nothing_whatever_fails() {
    let Some(cluster) = Cluster::start() else { return };
    tokio::join!(
        a_run_whose_time_is_nearly_up_saves_itself_and_goes_on(&cluster),
        a_job_that_somebody_calls_off_waits_until_it_is_asked_for_again(&cluster),
        a_run_that_is_stopped_saves_itself(&cluster),
        a_scheduler_that_was_killed_goes_on_with_the_same_job(&cluster),
        a_job_that_can_never_begin_is_refused_with_what_to_change(&cluster),
    );
    twelve_runs_are_one_array_and_outlive_a_node_and_the_controller(&cluster).await;
    a_job_that_the_controller_lost_is_submitted_again(&cluster).await;
}

async fn a_run_whose_time_is_nearly_up_saves_itself_and_goes_on(cluster: &Cluster) {
    // Slurm gives the signal 10 to 40 seconds before the minute is over.
    let slurm = SlurmRequest { time_secs: Some(60), ..SlurmRequest::default() };
    let bench = cluster.bench(1, 550, slurm).await;
    let (_, said) = bench.run().await;
    bench.assert_done(&bench.runs[0], 550).await;
    assert_eq!(submitted(&said), [1]);
    // The same attempt and the same job, from the checkpoint of the execution before.
    assert_eq!(bench.outcomes(&bench.runs[0]).await, [Some(Outcome::Finished)]);
    assert!(begun(&bench, 0) >= 2, "{}", bench.journal(&bench.runs[0]));
    assert!(bench.journal(&bench.runs[0]).contains("\"type\":\"interrupted\""));
    let log = fs::read_to_string(bench.store.run_folder(&bench.runs[0]).join("worker.log")).unwrap();
    assert!(log.contains("the run is saved, and the job queues again"), "{log}");
}

async fn a_job_that_somebody_calls_off_waits_until_it_is_asked_for_again(cluster: &Cluster) {
    let bench = cluster.bench(1, 100, SlurmRequest::default()).await;
    let call_off = async {
        until("it trains", || has_trained(&bench, 0, 8)).await;
        cluster.run("scancel", &[&cluster.job(&bench, 0).await]);
    };
    let ((summary, _), ()) = tokio::join!(bench.run(), call_off);
    assert_eq!(summary.runs[&bench.runs[0]], RunEnd::Waiting);
    assert_eq!(bench.state(&bench.runs[0]).await, RunState::Queued { next: attempt(2) });
    bench.run().await;
    bench.assert_done(&bench.runs[0], 100).await;
    assert_eq!(bench.outcomes(&bench.runs[0]).await, [Some(Outcome::Interrupted), Some(Outcome::Finished)]);
}

async fn a_run_that_is_stopped_saves_itself(cluster: &Cluster) {
    let bench = cluster.bench(1, 2_000, SlurmRequest::default()).await;
    let (summary, _) = bench
        .run_with(|progress, stop| {
            if matches!(progress, Progress::Position { at, .. } if at.step > 3) {
                stop.send_replace(Stop::AfterCheckpoint);
            }
        })
        .await;
    assert!(summary.stopped);
    assert_eq!(bench.state(&bench.runs[0]).await, RunState::Queued { next: attempt(2) });
    assert!(bench.journal(&bench.runs[0]).contains("\"type\":\"interrupted\""));
}

async fn a_scheduler_that_was_killed_goes_on_with_the_same_job(cluster: &Cluster) {
    let bench = cluster.bench(1, 100, SlurmRequest::default()).await;
    let mut scheduler = drive(&bench);
    until("it trains", || has_trained(&bench, 0, 8)).await;
    scheduler.kill().unwrap();
    scheduler.wait().unwrap();
    let (_, said) = bench.run().await;
    assert!(submitted(&said).is_empty(), "{said:?}");
    bench.assert_done(&bench.runs[0], 100).await;
    assert_eq!(begun(&bench, 0), 1);
    assert_eq!(bench.outcomes(&bench.runs[0]).await, [Some(Outcome::Finished)]);
}

async fn a_job_that_can_never_begin_is_refused_with_what_to_change(cluster: &Cluster) {
    let partition = |name: &str| Some(name.to_owned());
    // `sbatch` refuses the first; the second waits for ever, as the partition allows ten minutes.
    let unknown = SlurmRequest { partition: partition("gpus"), ..SlurmRequest::default() };
    let long =
        SlurmRequest { partition: partition("short"), time_secs: Some(3_600), ..SlurmRequest::default() };
    for (slurm, key) in [(unknown, "`partition`"), (long, "`time`")] {
        let bench = cluster.bench(2, 10, slurm).await;
        let (summary, said) = bench.run().await;
        for run in &bench.runs {
            let RunEnd::Refused(reason) = &summary.runs[run] else { panic!("{summary:?}") };
            assert!(reason.to_string().contains(key), "{reason}");
            assert_eq!(bench.outcomes(run).await, [Some(Outcome::Interrupted)], "{said:?}");
        }
    }
}

async fn twelve_runs_are_one_array_and_outlive_a_node_and_the_controller(cluster: &Cluster) {
    let bench = cluster.bench(12, 150, SlurmRequest::default()).await;
    let disturb = async {
        until("all train", || (0..12).all(|run| has_trained(&bench, run, 8))).await;
        cluster.ask(&["kill-node", "n1"]).unwrap();
        cluster.ask(&["restart-controller"]).unwrap();
        until("its runs have begun again", || (0..12).any(|run| begun(&bench, run) > 1)).await;
        cluster.ask(&["start-node", "n1"]).unwrap();
    };
    let ((_, said), ()) = tokio::join!(bench.run(), disturb);
    assert_eq!(submitted(&said), [12]);
    for run in &bench.runs {
        bench.assert_done(run, 150).await;
        assert_eq!(bench.outcomes(run).await, [Some(Outcome::Finished)]);
    }
    let again = (0..12).filter(|run| begun(&bench, *run) == 2).count();
    assert!((1..=4).contains(&again), "{again} runs were on the node");
}

async fn a_job_that_the_controller_lost_is_submitted_again(cluster: &Cluster) {
    // It is still in the queue then.
    let slurm = SlurmRequest { extra: vec!["--begin=now+6".to_owned()], ..SlurmRequest::default() };
    let bench = cluster.bench(1, 30, slurm).await;
    let lost = std::cell::Cell::new(false);
    let (_, said) = bench
        .run_with(|progress, _| {
            // As if the controller had died before it saved its state: it knows nothing of the job any more.
            if matches!(progress, Progress::Submitted { .. }) && !lost.replace(true) {
                cluster.ask(&["forget-jobs"]).unwrap();
            }
        })
        .await;
    bench.assert_done(&bench.runs[0], 30).await;
    assert_eq!(submitted(&said), [1, 1]);
    assert_eq!(bench.outcomes(&bench.runs[0]).await, [Some(Outcome::Finished)]);
}
