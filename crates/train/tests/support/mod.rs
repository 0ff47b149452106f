//! Run folders for the worker program: a tiny set of rendered faces, a small network, a few epochs.

#![expect(dead_code, reason = "each test file uses a part of this")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use arclab_data::{Silent, prepare};
use arclab_metrics::ThresholdPolicy;
use arclab_spec::{
    Assignment, Attempt, Event, JournalLine, PLAN_VERSION, Plan, Position, ProtocolName, TRAINER_VERSION,
    VariantName,
    config::{
        Augment, Backbone, ColourMode, Config, CrossEntropy, DataConfig, Dataset, DeviceRequest,
        EvaluationConfig, HeadPrecision, LayerOptions, LossConfig, MarginGradient, ModelConfig, ModelInput,
        OptimizerConfig, PairSource, PastTurn, PhotoVariation, Precision, Protocol, ScheduleConfig,
        ScheduleShape, SplitConfig, SplitPart, StartConfig, StepAt, Synthetic, TrainingConfig,
    },
    run_folder::{self, exit},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// How long a worker may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_mins(2);

/// A run's folder beside a cache of its own.
pub(crate) struct RunFolder {
    root: tempfile::TempDir,
    pub(crate) assignment: Assignment,
}

impl RunFolder {
    /// A folder with a plan of two quick epochs.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// As `new`, with a change to the configuration.
    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut config = config();
        change(&mut config);
        let cache = root.path().join("cache");
        let data = fingerprint(&config, &cache);
        let plan = Plan { config, seed: 7, data, trainer: TRAINER_VERSION };
        let variant = VariantName::new("tiny").unwrap();
        let assignment = Assignment {
            version: PLAN_VERSION,
            run: plan.run_id(&variant),
            variant,
            attempt: Attempt::FIRST,
            plan,
            device: DeviceRequest::Auto,
            gpu_memory_bytes: None,
            deterministic: true,
            until_epoch: None,
            parts: None,
            threads: 1,
            cache,
        };
        let run = Self { root, assignment };
        fs::create_dir(run.path()).unwrap();
        run.write_plan();
        run
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("run")
    }

    pub(crate) fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write_plan(&self) {
        fs::write(self.file(run_folder::PLAN), serde_json::to_vec_pretty(&self.assignment).unwrap()).unwrap();
    }

    /// Prepares the next attempt, as a scheduler does.
    pub(crate) fn next_attempt(&mut self) {
        self.assignment.attempt = self.assignment.attempt.next();
        self.write_plan();
    }

    pub(crate) fn start(&self) -> Worker {
        self.start_with(&[])
    }

    /// With some variables of the environment.
    pub(crate) fn start_with(&self, variables: &[(&str, &str)]) -> Worker {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.file(run_folder::LOG)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_arclab-worker"));
        command.arg("run").arg(self.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.envs(variables.iter().copied());
        Worker(command.spawn().unwrap())
    }

    /// Runs a worker to its end; its exit code.
    pub(crate) fn finish(&self) -> i32 {
        self.start().wait().code().unwrap_or_else(|| panic!("killed: {}", self.log()))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.file(run_folder::LOG)).unwrap_or_default()
    }

    /// All lines of the journal that are whole, in order.
    pub(crate) fn journal(&self) -> Vec<JournalLine> {
        let text = fs::read_to_string(self.file(run_folder::EVENTS)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.journal().into_iter().map(|line| line.event).collect()
    }

    /// Waits until the journal has an event of this kind.
    pub(crate) fn wait_for(&self, what: &str, is_it: impl Fn(&Event) -> bool) {
        let began = Instant::now();
        while !self.events().iter().any(&is_it) {
            assert!(began.elapsed() < PATIENCE, "no {what}; the log: {}", self.log());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The tensors of each checkpoint, the newest last.
    pub(crate) fn checkpoints(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.file(run_folder::CHECKPOINTS)).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
        paths.sort();
        paths.iter().map(|json| json.with_extension("safetensors")).collect()
    }

    /// What a run leaves that must not depend on how it went: weights and scores, by file name.
    pub(crate) fn results(&self) -> BTreeMap<String, Vec<u8>> {
        let names =
            fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let kept = |name: &String| {
            name.starts_with("weights") || name.starts_with("scores-") || name.ends_with("_predict.txt")
        };
        names.filter(kept).map(|name| (name.clone(), fs::read(self.file(name)).unwrap())).collect()
    }
}

/// A worker process, which ends with the test.
pub(crate) struct Worker(pub(crate) Child);

impl Worker {
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "the worker does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Flips a bit in the middle of a file, as a failing disk does: its length stays.
pub(crate) fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Fails where two runs left different files.
pub(crate) fn assert_same_results(one: &RunFolder, other: &RunFolder) {
    let (one, other) = (one.results(), other.results());
    assert!(one.contains_key(run_folder::WEIGHTS) && one.len() == 5, "{:?}", one.keys());
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(*bytes == other[name], "{name} differs");
    }
}

/// `training` numbers of every event of a kind that do not depend on the clock.
pub(crate) fn epoch_numbers(events: &[Event]) -> Vec<BTreeMap<String, f64>> {
    let timeless = |(name, _): &(&String, &f64)| !name.ends_with("_seconds") && *name != "images_per_second";
    let numbers = |event: &Event| {
        let Event::Epoch { metrics, .. } = event else { return None };
        Some(metrics.iter().filter(timeless).map(|(name, value)| (name.clone(), *value)).collect())
    };
    events.iter().filter_map(numbers).collect()
}

/// A change of the configuration to all that a step can have beside SGD.
pub(crate) fn with_all_of_a_step(config: &mut Config) {
    config.optimizer = OptimizerConfig::AdamW {
        learning_rate: 0.005,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weight_decay: 0.05,
        clip_norm: Some(5.0),
        layers: LayerOptions { decay_norms: false, head_rate: 5.0 },
    };
    config.schedule.shape = ScheduleShape::Step { at: StepAt::Every(1), factor: 0.7 };
    config.training.accumulate = 2;
    config.training.ema = Some(0.9);
}

fn fingerprint(config: &Config, cache: &Path) -> arclab_spec::Fingerprint {
    prepare(&config.data, &config.evaluation, cache, &Silent).unwrap().fingerprint
}

fn config() -> Config {
    Config {
        data: data(),
        model: ModelConfig {
            backbone: Backbone::Small,
            embedding_size: 32,
            input: ModelInput::Rgb,
            dropout: 0.0,
        },
        start: StartConfig::default(),
        loss: LossConfig::ArcFace {
            scale: 16.0,
            margin: 0.3,
            past_turn: PastTurn::Plain,
            gradient: MarginGradient::Exact,
        },
        cross_entropy: CrossEntropy::Plain,
        sample_rate: None,
        optimizer: OptimizerConfig::Sgd {
            learning_rate: 0.05,
            momentum: 0.9,
            weight_decay: 5e-4,
            clip_norm: Some(5.0),
            nesterov: false,
            layers: LayerOptions::default(),
        },
        schedule: ScheduleConfig { shape: ScheduleShape::Cosine, warmup_epochs: 0.5 },
        training: TrainingConfig {
            epochs: 2,
            batch_size: 8,
            precision: Precision::Float32,
            head_precision: HeadPrecision::Float32,
            log_every: 1,
            accumulate: 1,
            ranks: 1,
            sampler: None,
            ema: None,
        },
        evaluation: evaluation(),
    }
}

fn data() -> DataConfig {
    let vary = PhotoVariation { occlusion: 0.0, ..PhotoVariation::ALL };
    let faces = Synthetic { identities: 8, images_per_identity: 12, seed: 1, mislabelled: 0.0, vary };
    DataConfig {
        dataset: Dataset::Synthetic(faces),
        split: SplitConfig::Drawn {
            open_identities: 0.25,
            closed_images: 0.25,
            validation_images: 0.25,
            seed: 1,
        },
        image_size: 32,
        colour: ColourMode::Rgb,
        augment: Augment { flip: 0.5, grey: 0.2, ..Augment::NONE },
    }
}

fn evaluation() -> EvaluationConfig {
    let drawn = |from| PairSource::Drawn { from, count: 20, mislabelled: 0.0 };
    let protocol = |pairs, threshold| Protocol { pairs, threshold };
    EvaluationConfig {
        protocols: BTreeMap::from([
            (
                ProtocolName::new("closed").unwrap(),
                protocol(drawn(SplitPart::ClosedTest), ThresholdPolicy::Validation),
            ),
            (
                ProtocolName::new("open").unwrap(),
                protocol(drawn(SplitPart::OpenTest), ThresholdPolicy::KFold { folds: 5 }),
            ),
        ]),
        validation_pairs: 20,
    }
}

/// An attempt by number.
pub(crate) fn attempt(number: u32) -> Attempt {
    Attempt(NonZeroU32::new(number).unwrap())
}

/// Where an attempt began.
pub(crate) fn began_at(run: &RunFolder, attempt: Attempt) -> Option<Position> {
    run.journal().into_iter().find_map(|line| {
        let Event::Started(started) = line.event else { return None };
        (line.attempt == attempt).then_some(started.from)
    })
}

/// Stops `run` and goes on with it on other threads, kills it and goes on: it must end as the one that went through.
pub(crate) fn assert_comes_back(mut run: RunFolder, undisturbed: &RunFolder) {
    let mut worker = run.start();
    run.wait_for("second step", |event| matches!(event, Event::Step { at, .. } if at.step >= 2));
    kill(Pid::from_raw(worker.0.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(worker.wait().code(), Some(i32::from(exit::INTERRUPTED)), "{}", run.log());
    let reached = run.events().pop().unwrap();

    run.assignment.threads = 2;
    run.next_attempt();
    let mut worker = run.start();
    run.wait_for("later checkpoint", |event| {
        matches!((event, &reached), (Event::Checkpoint { at }, Event::Interrupted { at: before }) if at > before)
    });
    worker.0.kill().unwrap();
    worker.wait();

    run.next_attempt();
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    let [second, third] = [2, 3].map(|number| began_at(&run, attempt(number)).unwrap());
    assert!(Position::default() < second && second < third, "{second:?} {third:?}");
    assert_same_results(&run, undisturbed);
    assert_eq!(epoch_numbers(&run.events()), epoch_numbers(&undisturbed.events()));
}
