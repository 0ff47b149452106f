//! `schedule:`, and how it fits the training.

use std::sync::Arc;

use serde_json::json;

use super::{
    list,
    range::{Counts, Range},
    scalar,
    section::Section,
};
use crate::{
    config::{ScheduleConfig, ScheduleShape, StepAt},
    source::{Diagnostic, Node, Place},
};

/// Names of the curves, before their parameters are known.
const SHAPES: &[(&str, Shape)] = &[
    ("constant", Shape::Constant),
    ("polynomial", Shape::Polynomial),
    ("cosine", Shape::Cosine),
    ("step", Shape::Step),
    ("one_cycle", Shape::OneCycle),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Constant,
    Polynomial,
    Cosine,
    Step,
    OneCycle,
}

/// Keys that mean something to one curve only.
const OWN: &[(Shape, &str, &[&str])] = &[
    (Shape::Polynomial, "polynomial", &["power"]),
    (Shape::Step, "step", &["milestones", "every_epochs", "factor"]),
    (Shape::OneCycle, "one_cycle", &["rise", "start_divisor", "end_divisor"]),
];

const EPOCHS: Counts = Counts::from(1, 100_000);

pub(super) fn schedule(schedule: &mut Section<'_>) -> ScheduleConfig {
    let shape =
        schedule.word("name", "The curve of the learning rate after the warm-up.", "polynomial", SHAPES);
    for (_, name, keys) in OWN.iter().filter(|(owner, ..)| *owner != shape) {
        let help = format!("leave it out, or write `name: {name}`");
        keys.iter().for_each(|key| schedule.no_effect(key, "this `name`", &help));
    }
    let power =
        schedule.number("power", "Of `polynomial`: 1 is a straight line to 0.", 1.0, Range::above(0.0, 10.0));
    let step = step(schedule, shape == Shape::Step);
    let one_cycle = one_cycle(schedule);
    let warmup_epochs = schedule.number(
        "warmup_epochs",
        "Epochs over which the rate rises linearly from 0; may be a fraction.",
        0.0,
        Range::closed(0.0, 100_000.0),
    );
    if shape == Shape::OneCycle {
        schedule.no_effect("warmup_epochs", "`name: one_cycle`", "leave it out: `rise` is its warm-up");
    }
    let shape = match shape {
        Shape::Constant => ScheduleShape::Constant,
        Shape::Polynomial => ScheduleShape::Polynomial { power },
        Shape::Cosine => ScheduleShape::Cosine,
        Shape::Step => step,
        Shape::OneCycle => one_cycle,
    };
    ScheduleConfig { shape, warmup_epochs }
}

/// `is_asked` where it is the curve, which needs one of two keys.
fn step(schedule: &mut Section<'_>, is_asked: bool) -> ScheduleShape {
    schedule.exclusive(["milestones", "every_epochs"]);
    let milestones = milestones(schedule);
    let every = every_epochs(schedule);
    let factor = schedule.number(
        "factor",
        "Of `step`: what the rate is multiplied by each time (PyTorch's `gamma`).",
        0.1,
        Range::open(0.0, 1.0),
    );
    let [has_milestones, has_every] = ["milestones", "every_epochs"].map(|key| schedule.has(key));
    if is_asked && has_milestones == has_every {
        let found = schedule.place().map(|place| {
            let message = "`schedule` must have one of `milestones` and `every_epochs` beside `name: step`";
            Diagnostic::at(place, message).help("write such as `milestones: [10, 18]`, or `every_epochs: 10`")
        });
        schedule.reading().report_all(found);
    }
    let at = every.map_or(StepAt::Milestones(milestones), StepAt::Every);
    ScheduleShape::Step { at, factor }
}

fn milestones(schedule: &mut Section<'_>) -> Vec<u32> {
    const DOC: &str = "Of `step`: epochs after which the rate falls, in rising order.";
    let schema = json!({"type": "array", "items": EPOCHS.schema(), "minItems": 1, "uniqueItems": true});
    let node = schedule.take_optional("milestones", DOC, schema);
    let items = list::whole_numbers(schedule, "milestones", node, EPOCHS, "[10, 18]");
    for (before, after) in
        items.iter().zip(items.iter().skip(1)).filter(|(before, after)| before.1 >= after.1)
    {
        let message = format!("the milestone {} stands after {}", after.1, before.1);
        let found = Diagnostic::at(&after.0.place, message);
        schedule.reading().report(found.help("write each once, in rising order"));
    }
    items.into_iter().map(|(_, epoch)| epoch as u32).collect()
}

fn every_epochs(schedule: &mut Section<'_>) -> Option<u32> {
    const DOC: &str = "Of `step`: the rate falls each time after so many epochs.";
    let node = schedule.take_optional("every_epochs", DOC, EPOCHS.schema().into())?;
    let path = schedule.path_of("every_epochs");
    scalar::whole(schedule.reading(), node, &path, EPOCHS, 10).map(|epochs| epochs as u32)
}

fn one_cycle(schedule: &mut Section<'_>) -> ScheduleShape {
    let divisor = Range::closed(1.0, 1e9);
    ScheduleShape::OneCycle {
        rise: schedule.number(
            "rise",
            "Of `one_cycle`: share of the training in which the rate rises (PyTorch's `pct_start`).",
            0.3,
            Range::open(0.0, 1.0),
        ),
        start_divisor: schedule.number(
            "start_divisor",
            "Of `one_cycle`: the first rate is the peak divided by this (PyTorch's `div_factor`).",
            25.0,
            divisor,
        ),
        end_divisor: schedule.number(
            "end_divisor",
            "Of `one_cycle`: the last rate is the first one divided by this (PyTorch's `final_div_factor`).",
            1e4,
            divisor,
        ),
    }
}

/// Where the key of the schedule or the number of epochs should change: what a spec says itself, rather than what it has from
/// another one.
fn place_of_contradiction<'a>(top: &Section<'a>, key: &'a Node) -> &'a Place {
    let epochs = top.node("training").and_then(|training| training.get("epochs"));
    let is_own = |place: &Place| top.place().is_some_and(|own| Arc::ptr_eq(&own.source, &place.source));
    match epochs {
        Some(epochs) if is_own(&epochs.place) && !is_own(&key.place) => &epochs.place,
        Some(_) | None => &key.place,
    }
}

/// Refuses what would not come about in `epochs` epochs.
pub(super) fn fits(top: &Section<'_>, schedule: &ScheduleConfig, epochs: u32) {
    let report = |key: &str, message: String, help: &str| {
        if let Some(node) = top.node("schedule").and_then(|schedule| schedule.get(key)) {
            let place = place_of_contradiction(top, node);
            top.reading().report(Diagnostic::at(place, message).help(help));
        }
    };
    let warmup = schedule.warmup_epochs;
    // A straight rise is a schedule, too, but no curve can follow it.
    let (is_too_long, relation) = match schedule.shape {
        ScheduleShape::Constant => (warmup > f64::from(epochs), "is more than"),
        ScheduleShape::Polynomial { .. }
        | ScheduleShape::Cosine
        | ScheduleShape::Step { .. }
        | ScheduleShape::OneCycle { .. } => (warmup >= f64::from(epochs), "is not below"),
    };
    if is_too_long {
        let message = format!("`schedule.warmup_epochs` ({warmup}) {relation} `training.epochs` ({epochs})");
        report("warmup_epochs", message, "warm up for fewer epochs, or the rate never reaches its peak");
    }
    let ScheduleShape::Step { at, .. } = &schedule.shape else { return };
    let (key, first, last) = match at {
        StepAt::Milestones(milestones) => ("milestones", milestones.first(), milestones.last()),
        StepAt::Every(every) => ("every_epochs", Some(every), Some(every)),
    };
    if let Some(last) = last.filter(|&&last| last >= epochs) {
        let message = format!("`schedule.{key}` ({last}) is not below `training.epochs` ({epochs})");
        report(key, message, "let the rate fall sooner, or train for longer");
    } else if let Some(first) = first.filter(|&&first| f64::from(first) < warmup) {
        let message = format!("`schedule.{key}` ({first}) is below `schedule.warmup_epochs` ({warmup})");
        report(key, message, "let the rate fall later, or warm up for fewer epochs");
    }
}
