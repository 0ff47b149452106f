//! What batches of identities, and a loss that compares their images, ask of the rest of a spec.

use super::section::Section;
use crate::{
    config::{Compares, Config},
    source::{Diagnostic, Node},
};

/// Refuses what would have no effect, or another than it says, beside a loss on pairs or its sampler.
pub(super) fn fits(top: &Section<'_>, config: &Config) {
    let section = |section: &str, key: &str| top.node(section).and_then(|node| node.entry(key));
    let written =
        |key: &str| section("training", key).map(|entry| &entry.node).filter(|node| !node.is_null());
    let report = |place: Option<&Node>, message: &str, help: &str| {
        top.reading().report_all(place.map(|node| Diagnostic::at(&node.place, message).help(help)));
    };
    let compares = config.loss.compares();
    if config.training.accumulate > 1 && compares != Compares::Centres {
        let message = "`training.accumulate` cannot stand beside a loss that compares the images of a batch";
        report(
            written("accumulate"),
            message,
            "leave it out, or write 1: each part would see its own images alone",
        );
    } else if config.training.accumulate > 1 && config.training.sampler.is_some() {
        let message = "`training.accumulate` cannot stand beside `training.sampler`";
        let help =
            "write 1, or `sampler: null`: identities follow one another, and a part would hold but a few";
        report(written("accumulate"), message, help);
    }
    if compares != Compares::Images {
        return;
    }
    let head_rate = section("optimizer", "head_rate").filter(|_| config.optimizer.layers().head_rate != 1.0);
    if let Some(entry) = head_rate {
        let message = "`optimizer.head_rate` has no effect beside a loss that has no class centres";
        let help = "leave it out, or write the usual `1`";
        top.reading().report(Diagnostic::at(&entry.key_place, message).help(help));
    }
    let named = top.node("loss").and_then(|loss| loss.get("name"));
    match config.training.sampler {
        None => report(
            named,
            "this loss compares images of one person, of whom a batch of shuffled images has hardly two",
            "write such as `training: {sampler: {images_each: 4}}`",
        ),
        Some(sampler) if sampler.images_each == 1 => report(
            written("sampler").map(|node| node.get("images_each").unwrap_or(node)),
            "with `training.sampler.images_each` 1, no batch has two images of one person for the loss to compare",
            "take 2 or more of each; 4 is usual",
        ),
        Some(_) => {}
    }
}
