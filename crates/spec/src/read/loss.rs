//! `loss:`: one of [`KINDS`], and how its logits are judged.

use serde_json::{Map, Value as Json, json};

use super::{
    losses::{KINDS, Kind, foreign_keys},
    range::Range,
    section::Section,
};
use crate::{
    config::{Compares, CrossEntropy, LossConfig},
    source::{Diagnostic, one_of},
};

/// Keys that say how logits are judged.
pub(super) const JUDGING: [&str; 2] = ["focal", "label_smoothing"];

pub(super) fn read(loss: &mut Section<'_>) -> (LossConfig, CrossEntropy) {
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
        for key in JUDGING {
            loss.no_effect(key, &beside, "leave it out: it judges logits of class centres");
        }
    }
    (config, cross_entropy(loss))
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
    let judging = JUDGING.into_iter().filter(|_| kind.compares() == Compares::Centres);
    let keys = ["name"].into_iter().chain(judging).chain(fields.keys().map(String::as_str));
    let keys: Vec<&str> = keys.collect();
    loss.demand(json!({
        "if": {"properties": {"name": {"const": name}}, "required": ["name"]},
        "then": {"propertyNames": {"enum": keys}, "properties": fields},
    }));
}

/// What every loss on class centres takes.
pub(super) fn cross_entropy(loss: &mut Section<'_>) -> CrossEntropy {
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
