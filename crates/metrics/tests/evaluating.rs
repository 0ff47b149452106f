//! Evaluating pair lists that can be checked by hand, and laws that hold for all.

use arclab_metrics::{
    EvaluateError, Evaluation, Far, FoldArrangement, ResolvedPolicy, Roc, ThresholdPolicy, decisions,
    evaluate, validation_threshold,
};
use proptest::prelude::*;

const FOLDS: ResolvedPolicy = ResolvedPolicy::KFold { folds: 10 };

fn fixed(threshold: f64) -> ResolvedPolicy {
    ResolvedPolicy::Fixed { threshold }
}

/// Four pairs: 0.9 and 0.4 the same, 0.6 and 0.1 different.
const SCORES: [f32; 4] = [0.9, 0.6, 0.4, 0.1];
const SAME: [bool; 4] = [true, false, true, false];

fn error(scores: &[f32], same: &[bool], folds: Option<&[u32]>, policy: ResolvedPolicy) -> EvaluateError {
    evaluate(scores, same, folds, policy).expect_err("unusable input")
}

#[test]
fn a_fixed_threshold_counts_all_four_kinds() {
    let found = evaluate(&SCORES, &SAME, None, fixed(0.5)).unwrap();
    let counts = found.confusion;
    assert_eq!((counts.true_positives, counts.false_positives), (1, 1));
    assert_eq!((counts.true_negatives, counts.false_negatives), (1, 1));
    assert_eq!(found.accuracy, 0.5);
    assert_eq!(found.best_accuracy, 0.75);
    assert_eq!(found.auc, 0.75);
    assert_eq!(found.policy, ThresholdPolicy::Fixed(0.5));
    assert_eq!(found.folds, None);
}

#[test]
fn a_pair_exactly_at_the_threshold_is_different() {
    let found = evaluate(&[0.5, 0.25], &[true, false], None, fixed(0.5)).unwrap();
    assert_eq!(found.confusion.false_negatives, 1);
}

#[test]
fn the_validation_threshold_lies_half_way_between_the_kinds() {
    let threshold = validation_threshold(&[0.75, 0.5, 0.25, 0.0], &[true, true, false, false]).unwrap();
    assert_eq!(threshold, 0.375);
}

#[test]
fn of_equally_accurate_validation_thresholds_the_highest_is_taken() {
    // Between 0.75 and 0.5, and below 0.25: three of four right either way.
    let threshold = validation_threshold(&[0.75, 0.5, 0.25, 0.0], &[true, false, true, false]).unwrap();
    assert_eq!(threshold, 0.625);
}

#[test]
fn a_validation_threshold_may_accept_all_or_nothing() {
    let all = validation_threshold(&[0.5, 0.75, 0.25], &[true, false, true]).unwrap();
    assert!(all < 0.25, "{all}");
    let nothing = validation_threshold(&[0.5, 0.75, 0.25], &[false, false, true]).unwrap();
    assert_eq!(nothing, 0.75);
}

#[test]
fn tied_scores_count_half_in_the_auc() {
    assert_eq!(Roc::new(&[0.5, 0.5], &[true, false]).unwrap().auc(), 0.5);
    // 0 and -0 are one score.
    assert_eq!(Roc::new(&[-0.0, 0.0], &[true, false]).unwrap().auc(), 0.5);
    // Of four comparisons: won, tied, won, lost.
    assert_eq!(Roc::new(&[0.9, 0.5, 0.5, 0.2], &[true, false, true, false]).unwrap().auc(), 0.875);
}

#[test]
fn the_equal_error_rate_is_read_where_both_rates_meet() {
    let roc = Roc::new(&[0.9, 0.8, 0.7, 0.6], &[true, false, true, false]).unwrap();
    assert_eq!(roc.eer(), 0.5);
    assert_eq!(roc.tar_at(Far::new(0.1).unwrap()), 0.5);
    assert_eq!(roc.tar_at(Far::new(0.5).unwrap()), 1.0);
}

#[test]
fn a_false_accept_rate_lies_between_0_and_1() {
    for rate in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
        Far::new(rate).unwrap_err();
    }
    assert_eq!(Far::new(0.001).unwrap().get(), 0.001);
}

/// 50 same pairs from 0.45 up, then 50 different ones from 0 up, overlapping a little.
fn ordered() -> (Vec<f32>, Vec<bool>) {
    let score = |i: u8| if i < 50 { 0.45 + f32::from(i) * 0.01 } else { f32::from(i - 50) * 0.01 };
    ((0..100).map(score).collect(), (0..100).map(|i| i < 50).collect())
}

#[test]
fn a_list_ordered_by_truth_is_dealt_into_folds_of_both_kinds() {
    let (scores, same) = ordered();
    let found = evaluate(&scores, &same, None, FOLDS).unwrap();
    let folds = found.folds.unwrap();
    assert_eq!(folds.arrangement, FoldArrangement::Dealt);
    assert!(found.accuracy > 0.85, "{}", found.accuracy);
}

#[test]
fn a_short_ordered_list_is_recognised_too() {
    let same = [true, true, true, false, false, false];
    let scores = [0.9, 0.9, 0.9, 0.3, 0.2, 0.1];
    let found = evaluate(&scores, &same, None, ResolvedPolicy::KFold { folds: 3 }).unwrap();
    assert_eq!(found.folds.unwrap().arrangement, FoldArrangement::Dealt);
    assert_eq!(found.accuracy, 1.0);
}

#[test]
fn a_list_that_alternates_keeps_its_contiguous_folds() {
    let (scores, _) = ordered();
    let same: Vec<bool> = (0..100).map(|i| i % 2 == 0).collect();
    let found = evaluate(&scores, &same, None, FOLDS).unwrap();
    assert_eq!(found.folds.unwrap().arrangement, FoldArrangement::Contiguous);
}

#[test]
fn listed_folds_are_kept_even_if_the_list_is_ordered() {
    let (scores, same) = ordered();
    let listed: Vec<u32> = (0..100).map(|i| 7 + 3 * (i % 5)).collect();
    let found = evaluate(&scores, &same, Some(&listed), FOLDS).unwrap();
    assert_eq!(found.thresholds.len(), 5);
    assert_eq!(found.folds.unwrap().arrangement, FoldArrangement::Listed);
}

#[test]
fn every_kind_of_unusable_input_is_named() {
    let message = |error: EvaluateError| error.to_string();
    assert_eq!(message(error(&[], &[], None, FOLDS)), "the pair list is empty");
    assert_eq!(message(error(&[0.1], &[], None, FOLDS)), "1 scores for 0 pairs");
    let one_class = error(&[0.1, 0.2], &[true; 2], None, FOLDS);
    assert_eq!(message(one_class), "all 2 pairs are the same person: both kinds are needed");
    let one_class = error(&[0.1, 0.2], &[false; 2], None, fixed(0.5));
    assert_eq!(message(one_class), "all 2 pairs are different people: both kinds are needed");
    let nan = error(&[0.1, f32::NAN], &[true, false], None, FOLDS);
    assert_eq!(message(nan), "the score of pair 1 (from 0) is NaN");
    let distance = error(&[0.1, 1.5], &[true, false], None, FOLDS);
    assert!(message(distance).contains("pair 1 (from 0) is 1.5, no cosine similarity"));
    let many = error(&SCORES, &SAME, None, FOLDS);
    assert_eq!(many, EvaluateError::MoreFoldsThanPairs { folds: 10, pairs: 4 });
    let one_fold = error(&SCORES, &SAME, None, ResolvedPolicy::KFold { folds: 1 });
    assert_eq!(one_fold, EvaluateError::TooFewFolds { folds: 1 });
    let one_listed = error(&SCORES, &SAME, Some(&[3; 4]), FOLDS);
    assert_eq!(one_listed, EvaluateError::TooFewFolds { folds: 1 });
    let short = error(&SCORES, &SAME, Some(&[3; 3]), FOLDS);
    assert_eq!(short, EvaluateError::FoldsDiffer { folds: 3, pairs: 4 });
    let threshold = error(&SCORES, &SAME, None, fixed(f64::NAN));
    assert_eq!(message(threshold), "the threshold is NaN, not a number");
}

#[test]
fn decisions_refuse_an_evaluation_over_other_folds() {
    let (scores, same) = ordered();
    let found = evaluate(&scores, &same, None, FOLDS).unwrap();
    let listed: Vec<u32> = (0..100).map(|i| i % 3).collect();
    let error = decisions(&found, &scores, &same, Some(&listed)).unwrap_err();
    assert_eq!(error, EvaluateError::ThresholdsDiffer { thresholds: 10, folds: 3 });
}

#[test]
fn an_evaluation_without_an_arrangement_can_still_be_read() {
    let (scores, same) = ordered();
    let found = evaluate(&scores, &same, None, FOLDS).unwrap();
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Evaluation>(&json).unwrap(), found);
    let older = json.replace(r#","arrangement":"dealt""#, "");
    let read: Evaluation = serde_json::from_str(&older).unwrap();
    assert_eq!(read.folds.unwrap().arrangement, FoldArrangement::Contiguous);
}

fn pair_lists() -> impl Strategy<Value = (Vec<f32>, Vec<bool>)> {
    // Few distinct scores, so that ties are common.
    let pair = ((-20i8..=20).prop_map(|score| f32::from(score) / 20.0), any::<bool>());
    let list = prop::collection::vec(pair, 10..60);
    let both = |list: &Vec<(f32, bool)>| list.iter().any(|p| p.1) && list.iter().any(|p| !p.1);
    list.prop_filter("both kinds", both).prop_map(|list| list.into_iter().unzip())
}

proptest! {
    #[test]
    fn the_auc_is_the_share_of_ordered_comparisons((scores, same) in pair_lists()) {
        let (mut won, mut all) = (0.0, 0.0);
        for (a, _) in scores.iter().zip(&same).filter(|pair| *pair.1) {
            for (b, _) in scores.iter().zip(&same).filter(|pair| !*pair.1) {
                won += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                all += 1.0;
            }
        }
        let found = Roc::new(&scores, &same).unwrap().auc();
        prop_assert!((found - won / all).abs() < 1e-12);
    }

    #[test]
    fn no_threshold_beats_the_best_accuracy((scores, same) in pair_lists(), threshold in -1.1f64..1.1) {
        let found = evaluate(&scores, &same, None, fixed(threshold)).unwrap();
        prop_assert!(found.accuracy <= found.best_accuracy);
        let best = validation_threshold(&scores, &same).unwrap();
        let there = evaluate(&scores, &same, None, fixed(best)).unwrap();
        prop_assert_eq!(there.accuracy, there.best_accuracy);
    }

    #[test]
    fn tar_never_falls_as_far_grows((scores, same) in pair_lists(), a in 0.01f64..0.99, b in 0.01f64..0.99) {
        let roc = Roc::new(&scores, &same).unwrap();
        let at = |far: f64| roc.tar_at(Far::new(far).unwrap());
        prop_assert!(at(a.min(b)) <= at(a.max(b)));
    }

    #[test]
    fn decisions_are_what_was_counted((scores, same) in pair_lists(), folds in 2u32..10) {
        let found = evaluate(&scores, &same, None, ResolvedPolicy::KFold { folds }).unwrap();
        let decided = decisions(&found, &scores, &same, None).unwrap();
        let mut counts = arclab_metrics::Confusion::default();
        for (decision, truth) in decided.into_iter().zip(same) {
            counts.add(decision, truth);
        }
        prop_assert_eq!(counts, found.confusion);
    }
}

#[test]
fn exact_folds_take_the_threshold_between_two_scores_of_the_others() {
    // The grid has no threshold between 0.501 and 0.502.
    let scores = [0.502, 0.501, 0.502, 0.501];
    let same = [true, false, true, false];
    let of = |policy| evaluate(&scores, &same, Some(&[1, 1, 2, 2]), policy).unwrap();
    let exact = of(ResolvedPolicy::KFoldExact { folds: 2 });
    assert_eq!(exact.accuracy, 1.0);
    assert!(exact.thresholds.iter().all(|threshold| (threshold - 0.5015).abs() < 1e-6), "{exact:?}");
    assert_eq!(of(ResolvedPolicy::KFold { folds: 2 }).accuracy, 0.5);
    assert_eq!(exact.policy, ThresholdPolicy::KFoldExact { folds: 2 });
    let decided = decisions(&exact, &scores, &same, Some(&[1, 1, 2, 2])).unwrap();
    assert_eq!(decided, same);
}

#[test]
fn an_operating_point_accepts_no_more_than_its_rate_and_says_where_it_cannot_be_measured() {
    let scores: Vec<f32> = (0..200).map(|i| i as f32 / 200.0).collect();
    let same: Vec<bool> = (0..200).map(|i| i % 2 == 1).collect();
    let roc = Roc::new(&scores, &same).unwrap();
    let far = |rate| Far::new(rate).unwrap();
    let point = roc.operating_point(far(0.1)).unwrap();
    // Ten of the hundred below 0.99: down to 0.9, above 0.89.
    assert_eq!((point.far, point.tar), (0.1, 0.11));
    assert!((0.89..0.9).contains(&point.threshold), "{point:?}");
    assert!(roc.operating_point(far(0.01)).is_ok());
    let error = roc.operating_point(far(0.001)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a false accept rate of 0.001 is not measurable with 100 pairs of different people: it takes 1000"
    );
}
