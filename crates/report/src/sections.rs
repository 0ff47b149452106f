//! The sections that tell of a comparison: those of its page, and those that a report has besides.

use std::fmt::Write as _;

use arclab_metrics::Unit;
use arclab_spec::{Lineage, ProtocolName};

use crate::{
    Comparison, Figure, Part, ProtocolResult, RunResults, Section, TableOptions, VariantResults,
    charts::{self, ScoreRange},
    comparison::title,
    format::{html, markdown},
};

impl Comparison {
    /// What a page tells: the tables, training curves, and score histograms with the thresholds.
    pub fn sections(&self, options: TableOptions) -> Vec<Section> {
        vec![variants(self), results(self, options), training(self.variants()), scores(self)]
    }

    /// What a report tells: besides, the differences and the rates over all thresholds as figures.
    pub fn report_sections(&self, options: TableOptions) -> Vec<Section> {
        let (training, scores) = (training(self.variants()), scores(self));
        let all = [variants(self), results(self, options), differences(self), rates(self), training, scores];
        all.into_iter().filter(|section| !section.parts.is_empty()).collect()
    }

    /// All tables; of those that may have nothing to say, those that have rows.
    pub fn tables(&self, options: TableOptions) -> Vec<crate::Table> {
        let mut tables = vec![self.accuracy_table(options), self.errors_table(options)];
        let others = [self.rates_table(), self.tests_table(), self.hypotheses_table()];
        tables.extend(others.into_iter().filter(|table| !table.rows().is_empty()));
        tables
    }
}

/// What each variant says otherwise than the first, and what it should teach.
fn variants(comparison: &Comparison) -> Section {
    let (mut html, mut markdown) = ("<div class=\"card\"><dl>\n".to_owned(), String::new());
    for variant in comparison.variants() {
        let (name, hypothesis) = (variant.name.as_str(), variant.hypothesis.as_str());
        let _ = write!(html, "<dt>{}</dt>\n<dd>", html::escaped(name));
        let _ = write!(markdown, "- **{}** ", markdown::escaped(name));
        for change in comparison.changes(variant, Lineage::differences) {
            let change = change.to_string();
            let _ = write!(html, "<code>{}</code> ", html::escaped(&change));
            let _ = write!(markdown, "`{}` ", change.replace('`', "'"));
        }
        let _ = writeln!(html, "{}</dd>", html::escaped(hypothesis));
        let _ = writeln!(markdown, "{}", markdown::escaped(hypothesis));
    }
    html += "</dl></div>";
    Section::new("Variants", "").with([Part::Written { html, markdown }])
}

fn results(comparison: &Comparison, options: TableOptions) -> Section {
    Section::new("Results", "").with(comparison.tables(options).into_iter().map(Part::Table))
}

const ABOUT_DIFFERENCES: &str = "The accuracy of each variant less that of the first, which is the dashed line, with 95% intervals. \
    Clear differences have a colour and an asterisk; the first table's notes say what makes them clear.";

fn differences(comparison: &Comparison) -> Section {
    let forest = |(at, protocol): (usize, &ProtocolName)| {
        let caption = format!("Accuracy differences, {}", title(protocol));
        Some((format!("accuracy-differences-{protocol}"), charts::forest(comparison, at, &caption)?))
    };
    let figures: Vec<_> = comparison.protocols().iter().enumerate().filter_map(forest).collect();
    let parts = (!figures.is_empty()).then_some(Part::Figures { small: false, figures });
    Section::new("Differences", ABOUT_DIFFERENCES).with(parts)
}

/// What bands rest on follows it.
const ABOUT_RATES: &str = "What is accepted, and what is refused, as the threshold moves. Bands hold the true accept rate of the \
    variant at that false accept rate in 95 of 100 experiments, each rate by itself, and begin where ten pairs of different people \
    are accepted. Variants are tested on the same pairs, so that bands may overlap where the difference is clear: the tables test \
    it. Of several seeds, the first is shown.";

fn rates(comparison: &Comparison) -> Section {
    let mut figures = Vec::new();
    for protocol in comparison.protocols() {
        let curves = charts::rate_curves(comparison, protocol);
        let named = |what: &str| format!("{what} curves, {}", title(protocol));
        let roc = charts::roc(&curves, &named("ROC")).map(|figure| (format!("roc-{protocol}"), figure));
        let det = charts::det(&curves, &named("DET")).map(|figure| (format!("det-{protocol}"), figure));
        figures.extend(roc.into_iter().chain(det));
    }
    let parts = (!figures.is_empty()).then_some(Part::Figures { small: false, figures });
    let drawn = match comparison.unit() {
        Unit::Identities => "people with all their pairs",
        Unit::Pairs => {
            "pairs as if they were independent, which makes them too narrow where pairs share people"
        }
    };
    let about =
        format!("{ABOUT_RATES} Bands: bootstrap over {drawn}; they do not allow for the luck of training.");
    Section::new("Rates at all thresholds", about).with(parts)
}

fn training(variants: &[VariantResults]) -> Section {
    let loss = charts::loss(variants).map(|figure| ("training-loss".to_owned(), figure));
    let accuracy = charts::validation_accuracy(variants);
    let accuracy = accuracy.map(|figure| ("validation-accuracy".to_owned(), figure));
    let figures: Vec<_> = loss.into_iter().chain(accuracy).collect();
    Section::new("Training", "").with([if figures.is_empty() {
        Part::Text("No training curves were kept.".to_owned())
    } else {
        Part::Figures { small: false, figures }
    }])
}

const ABOUT_SCORES: &str = "How similar the network finds the pairs of each test. The dashed line is the threshold: the mean one, \
    where each fold has its own. Pairs of different people to its right are false positives, pairs of one person to its left \
    false negatives. Of several seeds, the first is shown.";

/// A heading a protocol, a histogram a variant.
fn scores(comparison: &Comparison) -> Section {
    let mut parts = Vec::new();
    for protocol in comparison.protocols() {
        let figures = histograms(comparison, protocol);
        if !figures.is_empty() {
            parts.push(Part::Heading(title(protocol).to_owned()));
            parts.push(Part::Figures { small: true, figures });
        }
    }
    if parts.is_empty() {
        parts.push(Part::Text("No scores were kept.".to_owned()));
    }
    Section::new("Scores", ABOUT_SCORES).with(parts)
}

fn histograms(comparison: &Comparison, protocol: &ProtocolName) -> Vec<(String, Figure)> {
    let Some(range) = ScoreRange::of(comparison.results(protocol)) else { return Vec::new() };
    let histogram = |variant: &VariantResults| {
        // The first seed stands for all: histograms of several would hide one another.
        let (run, result) = variant.runs.iter().find_map(|run| Some((run, run.protocols.get(protocol)?)))?;
        let list = comparison.lists().get(&result.pair_list).filter(|_| !result.scores.is_empty())?;
        let figure = charts::scores(result, list, range, &caption(variant, run, result));
        Some((format!("scores-{protocol}-{}", variant.name), figure))
    };
    comparison.variants().iter().filter_map(histogram).collect()
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
