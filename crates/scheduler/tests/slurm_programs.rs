//! Slurm's programs as they are on a bad day: stubs that answer what no cluster of a test would.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use arclab_scheduler::{RunEnd, Stop, Summary};
use arclab_spec::{
    RunState,
    config::{Executor, SlurmRequest},
};
use serde_json::json;
use support::{Bench, attempt, in_time, script, until};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// Each does as its script says; those without one do nothing.
struct Programs(TempDir);

impl Programs {
    fn new(scripts: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slurm/stub");
        for name in ["sbatch", "squeue", "sacct", "scancel"] {
            symlink(&stub, folder.path().join(name)).unwrap();
            let script = scripts.iter().find(|(of, _)| *of == name).map_or(":", |(_, script)| script);
            fs::write(folder.path().join(format!("{name}.sh")), script).unwrap();
        }
        Self(folder)
    }

    /// How often a program was called.
    fn calls(&self, program: &str) -> usize {
        let calls = fs::read_to_string(self.0.path().join(format!("{program}.calls")));
        calls.unwrap_or_default().lines().count()
    }

    async fn bench(&self) -> Bench {
        let slurm = Executor::Slurm(SlurmRequest::default());
        let mut bench = Bench::with(1, script(5, 1, &json!({})), |request| request.executor = slurm).await;
        bench.slurm = Some(self.0.path().to_owned());
        bench
    }

    /// Carries the run out, and is told to stop at once when `done` is.
    async fn run(&self, bench: &Bench, done: impl Future<Output = ()>) -> Summary {
        let (stop, stopped) = watch::channel(Stop::No);
        let (sender, _said) = mpsc::unbounded_channel();
        let mut scheduler = bench.scheduler();
        let mut run = Box::pin(in_time(scheduler.run(&bench.runs, sender, stopped)));
        let summary = tokio::select! {
            summary = &mut run => summary,
            () = done => {
                stop.send_replace(Stop::AtOnce);
                run.await
            }
        };
        summary.unwrap()
    }
}

#[tokio::test]
async fn an_answer_of_sbatch_that_cannot_be_read_is_asked_for_once_and_told() {
    let programs = Programs::new(&[("sbatch", "echo Submitted batch job 12")]);
    let bench = programs.bench().await;
    let summary = programs.run(&bench, std::future::pending()).await;
    let RunEnd::Refused(reason) = &summary.runs[&bench.runs[0]] else { panic!("{summary:?}") };
    assert!(reason.to_string().contains("(Submitted batch job 12)"), "{reason}");
    assert_eq!(programs.calls("sbatch"), 1);
    bench.assert_sound().await;
}

#[tokio::test]
async fn whoever_leaves_at_once_does_not_wait_for_sbatch_and_the_next_scheduler_looks_for_the_jobs() {
    let programs = Programs::new(&[("sbatch", "echo $$ > \"$0.pid\"; exec sleep 300")]);
    let bench = programs.bench().await;
    let pid = programs.0.path().join("sbatch.pid");
    let summary = programs.run(&bench, until("it hangs", || pid.exists())).await;
    assert!(summary.stopped);
    assert_eq!(bench.state(&bench.runs[0]).await, RunState::Running { attempt: attempt(1) });
    let pid: i32 = fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[tokio::test]
async fn a_worker_that_slurm_does_not_let_speak_is_not_taken_to_hang() {
    // A node that boots, one that prepares itself, and one that is given to another job for a while.
    for state in ["CONFIGURING", "RUNNING", "SUSPENDED"] {
        let programs = Programs::new(&[
            ("sbatch", "echo 12"),
            ("squeue", "echo \"$4|12|0|$(cat \"$0.state\")|None|n1|0|\" | sed s/--name=//"),
            ("scancel", "echo CANCELLED > \"${0%scancel}squeue.state\""),
        ]);
        fs::write(programs.0.path().join("squeue.state"), state).unwrap();
        let mut bench = programs.bench().await;
        bench.hung_after = Duration::from_millis(300);
        let patient = async {
            until("it was asked for long", || programs.calls("squeue") >= 4).await;
            assert_eq!(programs.calls("scancel"), 0, "{state}");
        };
        let summary = programs.run(&bench, patient).await;
        assert!(summary.stopped);
        assert_eq!(bench.state(&bench.runs[0]).await, RunState::Queued { next: attempt(2) });
    }
}
