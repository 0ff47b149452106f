//! Writes a comparison page of invented numbers to standard output, to look at its template.

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unreachable_pub, reason = "shared with the tests, which use more of it")]
mod support;

use std::io::Write as _;

use arclab_metrics::Unit;
use arclab_report::{Comparison, Document, TableOptions};
use support::{lineage, lists, variant};

const VARIANTS: [(&str, f64, (&str, &str), &str); 6] = [
    (
        "baseline",
        0.22,
        ("loss.margin", "0.5"),
        "ArcFace with the usual margin; what all others are compared with.",
    ),
    (
        "grayscale",
        0.21,
        ("data.colour", "grey"),
        "Without colour, photos under different light look more alike: fewer false negatives, more false positives.",
    ),
    (
        "m0.8",
        0.225,
        ("loss.margin", "0.8"),
        "A larger margin separates people more, and hurts where labels are wrong.",
    ),
    ("m0.2", 0.17, ("loss.margin", "0.2"), "A smaller margin is easier to learn & separates less: m < 0.5."),
    (
        "colour-temperature",
        0.24,
        ("data.augment.colour_temperature", "0.4"),
        "Warm and cold light in training.",
    ),
    ("gray-mix", 0.235, ("data.augment.grey", "0.5"), "Original and grey images together."),
];

fn main() -> std::io::Result<()> {
    let of = |(name, gap, (key, value), hypothesis): (&str, f64, (&str, &str), &str)| {
        let mut variant = variant(name, gap, &[0], &["closed", "open", "lfw"]);
        hypothesis.clone_into(&mut variant.hypothesis);
        variant.lineage = Some(lineage(&[(key, value)], &[key]));
        variant.state = Some(if name == "baseline" { "cached" } else { "succeeded" }.to_owned());
        variant
    };
    let comparison = Comparison::new(VARIANTS.map(of).to_vec(), lists(), Unit::Identities);
    let options = TableOptions { reported: true };
    let (title, made) = ("Invented numbers".to_owned(), "2026-03-01 12:00:00 by an example".to_owned());
    let page = Document { title, made, sections: comparison.sections(options) }.page();
    std::io::stdout().write_all(page.as_bytes())
}
