//! Against values of scikit-learn, `SciPy` and statsmodels, which `reference/statistics.py` made.

#[expect(dead_code, unreachable_pub, reason = "shared by tests, of which none uses all of it")]
mod support;

use std::collections::BTreeMap;

use arclab_metrics::{
    Difference, Effect, Far, Placed, Proportion, Roc, compare_auc, holm, mcnemar_exact, pairs_needed,
    seed_difference, trend, unpaired_difference,
};
use serde::Deserialize;
use support::Stream;

#[derive(Deserialize)]
struct Reference {
    roc: Vec<Curve>,
    delong: Vec<Areas>,
    trend: Vec<Bins>,
    wilson: Vec<Share>,
    mcnemar: Vec<Disagreement>,
    holm: Vec<Corrected>,
    seeds: Vec<Paired>,
    welch: Vec<Unpaired>,
}

#[derive(Deserialize)]
struct Curve {
    name: String,
    pairs: usize,
    levels: usize,
    auc: f64,
    eer: f64,
    points: usize,
    tar_at_far: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Areas {
    name: String,
    pairs: usize,
    levels: usize,
    value: f64,
    low: f64,
    high: f64,
    p: f64,
}

#[derive(Deserialize)]
struct Bins {
    at: Vec<f64>,
    found: Vec<u64>,
    count: Vec<u64>,
    slope: f64,
    p: f64,
}

#[derive(Deserialize)]
struct Share {
    found: u64,
    count: u64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Disagreement {
    a_only: u64,
    b_only: u64,
    p: f64,
}

#[derive(Deserialize)]
struct Corrected {
    p: Vec<f64>,
    corrected: Vec<f64>,
}

#[derive(Deserialize)]
struct Paired {
    differences: Vec<f64>,
    value: f64,
    low: f64,
    high: f64,
    p: f64,
}

#[derive(Deserialize)]
struct Unpaired {
    a: Vec<f64>,
    b: Vec<f64>,
    low: f64,
    high: f64,
    p: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/statistics.json")).expect("the reference parses")
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{found} is not {expected}");
}

fn near_effect(Effect { difference: Difference { value, low, high }, p }: Effect, expected: [f64; 4]) {
    for (found, expected) in [value, low, high, p].into_iter().zip(expected) {
        near(found, expected);
    }
}

/// Truth and two lists of scores, as the script makes them.
fn lists(name: &str, pairs: usize, levels: usize) -> (Vec<bool>, [Vec<f32>; 2]) {
    let uniform = |of: &str| {
        let mut stream = Stream::named(&format!("{name}.{of}"));
        (0..pairs).map(|_| stream.uniform()).collect::<Vec<_>>()
    };
    let same: Vec<bool> = uniform("same").into_iter().map(|u| u < 0.4).collect();
    let shared = uniform("shared");
    let scores = [("a", 0.25), ("b", 0.35)].map(|(variant, gap)| {
        let score = |((own, shared), &same): ((f64, &f64), &bool)| {
            let raw = 0.4 * own + 0.2 * shared + gap * f64::from(u8::from(same));
            ((raw * levels as f64).floor() / levels as f64) as f32
        };
        uniform(variant).into_iter().zip(&shared).zip(&same).map(score).collect()
    });
    (same, scores)
}

#[test]
fn the_curve_of_tied_scores_is_scikit_learns() {
    for case in reference().roc {
        let (same, [scores, _]) = lists(&case.name, case.pairs, case.levels);
        let roc = Roc::new(&scores, &same).unwrap();
        assert_eq!(roc.rates().count(), case.points, "{}", case.name);
        near(roc.auc(), case.auc);
        near(roc.eer(), case.eer);
        for (far, &tar) in &case.tar_at_far {
            assert_eq!(roc.tar_at(Far::new(far.parse().unwrap()).unwrap()), tar, "{}, {far}", case.name);
        }
    }
}

#[test]
fn two_areas_differ_as_delongs_definition_says() {
    for case in reference().delong {
        let (same, [a, b]) = lists(&case.name, case.pairs, case.levels);
        near_effect(compare_auc(&a, &b, &same, None).unwrap(), [case.value, case.low, case.high, case.p]);
    }
}

#[test]
fn a_trend_is_statsmodels_and_its_slope_scipys() {
    for Bins { at, found, count, slope, p } in reference().trend {
        let bins = at.iter().zip(found).zip(count);
        let pairs = bins.flat_map(|((&at, found), count)| {
            (0..count).map(move |pair| Placed { at, found: f64::from(u8::from(pair < found)) })
        });
        let trend = trend(&pairs.collect::<Vec<_>>(), None).unwrap();
        near(trend.slope, slope);
        near(trend.p, p);
    }
}

#[test]
fn a_shares_interval_is_statsmodels_wilson() {
    for Share { found, count, low, high } in reference().wilson {
        let share = Proportion::of(found, count).unwrap();
        near(share.low, low);
        near(share.high, high);
    }
    assert_eq!(Proportion::of(0, 0), None);
}

#[test]
fn mcnemars_p_is_statsmodels() {
    for Disagreement { a_only, b_only, p } in reference().mcnemar {
        near(mcnemar_exact(a_only, b_only), p);
    }
}

#[test]
fn holms_correction_is_statsmodels() {
    for case in reference().holm {
        for (found, expected) in holm(&case.p).into_iter().zip(case.corrected) {
            near(found, expected);
        }
    }
}

#[test]
fn students_and_welchs_tests_are_scipys() {
    for case in reference().seeds {
        let found = seed_difference(&case.differences).unwrap();
        near_effect(found, [case.value, case.low, case.high, case.p]);
    }
    for case in reference().welch {
        let found = unpaired_difference(&case.a, &case.b).unwrap();
        near(found.difference.low, case.low);
        near(found.difference.high, case.high);
        near(found.p, case.p);
    }
}

#[test]
fn the_pairs_that_a_test_needs_are_connors() {
    // By hand: shares 0.06 and 0.04, δ 0.02, ψ 0.1: (1.959964 √0.1 + 0.841621 √(0.1 - 0.0004))² / 0.0004 = 1959.9.
    assert_eq!(pairs_needed(60, 40, 1000, 0.8), Some(1960));
    assert_eq!(pairs_needed(40, 60, 1000, 0.8), Some(1960));
    assert_eq!(pairs_needed(4, 4, 100, 0.8), None);
    // A test of so many pairs finds the difference as often as was asked for.
    let mut stream = Stream::new(5);
    let found = (0..2000).filter(|_| {
        let (mut a_only, mut b_only) = (0, 0);
        for _ in 0..1960 {
            match stream.uniform() {
                u if u < 0.04 => a_only += 1,
                u if u < 0.1 => b_only += 1,
                _ => {}
            }
        }
        mcnemar_exact(a_only, b_only) < 0.05
    });
    let share = found.count() as f64 / 2000.0;
    assert!((0.76..=0.82).contains(&share), "{share}");
}
