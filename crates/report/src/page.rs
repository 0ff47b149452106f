//! The page of a comparison: one file that opens without a server and needs no network.

use std::fmt::Write as _;

use arclab_spec::Lineage;

use crate::{
    Comparison, Figure, ProtocolResult, RunResults, TableOptions, VariantResults,
    charts::{self, ScoreRange},
    comparison::title,
    format::html::{self, escaped},
};

/// The page, with the style sheet that gives charts their colours.
pub(crate) const TEMPLATE: &str = include_str!("../../../dashboards/compare.html");

impl Comparison {
    /// The page: the tables, training curves, and score histograms with the thresholds. `heading` is its title;
    /// `made` stands below it and says when and by what the page was written.
    pub fn page(&self, heading: &str, made: &str, options: TableOptions) -> String {
        fill(TEMPLATE, |name| match name {
            "title" => Some(escaped(heading)),
            "made" => Some(escaped(made)),
            "variants" => Some(variants(self)),
            "accuracy" => Some(html::write(&self.accuracy_table(options))),
            "errors" => Some(html::write(&self.errors_table(options))),
            "tests" => Some(html::write(&self.tests_table().without_empty_columns())),
            "hypotheses" => Some(hypotheses(self)),
            "curves" => Some(curves(self.variants())),
            "scores" => Some(scores(self)),
            _ => None,
        })
    }
}

/// The template with each `{{ name }}` replaced by what `value` gives. One pass, so that nothing filled in is taken
/// for a name; what is no name stays as it stands.
pub(crate) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out += before;
        let filled = after.split_once("}}").and_then(|(name, after)| Some((value(name.trim())?, after)));
        if let Some((text, after)) = filled {
            out += &text;
            rest = after;
        } else {
            out += "{{";
            rest = after;
        }
    }
    out + rest
}

/// What each variant says otherwise than the first, and what it should teach.
fn variants(comparison: &Comparison) -> String {
    let mut out = String::new();
    for variant in comparison.variants() {
        let _ = write!(out, "<dt>{}</dt>\n<dd>", escaped(variant.name.as_str()));
        for change in comparison.changes(variant, Lineage::differences) {
            let _ = write!(out, "<code>{}</code> ", escaped(&change.to_string()));
        }
        let _ = writeln!(out, "{}</dd>", escaped(&variant.hypothesis));
    }
    out
}

fn hypotheses(comparison: &Comparison) -> String {
    let table = comparison.hypotheses_table();
    if table.rows().is_empty() {
        String::new()
    } else {
        format!("<div class=\"card\">{}</div>", html::write(&table))
    }
}

fn curves(variants: &[VariantResults]) -> String {
    let figures = [charts::loss(variants), charts::validation_accuracy(variants)];
    let drawn: String = figures.iter().flatten().map(figure).collect();
    if drawn.is_empty() { "<p>No training curves were kept.</p>".to_owned() } else { drawn }
}

fn figure(figure: &Figure) -> String {
    let caption = escaped(figure.caption()).replace('\n', "<br>");
    format!("<figure><figcaption>{caption}</figcaption>{}</figure>\n", figure.element())
}

/// A section a protocol, a histogram a variant.
fn scores(comparison: &Comparison) -> String {
    let mut out = String::new();
    for protocol in comparison.protocols() {
        let Some(range) = ScoreRange::of(comparison.results(protocol)) else { continue };
        let _ = write!(out, "<h3>{}</h3>\n<div class=\"figures small\">\n", escaped(title(protocol)));
        for variant in comparison.variants() {
            let results = variant.runs.iter().filter_map(|run| Some((run, run.protocols.get(protocol)?)));
            // The first seed stands for all: histograms of several would hide one another.
            let Some((run, result)) = results.into_iter().next() else { continue };
            let caption = caption(variant, run, result);
            if let Some(list) =
                comparison.lists().get(&result.pair_list).filter(|_| !result.scores.is_empty())
            {
                out += &figure(&charts::scores(result, list, range, &caption));
            }
        }
        out += "</div>\n";
    }
    if out.is_empty() { "<p>No scores were kept.</p>".to_owned() } else { out }
}

/// Two lines: `grayscale, seed 0` and `accuracy 0.742 at threshold 0.31`.
fn caption(variant: &VariantResults, run: &RunResults, result: &ProtocolResult) -> String {
    let of = |pick: fn(f64, f64) -> f64| result.evaluation.thresholds.iter().copied().reduce(pick);
    let at = match (of(f64::min), of(f64::max)) {
        (Some(low), Some(high)) if high - low < 0.005 => format!(" at threshold {low:.2}"),
        (Some(low), Some(high)) => format!(" at thresholds {low:.2} to {high:.2}"),
        _ => String::new(),
    };
    format!("{}, seed {}\naccuracy {:.3}{at}", variant.name, run.seed, result.evaluation.accuracy)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn a_template_is_filled_in_one_pass() {
        let value = |name: &str| match name {
            "a" => Some("{{ b }}".to_owned()),
            "b" => Some("B".to_owned()),
            _ => None,
        };
        assert_eq!(fill("x {{ a }}{{b}} {{ c }} {{", value), "x {{ b }}B {{ c }} {{");
    }
}
