//! `loss:`: one of [`KINDS`], and how its logits are judged.

use serde_json::{Map, Value as Json, json};

use super::{
    losses::{KINDS, Kind, foreign_keys},
    range::Range,
    section::Section,
};
use crate::{
    config::{Compares, Config, CrossEntropy, LossConfig},
    source::{Diagnostic, one_of},
};

/// Keys of every loss on class centres.
pub(super) const OF_CENTRES: [&str; 3] = ["focal", "label_smoothing", "sample_rate"];

/// The softmax over classes that a loss on class centres ends in.
pub(super) struct Softmax {
    pub(super) cross_entropy: CrossEntropy,
    pub(super) sample_rate: Option<f64>,
}

pub(super) fn read(loss: &mut Section<'_>) -> (LossConfig, Softmax) {
    let words: Vec<(&str, &Kind)> = KINDS.iter().map(|kind| (kind.name, kind)).collect();
    let before = loss.reading().mistakes();
    let kind = loss.word("name", "The head and its loss; `arclab losses` lists them.", KINDS[0].name, &words);
    let is_named = loss.reading().mistakes() == before;
    let config = (kind.read)(loss);
    let all: Vec<_> = KINDS.iter().map(|kind| (kind.name, kind.fields())).collect();
    // Where a loss is named wrongly, nobody knows which keys have an effect.
    if is_named {
        refuse_foreign(loss, kind.name, &all);
    }
    for kind in KINDS {
        describe(loss, kind);
    }
    if is_named && config.compares() != Compares::Centres {
        let beside = format!("`name: {}`", kind.name);
        for key in OF_CENTRES {
            loss.no_effect(key, &beside, "leave it out: it is of losses on class centres");
        }
    }
    (config, softmax(loss))
}

/// Reports the parameters of other losses.
fn refuse_foreign(loss: &Section<'_>, name: &str, all: &[(&str, Map<String, Json>)]) {
    for key in foreign_keys(name) {
        let having = all.iter().filter(|(_, fields)| fields.contains_key(&key));
        let having: Vec<&str> = having.map(|(name, _)| *name).collect();
        let help = format!("leave it out: it is of {}", one_of(&having));
        loss.no_effect(&key, &format!("`name: {name}`"), &help);
    }
}

/// Notes the keys of one loss, and tells the schema that it has no others.
fn describe(loss: &mut Section<'_>, kind: &Kind) {
    let (name, fields) = (kind.name, kind.fields());
    for (key, schema) in &fields {
        loss.describe_also(key, schema);
    }
    let shared = OF_CENTRES.into_iter().filter(|_| kind.compares() == Compares::Centres);
    let keys = ["name"].into_iter().chain(shared).chain(fields.keys().map(String::as_str));
    let keys: Vec<&str> = keys.collect();
    loss.demand(json!({
        "if": {"properties": {"name": {"const": name}}, "required": ["name"]},
        "then": {"propertyNames": {"enum": keys}, "properties": fields},
    }));
}

/// Refuses a sample of classes for each part of a batch, which would differ from part to part, and one of a loss whose
/// scale rests on all classes.
pub(super) fn fits(top: &Section<'_>, config: &Config) {
    let written = top.node("loss").and_then(|loss| loss.get("sample_rate"));
    let Some(node) = written.filter(|_| config.sample_rate.is_some()) else { return };
    let report = |message: &str, help: &str| {
        top.reading().report(Diagnostic::at(&node.place, message).help(help));
    };
    if config.training.accumulate > 1 {
        let help = "leave one of them out: the parts of a batch would have classes of their own each";
        report("`loss.sample_rate` cannot stand beside `training.accumulate`", help);
    }
    if matches!(config.loss, LossConfig::AdaCos { .. }) {
        let help =
            "leave it out, or write the usual `1`: the scale comes from the number of classes in the softmax";
        report("`loss.sample_rate` cannot stand beside `name: adacos`", help);
    }
}

/// What every loss on class centres takes.
pub(super) fn softmax(loss: &mut Section<'_>) -> Softmax {
    let cross_entropy = cross_entropy(loss);
    let rate = loss.number(
        "sample_rate",
        "Share of the classes in each step's softmax: those of its images and random others (PartialFC, An et al. \
         2022). For so many people that the head takes the time and memory; 1 takes all.",
        1.0,
        Range::above(0.0, 1.0),
    );
    Softmax { cross_entropy, sample_rate: (rate < 1.0).then_some(rate) }
}

fn cross_entropy(loss: &mut Section<'_>) -> CrossEntropy {
    const SMOOTHING: Range = Range::half_open(0.0, 1.0).because("with 1 no class would be the right one");
    let gamma = loss.number(
        "focal",
        "γ of the focal loss (Lin et al. 2017), by which what is nearly right weighs less; 2 is usual, 0 is none.",
        0.0,
        Range::closed(0.0, 10.0),
    );
    let share = loss.number(
        "label_smoothing",
        "Share of the truth that is spread over all classes (Szegedy et al. 2016).",
        0.0,
        SMOOTHING,
    );
    if let Some(node) = loss.node("label_smoothing").filter(|_| gamma > 0.0 && share > 0.0) {
        let message = "`loss.focal` and `loss.label_smoothing` cannot stand together";
        let help = "set one of them to 0: a focal loss is defined for one right class";
        loss.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
    match (gamma > 0.0, share > 0.0) {
        (true, _) => CrossEntropy::Focal { gamma },
        (false, true) => CrossEntropy::Smoothed { share },
        (false, false) => CrossEntropy::Plain,
    }
}
