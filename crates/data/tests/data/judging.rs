//! Pairs that no model could be tested on are refused before one is trained.

use arclab_data::{Prepared, Silent, prepare_test};
use arclab_metrics::ThresholdPolicy;
use arclab_spec::{
    ProtocolName,
    config::{Dataset, Protocol, SplitPart},
};

use crate::support::{Place, chain, data, evaluation, evaluation_at, given, listed, pairs};

const TWO_FOLDS: ThresholdPolicy = ThresholdPolicy::KFold { folds: 2 };

fn read(list: &str, threshold: ThresholdPolicy) -> Result<Prepared, String> {
    let place = Place::with_split();
    let tests = [("test", listed(place.write("list.csv", list)))];
    let data = data(Dataset::Folder(place.faces()), given(place.path("split.csv")));
    place.prepare(&data, &evaluation_at(threshold, 0, tests)).map_err(|error| chain(&error))
}

/// A list of same (1) and different (0) pairs, each with its fold where there are folds.
fn list(pairs: &[(u8, Option<u8>)]) -> String {
    let line = |(photo, (same, fold)): (usize, &(u8, Option<u8>))| {
        let (a, b) = (photo / 4, photo % 4);
        let other =
            if *same == 1 { format!("p02/{:02}.png", (b + 1) % 4) } else { format!("p03/{a:02}.png") };
        format!("p02/{b:02}.png,{other},{same}{}\n", fold.map_or(String::new(), |fold| format!(",{fold}")))
    };
    let header = if pairs[0].1.is_some() { "a,b,same,fold\n" } else { "a,b,same\n" };
    header.to_owned() + &pairs.iter().enumerate().map(line).collect::<String>()
}

#[test]
fn pairs_of_one_kind_are_refused_under_every_threshold() {
    for threshold in [ThresholdPolicy::Fixed(0.3), TWO_FOLDS] {
        for (kind, named) in [(1, "the same person"), (0, "different people")] {
            let text = read(&list(&[(kind, None), (kind, None)]), threshold).unwrap_err();
            assert!(text.contains("the protocol `test` can test no model on /"), "{text}");
            assert!(text.contains("list.csv: mend the pairs, or its `threshold`"), "{text}");
            assert!(text.contains(&format!("all 2 pairs are {named}: both kinds are needed")), "{text}");
        }
    }
}

#[test]
fn folds_that_the_pairs_cannot_fill_are_refused() {
    let four = list(&[(1, None), (0, None), (1, None), (0, None)]);
    let text = read(&four, ThresholdPolicy::KFold { folds: 5 }).unwrap_err();
    assert!(text.contains("`test`") && text.contains("5 folds of 4 pairs: a fold would be empty"), "{text}");
    assert!(read(&four, TWO_FOLDS).is_ok());
    let text = read(&list(&[(1, Some(3)), (0, Some(3))]), TWO_FOLDS).unwrap_err();
    assert!(text.contains("1 fold is too few"), "{text}");
}

#[test]
fn a_kind_of_pair_in_one_fold_alone_is_refused_where_thresholds_come_from_the_other_folds() {
    let uneven = list(&[(1, Some(0)), (1, Some(1)), (0, Some(1)), (0, Some(1))]);
    let text = read(&uneven, TWO_FOLDS).unwrap_err();
    assert!(text.contains("all pairs of different people are in one fold"), "{text}");
    assert!(read(&uneven, ThresholdPolicy::Fixed(0.3)).is_ok());
}

#[test]
fn drawn_pairs_that_are_fewer_than_the_folds_are_refused() {
    let place = Place::with_faces(10, 12);
    let tests = [("closed", pairs(SplitPart::ClosedTest, 1000))];
    let folds = ThresholdPolicy::KFold { folds: 50 };
    let text = chain(&place.prepare(&place.data(), &evaluation_at(folds, 0, tests)).unwrap_err());
    assert!(text.contains("the protocol `closed` can test no model on the pairs drawn for it"), "{text}");
    assert!(text.contains("50 folds of 42 pairs"), "{text}");
}

#[test]
fn a_threshold_from_validation_needs_validation_pairs() {
    let tests = || [("open", pairs(SplitPart::OpenTest, 4))];
    // None are asked for; then no two photos of a person validate.
    for (photos, asked) in [(12, 0), (2, 10)] {
        let place = Place::with_faces(10, photos);
        let wanted = evaluation_at(ThresholdPolicy::Validation, asked, tests());
        let text = chain(&place.prepare(&place.data(), &wanted).unwrap_err());
        let named = format!(
            "the protocol `open` takes its threshold from the validation pairs, and there are none: \
                             `evaluation.validation_pairs` asks for {asked}, and "
        );
        assert!(text.contains(&named) && text.contains("or use another `threshold`"), "{text}");
        let prepared = place.prepare(&place.data(), &evaluation(asked, tests())).unwrap();
        assert!(prepared.validation_pairs.is_empty());
        assert_eq!(prepared.notes.len(), usize::from(asked > 0), "{:?}", prepared.notes);
    }
}

#[test]
fn weights_at_hand_are_tested_on_pairs_that_can_be_judged() {
    let place = Place::with_faces(10, 12);
    let test = |threshold| {
        let protocol = Protocol { pairs: pairs(SplitPart::ClosedTest, 1000), threshold };
        prepare_test(&place.data(), &ProtocolName::new("closed").unwrap(), &protocol, &place.cache(), &Silent)
    };
    assert!(chain(&test(ThresholdPolicy::KFold { folds: 50 }).unwrap_err()).contains("50 folds of 42 pairs"));
    // The threshold from validation is that of the weights.
    let tested = test(ThresholdPolicy::Validation).unwrap();
    assert_eq!((tested.pairs.len(), tested.notes.len()), (42, 1));
}
