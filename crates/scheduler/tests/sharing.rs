//! Runs that share a GPU by its memory. NVML is that of `support/nvml.rs`, so the scheduler is a process of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use arclab_spec::{Assignment, config::DeviceRequest, run_folder};
use serde_json::json;
use support::{Bench, example, most_at_once, nvml, script, until};

const GIB: u64 = 1 << 30;

/// Six runs that ask for 20 GiB each, and a GPU of 80 GiB.
struct Shared {
    bench: Bench,
    free: PathBuf,
}

impl Shared {
    async fn new(step_ms: u64) -> Self {
        let bench = Bench::with(6, script(10, step_ms, &json!({})), |request| {
            request.device = DeviceRequest::Cuda;
            request.gpu_memory_bytes = Some(20 * GIB);
        })
        .await;
        nvml::make(bench.path(), 0);
        Self { free: bench.path().join("free"), bench }
    }

    /// Has so many GiB of the GPU be free, whatever runs do.
    fn free(&self, gib: u64) {
        let new = self.free.with_extension("new");
        fs::write(&new, gib.to_string()).unwrap();
        fs::rename(new, &self.free).unwrap();
    }

    /// A scheduler that sees the second of the library's GPUs.
    fn drive(&self) -> Child {
        let mut command = Command::new(example("drive"));
        command.arg(self.bench.path()).arg(&self.bench.worker).arg("cuda");
        command.env("LD_LIBRARY_PATH", self.bench.path()).env("CUDA_VISIBLE_DEVICES", "1");
        command.env("ARCLAB_TEST_FREE", &self.free);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    async fn assert_all_done(&self) {
        for run in &self.bench.runs {
            self.bench.assert_done(run, 10).await;
        }
    }
}

fn assignment(folder: &Path) -> Assignment {
    serde_json::from_slice(&fs::read(folder.join(run_folder::PLAN)).unwrap()).unwrap()
}

#[tokio::test]
async fn as_many_runs_are_on_a_gpu_at_once_as_fit_beside_each_other_and_what_others_hold() {
    let shared = Shared::new(30).await;
    shared.free(65);
    assert!(shared.drive().wait().unwrap().success());
    shared.assert_all_done().await;
    assert_eq!(most_at_once(&shared.bench.times().await), 3);
    for run in &shared.bench.runs {
        let folder = shared.bench.store.run_folder(run);
        let environment = fs::read_to_string(folder.join("environment")).unwrap();
        assert!(environment.starts_with("CUDA_VISIBLE_DEVICES=1;"), "{environment}");
        let told = assignment(&folder);
        assert_eq!((told.device, told.gpu_memory_bytes), (DeviceRequest::Cuda, Some(20 * GIB)));
        let attempt = shared.bench.store.attempts(run).await.unwrap().remove(0);
        assert_eq!((attempt.gpu, attempt.gpu_memory_bytes), (Some(0), Some(20 * GIB)));
    }
}

#[tokio::test]
async fn workers_that_are_found_at_work_keep_their_shares() {
    let shared = Shared::new(60).await;
    shared.free(80);
    let mut first = shared.drive();
    let steps =
        || shared.bench.runs.iter().filter(|run| shared.bench.journal(run).contains("\"step\"")).count();
    until("four runs train", || steps() == 4).await;
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(shared.drive().wait().unwrap().success());
    shared.assert_all_done().await;
    let times = shared.bench.times().await;
    assert_eq!((times.len(), most_at_once(&times)), (6, 4));
}

#[tokio::test]
async fn runs_wait_for_memory_that_others_hold_and_a_person_is_told() {
    let shared = Shared::new(1).await;
    shared.free(19);
    let mut scheduler = shared.drive();
    let mut said = BufReader::new(scheduler.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = said.next().unwrap();
    assert!(first.starts_with("MemoryFull"), "{first}");
    assert!(first.ends_with(&format!("asked_bytes: {}, free_bytes: {} }}", 20 * GIB, 19 * GIB)), "{first}");
    shared.free(20);
    assert!(said.all(|line| !line.starts_with("MemoryFull")), "it is told once");
    assert!(scheduler.wait().unwrap().success());
    shared.assert_all_done().await;
    assert_eq!(most_at_once(&shared.bench.times().await), 1);
}
