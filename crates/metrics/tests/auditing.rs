//! Labels that the evidence contradicts: cases that can be checked by hand, laws, and bad input.

#[expect(dead_code, unreachable_pub, reason = "shared by tests, of which none uses all of it")]
mod support;

use arclab_metrics::{
    ClassMeans, EvaluateError, Found, Ranking, ResolvedPolicy, contradicted, contradiction, decisions,
    evaluate,
};
use support::Stream;

/// Means 0.6 and 0.2, of which each score is 0.1 or 0.3 away.
const SCORES: [f32; 4] = [0.9, 0.3, 0.1, 0.3];
const SAME: [bool; 4] = [true, true, false, false];
const FIXED: ResolvedPolicy = ResolvedPolicy::Fixed { threshold: 0.4 };

fn against(scores: &[f32], same: &[bool], policy: ResolvedPolicy) -> Vec<f64> {
    let evaluation = evaluate(scores, same, None, policy).expect("usable scores");
    contradiction(&evaluation, scores, same, None).expect("the scores of the evaluation")
}

fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
    }
}

#[test]
fn evidence_is_the_slope_of_the_discriminant_times_the_distance_to_the_threshold() {
    // Variance (0.09 + 0.09 + 0.01 + 0.01) / 4 = 0.05, slope (0.6 - 0.2) / 0.05 = 8.
    near(&against(&SCORES, &SAME, FIXED), &[-4.0, 0.8, -2.4, -0.8]);
}

#[test]
fn evidence_is_held_against_the_threshold_of_the_pair_s_own_fold() {
    let folds = [0, 1, 0, 1];
    let policy = ResolvedPolicy::KFold { folds: 2 };
    let evaluation = evaluate(&SCORES, &SAME, Some(&folds), policy).unwrap();
    let found = contradiction(&evaluation, &SCORES, &SAME, Some(&folds)).unwrap();
    let expected = |pair: usize| {
        let beyond = 8.0 * (f64::from(SCORES[pair]) - evaluation.thresholds[folds[pair] as usize]);
        if SAME[pair] { -beyond } else { beyond }
    };
    assert_ne!(evaluation.thresholds[0], evaluation.thresholds[1]);
    near(&found, &[0, 1, 2, 3].map(expected));
}

#[test]
fn scores_on_another_scale_say_the_same() {
    let mut numbers = Stream::new(7);
    let scores: Vec<f32> =
        (0..200).map(|pair| (numbers.uniform() + f64::from(pair % 2)) as f32 / 4.0).collect();
    let same: Vec<bool> = (0..200).map(|pair| pair % 2 == 1).collect();
    let narrow: Vec<f32> = scores.iter().map(|score| score / 3.0 + 0.1).collect();
    let threshold = 0.2;
    let found = against(&scores, &same, ResolvedPolicy::Fixed { threshold });
    let of_narrow = against(&narrow, &same, ResolvedPolicy::Fixed { threshold: threshold / 3.0 + 0.1 });
    assert!(found.iter().zip(&of_narrow).all(|(a, b)| (a - b).abs() < 1e-3 * a.abs().max(1.0)));
}

#[test]
fn a_pair_is_contradicted_where_its_decision_is_not_its_label() {
    let mut numbers = Stream::new(3);
    let scores: Vec<f32> =
        (0..500).map(|pair| (numbers.uniform() * 0.8 + f64::from(pair % 2) * 0.2) as f32).collect();
    let same: Vec<bool> = (0..500).map(|pair| pair % 2 == 1).collect();
    let evaluation = evaluate(&scores, &same, None, ResolvedPolicy::KFold { folds: 10 }).unwrap();
    let decided = decisions(&evaluation, &scores, &same, None).unwrap();
    let found = contradiction(&evaluation, &scores, &same, None).unwrap();
    assert!(found.iter().any(|&against| against > 0.0));
    for (place, against) in found.iter().enumerate() {
        assert_eq!(*against > 0.0, decided[place] != same[place], "pair {place}");
    }
}

#[test]
fn scores_that_tell_nobody_apart_contradict_nothing() {
    // The same people score lower than different ones.
    let upside_down = against(&[0.1, 0.2, 0.8, 0.9], &SAME, FIXED);
    assert!(upside_down.iter().all(|against| *against == 0.0), "{upside_down:?}");
    // No spread at all is no division by 0.
    assert!(against(&[0.8, 0.8, 0.1, 0.1], &SAME, FIXED).iter().all(|against| against.is_finite()));
}

#[test]
fn a_pair_is_listed_where_all_runs_agree_and_the_strongest_on_average_comes_first() {
    let evidence = [vec![0.5, 2.0, 3.0, -1.0], vec![1.5, 1.0, -0.1, -1.0]];
    let found = contradicted(&evidence).unwrap();
    let listed: Vec<_> = found.iter().map(|found| (found.pair, found.smallest, found.mean)).collect();
    assert_eq!(listed, [(1, 1.0, 1.5), (0, 0.5, 1.0)]);
    assert_eq!(contradicted(&[]).unwrap(), []);
    let uneven = contradicted(&[vec![1.0], vec![1.0, 2.0]]);
    assert_eq!(uneven.unwrap_err(), EvaluateError::LengthsDiffer { scores: 2, pairs: 1 });
}

#[test]
fn one_more_run_lists_no_pair_that_was_not_listed() {
    let mut numbers = Stream::new(11);
    let mut evidence: Vec<Vec<f64>> = Vec::new();
    let mut before: Option<Vec<usize>> = None;
    for _ in 0..5 {
        evidence.push((0..100).map(|_| numbers.uniform() - 0.3).collect());
        let mut found: Vec<_> = contradicted(&evidence).unwrap().iter().map(|found| found.pair).collect();
        found.sort_unstable();
        assert!(before.is_none_or(|before| found.iter().all(|pair| before.contains(pair))));
        before = Some(found);
    }
}

#[test]
fn an_image_is_held_against_the_mean_of_each_class() {
    // Class 0 points to the right, 1 half way up, 2 has no image.
    let of = [([2.0, 0.0], 0), ([1.0, 0.0], 0), ([1.0, 0.0], 1), ([0.0, 1.0], 1)];
    let means = ClassMeans::new(of.iter().map(|(row, class)| (&row[..], *class)), 2, 3);
    let nearest = means.nearest(&[0.0, 5.0], 0).unwrap();
    assert_eq!((nearest.other, nearest.cosine_own), (1, 0.0));
    assert!((nearest.cosine_other - 0.5_f64.sqrt()).abs() < 1e-12);
    assert_eq!(nearest.margin(), nearest.cosine_other - nearest.cosine_own);
    // Under the other label it contradicts nothing.
    assert!(means.nearest(&[0.0, 5.0], 1).unwrap().margin() < 0.0);
    assert_eq!(
        ClassMeans::new(of[..2].iter().map(|(row, class)| (&row[..], *class)), 2, 1).nearest(&[1.0, 0.0], 0),
        None
    );
}

#[test]
fn longer_embeddings_and_classes_with_more_images_count_no_more() {
    let rows = [[3.0_f32, 1.0], [1.0, 4.0]];
    let means = |times: usize, length: f32| {
        let scaled: Vec<_> = rows.iter().map(|row| row.map(|value| value * length)).collect();
        let each =
            scaled.iter().zip(0..).flat_map(|(row, class)| std::iter::repeat_n((&row[..], class), times));
        ClassMeans::new(each, 2, 2)
    };
    let (one, many) = (means(1, 1.0).nearest(&[1.0, 1.0], 0), means(7, 10.0).nearest(&[20.0, 20.0], 0));
    let (one, many) = (one.unwrap(), many.unwrap());
    assert_eq!(one.other, many.other);
    assert!((one.margin() - many.margin()).abs() < 1e-9);
}

#[test]
fn precision_and_recall_are_of_the_beginning_of_the_list() {
    let ranking = Ranking::new(vec![true, true, false, true], 5);
    assert_eq!(ranking.first(2), Found { listed: 2, wrong: 2, precision: 1.0, recall: 0.4 });
    let whole = Found { listed: 4, wrong: 3, precision: 0.75, recall: 0.6 };
    assert_eq!((ranking.first(4), ranking.first(9)), (whole, whole));
    let curve: Vec<_> = ranking.curve().collect();
    assert_eq!(curve, [(0.2, 1.0), (0.4, 1.0), (0.4, 2.0 / 3.0), (0.6, 0.75)]);
    let none = Ranking::new(Vec::new(), 0).first(3);
    assert_eq!((none.precision, none.recall), (0.0, 0.0));
}
