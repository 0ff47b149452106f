//! Looking at sets of images and lists of pairs.

use std::{fs, path::Path};

use arclab_data::{Form, Inspection, Silent, inspect, inspect_pairs};
use image::{GrayImage, ImageFormat};

use crate::{
    forms::{encoded, frame, labelled, pickle_of_protocol_4, png, record_file, with_labels},
    support::{Made, Place, chain, picture},
};

fn look(place: &Place, path: &Path, sample: usize) -> Inspection {
    inspect(path, sample, &place.cache(), &Silent).unwrap_or_else(|error| panic!("{}", chain(&error)))
}

#[test]
fn a_folder_is_counted_and_its_images_are_sampled() {
    let place = Place::with_faces(3, 4);
    place.write("faces/p00/04.jpg", encoded(&picture(9, 9), ImageFormat::Jpeg));
    let mut grey = std::io::Cursor::new(Vec::new());
    GrayImage::new(8, 9).write_to(&mut grey, ImageFormat::Png).unwrap();
    place.write("faces/p00/05.png", grey.into_inner());
    let found = look(&place, &place.faces(), 100);
    assert_eq!((found.form, found.images), (Form::Folders, 14));
    assert_eq!(found.images_per_identity, [4, 4, 6]);
    assert_eq!(found.names[0], "p00/00.png");
    let sorts: Vec<_> = found
        .sorts
        .iter()
        .map(|(sort, count)| (sort.format, sort.width, sort.height, sort.is_grey, sort.bits, *count))
        .collect();
    assert_eq!(sorts[0], ("PNG", 16, 16, false, 8, 12));
    assert!(sorts.contains(&("JPEG", 16, 16, false, 8, 1)) && sorts.contains(&("PNG", 8, 9, true, 8, 1)));
    assert!(found.problems.is_empty() && found.pairs.is_none());
    assert_eq!(look(&place, &place.faces(), 3).sampled, 3);
}

#[test]
fn nothing_is_decoded_or_kept() {
    let place = Place::with_faces(3, 4);
    let made = Made::default();
    inspect(&place.faces(), 100, &place.cache(), &made).unwrap();
    assert!(!place.cache().exists());
}

#[test]
fn what_is_wrong_is_put_together_by_kind_and_nothing_ends_the_look() {
    let place = Place::with_faces(3, 4);
    for name in ["p00/a.jpg", "p01/b.jpg"] {
        place.write(&format!("faces/{name}"), b"");
    }
    place.write("faces/p00/notes.txt", b"");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/nowhere/a.png", place.path("faces/p02/away.png")).unwrap();
    let found = look(&place, &place.faces(), 100);
    let kinds: Vec<(&str, usize)> =
        found.problems.iter().map(|kind| (kind.reason.as_str(), kind.count)).collect();
    assert_eq!(kinds[0], ("it is empty", 2));
    assert!(
        kinds.iter().any(|(reason, count)| reason.starts_with("its ending is none of") && *count == 1),
        "{kinds:?}"
    );
    assert!(
        kinds.iter().any(|(reason, _)| reason.starts_with("it cannot be read, and no run does without it")),
        "{kinds:?}"
    );
    assert!(found.problems[0].examples[0].0.ends_with("p00/a.jpg"));
    // Empty files are known without a sample.
    assert_eq!(look(&place, &place.faces(), 1).problems[0].count, 2);
}

#[test]
fn a_record_file_says_whether_it_has_index_and_header() {
    let place = Place::with_faces(0, 0);
    let image = |n: u8| (u64::from(n), frame(0, &labelled(f32::from(n % 2), n.into(), &png(&picture(n, n)))));
    let header = (0, frame(0, &with_labels(&[4.0, 6.0], 0, b"")));
    let people = [4_u64, 5].map(|key| (key, frame(0, &with_labels(&[1.0, 2.0], key, b""))));
    let (file, index) =
        record_file(&[header].into_iter().chain((1..4).map(image)).chain(people).collect::<Vec<_>>());
    let path = place.write("train.rec", file);
    let found = look(&place, &path, 100);
    let read_in_turn = "no train.idx, so 6 records were read in turn";
    let headed = "a header record, and 2 records of people, hold no image";
    assert_eq!((found.images, found.details), (3, vec![read_in_turn.to_owned(), headed.to_owned()]));
    place.write("train.idx", index);
    let folder = fs::canonicalize(place.path("")).unwrap();
    let found = look(&place, &folder, 100);
    assert_eq!(
        (found.sign.as_str(), found.details[0].as_str()),
        ("it holds train.rec", "train.idx names 6 records")
    );
}

#[test]
fn pairs_are_counted_in_every_form() {
    let place = Place::with_faces(0, 0);
    let csv = place.write("a.csv", "a,b,same,fold\nx/1,x/2,1,0\nx/1,y/2,0,1\nx/1,y/1,0,1\n");
    let found = inspect_pairs(&csv).unwrap();
    assert_eq!((found.same, found.different, found.folds), (1, 2, Some(2)));
    let lfw = inspect_pairs(&place.write("pairs.txt", "1\nAnn 1 2\nAnn 1 Bob 1\n")).unwrap();
    assert_eq!((lfw.same, lfw.different, lfw.folds), (1, 1, None));
    let images: Vec<Vec<u8>> = (0..4).map(|n| png(&picture(n, n))).collect();
    let bin = place.write("x.bin", pickle_of_protocol_4(&images, &[true, false]));
    let counts = inspect_pairs(&bin).unwrap();
    assert_eq!((counts.same, counts.different), (1, 1));
    let set = look(&place, &bin, 10);
    assert_eq!((set.form, set.images, set.sampled), (Form::Verification, 4, 4));
    assert_eq!(set.pairs.map(|pairs| (pairs.same, pairs.different)), Some((1, 1)));
    assert!(inspect_pairs(&place.write("x", "once upon a time\n")).is_err());
}
