//! `training:`.

use serde_json::json;

use super::{
    data::SEEDS,
    list,
    range::{Counts, Range},
    section::Section,
};
use crate::{
    config::{Config, CrossEntropy, HeadPrecision, LossConfig, Precision, Sampler, TrainingConfig},
    source::Diagnostic,
};

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
        "What the network is computed in; all but `float32` on a GPU alone. `tf32`: convolutions of 10-bit fractions. \
         `bf16`, `fp16`: feature maps of 16 bits, with weights, statistics and the head in float32; `fp16` scales the loss.",
        "float32",
        &Precision::ALL,
    );
    let head_precision = training.word(
        "head_precision",
        "What the head multiplies: `bf16` keeps embeddings and centres of length 1, and their cosines, in 16 bits, for a head of \
         very many classes; sums, and the centres that are learnt, stay in float32. Beside `precision: bf16` alone, and for \
         `arcface`, `cosface`, `combined` and `normface` without `focal` and `label_smoothing`.",
        "float32",
        &HeadPrecision::ALL,
    );
    let log_every = training.count(
        "log_every",
        "Steps from one record of the metrics to the next. Changes no number: a run that has succeeded stays as it is.",
        10,
        Counts::from(1, 1_000_000),
    );
    let accumulate = accumulate(training, batch_size);
    let config = TrainingConfig {
        epochs: epochs as u32,
        batch_size: batch_size as u32,
        precision,
        head_precision,
        log_every: log_every as u32,
        accumulate: accumulate as u32,
        ranks: ranks(training, batch_size, accumulate, precision) as u32,
        sampler: sampler(training, batch_size),
        ema: training.optional_number(
            "ema",
            "Largest decay of a moving average of the weights: after n steps it is (1 + n) / (10 + n) where that is \
             less, so that 0.999 is reached after 8990 steps. Where it is given, the averaged weights are those that \
             are validated, tested and kept.",
            0.999,
            Range::open(0.0, 1.0),
        ),
    };
    (config, seeds(training))
}

/// Refuses a head of 16 bits where there is none.
pub(super) fn fits(top: &Section<'_>, config: &Config) {
    let TrainingConfig { precision, head_precision, .. } = config.training;
    let written = top.node("training").and_then(|training| training.get("head_precision"));
    let Some(node) = written.filter(|_| head_precision == HeadPrecision::Bf16) else { return };
    let report =
        |message: String, help: &str| top.reading().report(Diagnostic::at(&node.place, message).help(help));
    if !head_precision.suits(precision) {
        let message =
            format!("`training.head_precision` cannot be `bf16` with `training.precision: {precision}`");
        report(message, "write `precision: bf16` beside it, which a GPU alone computes in, or `float32`");
    }
    if !is_margin_softmax(config) {
        let message =
            "`training.head_precision` cannot be `bf16` with this loss, which is computed in float32"
                .to_owned();
        report(message, "write `float32`, or a loss such as `arcface` without `focal` and `label_smoothing`");
    }
}

/// Whether a GPU computes the loss itself.
fn is_margin_softmax(config: &Config) -> bool {
    let is_plain = config.cross_entropy == CrossEntropy::Plain;
    is_plain
        && matches!(
            config.loss,
            LossConfig::ArcFace { .. }
                | LossConfig::CosFace { .. }
                | LossConfig::Combined { .. }
                | LossConfig::NormFace { .. }
        )
}

fn sampler(training: &mut Section<'_>, batch_size: u64) -> Option<Sampler> {
    const DOC: &str = "Makes batches of identities, as losses on pairs need it: `batch_size` / `images_each` identities \
                       with so many images each. An epoch has as many steps as of shuffled images; identities come \
                       about equally often, and those with fewer images repeat them.";
    let images_each = training.optional_section("sampler", DOC, |sampler| {
        sampler.count("images_each", "Images of each identity in a batch.", 4, Counts::from(1, 32_768))
    })?;
    let is_even = batch_size.is_multiple_of(images_each) && batch_size / images_each >= 2;
    if let Some(node) = training.node("sampler").filter(|_| !is_even) {
        let message = format!(
            "`training.batch_size` ({batch_size}) is no batch of identities with `training.sampler.images_each` \
             ({images_each}) each"
        );
        let place = node.get("images_each").map_or(&node.place, |node| &node.place);
        training.reading().report(
            Diagnostic::at(place, message)
                .help("choose a divisor of the batch that leaves 2 identities or more"),
        );
    }
    Some(Sampler { images_each: images_each as u32 })
}

fn accumulate(training: &mut Section<'_>, batch_size: u64) -> u64 {
    let parts = training.count(
        "accumulate",
        "Equal parts in which a step's images go through the network, one after the other, to need less memory. \
         Batch norm takes the statistics of each part, and what a loss remembers from batch to batch (`adaface`, \
         `curricularface`, `adacos` of `scaling: dynamic`) moves with each part. Not beside a `sampler`.",
        1,
        Counts::from(1, 32_768),
    );
    let is_even = batch_size.is_multiple_of(parts) && batch_size / parts >= 2;
    if let Some(node) = training.node("accumulate").filter(|_| !is_even) {
        let message = format!(
            "`training.accumulate` ({parts}) leaves no equal parts of `training.batch_size` ({batch_size})"
        );
        let found = Diagnostic::at(&node.place, message);
        training
            .reading()
            .report(found.help("choose a divisor of the batch that leaves parts of 2 images or more"));
    }
    parts
}

fn ranks(training: &mut Section<'_>, batch_size: u64, accumulate: u64, precision: Precision) -> u64 {
    let ranks = training.count(
        "ranks",
        "Devices that carry out a run together: as many GPUs, or on the CPU groups of its threads. Each takes an equal part \
         of a step's images, whose statistics batch norm takes, and margin softmaxes split their classes among them.",
        1,
        Counts::from(1, 64),
    );
    let Some(node) = training.node("ranks").filter(|_| ranks > 1) else { return ranks };
    let report = |message: String, help: &str| {
        training.reading().report(Diagnostic::at(&node.place, message).help(help));
    };
    let part = batch_size / accumulate;
    if !part.is_multiple_of(ranks) || part / ranks < 2 {
        let whole = if accumulate > 1 {
            "`training.batch_size` / `training.accumulate`"
        } else {
            "`training.batch_size`"
        };
        report(
            format!("`training.ranks` ({ranks}) leaves no equal parts of {whole} ({part})"),
            "choose a divisor of it that leaves parts of 2 images or more",
        );
    }
    if precision == Precision::Fp16 {
        let message = "`training.ranks` cannot stand beside `precision: fp16`".to_owned();
        report(message, "write `bf16`, whose loss is not scaled: ranks would scale it each by itself");
    }
    ranks
}

fn seeds(training: &mut Section<'_>) -> Vec<u64> {
    const DOC: &str = "Seeds of initial weights, order and augmentation; each makes a run.";
    let items = SEEDS.schema();
    let schema = json!({"type": "array", "items": items, "minItems": 1, "uniqueItems": true, "default": [0]});
    let Some(node) = training.take("seeds", DOC, schema) else { return vec![0] };
    let mut seeds = Vec::new();
    for (item, seed) in list::whole_numbers(training, "seeds", Some(node), SEEDS, "[0, 1, 2]") {
        if seeds.contains(&seed) {
            let twice = Diagnostic::at(&item.place, format!("the seed {seed} stands here a second time"));
            training.reading().report(twice.help("leave it out: the same seed gives the same run"));
        }
        seeds.push(seed);
    }
    seeds
}
