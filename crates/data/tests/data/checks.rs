//! What a set is looked through for.

use std::{fs, path::PathBuf};

use arclab_data::{CheckRequest, Checked, Problem, Silent, TestList, check};
use arclab_spec::Fingerprint;
use image::{Rgb, RgbImage};

use crate::support::{Place, given, names, picture};

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
    assert!(cases(&found, Problem::Refused).is_empty());
    let tests: Vec<_> =
        found.tests.iter().map(|test| (test.name.as_str(), test.images, test.people_in_training)).collect();
    assert_eq!(tests, [("closed_test", 2, Some(2)), ("open_test", 2, Some(1)), ("open", 2, Some(1))]);
    assert!(cases(&found, Problem::LooksTested).iter().any(|case| case.contains("the second is of ")));
}

#[test]
fn lines_that_a_run_refuses_are_all_named_and_an_image_in_two_parts_trains_and_tests() {
    let place = Place::with_faces(4, 2);
    let split = "path,identity,split\n\
        p00/00.png,ann,train\np01/00.png,bob,train\np00/00.png,ann,closed_test\n\
        p02/00.png,eve,validation\np02/01.png,,train\np03/00.png,joe,tests\n";
    let split = place.write("split.csv", split);
    let pairs = "a,b,same\np02/00.png,p02/01.png,1\np03/00.png,p03/00.png,1\np02/01.png,p02/00.png,0\n";
    let pairs = place.write("pairs.csv", pairs);
    let found = checked(&place, |request| {
        request.split = Some(given(split));
        request.lists = vec![list("open", pairs, None)];
    });
    let both = "p00/00.png: trains, and is closed_test";
    assert!(cases(&found, Problem::TrainsAndTests).iter().any(|case| case == both));
    let refused = cases(&found, Problem::Refused);
    let ends = [
        "split.csv, line 4: `p00/00.png` is in line 2 already",
        "split.csv, line 5: `eve` has no training image, so its images cannot be of the split `validation`",
        "split.csv, line 6: the identity is empty",
        "split.csv, line 7: unknown split `tests`; allowed are `train`, `validation`, `closed_test`, `open_test`",
        "pairs.csv, line 3: both images are `p03/00.png`",
        "pairs.csv, line 4: line 2 gives the same pair another label",
    ];
    assert_eq!(refused.len(), ends.len(), "{refused:#?}");
    assert!(refused.iter().zip(ends).all(|(case, end)| case.ends_with(end)), "{refused:#?}");
    assert!(Problem::Refused.is_wrong());
}

#[test]
fn very_many_images_that_look_the_same_are_a_group_and_no_pairs() {
    let place = Place::with_faces(0, 0);
    for n in 0..60_u8 {
        let flat = RgbImage::from_pixel(16, 16, Rgb([4 * n, 0, 200]));
        place.save(&format!("faces/{}/{n:02}.png", if n < 40 { "ann" } else { "bob" }), &flat);
    }
    let found = checked(&place, |_| {});
    let within = &found.found[&Problem::NearWithin];
    let counts: Vec<_> = within.iter().map(|case| case.images.len()).collect();
    assert_eq!(counts, [40, 20]);
    assert_eq!(within[0].text, "40 images, the closest 0 of 256 bits apart");
    let [across] = found.found[&Problem::NearAcross].as_slice() else { panic!("{:?}", found.found) };
    assert_eq!(across.images.len(), 60);
    // Of both people at the beginning, which is what is shown.
    let people: Vec<&str> = across.images[..4].iter().map(|&image| found.images.name(image)).collect();
    assert_eq!(people, ["ann/00.png", "bob/40.png", "ann/01.png", "bob/41.png"]);
}

#[test]
fn where_a_cache_has_no_sizes_small_images_are_not_looked_for() {
    let place = Place::with_faces(2, 2);
    checked(&place, |_| {});
    // As it was written before sizes were kept; the pixels' file has the index's digest, too.
    let folder = place.path("cache/images");
    let of = |ending: &str| {
        let name = names(&folder).into_iter().find(|name| name.ends_with(ending)).unwrap();
        folder.join(name)
    };
    let text = fs::read_to_string(of(".jsonl")).unwrap();
    let (first, body) = text.split_once('\n').unwrap();
    let old = body.replace(",\"size\":[16,16]", "");
    assert_ne!(old, body);
    let [before, after] = [body, old.as_str()].map(|body| Fingerprint::of(body.as_bytes()));
    fs::write(of(".jsonl"), format!("{}\n{old}", first.replace(before.as_str(), after.as_str()))).unwrap();
    let mut pixels = fs::read(of(".pixels")).unwrap();
    pixels[24..88].copy_from_slice(after.as_str().as_bytes());
    fs::write(of(".pixels"), pixels).unwrap();
    let found = checked(&place, |request| request.size = 16);
    assert_eq!(found.sizes, [(None, 4)]);
    assert!(!found.found.contains_key(&Problem::Small));
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
    assert_eq!((test.pairs, test.images, test.images_in_training), (Some(1), 2, Some(1)));
    assert_eq!((test.people, test.people_in_training, found.own), (2, Some(1), 6));
    // Of the set's own images nobody says which train.
    let pairs = place.write("own.csv", "a,b,same\np00/00.png,p01/00.png,0\n");
    let found = checked(&place, |request| request.lists = vec![list("own", pairs, None)]);
    assert!(!found.found.contains_key(&Problem::TrainsAndTests));
    assert_eq!((found.tests[0].images_in_training, found.tests[0].people_in_training), (None, None));
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
