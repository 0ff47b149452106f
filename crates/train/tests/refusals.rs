//! Runs that end without a result, each with its reason in the journal.

mod support;

use std::fs;

use arclab_nn::checkpoint;
use arclab_spec::{
    Event, FailureKind,
    config::{
        DeviceRequest, HeadPrecision, LayerOptions, OptimizerConfig, Precision, Sampler, ScheduleConfig,
        ScheduleShape,
    },
    run_folder,
    run_folder::exit,
};
use support::{RunFolder, damage};

/// The failure that ends a run's journal.
fn failure(run: &RunFolder) -> (FailureKind, String) {
    failure_with(run, &[])
}

/// The same, with some variables of the environment.
fn failure_with(run: &RunFolder, variables: &[(&str, &str)]) -> (FailureKind, String) {
    let code = run.start_with(variables).wait().code();
    assert_eq!(code, Some(i32::from(exit::FAILED)), "{}", run.log());
    match run.events().pop() {
        Some(Event::Failed { kind, message, .. }) => (kind, message),
        other => panic!("{other:?}: {}", run.log()),
    }
}

fn plain_sgd(learning_rate: f64, weight_decay: f64) -> OptimizerConfig {
    let layers = LayerOptions::default();
    OptimizerConfig::Sgd {
        learning_rate,
        momentum: 0.0,
        weight_decay,
        clip_norm: None,
        nesterov: false,
        layers,
    }
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_at_that_step_and_keeps_the_last_good_checkpoint() {
    // A learning rate of 3.5 with a weight decay of 1 multiplies every weight by -2.5 at each step: they overflow
    // after some dozens of steps, and no sooner.
    let run = RunFolder::with(|config| {
        config.training.epochs = 40;
        config.optimizer = plain_sgd(3.5, 1.0);
        config.schedule = ScheduleConfig { shape: ScheduleShape::Constant, warmup_epochs: 0.0 };
    });
    let (kind, message) = failure(&run);
    assert_eq!(kind, FailureKind::Run);
    let events = run.events();
    let Some(Event::Failed { at: Some(at), .. }) = events.last() else { panic!("{events:?}") };
    // Seen in the loss of a step that is not done then, or in the validation or the state after the last that is.
    let named = [at.step + 1, at.step].map(|step| format!("of step {step} is not finite"));
    assert!(named.iter().any(|named| message.contains(named)), "{message}");
    assert!(message.contains("lower `optimizer.learning_rate`"), "{message}");

    let kept = events
        .iter()
        .filter_map(|e| if let Event::Checkpoint { at } = e { Some(*at) } else { None })
        .next_back();
    let kept = kept.unwrap_or_else(|| panic!("it failed before the first checkpoint: {message}"));
    let loaded = checkpoint::load::<serde_json::Value>(&run.file(run_folder::CHECKPOINTS)).unwrap().unwrap();
    assert_eq!(loaded.note["at"]["step"], kept.step);
    assert!(loaded.passed_over.is_empty(), "{:?}", loaded.passed_over);
}

#[test]
fn a_run_whose_checkpoints_are_all_damaged_fails_and_says_what_to_do() {
    let mut run = RunFolder::new();
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    let checkpoints = run.checkpoints();
    assert_eq!(checkpoints.len(), 2);
    for path in &checkpoints {
        damage(path);
    }
    run.next_attempt();
    let (kind, message) = failure(&run);
    assert_eq!(kind, FailureKind::Run);
    assert!(message.contains(&format!("failed to load {}", checkpoints[1].display())), "{message}");
    assert!(message.contains("`arclab run --force` begins the run again"), "{message}");
    assert_eq!(run.checkpoints(), checkpoints, "what may be brought back is left alone");
}

#[test]
fn a_second_worker_leaves_the_folder_to_the_first() {
    let run = RunFolder::with(|config| config.training.epochs = 50);
    let mut first = run.start();
    run.wait_for("step", |event| matches!(event, Event::Step { .. }));
    assert_eq!(run.finish(), i32::from(exit::LOCKED), "{}", run.log());
    assert!(run.log().contains("another worker holds"), "{}", run.log());
    first.0.kill().unwrap();
    first.wait();
}

#[test]
fn a_plan_of_another_version_is_refused() {
    let mut run = RunFolder::new();
    run.assignment.version = 99;
    run.write_plan();
    let (kind, message) = failure(&run);
    assert_eq!(kind, FailureKind::Run);
    assert!(message.contains("is of version 99, and this worker reads version 1"), "{message}");
}

#[test]
fn a_plan_for_another_trainer_is_refused() {
    let mut run = RunFolder::new();
    run.assignment.plan.trainer += 1;
    run.write_plan();
    let (_, message) = failure(&run);
    assert!(message.contains("planned for trainer"), "{message}");
}

#[test]
fn a_plan_cut_short_is_refused() {
    let run = RunFolder::new();
    fs::write(run.file(run_folder::PLAN), r#"{"version": 1, "run": "#).unwrap();
    let (kind, message) = failure(&run);
    assert_eq!(kind, FailureKind::Run);
    assert!(message.contains("failed to understand") && message.contains("plan.json"), "{message}");
}

#[test]
fn data_that_changed_since_planning_is_refused() {
    let mut run = RunFolder::new();
    run.assignment.plan.data = arclab_spec::Fingerprint::of(b"other");
    run.write_plan();
    let (_, message) = failure(&run);
    assert!(message.contains("the data changed since the run was planned"), "{message}");
}

#[test]
fn cuda_is_refused_with_the_reason() {
    let mut run = RunFolder::new();
    run.assignment.device = DeviceRequest::Cuda;
    run.write_plan();
    let (_, message) = failure(&run);
    assert!(
        message.contains("the spec asks for `resources.device: cuda`, or for a GPU of a cluster, but "),
        "{message}"
    );
}

#[test]
#[cfg(not(feature = "candle-cuda"))]
fn candle_s_device_is_refused_by_a_worker_without_it_whatever_the_spec_asks_for() {
    for device in [DeviceRequest::Cuda, DeviceRequest::Auto, DeviceRequest::Cpu] {
        let mut run = RunFolder::new();
        run.assignment.device = device;
        run.write_plan();
        let (kind, message) = failure_with(&run, &[("ARCLAB_CANDLE", "1")]);
        assert_eq!(kind, FailureKind::Run);
        assert!(message.contains("built without the feature `candle-cuda`"), "{message}");
    }
}

#[test]
fn numbers_that_a_cpu_does_not_compute_in_are_refused_where_there_is_no_gpu() {
    let run = RunFolder::with(|config| config.training.precision = Precision::Bf16);
    let (_, message) = failure(&run);
    assert!(message.contains("`training.precision: bf16`, which a GPU alone computes in"), "{message}");
    assert!(message.contains("Write `precision: float32`"), "{message}");
}

#[test]
fn a_head_of_bf16_is_refused_beside_a_network_of_float32() {
    let run = RunFolder::with(|config| config.training.head_precision = HeadPrecision::Bf16);
    let (_, message) = failure(&run);
    assert!(
        message.contains("`training.head_precision: bf16` with `training.precision: float32`"),
        "{message}"
    );
    assert!(message.contains("Write `head_precision: float32`"), "{message}");
}

#[test]
fn a_batch_larger_than_the_training_set_is_refused() {
    let run = RunFolder::with(|config| config.training.batch_size = 1000);
    let (_, message) = failure(&run);
    assert!(message.contains("a batch of 1000 images cannot be made of"), "{message}");
}

#[test]
fn a_batch_of_more_identities_than_there_are_is_refused() {
    let run = RunFolder::with(|config| {
        config.training.batch_size = 16;
        config.training.sampler = Some(Sampler { images_each: 2 });
    });
    let (_, message) = failure(&run);
    assert!(message.contains("a batch of 8 identities cannot be made of 6"), "{message}");
}

#[test]
fn a_learning_rate_beyond_all_reason_fails_at_once_and_says_the_step() {
    let run = RunFolder::with(|config| {
        config.optimizer = plain_sgd(1e30, 0.0);
        config.schedule = ScheduleConfig { shape: ScheduleShape::Constant, warmup_epochs: 0.0 };
    });
    let (_, message) = failure(&run);
    assert!(message.contains("the loss (NaN) of step 2 is not finite"), "{message}");
}
