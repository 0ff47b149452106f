//! Splits and pairs drawn from a seed.

use std::collections::BTreeSet;

use arclab_data::{PairList, Prepared};
use arclab_spec::config::{PairSource, SplitPart};

use crate::support::{Place, chain, drawn, evaluation, pairs, picture};

fn tests() -> [(&'static str, PairSource); 2] {
    [("closed", pairs(SplitPart::ClosedTest, 20)), ("open", pairs(SplitPart::OpenTest, 40))]
}

fn prepared(place: &Place, seed: u64) -> Prepared {
    let data = arclab_spec::config::DataConfig { split: drawn(seed), ..place.data() };
    place.prepare(&data, &evaluation(6, tests())).unwrap()
}

fn people(prepared: &Prepared, images: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
    images.into_iter().map(|image| prepared.images.name(image)[..3].to_owned()).collect()
}

fn list<'a>(prepared: &'a Prepared, name: &str) -> &'a PairList {
    &prepared.protocols.iter().find(|(protocol, _)| protocol.as_str() == name).unwrap().1
}

#[test]
fn parts_have_no_image_in_common() {
    let prepared = prepared(&Place::with_faces(10, 12), 0);
    let train: BTreeSet<usize> = prepared.train.iter().map(|sample| sample.image).collect();
    let validation: BTreeSet<usize> = prepared.validation.iter().map(|sample| sample.image).collect();
    let (closed, open) = (list(&prepared, "closed").images(), list(&prepared, "open").images());
    let parts = [&train, &validation, &closed, &open];
    for (place, part) in parts.iter().enumerate() {
        assert!(!part.is_empty());
        assert!(parts[..place].iter().all(|other| part.is_disjoint(other)));
    }
    // 3 of 10 people are open; of 12 photos of each other one 3 are closed, and a tenth of 7 × 9 validates.
    assert_eq!((train.len(), validation.len()), (7 * 9 - 6, 6));
    assert!(people(&prepared, open).is_disjoint(&people(&prepared, train.clone())));
    assert!(people(&prepared, closed).is_subset(&people(&prepared, train)));
    assert_eq!(prepared.identities.len(), 7);
}

#[test]
fn labels_are_places_among_the_identities() {
    let prepared = prepared(&Place::with_faces(10, 12), 0);
    for sample in prepared.train.iter().chain(&prepared.validation) {
        assert_eq!(prepared.identities[sample.label as usize], prepared.images.name(sample.image)[..3]);
    }
}

#[test]
fn drawn_pairs_are_balanced_distinct_and_right() {
    let prepared = prepared(&Place::with_faces(10, 12), 0);
    let lists =
        [(&prepared.validation_pairs, 6), (list(&prepared, "closed"), 20), (list(&prepared, "open"), 40)];
    for (list, count) in lists {
        assert_eq!(list.len(), count);
        assert_eq!(list.pairs.iter().filter(|pair| pair.same).count(), count / 2);
        let distinct: BTreeSet<_> =
            list.pairs.iter().map(|pair| (pair.a.min(pair.b), pair.a.max(pair.b))).collect();
        assert_eq!(distinct.len(), count);
        for pair in &list.pairs {
            let [a, b] = [pair.a, pair.b].map(|image| &prepared.images.name(image)[..3]);
            assert_eq!(a == b, pair.same);
        }
        // Any run of neighbours is balanced, so contiguous folds are.
        assert!(list.pairs.chunks(2).all(|two| two[0].same != two[1].same));
    }
}

#[test]
fn the_same_seed_draws_the_same_split_and_another_seed_another() {
    let place = Place::with_faces(10, 12);
    let (first, again, other) = (prepared(&place, 3), prepared(&place, 3), prepared(&place, 4));
    assert_eq!((&first.train, &first.protocols), (&again.train, &again.protocols));
    assert_eq!(first.fingerprint, again.fingerprint);
    assert_ne!(first.train, other.train);
    assert_ne!(first.fingerprint, other.fingerprint);
}

#[test]
fn where_there_are_fewer_pairs_than_asked_for_all_balanced_ones_are_drawn_and_a_note_says_why() {
    let place = Place::with_faces(10, 12);
    let tests = [("closed", pairs(SplitPart::ClosedTest, 1000)), ("open", pairs(SplitPart::OpenTest, 40))];
    let prepared = place.prepare(&place.data(), &evaluation(300, tests)).unwrap();
    // Seven people with three photos: 7 × 3 same pairs. Six photos of three people validate.
    let closed = list(&prepared, "closed");
    assert_eq!((closed.len(), closed.pairs.iter().filter(|pair| pair.same).count()), (42, 21));
    assert_eq!((prepared.validation_pairs.len(), list(&prepared, "open").len()), (6, 40));
    assert_eq!(
        prepared.notes,
        [
            "validation: 300 pairs were asked for, and 6 are drawn: 6 images of 3 identities make 3 pairs of the same \
             person and 12 of different people",
            "protocol closed: 1000 pairs were asked for, and 42 are drawn: 21 images of 7 identities make 21 pairs of \
             the same person and 189 of different people",
        ]
    );
    let possible = evaluation(6, [("closed", pairs(SplitPart::ClosedTest, 42))]);
    let asked = place.prepare(&place.data(), &possible).unwrap();
    assert!(asked.notes.is_empty(), "{:?}", asked.notes);
    assert_eq!(&asked.protocols[0].1, closed);
}

#[test]
fn a_protocol_without_any_pair_is_refused_with_what_there_is() {
    // Of two photos a person, none is left for the closed set.
    let place = Place::with_faces(10, 2);
    let wanted = evaluation(0, [("closed", pairs(SplitPart::ClosedTest, 1000))]);
    let text = chain(&place.prepare(&place.data(), &wanted).unwrap_err());
    assert!(text.contains("protocol `closed`: no pairs can be drawn: "), "{text}");
    assert!(text.contains("make 0 pairs of the same person") && text.contains("add photos"), "{text}");
}

#[test]
fn people_with_many_photos_give_no_more_same_pairs_than_others_can() {
    let place = Place::with_faces(9, 8);
    (8..100).for_each(|photo| place.save(&format!("faces/p08/{photo:02}.png"), &picture(8, photo)));
    let data = arclab_spec::config::DataConfig {
        split: arclab_spec::config::SplitConfig::Drawn {
            open_identities: 0.1,
            closed_images: 0.5,
            validation_images: 0.1,
            seed: 0,
        },
        ..place.data()
    };
    let prepared =
        place.prepare(&data, &evaluation(0, [("closed", pairs(SplitPart::ClosedTest, 64))])).unwrap();
    let same = prepared.protocols[0].1.pairs.iter().filter(|pair| pair.same);
    let rich = same.filter(|pair| prepared.images.name(pair.a).starts_with("p08")).count();
    assert!(rich <= 4, "{rich} of 32 same pairs among eight people");
}

#[test]
fn a_share_of_the_labels_is_turned_around_and_the_pairs_stay() {
    let place = Place::with_faces(10, 12);
    let wrong = PairSource::Drawn { from: SplitPart::OpenTest, count: 40, mislabelled: 0.25 };
    let wanted = evaluation(0, [("right", pairs(SplitPart::OpenTest, 40)), ("wrong", wrong)]);
    let prepared = place.prepare(&place.data(), &wanted).unwrap();
    let (right, wrong) = (list(&prepared, "right"), list(&prepared, "wrong"));
    assert!(
        right.pairs.iter().zip(&wrong.pairs).all(|(right, wrong)| (right.a, right.b) == (wrong.a, wrong.b))
    );
    let turned =
        right.pairs.iter().zip(&wrong.pairs).filter(|(right, wrong)| right.same != wrong.same).count();
    assert_eq!(turned, 10);
    assert_eq!(wrong.pairs.iter().filter(|pair| pair.same).count(), 20);
    assert_ne!(right.fingerprint, wrong.fingerprint);
}

#[test]
fn an_exact_copy_is_left_out_and_named() {
    let place = Place::with_faces(5, 6);
    place.save("faces/p03/copy.png", &picture(1, 2));
    let prepared = place.prepare(&place.data(), &evaluation(0, [])).unwrap();
    let [copy] = prepared.left_out.as_slice() else { panic!("{:?}", prepared.left_out) };
    assert!(copy.path.ends_with("p03/copy.png") && copy.reason.contains("p01/02.png"), "{copy:?}");
}

#[test]
fn two_people_are_too_few_for_a_drawn_split() {
    let place = Place::with_faces(2, 6);
    let error = place.prepare(&place.data(), &evaluation(0, [])).unwrap_err();
    assert!(chain(&error).contains("at least 3 identities"), "{}", chain(&error));
}
