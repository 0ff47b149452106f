//! Trainings that leave a fold of the training images out.

use std::fs;

use arclab_data::{Prepared, deal};
use arclab_spec::config::{Dataset, SplitConfig};

use crate::support::{Place, chain, data, drawn, evaluation, names};

fn labelled(data: &Prepared, is_wanted: impl Fn(usize) -> bool) -> Vec<(String, String)> {
    let wanted = data.train.iter().enumerate().filter(|(place, _)| is_wanted(*place));
    let name = |(_, sample): (usize, &arclab_data::Sample)| {
        (data.images.name(sample.image).to_owned(), data.identities[sample.label as usize].clone())
    };
    wanted.map(name).collect()
}

#[test]
fn a_training_without_a_fold_has_all_other_images_under_the_labels_as_given() {
    let place = Place::with_faces(6, 8);
    let whole = place.prepare(&place.data(), &evaluation(4, [])).unwrap();
    let fold_of = deal(&whole.train, 3, 0);
    for fold in 0..3 {
        let file = whole.keep_split(|place| fold_of[place] == Some(fold), &place.path("audits")).unwrap();
        let split = SplitConfig::File { file, validation_images: 0.0, seed: 0 };
        let without = data(Dataset::Folder(place.faces()), split);
        let without = place.prepare(&without, &evaluation(4, [])).unwrap();
        assert_eq!(without.identities, whole.identities);
        assert_eq!(labelled(&without, |_| true), labelled(&whole, |place| fold_of[place] != Some(fold)));
        assert_eq!(without.validation, whole.validation);
        assert_eq!(without.validation_pairs.fingerprint, whole.validation_pairs.fingerprint);
    }
}

#[test]
fn without_validation_images_none_are_taken_from_training() {
    let place = Place::with_split();
    let given = SplitConfig::File { file: place.path("split.csv"), validation_images: 0.0, seed: 0 };
    let whole = place.prepare(&data(Dataset::Folder(place.faces()), given), &evaluation(0, [])).unwrap();
    assert_eq!((whole.train.len(), whole.validation.len()), (8, 0));
    let file = whole.keep_split(|place| place == 0, &place.path("audits")).unwrap();
    let split = SplitConfig::File { file, validation_images: 0.0, seed: 0 };
    let without = place.prepare(&data(Dataset::Folder(place.faces()), split), &evaluation(0, [])).unwrap();
    assert_eq!((without.train.len(), without.validation.len()), (7, 0));
}

#[test]
fn a_split_is_kept_once_under_the_name_of_its_content() {
    let place = Place::with_faces(6, 8);
    let whole = place.prepare(&data(Dataset::Folder(place.faces()), drawn(0)), &evaluation(0, [])).unwrap();
    let folder = place.path("audits");
    let keep = |left_out: usize| whole.keep_split(|place| place == left_out, &folder).unwrap();
    let first = keep(0);
    assert_eq!(first, keep(0));
    assert_ne!(first, keep(1));
    assert_eq!(names(&folder).len(), 2);
    fs::write(&first, "what somebody wrote over it").unwrap();
    keep(0);
    assert!(fs::read_to_string(&first).unwrap().starts_with("path,identity,split\n"));

    // A file where the folder should be.
    let error = whole.keep_split(|_| false, &place.write("file", "")).unwrap_err();
    assert!(chain(&error).contains("failed to write"), "{}", chain(&error));
}
