//! True accept rates with their intervals.

#[expect(dead_code, unreachable_pub, reason = "shared by tests, of which none uses all of it")]
mod support;

use arclab_metrics::{EvaluateError, Far, Proportion, Resampling, Roc, TarAt, Unit, tar_band};
use support::Stream;

const OVER_PAIRS: Resampling = Resampling { unit: Unit::Pairs, draws: 200, seed: 1 };
const OVER_PEOPLE: Resampling = Resampling { unit: Unit::Identities, ..OVER_PAIRS };

fn far(rate: f64) -> Far {
    Far::new(rate).expect("a rate")
}

/// Pairs in turn of one person and of two, with many equal scores.
fn scores(pairs: usize) -> (Vec<f32>, Vec<bool>, Vec<[u32; 2]>) {
    let mut stream = Stream::new(5);
    let same: Vec<bool> = (0..pairs).map(|pair| pair % 2 == 0).collect();
    let score = |&same: &bool| ((stream.normal() + if same { 1.5 } else { 0.0 }) * 8.0).round() as f32 / 64.0;
    let scores = same.iter().map(score).collect();
    let people = (0..pairs as u32).map(|pair| [2 * pair, 2 * pair + pair % 2]).collect();
    (scores, same, people)
}

#[test]
fn where_everything_is_accepted_what_is_left_open_is_wilsons() {
    let same: Vec<bool> = (0..200).map(|pair| pair < 100).collect();
    let scores: Vec<f32> = same.iter().map(|&same| if same { 0.5 } else { 0.0 }).collect();
    let people: Vec<[u32; 2]> = (0..200).map(|pair| [pair, pair]).collect();
    for resampling in [OVER_PAIRS, OVER_PEOPLE] {
        let band = tar_band(&scores, &same, &people, &[far(0.5)], resampling).unwrap();
        assert_eq!(band, [TarAt { far: far(0.5), tar: Proportion::of(100, 100).unwrap() }]);
    }
}

#[test]
fn the_rates_are_those_of_the_curve_and_lie_in_their_intervals() {
    let (scores, same, people) = scores(1000);
    let roc = Roc::new(&scores, &same).unwrap();
    let fars: Vec<Far> = [0.5, 0.02, 0.1, 0.9].map(far).to_vec();
    let band = tar_band(&scores, &same, &people, &fars, OVER_PEOPLE).unwrap();
    assert_eq!(band.iter().map(|at| at.far.get()).collect::<Vec<_>>(), [0.02, 0.1, 0.5, 0.9]);
    for TarAt { far, tar } in band {
        assert!((tar.value - roc.tar_at(far)).abs() < 1e-12, "{far:?}");
        assert!(0.0 <= tar.low && tar.low < tar.value && tar.value < tar.high && tar.high <= 1.0, "{tar:?}");
    }
}

#[test]
fn a_rate_of_fewer_than_ten_different_pairs_has_no_interval() {
    let (scores, same, people) = scores(400);
    let band = tar_band(&scores, &same, &people, &[far(0.049), far(0.05)], OVER_PEOPLE).unwrap();
    assert_eq!(band.iter().map(|at| at.far.get()).collect::<Vec<_>>(), [0.05]);
}

#[test]
fn pairs_that_share_nobody_have_much_the_same_band_either_way() {
    let (scores, same, people) = scores(2000);
    let fars = [0.02, 0.1, 0.5].map(far);
    let [over_pairs, over_people] = [OVER_PAIRS, OVER_PEOPLE]
        .map(|resampling| tar_band(&scores, &same, &people, &fars, resampling).unwrap());
    for (a, b) in over_pairs.iter().zip(&over_people) {
        let ratio = (b.tar.high - b.tar.low) / (a.tar.high - a.tar.low);
        assert!((0.8..1.25).contains(&ratio), "{ratio}");
    }
}

#[test]
fn one_seed_gives_one_band() {
    let (scores, same, people) = scores(600);
    let band = |seed| {
        let resampling = Resampling { seed, ..OVER_PEOPLE };
        tar_band(&scores, &same, &people, &[far(0.1)], resampling).unwrap()
    };
    assert_eq!(band(3), band(3));
    assert_ne!(band(3), band(4));
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let refused = |scores: &[f32], same: &[bool], people: &[[u32; 2]]| {
        tar_band(scores, same, people, &[far(0.5)], OVER_PAIRS).unwrap_err()
    };
    assert_eq!(refused(&[0.1], &[true], &[]), EvaluateError::PeopleDiffer { people: 0, pairs: 1 });
    assert!(matches!(refused(&[0.1], &[true], &[[0, 0]]), EvaluateError::OneClass { .. }));
    assert!(matches!(
        refused(&[f32::NAN, 0.0], &[true, false], &[[0, 0], [0, 1]]),
        EvaluateError::NotFinite { .. }
    ));
    assert_eq!(refused(&[], &[], &[]), EvaluateError::NoPairs);
}
