//! `optimizer:`, `schedule:` and `training:`.

use serde_json::json;

use super::{
    range::Range,
    section::{Section, whole},
};
use crate::{
    config::{OptimizerConfig, Precision, ScheduleConfig, ScheduleShape, TrainingConfig},
    source::{Diagnostic, Value},
};

pub(super) fn optimizer(optimizer: &mut Section<'_>) -> OptimizerConfig {
    optimizer.word("name", "How weights follow gradients.", "sgd", &[("sgd", ())]);
    let clips = optimizer.has("clip_norm");
    let clip_norm = optimizer.number(
        "clip_norm",
        "Largest norm of the whole gradient; longer ones are scaled down to it. Not clipped where absent.",
        5.0,
        Range::above(0.0, 1e6),
    );
    OptimizerConfig::Sgd {
        learning_rate: optimizer.number("learning_rate", "Peak learning rate.", 0.1, Range::above(0.0, 1e30)),
        momentum: optimizer.number(
            "momentum",
            "Share of the last step that is kept.",
            0.9,
            Range::half_open(0.0, 1.0),
        ),
        weight_decay: optimizer.number(
            "weight_decay",
            "Added to the gradient, times the weight.",
            5e-4,
            Range::closed(0.0, 1.0),
        ),
        clip_norm: clips.then_some(clip_norm),
    }
}

/// Names of the curves, and whether they have a power.
const SHAPES: &[(&str, Shape)] =
    &[("constant", Shape::Constant), ("polynomial", Shape::Polynomial), ("cosine", Shape::Cosine)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Constant,
    Polynomial,
    Cosine,
}

pub(super) fn schedule(schedule: &mut Section<'_>) -> ScheduleConfig {
    let shape =
        schedule.word("name", "The curve of the learning rate after the warm-up.", "polynomial", SHAPES);
    let power =
        schedule.number("power", "Of `polynomial`: 1 is a straight line to 0.", 1.0, Range::above(0.0, 10.0));
    if let Some(node) = schedule.node("power").filter(|_| shape != Shape::Polynomial) {
        let found = Diagnostic::at(node.place.clone(), "`schedule.power` has no effect beside this `name`");
        schedule.reading().report(found.help("leave it out, or write `name: polynomial`"));
    }
    ScheduleConfig {
        shape: match shape {
            Shape::Constant => ScheduleShape::Constant,
            Shape::Polynomial => ScheduleShape::Polynomial { power },
            Shape::Cosine => ScheduleShape::Cosine,
        },
        warmup_epochs: schedule.number(
            "warmup_epochs",
            "Epochs over which the rate rises linearly from 0; may be a fraction.",
            0.0,
            Range::closed(0.0, 10_000.0),
        ),
    }
}

/// The section, and the seeds.
pub(super) fn training(training: &mut Section<'_>) -> (TrainingConfig, Vec<u64>) {
    let config = TrainingConfig {
        epochs: training.count("epochs", "Passes over the training images.", 10, 1, 100_000) as u32,
        batch_size: training.count(
            "batch_size",
            "Images a step; an epoch's last, smaller batch is left out.",
            64,
            1,
            65_536,
        ) as u32,
        precision: training.word(
            "precision",
            "Number format of the backbone.",
            "float32",
            &[("float32", Precision::Float32)],
        ),
        log_every: training.count(
            "log_every",
            "Steps from one record of the metrics to the next.",
            10,
            1,
            1_000_000,
        ) as u32,
    };
    (config, seeds(training))
}

fn seeds(training: &mut Section<'_>) -> Vec<u64> {
    const DOC: &str = "Seeds of initial weights, order and augmentation; each makes a run.";
    const MAX: u64 = u32::MAX as u64;
    let schema = json!({
        "type": "array", "items": {"type": "integer", "minimum": 0, "maximum": MAX},
        "minItems": 1, "uniqueItems": true, "default": [0],
    });
    let Some(node) = training.take("seeds", DOC, schema) else { return vec![0] };
    let reading = training.reading();
    let complain = |message: &str| {
        reading.report(
            Diagnostic::at(node.place.clone(), message).help("write a list, such as `seeds: [0, 1, 2]`"),
        );
        vec![0]
    };
    let Value::List(items) = &node.value else {
        return complain(&format!("`training.seeds` must be a list, not `{}`", node.inline()));
    };
    let seeds: Vec<u64> =
        items.iter().filter_map(|item| whole(reading, item, "training.seeds", 0, MAX)).collect();
    if items.is_empty() {
        return complain("`training.seeds` is empty: nothing would run");
    }
    if (1..seeds.len()).any(|place| seeds[..place].contains(&seeds[place])) {
        return complain("`training.seeds` names a seed twice");
    }
    seeds
}
