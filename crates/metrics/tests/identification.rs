//! Searching a gallery: a case that can be checked by hand, laws, and bad input.

use arclab_metrics::{EvaluateError, Far, Mate, Searches};

/// Persons 0, 1 and 2 have images in the gallery, 0 two of them.
const GALLERY: [u32; 4] = [0, 0, 1, 2];
/// Person 0 comes first, 1 second behind both images of 0, 2 second by a tie, and 7 and 8 are not there.
const PROBES: [u32; 5] = [0, 1, 2, 7, 8];
const SCORES: [f32; 20] = [
    0.2, 0.9, 0.1, 0.3, //
    0.8, 0.7, 0.5, 0.1, //
    0.1, 0.2, 0.6, 0.6, //
    0.4, 0.1, 0.2, 0.3, //
    0.1, 0.1, 0.65, 0.2,
];

fn far(rate: f64) -> Far {
    Far::new(rate).expect("a rate")
}

#[test]
fn ranks_count_people_and_those_with_an_equal_score_come_before() {
    let searches = Searches::new(&SCORES, &PROBES, &GALLERY).unwrap();
    let mates: Vec<_> = searches.each().iter().map(|search| search.mate).collect();
    let mate = |score, rank| Some(Mate { score, rank });
    assert_eq!(mates, [mate(0.9, 1), mate(0.5, 2), mate(0.6, 2), None, None]);
    assert_eq!([1, 2, 3].map(|k| searches.rank_rate(k)), [Some(1.0 / 3.0), Some(1.0), Some(1.0)]);
}

#[test]
fn what_is_found_at_a_rate_of_false_alarms_lies_above_the_others_outside() {
    let searches = Searches::new(&SCORES, &PROBES, &GALLERY).unwrap();
    // One of two outside may reach the threshold, which is then 0.4.
    assert_eq!(searches.tpir_at(far(0.5)), Some(1.0 / 3.0));
    // Below one of two.
    assert_eq!(searches.tpir_at(far(0.1)), None);
}

#[test]
fn without_probes_of_a_kind_there_is_no_rate() {
    let inside = Searches::new(&SCORES[..12], &PROBES[..3], &GALLERY).unwrap();
    assert_eq!(inside.tpir_at(far(0.5)), None);
    let outside = Searches::new(&SCORES[12..], &PROBES[3..], &GALLERY).unwrap();
    assert_eq!(outside.rank_rate(1), None);
    assert_eq!(outside.tpir_at(far(0.5)), None);
}

#[test]
fn scores_that_do_not_fit_are_refused() {
    let error = |scores: &[f32], probes: &[u32]| Searches::new(scores, probes, &GALLERY).unwrap_err();
    assert_eq!(error(&[], &[]), EvaluateError::NoPairs);
    assert_eq!(error(&[0.1; 3], &[0]), EvaluateError::LengthsDiffer { scores: 3, pairs: 4 });
    assert!(matches!(error(&[0.1, f32::NAN, 0.0, 0.0], &[0]), EvaluateError::NotFinite { pair: 1, .. }));
}
