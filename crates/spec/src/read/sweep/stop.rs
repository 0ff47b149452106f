//! `sweep.stop`: which runs are stopped before their end.

use serde_json::json;

use super::axis::Axis;
use crate::{
    Spec, StopRule, Sweep,
    read::{
        range::Counts,
        section::{Reading, Section, written},
    },
    source::Diagnostic,
};

/// What a search goes by. Another one of validation pairs would be another word here; of test pairs there must be none.
const METRIC: &str = "validation_accuracy";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Asha,
    Median,
}

pub(super) fn stop(section: &mut Section<'_>, axes: &[Axis]) -> Option<StopRule> {
    let doc = "Stops cells that show little on validation pairs, after a checkpoint: one that is taken up again goes on from there.";
    let stop = section.optional_section("stop", doc, |section| {
        let doc = "`asha`: of the cells that have come to a rung (min_epochs, times reduction, times reduction again…) the best \
                   one in `reduction` goes on; `median`: one that is below the median of the others ends.";
        let rule = section.word("rule", doc, "asha", &[("asha", Rule::Asha), ("median", Rule::Median)]);
        metric(section);
        let epochs = Counts::from(1, 100_000);
        let doc = "Epochs that each cell has before the first decision; of `median` also from one to the next.";
        let min_epochs = section.count("min_epochs", doc, 1, epochs) as u32;
        let doc = "Of `asha`: one in so many goes on, to so many times the epochs.";
        let reduction = section.count("reduction", doc, 3, Counts::from(2, 100)) as u32;
        if rule == Rule::Median {
            section.no_effect("reduction", "`rule: median`", "leave it out");
        }
        match rule {
            Rule::Asha => StopRule::Asha { min_epochs, reduction },
            Rule::Median => StopRule::Median { min_epochs },
        }
    });
    if let (Some(_), Some(axis)) = (stop, axes.iter().find(|axis| axis.key == "training.epochs")) {
        let found = Diagnostic::at(&axis.node.place, "`training.epochs` cannot be an axis beside `stop`");
        section.reading().report(found.help("cells are compared after equally many of equally many epochs"));
    }
    stop
}

/// A choice that has seen the test pairs would be an optimistic one: they could no longer tell how good it is.
fn metric(section: &mut Section<'_>) {
    let doc = "What cells are compared by: of validation pairs, never of the tests.";
    let Some(node) = section.take("metric", doc, json!({"enum": [METRIC], "default": METRIC})) else {
        return;
    };
    if node.scalar() != Some(METRIC) {
        let message = format!("a sweep cannot stop cells by `{}`", written(node));
        let help = format!(
            "write `metric: {METRIC}`: cells that were chosen by test pairs look better on them than they are"
        );
        section.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
}

/// Reports a rule that would stop nothing.
pub(super) fn fits(sweep: &Sweep, spec: &Spec, reading: &Reading<'_>) {
    let Some(rule) = sweep.stop else { return };
    let (StopRule::Asha { min_epochs, .. } | StopRule::Median { min_epochs }) = rule;
    let epochs = spec.config.training.epochs;
    if min_epochs >= epochs {
        let message = format!("cells of {epochs} epochs cannot be stopped after {min_epochs}");
        let found = Diagnostic::of_file(spec.file.display(), message);
        reading.report(found.help("write a smaller `sweep.stop.min_epochs`"));
    }
}
