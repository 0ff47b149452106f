//! What a set is looked through for.

use std::path::PathBuf;

use arclab_data::{CheckRequest, Checked, Problem, Silent, TestList, check};

use crate::support::{Place, given, picture};

fn checked(place: &Place, change: impl FnOnce(&mut CheckRequest)) -> Checked {
    let mut request = CheckRequest { set: place.faces(), size: 16, split: None, lists: Vec::new() };
    change(&mut request);
    check(&request, &place.cache(), &Silent).unwrap()
}

/// The names of each case's images, and its text.
fn cases(checked: &Checked, problem: Problem) -> Vec<String> {
    let names = |images: &[usize]| {
        images.iter().map(|&image| checked.images.name(image)).collect::<Vec<_>>().join(" = ")
    };
    checked.found[&problem].iter().map(|case| format!("{}: {}", names(&case.images), case.text)).collect()
}

fn list(name: &str, list: PathBuf, images: Option<PathBuf>) -> TestList {
    TestList { name: name.to_owned(), list, images }
}

#[test]
fn what_a_run_would_refuse_at_the_first_mistake_is_told_of_all() {
    let place = Place::with_faces(4, 3);
    // A copy of a training image, which tests.
    place.save("faces/p01/copy.png", &picture(0, 1));
    let split = "path,identity,split\n\
        p00/00.png,ann,train\np00/01.png,ann,train\np00/02.png,ann,closed_test\n\
        p01/00.png,bob,train\np01/copy.png,bob,closed_test\n\
        p02/00.png,ann,open_test\np03/00.png,eve,open_test\np09/00.png,eve,open_test\n";
    let split = place.write("split.csv", split);
    let pairs = place.write("pairs.csv", "a,b,same\np00/00.png,p03/00.png,0\np00/00.png,p09/00.png,0\n");
    let found = checked(&place, |request| {
        request.split = Some(given(split));
        request.lists = vec![list("open", pairs, None)];
    });
    assert_eq!(
        cases(&found, Problem::TrainsAndTests),
        [
            "p00/01.png = p01/copy.png: trains, and is closed_test",
            "p00/00.png: trains, and is on 2 pairs of open"
        ]
    );
    assert_eq!(
        cases(&found, Problem::TrainedPeople),
        ["p00/00.png = p02/00.png: ann: 2 images train, and 1 are of the open test"]
    );
    let missing = cases(&found, Problem::Missing);
    assert!(missing.len() == 2 && missing[0].ends_with("split.csv, line 9: p09/00.png"), "{missing:?}");
    assert!(missing[1].ends_with("pairs.csv, line 3: p09/00.png"), "{missing:?}");
    let tests: Vec<_> =
        found.tests.iter().map(|test| (test.name.as_str(), test.images, test.people_in_training)).collect();
    assert_eq!(tests, [("closed_test", 2, Some(2)), ("open_test", 2, Some(1)), ("open", 2, Some(1))]);
    assert!(cases(&found, Problem::LooksTested).iter().any(|case| case.contains("the second is of ")));
}

#[test]
fn without_a_split_the_whole_set_trains_where_the_pairs_have_images_of_their_own() {
    let place = Place::with_faces(3, 2);
    place.save("tests/p00/a.png", &picture(1, 1));
    place.save("tests/x/b.png", &picture(8, 8));
    let pairs = place.write("pairs.csv", "a,b,same\np00/a.png,x/b.png,0\n");
    let images = place.path("tests");
    let found = checked(&place, |request| request.lists = vec![list("other", pairs, Some(images))]);
    assert_eq!(
        cases(&found, Problem::TrainsAndTests),
        ["p01/01.png = p00/a.png: trains, and is on 1 pairs of other"]
    );
    let test = &found.tests[0];
    assert_eq!((test.pairs, test.images, test.images_in_training), (Some(1), 2, 1));
    assert_eq!((test.people, test.people_in_training, found.own), (2, Some(1), 6));
    // Of the set's own images nobody says which train.
    let pairs = place.write("own.csv", "a,b,same\np00/00.png,p01/00.png,0\n");
    let found = checked(&place, |request| request.lists = vec![list("own", pairs, None)]);
    assert!(!found.found.contains_key(&Problem::TrainsAndTests));
    assert_eq!(found.tests[0].images_in_training, 0);
}

#[test]
fn sizes_are_those_of_the_files_and_small_ones_are_named() {
    let place = Place::with_faces(2, 3);
    place.save("faces/p00/small.png", &image::imageops::thumbnail(&picture(5, 5), 12, 20));
    for _ in 0..2 {
        let found = checked(&place, |_| {});
        assert_eq!(found.sizes, [(Some([16, 16]), 6), (Some([12, 20]), 1)]);
        assert_eq!(cases(&found, Problem::Small), ["p00/small.png: 12 × 20"]);
        assert_eq!((found.balance.quartiles, found.balance.largest.as_str()), ([3, 3, 3, 3, 4], "p00"));
    }
    assert!(checked(&place, |_| {}).found.keys().all(|problem| *problem != Problem::SamePerson));
}
