//! Comparing two variants: cases checked by hand, published values, and coverage by simulation.

#[expect(dead_code, unreachable_pub, reason = "shared by tests, of which none uses all of it")]
mod support;

use arclab_metrics::{
    Decisions, EvaluateError, PairedComparison, Resampling, Summary, Unit, mcnemar_exact, seed_difference,
    unpaired_difference,
};
use support::Stream;

/// Decisions of `a` and of `b` and the truth: (`a` right, `b` right, how many), for pairs of one kind.
fn pairs(kind: bool, cells: &[(bool, bool, usize)]) -> Vec<(bool, bool, bool)> {
    let repeat =
        |&(a, b, count): &(bool, bool, usize)| std::iter::repeat_n((a == kind, b == kind, kind), count);
    cells.iter().flat_map(repeat).collect()
}

fn compare(pairs: &[(bool, bool, bool)]) -> PairedComparison {
    let column = |f: fn(&(bool, bool, bool)) -> bool| pairs.iter().map(f).collect::<Vec<_>>();
    let (a, b, truth) = (column(|p| p.0), column(|p| p.1), column(|p| p.2));
    PairedComparison::new(Decisions { a: &a, b: &b, truth: &truth }).expect("as many of each")
}

#[test]
fn gains_and_losses_are_counted_by_kind() {
    let mut all = pairs(true, &[(true, true, 20), (true, false, 3), (false, true, 8), (false, false, 9)]);
    all.extend(pairs(false, &[(true, true, 30), (true, false, 6), (false, true, 2), (false, false, 2)]));
    let found = compare(&all);
    assert_eq!((found.pairs, found.gained, found.lost), (80, 10, 9));
    assert_eq!(found.accuracy.difference.value, 1.0 / 80.0);
    assert_eq!(found.false_negatives.difference.value, -5.0);
    assert_eq!(found.false_positives.difference.value, 4.0);
    assert!(found.false_negatives.difference.low < -5.0 && found.false_negatives.difference.high > -5.0);
    assert!(found.false_positives.difference.low < 4.0 && found.false_positives.difference.high > 4.0);
}

#[test]
fn the_interval_is_agresti_and_mins() {
    // The 2000 General Social Survey's table of Agresti, An Introduction to Categorical Data Analysis, section 8.1:
    // 132 of 1,144 people say yes to the first question only, 107 to the second only; without the four halves it is
    // 0.022 ± 1.96 × 0.0135. With them: 25/1146 ± 1.96 √(240 - 25²/1146) / 1146.
    let table = [(true, true, 227), (true, false, 107), (false, true, 132), (false, false, 678)];
    let found = compare(&pairs(true, &table)).accuracy.difference;
    assert!((found.value - 0.021_853).abs() < 1e-6, "{}", found.value);
    assert!((found.low + 0.004_650).abs() < 2e-6, "{}", found.low);
    assert!((found.high - 0.048_280).abs() < 2e-6, "{}", found.high);
    assert!(!found.is_significant());
}

#[test]
fn a_clear_difference_is_significant() {
    let found = compare(&pairs(true, &[(true, true, 80), (true, false, 2), (false, true, 18)]));
    assert!(found.accuracy.difference.is_significant() && found.accuracy.difference.low > 0.0);
    assert!(found.false_negatives.difference.is_significant() && found.false_negatives.difference.high < 0.0);
}

#[test]
fn mcnemars_exact_p_is_the_published_one() {
    for (a_only, b_only, p) in
        [(5, 0, 0.0625), (6, 0, 0.031_25), (15, 5, 0.041_39), (30, 18, 0.111_4), (0, 0, 1.0), (4, 4, 1.0)]
    {
        assert!((mcnemar_exact(a_only, b_only) - p).abs() < 1e-4, "{a_only}-{b_only}");
        assert_eq!(mcnemar_exact(a_only, b_only), mcnemar_exact(b_only, a_only));
    }
    // Where 0.5 to the power of the throws is 0 in float64: z = 100/√6000 gives 0.197.
    assert!((mcnemar_exact(3050, 2950) - 0.2).abs() < 0.003);
}

#[test]
fn equal_decisions_differ_by_nothing() {
    let found = compare(&pairs(true, &[(true, true, 50), (false, false, 50)]));
    assert_eq!(found.accuracy.difference.value, 0.0);
    assert!(!found.accuracy.difference.is_significant());
    assert_eq!(found.accuracy.p, 1.0);
    // No pair of different people, so no false positive that could differ.
    assert_eq!((found.false_positives.difference.low, found.false_positives.difference.high), (0.0, 0.0));
}

#[test]
fn lists_of_other_lengths_are_refused() {
    let two = [true, false];
    let error = PairedComparison::new(Decisions { a: &[true], b: &two, truth: &two }).unwrap_err();
    assert_eq!(error, EvaluateError::LengthsDiffer { scores: 1, pairs: 2 });
    let none = Decisions { a: &[], b: &[], truth: &[] };
    assert_eq!(PairedComparison::new(none).unwrap_err(), EvaluateError::NoPairs);
    let resampling = Resampling { unit: Unit::Identities, draws: 10, seed: 0 };
    let decisions = Decisions { a: &two, b: &two, truth: &two };
    let error = PairedComparison::resampled(decisions, &[[0, 1]], resampling).unwrap_err();
    assert_eq!(error, EvaluateError::PeopleDiffer { people: 1, pairs: 2 });
}

#[test]
fn seeds_give_mean_and_sample_deviation() {
    let found = Summary::of(&[0.70, 0.72, 0.74]).unwrap();
    assert_eq!(found.count, 3);
    assert!((found.mean - 0.72).abs() < 1e-12 && (found.std.unwrap() - 0.02).abs() < 1e-12);
    assert_eq!(Summary::of(&[0.7]).unwrap().std, None);
    assert_eq!(Summary::of(&[]), None);
}

#[test]
fn shared_seeds_give_a_paired_t_interval() {
    // Mean 0.02, standard error 0.01/√3, t(2) = 4.3027.
    let found = seed_difference(&[0.01, 0.02, 0.03]).unwrap().difference;
    assert!((found.value - 0.02).abs() < 1e-12);
    assert!((found.high - 0.02 - 0.024_841).abs() < 1e-6, "{}", found.high);
    assert_eq!(seed_difference(&[0.01]), None);
    assert_eq!(seed_difference(&[]), None);
    assert_eq!(unpaired_difference(&[0.1], &[0.1, 0.2]), None);
}

#[test]
fn seeds_that_agree_entirely_leave_no_doubt() {
    assert_eq!(seed_difference(&[0.5, 0.5]).unwrap().p, 0.0);
    assert_eq!(seed_difference(&[0.0, 0.0]).unwrap().p, 1.0);
}

/// How often the interval covers the truth, over `repeats` lists of `count` pairs of which each variant alone decides
/// these shares rightly.
fn coverage(count: usize, a_only: f64, b_only: f64, repeats: u32) -> f64 {
    let mut random = Stream::new(17);
    let mut covered = 0;
    for _ in 0..repeats {
        let mut draw = |_| match random.uniform() {
            u if u < a_only => (true, false, true),
            u if u < a_only + b_only => (false, true, true),
            _ => (true, true, true),
        };
        let found = compare(&(0..count).map(&mut draw).collect::<Vec<_>>());
        let truth = b_only - a_only;
        covered +=
            u32::from(found.accuracy.difference.low <= truth && truth <= found.accuracy.difference.high);
        let errors = -truth * count as f64;
        let counted = found.false_negatives.difference;
        assert_eq!(
            counted.low <= errors && errors <= counted.high,
            found.accuracy.difference.low <= truth && truth <= found.accuracy.difference.high
        );
    }
    f64::from(covered) / f64::from(repeats)
}

#[test]
fn the_paired_interval_covers_the_truth_in_95_of_100_lists() {
    for (count, a_only, b_only) in [(1500, 0.10, 0.10), (1500, 0.03, 0.06), (300, 0.05, 0.02), (60, 0.1, 0.2)]
    {
        let found = coverage(count, a_only, b_only, 3000);
        assert!((0.94..=0.975).contains(&found), "{count} pairs, {a_only} {b_only}: {found}");
    }
}

/// Ten people, of each a pair with itself and one with the next; `b` gains all pairs of two people.
fn of_two_people() -> ([Vec<bool>; 3], Vec<[u32; 2]>) {
    let (mut a, mut b, mut truth, mut people) = (vec![], vec![], vec![], vec![]);
    for person in 0..10 {
        for (kind, other) in [(true, person), (false, (person + 1) % 10)] {
            a.push(!kind);
            b.push(if person < 2 { kind } else { !kind });
            truth.push(kind);
            people.push([person, other]);
        }
    }
    ([a, b, truth], people)
}

#[test]
fn drawing_again_keeps_what_was_found_and_gives_the_same_for_the_same_seed() {
    let ([a, b, truth], people) = of_two_people();
    let decisions = Decisions { a: &a, b: &b, truth: &truth };
    let drawn = |unit, seed| {
        PairedComparison::resampled(decisions, &people, Resampling { unit, draws: 300, seed }).unwrap()
    };
    let (plain, found) = (PairedComparison::new(decisions).unwrap(), drawn(Unit::Identities, 1));
    assert_eq!(found.accuracy.difference.value, 0.2);
    assert_eq!(found.accuracy.p, plain.accuracy.p);
    assert_eq!(
        (found.false_negatives.difference.value, found.false_positives.difference.value),
        (-2.0, -2.0)
    );
    assert_eq!(found, drawn(Unit::Identities, 1));
    assert_ne!(found, drawn(Unit::Identities, 2));
    let width = |of: PairedComparison| of.accuracy.difference.high - of.accuracy.difference.low;
    assert!(width(found) > width(drawn(Unit::Pairs, 1)) && width(drawn(Unit::Pairs, 1)) >= width(plain));
}

#[test]
fn variants_that_decide_alike_differ_by_no_more_than_independent_pairs_allow() {
    let ([a, _, truth], people) = of_two_people();
    let decisions = Decisions { a: &a, b: &a, truth: &truth };
    let resampling = Resampling { unit: Unit::Identities, draws: 100, seed: 0 };
    let found = PairedComparison::resampled(decisions, &people, resampling).unwrap();
    assert_eq!(found, PairedComparison::new(decisions).unwrap());
}
