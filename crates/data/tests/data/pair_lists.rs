//! Pair lists in files, and where their images lie.

use std::fs;

use arclab_data::{Pair, PrepareError, Prepared, Silent, prepare_test};
use arclab_metrics::ThresholdPolicy;
use arclab_spec::{
    ProtocolName,
    config::{Dataset, PairSource, Protocol},
};

use crate::support::{Place, chain, data, evaluation, given, listed, picture};

fn read(place: &Place, list: &str) -> Result<Prepared, PrepareError> {
    let list = place.write("list", list);
    let data = data(Dataset::Folder(place.faces()), given(place.path("split.csv")));
    place.prepare(&data, &evaluation(0, [("test", listed(list))]))
}

fn error(list: &str) -> String {
    chain(&read(&Place::with_split(), list).unwrap_err())
}

fn pairs(prepared: &Prepared) -> Vec<(&str, &str, bool, Option<u32>)> {
    let named =
        |pair: &Pair| (prepared.images.name(pair.a), prepared.images.name(pair.b), pair.same, pair.fold);
    prepared.protocols[0].1.pairs.iter().map(named).collect()
}

#[test]
fn a_csv_list_is_read_whatever_the_order_of_its_columns() {
    let place = Place::with_split();
    let prepared =
        read(&place, "fold,b,a,same\n0,p02/01.png,p02/00.png,1\n3, p03/00.png ,p02/00.png,false\n").unwrap();
    let expected =
        [("p02/00.png", "p02/01.png", true, Some(0)), ("p02/00.png", "p03/00.png", false, Some(3))];
    assert_eq!(pairs(&prepared), expected);
    assert_eq!(prepared.protocols[0].1.folds(), Some(vec![0, 3]));
}

#[test]
fn a_csv_list_needs_no_folds() {
    let place = Place::with_split();
    let prepared = read(&place, "a,b,same\np02/00.png,p02/01.png,1\np02/00.png,p03/00.png,0\n").unwrap();
    assert_eq!(prepared.protocols[0].1.folds(), None);
    assert_eq!(prepared.protocols[0].1.same(), [true, false]);
}

#[test]
fn a_list_that_was_written_is_read_again_as_the_same_list() {
    let place = Place::with_split();
    let first = read(&place, "a,b,same\np02/00.png,p02/01.png,1\np02/00.png,p03/00.png,0\n").unwrap();
    let fingerprint = first.protocols[0].1.fingerprint.clone();
    let written = fs::read_to_string(place.path(&format!("cache/pairs/{fingerprint}.csv"))).unwrap();
    assert_eq!(read(&place, &written).unwrap().protocols[0].1.fingerprint, fingerprint);
}

/// People as LFW names their photos, beside the faces.
fn with_lfw(place: &Place) -> PairSource {
    for (person, name) in ["Ann_Lee", "Bob"].into_iter().enumerate() {
        for photo in 1..=3 {
            place.save(&format!("lfw/{name}/{name}_{photo:04}.png"), &picture(100 + person as u8, photo));
        }
    }
    let list = "2\t1\nAnn_Lee\t1\t3\nAnn_Lee\t2\tBob\t1\nBob\t1\t2\nBob\t3\tAnn_Lee\t3\n";
    PairSource::Listed { list: place.write("pairs.txt", list), images: Some(place.path("lfw")) }
}

#[test]
fn lfws_list_is_known_by_its_first_line_and_may_have_images_of_its_own() {
    let place = Place::with_split();
    let lfw = with_lfw(&place);
    let data = data(Dataset::Folder(place.faces()), given(place.path("split.csv")));
    let prepared = place.prepare(&data, &evaluation(0, [("lfw", lfw)])).unwrap();
    let expected = [
        ("Ann_Lee/Ann_Lee_0001.png", "Ann_Lee/Ann_Lee_0003.png", true, Some(0)),
        ("Ann_Lee/Ann_Lee_0002.png", "Bob/Bob_0001.png", false, Some(0)),
        ("Bob/Bob_0001.png", "Bob/Bob_0002.png", true, Some(1)),
        ("Bob/Bob_0003.png", "Ann_Lee/Ann_Lee_0003.png", false, Some(1)),
    ];
    assert_eq!(pairs(&prepared), expected);
    assert_eq!(prepared.images.len(), 26);
    assert_eq!(
        prepared.images.pixels(prepared.protocols[0].1.pairs[0].b),
        picture(100, 3).as_raw().as_slice()
    );
}

#[test]
fn a_test_of_weights_at_hand_opens_no_more_than_its_pairs_need() {
    let place = Place::with_split();
    let protocol = Protocol { pairs: with_lfw(&place), threshold: ThresholdPolicy::Fixed(0.3) };
    // Neither the data set nor its split is there.
    let data = data(Dataset::Folder(place.path("nowhere")), given(place.path("no.csv")));
    let mode = ProtocolName::new("lfw").unwrap();
    let test = prepare_test(&data, &mode, &protocol, &place.cache(), &Silent).unwrap();
    assert_eq!((test.pairs.len(), test.images.len()), (4, 6));
}

#[test]
fn lfws_lists_that_lost_a_line_are_refused() {
    let text = error("2 1\np02 0 1\np02 2 p03 1\np03 0 1\n");
    assert!(text.contains("line 1: the first line promises 4 pairs, and there are 3"), "{text}");
    let text = error("2 2\np02 0 1\np02 2 p03 1\np03 0 1\n");
    assert!(text.contains("line 3: pair 2 of its fold should be of the same person"), "{text}");
}

#[test]
fn two_images_that_lfws_list_cannot_tell_apart_are_refused_by_name() {
    let place = Place::with_split();
    let lfw = with_lfw(&place);
    fs::copy(place.path("lfw/Bob/Bob_0002.png"), place.path("lfw/Bob/Bob_0002.jpg")).unwrap();
    let data = data(Dataset::Folder(place.faces()), given(place.path("split.csv")));
    let text = chain(&place.prepare(&data, &evaluation(0, [("lfw", lfw)])).unwrap_err());
    assert!(
        text.contains("Bob_0002.jpg and ") && text.contains("Bob_0002.png differ in their endings"),
        "{text}"
    );
}

#[test]
fn a_line_that_is_no_pair_is_shown() {
    let text = error("1\nAnn 1\n");
    assert!(text.contains("line 2: `Ann 1` is neither `NAME I J` nor `NAME I NAME J`"), "{text}");
    let text = error("a,b,same\np02/00.png,p02/01.png,maybe\n");
    assert!(text.contains("line 2: `same` is `maybe`; allowed are 1, 0, true, false"), "{text}");
    let text = error("a,b,same,fold\np02/00.png,p02/01.png,1,first\n");
    assert!(text.contains("line 2: `fold` is `first`"), "{text}");
    let text = error("a,b,same,fold\np02/00.png,p02/01.png,1,1\np02/00.png,p02/02.png,1,\n");
    assert!(text.contains("line 3: `fold` is ``"), "{text}");
}

#[test]
fn an_image_that_is_missing_or_broken_is_named_with_the_line() {
    let text = error("a,b,same\np02/00.png,p02/01.png,1\np02/00.png,p99/01.png,0\n");
    assert!(text.contains("line 3: there is no image `p99/01.png` in "), "{text}");
    let place = Place::with_split();
    place.write("faces/p02/01.png", b"");
    let text = chain(&read(&place, "a,b,same\np02/00.png,p02/01.png,1\n").unwrap_err());
    assert!(text.contains("line 2: the image `p02/01.png` cannot be used: it is empty"), "{text}");
}

#[test]
fn pairs_that_contradict_themselves_are_refused() {
    let text = error("a,b,same\np02/00.png,p02/00.png,1\n");
    assert!(text.contains("line 2: both images are `p02/00.png`"), "{text}");
    let text = error("a,b,same\np02/00.png,p02/01.png,1\np02/01.png,p02/00.png,0\n");
    assert!(text.contains("line 3: line 2 gives the same pair another label"), "{text}");
}

#[test]
fn a_file_of_neither_form_is_shown_by_its_first_line() {
    let text = error("once upon a time\n");
    assert!(text.contains("its first line is `once upon a time`"), "{text}");
    let text = error("first,second,label\n");
    assert!(text.contains("no column `a`; the columns are `first`, `second`, `label`"), "{text}");
    assert!(error("a,b,same\n").contains("has no pair"));
    assert!(error("").contains("is no pair list"));
}
