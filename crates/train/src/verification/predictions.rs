//! `MODE_MODEL-ID_predict.txt`: what a model decided on each pair, for people and for `grep`.

use std::fmt::Write;

use arclab_metrics::{Evaluation, ThresholdPolicy};

/// One pair with its decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prediction<'a> {
    /// Names of both images.
    pub(crate) names: [&'a str; 2],
    /// Cosine similarity.
    pub(crate) score: f32,
    /// Whether it is called the same person.
    pub(crate) decision: bool,
    /// Whether it is.
    pub(crate) truth: bool,
}

/// The file's name.
pub(crate) fn file_name(mode: &str, model: &str) -> String {
    format!("{mode}_{model}_predict.txt")
}

/// The file's text: a header that gives the threshold, then one line a pair, its columns divided by tabs.
pub(crate) fn text<'a>(
    mode: &str,
    model: &str,
    evaluation: &Evaluation,
    pairs: impl Iterator<Item = Prediction<'a>>,
) -> String {
    let mut text = header(mode, model, evaluation);
    for pair in pairs {
        let [a, b] = pair.names.map(on_one_line);
        let (score, distance) = (pair.score, squared_distance(pair.score));
        let (decision, truth) = (word(pair.decision), word(pair.truth));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{a}\t{b}\t{score:.7}\t{distance:.7}\t{decision}\t{truth}");
    }
    text
}

fn header(mode: &str, model: &str, evaluation: &Evaluation) -> String {
    let origin = match evaluation.policy {
        ThresholdPolicy::KFold { .. } | ThresholdPolicy::KFoldExact { .. } => {
            "each from the other folds, in the order of the folds"
        }
        ThresholdPolicy::Validation => "from the validation pairs",
        ThresholdPolicy::Fixed(_) => "fixed",
    };
    let (name, values) = match evaluation.thresholds.as_slice() {
        [one] => ("threshold", one.to_string()),
        many => ("thresholds", many.iter().map(f64::to_string).collect::<Vec<_>>().join(" ")),
    };
    format!(
        "# {mode} pairs, decided by {model}\n\
         # {name} {values} ({origin}); a pair is the same person when its cosine similarity is above\n\
         # a\tb\tscore\tsquared_distance\tdecision\ttruth\n"
    )
}

/// Of two normalised embeddings with this cosine similarity, which rounding may put above 1.
fn squared_distance(score: f32) -> f64 {
    (2.0 - 2.0 * f64::from(score)).max(0.0)
}

fn word(same: bool) -> &'static str {
    if same { "same" } else { "different" }
}

/// A file name may hold a tab or a line break, which would break the table.
fn on_one_line(name: &str) -> String {
    name.replace(['\t', '\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use arclab_metrics::{Confusion, Evaluation};

    use super::*;

    fn evaluation(policy: ThresholdPolicy, thresholds: Vec<f64>) -> Evaluation {
        Evaluation {
            policy,
            thresholds,
            confusion: Confusion::default(),
            accuracy: 0.5,
            folds: None,
            auc: 0.5,
            best_accuracy: 0.5,
        }
    }

    #[test]
    fn a_line_has_both_names_the_score_the_distance_the_decision_and_the_truth() {
        let pair = Prediction { names: ["p1/a.png", "p2/b.png"], score: 0.5, decision: true, truth: false };
        let text = text(
            "open",
            "baseline-s0",
            &evaluation(ThresholdPolicy::Validation, vec![0.25]),
            [pair].into_iter(),
        );
        assert_eq!(
            text,
            "# open pairs, decided by baseline-s0\n\
             # threshold 0.25 (from the validation pairs); a pair is the same person when its cosine similarity is above\n\
             # a\tb\tscore\tsquared_distance\tdecision\ttruth\n\
             p1/a.png\tp2/b.png\t0.5000000\t1.0000000\tsame\tdifferent\n"
        );
    }

    #[test]
    fn the_header_gives_the_threshold_of_each_fold() {
        let folds = evaluation(ThresholdPolicy::KFold { folds: 2 }, vec![0.25, 0.375]);
        assert!(header("lfw", "m", &folds).contains("# thresholds 0.25 0.375 (each from the other folds"));
    }

    #[test]
    fn a_name_with_a_tab_keeps_to_its_column() {
        let pair = Prediction { names: ["a\tb", "c\nd"], score: 0.0, decision: false, truth: false };
        let text = text("open", "m", &evaluation(ThresholdPolicy::Fixed(0.0), vec![0.0]), [pair].into_iter());
        assert_eq!(text.lines().last().unwrap().split('\t').count(), 6);
    }

    #[test]
    fn an_image_beside_itself_is_at_no_distance_however_its_score_was_rounded() {
        assert_eq!([1.0, 1.0_f32.next_up(), -1.0].map(squared_distance), [0.0, 0.0, 4.0]);
    }
}
