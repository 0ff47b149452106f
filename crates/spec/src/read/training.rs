//! `optimizer:`, `schedule:` and `training:`.

use serde_json::json;

use super::{
    data::SEEDS,
    range::{Counts, Range},
    scalar,
    section::{Section, written},
};
use crate::{
    config::{OptimizerConfig, Precision, ScheduleConfig, ScheduleShape, TrainingConfig},
    source::{Diagnostic, Value},
};

pub(super) fn optimizer(optimizer: &mut Section<'_>) -> OptimizerConfig {
    optimizer.word("name", "How weights follow gradients.", "sgd", &[("sgd", ())]);
    let momentum = Range::half_open(0.0, 1.0).because("with all of the last step kept, steps grow for ever");
    OptimizerConfig::Sgd {
        learning_rate: optimizer.number(
            "learning_rate",
            "Peak learning rate.",
            0.1,
            Range::above(0.0, 1_000.0),
        ),
        momentum: optimizer.number("momentum", "Share of the last step that is kept.", 0.9, momentum),
        weight_decay: optimizer.number(
            "weight_decay",
            "Added to the gradient, times the weight.",
            5e-4,
            Range::closed(0.0, 1.0),
        ),
        clip_norm: optimizer.optional_number(
            "clip_norm",
            "Largest norm of the whole gradient; longer ones are scaled down to it. Not clipped where absent.",
            5.0,
            Range::above(0.0, 1e6),
        ),
    }
}

/// Names of the curves, before their parameters are known.
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
    if shape != Shape::Polynomial {
        schedule.no_effect("power", "this `name`", "leave it out, or write `name: polynomial`");
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
            Range::closed(0.0, 100_000.0),
        ),
    }
}

/// The section, and the seeds.
pub(super) fn training(training: &mut Section<'_>) -> (TrainingConfig, Vec<u64>) {
    let epochs = training.count("epochs", "Passes over the training images.", 10, Counts::from(1, 100_000));
    let batch_size = training.count(
        "batch_size",
        "Images a step; an epoch's last, smaller batch is left out.",
        64,
        Counts::from(2, 65_536),
    );
    let precision = training.word(
        "precision",
        "Number format of the backbone.",
        "float32",
        &[("float32", Precision::Float32)],
    );
    let log_every = training.count(
        "log_every",
        "Steps from one record of the metrics to the next. Changes no number: a run that has succeeded stays as it is.",
        10,
        Counts::from(1, 1_000_000),
    );
    let config = TrainingConfig {
        epochs: epochs as u32,
        batch_size: batch_size as u32,
        precision,
        log_every: log_every as u32,
    };
    (config, seeds(training))
}

fn seeds(training: &mut Section<'_>) -> Vec<u64> {
    const DOC: &str = "Seeds of initial weights, order and augmentation; each makes a run.";
    let items = SEEDS.schema();
    let schema = json!({"type": "array", "items": items, "minItems": 1, "uniqueItems": true, "default": [0]});
    let Some(node) = training.take("seeds", DOC, schema) else { return vec![0] };
    let reading = training.reading();
    let complain = |message: String| {
        reading.report(Diagnostic::at(&node.place, message).help("write a list, such as `seeds: [0, 1, 2]`"));
    };
    let Value::List(items) = &node.value else {
        complain(format!("`training.seeds` must be a list, not `{}`", written(node)));
        return vec![0];
    };
    if items.is_empty() {
        complain("`training.seeds` is empty: nothing would run".to_owned());
    }
    let path = training.path_of("seeds");
    let mut seeds = Vec::with_capacity(items.len());
    for item in items {
        let Some(seed) = scalar::whole(reading, item, &path, SEEDS, 0) else { continue };
        if seeds.contains(&seed) {
            let twice = Diagnostic::at(&item.place, format!("the seed {seed} stands here a second time"));
            reading.report(twice.help("leave it out: the same seed gives the same run"));
        }
        seeds.push(seed);
    }
    seeds
}
