//! Against numbers of other implementations: see `reference/README.md`.

#[expect(dead_code, unreachable_pub, reason = "shared by tests, of which none uses all of it")]
mod support;

use std::collections::BTreeMap;

use arclab_metrics::{Evaluation, Far, Folds, ResolvedPolicy, Roc, decisions, evaluate};
use support::Stream;

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    pairs: usize,
    dim: usize,
    noise: f64,
    same_count: usize,
    accuracy_folds: Vec<f64>,
    accuracy_mean: f64,
    accuracy_std: f64,
    thresholds: Vec<f64>,
    false_positives: u64,
    false_negatives: u64,
    tar_at_far: BTreeMap<String, f64>,
    eer: f64,
    auc: f64,
    #[serde(rename = "tpr_mean_at_threshold_1.00")]
    tpr_at_one: f64,
    #[serde(rename = "fpr_mean_at_threshold_1.00")]
    fpr_at_one: f64,
}

/// The numbers are written with nine digits.
const WRITTEN: f64 = 1e-9;

fn fill(name: &str, count: usize) -> Vec<f64> {
    let mut stream = Stream::named(name);
    (0..count).map(|_| 2.0 * stream.uniform() - 1.0).collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

impl Case {
    fn same(&self) -> Vec<bool> {
        let fold = (self.pairs / 10).max(1);
        (0..self.pairs).map(|i| (i / (fold / 2).max(1)).is_multiple_of(2)).collect()
    }

    fn scores(&self) -> Vec<f32> {
        let rows = |which: &str| fill(&format!("verif.{}.{which}", self.name), self.pairs * self.dim);
        let (a, c) = (rows("a"), rows("b"));
        let score = |((a, c), same): ((&[f64], &[f64]), bool)| {
            let noisy = |(a, c): (&f64, &f64)| if same { a + self.noise * c } else { *c };
            let b: Vec<f64> = a.iter().zip(c).map(noisy).collect();
            cosine(a, &b) as f32
        };
        a.chunks(self.dim).zip(c.chunks(self.dim)).zip(self.same()).map(score).collect()
    }

    fn evaluation(&self) -> Evaluation {
        let policy = ResolvedPolicy::KFold { folds: 10 };
        evaluate(&self.scores(), &self.same(), None, policy).expect("a usable list")
    }

    fn check(&self, what: &str, found: f64, expected: f64, tolerance: f64) {
        let off = (found - expected).abs();
        assert!(off <= tolerance, "{}, {what}: {found} is not {expected}", self.name);
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("reference/verification.json")).expect("the reference parses")
}

#[test]
fn the_generated_pairs_are_those_of_the_reference() {
    assert_eq!(cases().len(), 4);
    for case in cases() {
        assert_eq!(case.same().iter().filter(|&&same| same).count(), case.same_count, "{}", case.name);
    }
}

#[test]
fn ten_folds_give_insightfaces_accuracy_thresholds_and_counts() {
    for case in cases() {
        let found = case.evaluation();
        let folds = found.folds.unwrap();
        case.check("accuracy", found.accuracy, case.accuracy_mean, WRITTEN);
        case.check("mean", folds.mean, case.accuracy_mean, WRITTEN);
        case.check("std", folds.std, case.accuracy_std, WRITTEN);
        // 0.54 on the squared distance is 0.73 as a cosine.
        let distances: Vec<i64> =
            found.thresholds.iter().map(|c| (200.0 * (1.0 - c)).round() as i64).collect();
        let expected: Vec<i64> = case.thresholds.iter().map(|d| (100.0 * d).round() as i64).collect();
        assert_eq!(distances, expected, "{}", case.name);
        assert_eq!(found.confusion.false_positives, case.false_positives, "{}", case.name);
        assert_eq!(found.confusion.false_negatives, case.false_negatives, "{}", case.name);
        assert_eq!(found.confusion.pairs(), case.pairs as u64);
    }
}

#[test]
fn each_fold_has_insightfaces_accuracy() {
    for case in cases() {
        let (scores, same) = (case.scores(), case.same());
        let decided = decisions(&case.evaluation(), &scores, &same, None).unwrap();
        let folds = Folds::arrange(&same, None, 10).unwrap();
        let (mut right, mut all) = (vec![0.0; 10], vec![0.0; 10]);
        for ((&fold, decision), same) in folds.of().iter().zip(decided).zip(same) {
            right[fold as usize] += f64::from(u8::from(decision == same));
            all[fold as usize] += 1.0;
        }
        for fold in 0..10 {
            case.check("fold", right[fold] / all[fold], case.accuracy_folds[fold], WRITTEN);
        }
    }
}

#[test]
fn a_fixed_threshold_gives_the_references_rates() {
    for case in cases() {
        // Distance 1.00 is cosine 0.5.
        let policy = ResolvedPolicy::Fixed { threshold: 0.5 };
        let (scores, same) = (case.scores(), case.same());
        let found = evaluate(&scores, &same, None, policy).unwrap();
        let decided = decisions(&found, &scores, &same, None).unwrap();
        let folds = Folds::arrange(&same, None, 10).unwrap();
        let rate = |truth: bool| {
            let in_fold = |fold: u32| {
                let pairs = (0..same.len()).filter(|&i| folds.of()[i] == fold && same[i] == truth);
                let accepted: Vec<bool> = pairs.map(|i| decided[i]).collect();
                accepted.iter().filter(|&&yes| yes).count() as f64 / accepted.len() as f64
            };
            (0..10).map(in_fold).sum::<f64>() / 10.0
        };
        case.check("TPR", rate(true), case.tpr_at_one, WRITTEN);
        case.check("FPR", rate(false), case.fpr_at_one, WRITTEN);
    }
}

#[test]
fn the_roc_curve_gives_the_references_auc_eer_and_tar() {
    for case in cases() {
        let roc = Roc::new(&case.scores(), &case.same()).unwrap();
        case.check("AUC", roc.auc(), case.auc, WRITTEN);
        case.check("EER", roc.eer(), case.eer, WRITTEN);
        assert_eq!(case.tar_at_far.len(), 3);
        for (far, &expected) in &case.tar_at_far {
            let far = Far::new(far.parse().unwrap()).unwrap();
            case.check("TAR", roc.tar_at(far), expected, 1e-15);
        }
    }
}
