//! Trials that are proposed by results.

use arclab_search::{Axis, Told, propose};

const AXES: [Axis; 2] = [Axis::Range, Axis::Choice(3)];

/// Highest at 0.3 of the first axis and the second choice of the other.
fn objective(point: &[f64]) -> f64 {
    let choice = if (0.34..0.66).contains(&point[1]) { 0.0 } else { -0.2 };
    choice - (point[0] - 0.3).powi(2)
}

fn told(point: &[f64]) -> Told {
    Told { point: point.iter().copied().map(Some).collect(), value: objective(point) }
}

/// Rounds of eight; the first is spread evenly.
fn search(rounds: u32, seed: u64) -> Vec<Vec<f64>> {
    let mut points: Vec<Vec<f64>> =
        (0..8).map(|i| vec![(f64::from(i) + 0.5) / 8.0, (f64::from(i % 3) + 0.5) / 3.0]).collect();
    for round in 1..rounds {
        let known: Vec<Told> = points.iter().map(|point| told(point)).collect();
        points.extend((0..8).map(|i| propose(&AXES, &known, seed, round * 8 + i)));
    }
    points
}

#[test]
fn what_is_proposed_lies_on_the_axes() {
    for point in search(6, 3) {
        assert!((0.0..1.0).contains(&point[0]));
        assert!([1.0 / 6.0, 0.5, 5.0 / 6.0].iter().any(|place| (place - point[1]).abs() < 1e-9), "{point:?}");
    }
}

#[test]
fn the_same_seed_proposes_the_same_trials_whatever_the_order_in_which_results_came() {
    assert_eq!(search(5, 7), search(5, 7));
    assert_ne!(search(5, 7), search(5, 8));
    let mut known: Vec<Told> = search(3, 7).iter().map(|point| told(point)).collect();
    let first: Vec<_> = (0..8).map(|number| propose(&AXES, &known, 7, number)).collect();
    known.reverse();
    known.swap(2, 9);
    assert_eq!((0..8).map(|number| propose(&AXES, &known, 7, number)).collect::<Vec<_>>(), first);
}

#[test]
fn later_rounds_lie_nearer_to_the_best_than_chance() {
    let mean =
        |points: &[Vec<f64>]| points.iter().map(|point| objective(point)).sum::<f64>() / points.len() as f64;
    let better = (0..20).filter(|seed| {
        let points = search(6, *seed);
        mean(&points[40..]) > mean(&points[..8]) + 0.1
    });
    // By chance it would be one in many.
    assert!(better.count() >= 18);
}

#[test]
fn an_axis_that_no_trial_had_is_drawn_evenly_and_failed_trials_are_passed_over() {
    let none = vec![
        Told { point: vec![None, Some(0.5)], value: 1.0 },
        Told { point: vec![Some(0.5), None], value: f64::NAN },
    ];
    let places: Vec<f64> = (0..400).map(|number| propose(&AXES, &none, 1, number)[0]).collect();
    let below = places.iter().filter(|place| **place < 0.25).count();
    assert!((70..130).contains(&below), "{below}");
}
