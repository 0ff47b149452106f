//! Splits given by a CSV file.

use arclab_data::Prepared;
use arclab_spec::config::{Dataset, SplitPart};

use crate::support::{Place, chain, data, evaluation, given, pairs};

/// Two people that train and close, one that is open.
const SPLIT: &str = "path,identity,split
p00/00.png,ann,train
p00/01.png,ann,train
p00/02.png,ann,closed_test
p00/03.png,ann,validation
p01/00.png,bob,train
p01/01.png,bob,train
p01/02.png,bob,closed_test
p02/00.png,eve,open_test
p02/01.png,eve,open_test
";

fn read(place: &Place, csv: &str) -> Result<Prepared, String> {
    let file = place.write("split.csv", csv);
    let data = data(Dataset::Folder(place.faces()), given(file));
    place.prepare(&data, &evaluation(0, [])).map_err(|error| chain(&error))
}

fn error(csv: &str) -> String {
    read(&Place::with_faces(3, 5), csv).unwrap_err()
}

#[test]
fn a_split_is_read_as_it_is_written() {
    let place = Place::with_faces(3, 5);
    let prepared = read(&place, SPLIT).unwrap();
    assert_eq!(prepared.identities, ["ann", "bob"]);
    let names = |samples: &[arclab_data::Sample]| -> Vec<(String, u32)> {
        samples.iter().map(|sample| (prepared.images.name(sample.image).to_owned(), sample.label)).collect()
    };
    let expected = [("p00/00.png", 0), ("p00/01.png", 0), ("p01/00.png", 1), ("p01/01.png", 1)];
    assert_eq!(names(&prepared.train), expected.map(|(name, label)| (name.to_owned(), label)));
    assert_eq!(names(&prepared.validation), [("p00/03.png".to_owned(), 0)]);
}

#[test]
fn the_order_of_the_lines_changes_nothing() {
    let place = Place::with_faces(3, 5);
    let (header, lines) = SPLIT.split_once('\n').unwrap();
    let backwards: Vec<&str> = lines.lines().rev().collect();
    let turned = read(&place, &format!("{header}\n{}\n", backwards.join("\n"))).unwrap();
    assert_eq!(turned.fingerprint, read(&place, SPLIT).unwrap().fingerprint);
}

#[test]
fn pairs_are_drawn_under_the_identities_of_the_file() {
    let place = Place::with_faces(3, 5);
    let file = place.write("split.csv", SPLIT.replace("p01/02.png,bob", "p01/02.png,ann"));
    let data = data(Dataset::Folder(place.faces()), given(file));
    let error =
        place.prepare(&data, &evaluation(0, [("closed", pairs(SplitPart::ClosedTest, 2))])).unwrap_err();
    // Both closed images are ann's now.
    assert!(
        chain(&error).contains("1 pairs of the same person and 0 of different people"),
        "{}",
        chain(&error)
    );
}

#[test]
fn without_validation_images_a_share_of_the_training_images_validates() {
    let place = Place::with_faces(4, 10);
    let lines = (0..40).map(|n| format!("p{:02}/{:02}.png,{},train\n", n / 10, n % 10, n / 10));
    let prepared = read(&place, &format!("path,identity,split\n{}", lines.collect::<String>())).unwrap();
    assert_eq!((prepared.train.len(), prepared.validation.len()), (36, 4));
}

#[test]
fn an_unknown_split_is_refused_at_its_line() {
    let text = error(&SPLIT.replace("p01/01.png,bob,train", "p01/01.png,bob,trian"));
    assert!(text.contains("split.csv, line 7: unknown split `trian`; allowed are `train`"), "{text}");
}

#[test]
fn an_image_that_is_not_in_the_folder_is_refused_at_its_line() {
    let text = error(&SPLIT.replace("p01/02.png", "p01/09.png"));
    assert!(text.contains("line 8: there is no image `p01/09.png` in "), "{text}");
}

#[test]
fn an_image_in_two_lines_is_refused_with_both() {
    let text = error(&SPLIT.replace("p01/01.png", "p01/00.png"));
    assert!(text.contains("line 7: `p01/00.png` is in line 6 already"), "{text}");
}

#[test]
fn missing_and_unknown_columns_are_named() {
    let text = error(&SPLIT.replace("path,identity,split", "path,person,split"));
    assert!(text.contains("no column `identity`; the columns are `path`, `person`, `split`"), "{text}");
    let text = error("path,identity,split,fold\np00/00.png,ann,train,1\n");
    assert!(text.contains("unknown column `fold`; allowed are `path`, `identity`, `split`"), "{text}");
}

#[test]
fn a_line_with_too_few_fields_is_refused() {
    let text = error(&SPLIT.replace("p01/01.png,bob,train", "p01/01.png,bob"));
    assert!(text.contains("line: 7"), "{text}");
}

#[test]
fn an_open_identity_that_trains_is_refused_with_both_lines() {
    let text = error(&SPLIT.replace("p02/00.png,eve", "p02/00.png,ann"));
    assert!(text.contains("line 9: `ann` has training images (line 2)"), "{text}");
}

#[test]
fn a_closed_identity_that_does_not_train_is_refused() {
    let text = error(&SPLIT.replace("p01/02.png,bob", "p01/02.png,joe"));
    assert!(text.contains("line 8: `joe` has no training image"), "{text}");
}

#[test]
fn one_class_is_nothing_to_learn_and_none_is_less() {
    let text = error("path,identity,split\np00/00.png,ann,train\n");
    assert!(text.contains("one identity alone, `ann`"), "{text}");
    let text = error("path,identity,split\np00/00.png,ann,open_test\n");
    assert!(text.contains("no usable image with the split `train`"), "{text}");
}

#[test]
fn an_image_that_does_not_decode_is_left_out_of_a_given_split() {
    let place = Place::with_faces(3, 5);
    place.write("faces/p00/00.png", b"");
    let prepared = read(&place, SPLIT).unwrap();
    assert_eq!(prepared.train.len(), 3);
    assert!(prepared.left_out[0].path.ends_with("p00/00.png"));
}
