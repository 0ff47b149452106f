//! Whole runs on an emulated GPU, by what they may have of its memory.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Instant};

use arclab_data::Silent;
use arclab_nn::Gpu;
use arclab_spec::{
    Attempt, FailureKind, JournalLine, PLAN_VERSION, Usage, VariantName,
    config::{CUDA_CONTEXT_BYTES, DeviceRequest},
    read_specs,
    run_folder::exit,
};

use super::{super::journal::Journal, *};
use crate::device::gpu_options;

const SPEC: &str = "
data:
  dataset: {synthetic: {identities: 6, images_per_identity: 8}}
  split: {open_identities: 0.34, closed_images: 0.25, validation_images: 0.25}
  image_size: 32
model: {embedding_size: 16}
training: {epochs: 1, batch_size: 4, log_every: 1}
evaluation:
  threshold: {fixed: 0.5}
  validation_pairs: 4
  protocols: {open: {draw: open_test, pairs: 4}}
";

/// A run's folder and its next assignment.
struct Run {
    folder: tempfile::TempDir,
    assignment: Assignment,
}

impl Run {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny.yaml");
        fs::write(&path, SPEC).unwrap();
        let spec = read_specs(&[path], &[]).unwrap().remove(0);
        let cache = folder.path().join("cache");
        let data = prepare(&spec.config.data, &spec.config.evaluation, &cache, &Silent).unwrap().fingerprint;
        let plan = spec.plans(&data).next().unwrap();
        let variant = VariantName::new("tiny").unwrap();
        let assignment = Assignment {
            version: PLAN_VERSION,
            run: plan.run_id(&variant),
            variant,
            attempt: Attempt::FIRST,
            plan,
            device: DeviceRequest::Cuda,
            gpu_memory_bytes: None,
            deterministic: true,
            until_epoch: None,
            parts: None,
            threads: 1,
            cache,
        };
        Self { folder, assignment }
    }

    /// Carries out the next attempt with so much memory for its buffers; its exit code.
    fn attempt(&mut self, pool_bytes: u64, stop: &Stop) -> u8 {
        self.assignment.gpu_memory_bytes = Some(CUDA_CONTEXT_BYTES + pool_bytes);
        let journal = Journal::open(self.folder.path(), self.assignment.attempt).unwrap();
        let report = Reporter::start(Arc::new(journal));
        let (folder, assignment) = (self.folder.path(), &self.assignment);
        let worker = Worker { folder, assignment, report: &report, stop };
        let gpu = Gpu::emulated(gpu_options(assignment));
        let code = super::super::finish(
            worker.carry_out_on_gpus(vec![Seat { device: Arc::new(Cuda::new(gpu)), exchange: None }]),
            &report,
            Instant::now(),
        );
        self.assignment.attempt = self.assignment.attempt.next();
        code
    }

    fn events(&self) -> Vec<Event> {
        events(&self.folder.path().join(run_folder::EVENTS))
    }

    /// Content by path.
    fn checkpoints(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(self.folder.path().join(run_folder::CHECKPOINTS)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
    }
}

fn events(journal: &Path) -> Vec<Event> {
    let text = fs::read_to_string(journal).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str::<JournalLine>(line).ok())
        .map(|line| line.event)
        .collect()
}

/// Interrupts the run after its first step.
fn interrupted(run: &mut Run) -> Position {
    let (stop, journal) = (Stop::default(), run.folder.path().join(run_folder::EVENTS));
    let code = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !events(&journal).iter().any(|event| matches!(event, Event::Step { .. })) {
                std::thread::yield_now();
            }
            stop.ask();
        });
        run.attempt(64 << 20, &stop)
    });
    assert_eq!(code, exit::INTERRUPTED);
    let Some(Event::Interrupted { at }) = run.events().pop() else { panic!("{:?}", run.events()) };
    at
}

#[test]
fn a_run_whose_share_is_too_small_fails_with_the_remedy_and_goes_on_from_its_checkpoint_with_more() {
    let mut run = Run::new();
    let at = interrupted(&mut run);
    let kept = run.checkpoints();
    assert!(at.step > 0 && !kept.is_empty());

    assert_eq!(run.attempt(1 << 20, &Stop::default()), exit::FAILED);
    let Some(Event::Failed { kind, message, at: failed_at, out_of_memory }) = run.events().pop() else {
        panic!("{:?}", run.events());
    };
    assert_eq!((kind, failed_at, out_of_memory), (FailureKind::Run, Some(at), true), "{message}");
    for part in [
        "of which this run has a share of 1.00 GiB (up to 1.00 GiB of it CUDA's own), failed at step",
        "were asked for, this run holds",
        "of the 1.0 MiB that it may hold, and 1024.00 GiB of the GPU's 1024.00 GiB are free",
        "make `training.batch_size` smaller, split it with `training.accumulate`, or give the run more with \
         `resources.gpu_memory`",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(run.checkpoints(), kept);

    assert_eq!(run.attempt(64 << 20, &Stop::default()), exit::FINISHED);
    let began = |event| if let Event::Started(started) = event { Some(started.from) } else { None };
    assert_eq!(run.events().into_iter().filter_map(began).next_back(), Some(at));
    let Some(Event::Finished { used: Usage { peak_gpu_memory_bytes: Some(peak), .. } }) = run.events().pop()
    else {
        panic!("{:?}", run.events());
    };
    assert!((1 << 20..=64 << 20).contains(&peak), "{peak}");
}
