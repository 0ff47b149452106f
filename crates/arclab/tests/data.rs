//! `arclab data`: what a person has, looked at, named and written in another form.

#[path = "support/at.rs"]
mod at;

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use self::at::{arclab, command, refused, succeed, write};

/// A folder with `photos/`: three people with two photos each.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("a temporary folder can be made");
    for n in 0..6_u8 {
        let pixels = [b"P5\n8 8\n255\n".as_slice(), &[20 * n; 64]].concat();
        write(place.path(), &format!("photos/p{}/{}.pgm", n / 2, n % 2), &pixels);
    }
    place
}

fn inspected(place: &Path, path: &str) -> Value {
    serde_json::from_str(&succeed(place, &["data", "inspect", path, "--json"])).expect("JSON is printed")
}

#[test]
fn a_set_is_looked_at_named_planned_and_written_in_another_form() {
    let place = place();
    let place = place.path();
    let found = inspected(place, "photos");
    assert_eq!((&found["data"][0]["images"], &found["data"][0]["identities"]), (&6.into(), &3.into()));
    assert_eq!((&found["sample"][0]["format"], &found["sample"][0]["width"]), (&"PNM".into(), &8.into()));

    // The catalogue lies with the specs, and the path is relative to it.
    fs::create_dir(place.join("experiments")).expect("folders can be made");
    succeed(place, &["data", "import", "photos", "--as", "ours", "--licence", "our own"]);
    let catalogue = place.join("experiments/datasets.yaml");
    let text = "ours:\n  path: ../photos\n  licence: \"our own\"\n";
    assert_eq!(fs::read_to_string(&catalogue).expect("it was written"), text);
    write(place, "experiments/a.yaml", b"data: {dataset: ours}\n");
    assert!(succeed(place, &["plan", "experiments"]).contains('a'));

    // Names are for commands, too; what is written is another form of the same.
    succeed(place, &["data", "export", "ours", "--as", "recordio", "--out", "records"]);
    let records = inspected(place, "records");
    assert_eq!(
        (&records["data"][0]["form"], &records["data"][0]["images"]),
        (&"a RecordIO file".into(), &6.into())
    );
    assert!(
        refused(place, &["data", "export", "ours", "--as", "folders", "--out", "records"])
            .contains("is there already")
    );
}

#[test]
fn a_spec_shows_what_training_would_see_of_its_images() {
    let place = place();
    let place = place.path();
    let spec = "data: {dataset: {synthetic: {identities: 8, images_per_identity: 6}}, image_size: 32}\n\
                evaluation: {threshold: {fixed: 0.3}, protocols: {open: {draw: open_test, pairs: 20}}}\n";
    write(place, "a.yaml", spec.as_bytes());
    let draw = |file: &str, augment: &str| {
        let set = format!("data.augment={augment}");
        succeed(
            place,
            &["data", "preview", "a.yaml", "--png", file, "--images", "2", "--epochs", "3", "--set", &set],
        );
        fs::read(place.join(file)).expect("it was written")
    };
    let plain = draw("plain.png", "{flip: 0}");
    // A PNG's width and height follow its first 16 bytes: four and two images of 32 pixels, and gaps of 2.
    assert_eq!(plain[16..24], [0, 0, 0, 138, 0, 0, 0, 70]);
    assert!(draw("blurred.png", "{flip: 0, blur: {min: 2, max: 3}}") != plain);
    assert!(draw("again.png", "{flip: 0}") == plain);
    let piped = ["data", "preview", "a.yaml", "--png", "-", "--images", "2", "--epochs", "3", "--quiet"];
    let piped = command(place, &[piped.as_slice(), &["--set", "data.augment={flip: 0}"]].concat()).output();
    assert!(piped.expect("arclab starts").stdout == plain && !place.join("-").exists());
    assert!(refused_usage(place, &["data", "preview", "a.yaml"]).contains("--png"));
}

fn refused_usage(place: &Path, arguments: &[&str]) -> String {
    let output = arclab(place, arguments);
    assert_eq!(output.status.code(), Some(2), "arclab {arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_name_is_given_once_and_changed_only_when_asked() {
    let place = place();
    let place = place.path();
    write(place, "datasets.yaml", b"# Ours.\nours: {path: photos}   # here\n");
    succeed(place, &["data", "import", "./photos", "--as", "ours"]);
    let text = || fs::read_to_string(place.join("datasets.yaml")).expect("it is there");
    assert_eq!(text(), "# Ours.\nours: {path: photos}   # here\n");
    let people = ["data", "import", "photos/../others", "--as", "ours"];
    for n in 0..2_u8 {
        write(place, &format!("others/a/{n}.pgm"), &[b"P5\n1 1\n255\n".as_slice(), &[n]].concat());
    }
    let said = refused(place, &people);
    assert!(said.contains("has the name ours for") && said.contains("--replace"), "{said}");
    succeed(place, &[people.as_slice(), &["--replace"]].concat());
    assert_eq!(text(), "# Ours.\nours:\n  path: others\n");
}

#[test]
fn what_gives_no_image_gets_no_name() {
    let place = place();
    let place = place.path();
    write(place, "empty/ann/a.jpg", b"");
    let said = refused(place, &["data", "import", "empty", "--as", "empty"]);
    assert!(said.contains("gives no image: it is empty"), "{said}");
    assert!(refused(place, &["data", "import", "nowhere", "--as", "x"]).contains("nowhere"));
    assert!(
        refused(place, &["data", "import", "photos", "--as", "a b"]).contains("is no name of a data set")
    );
    assert!(!place.join("datasets.yaml").exists());
    let said = refused(place, &["data", "inspect", "nobody"]);
    assert!(said.contains("there is nothing at nobody, and no `datasets.yaml`"), "{said}");
}

#[test]
fn what_is_a_path_and_another_paths_name_is_not_guessed() {
    let place = place();
    let place = place.path();
    succeed(place, &["data", "import", "photos", "--as", "ours"]);
    write(place, "ours/other/0.pgm", &[b"P5\n8 8\n255\n".as_slice(), &[7; 64]].concat());
    let said = refused(place, &["data", "inspect", "ours"]);
    assert!(said.contains("ours is a path here, and a name for") && said.contains("write ./ours"), "{said}");
    assert_eq!(inspected(place, "./ours")["data"][0]["images"], 1);
    // A set that has the name of its folder is meant either way.
    succeed(place, &["data", "import", "photos", "--as", "photos"]);
    assert_eq!(inspected(place, "photos")["data"][0]["images"], 6);
}

#[test]
fn lists_of_pairs_are_counted() {
    let place = place();
    write(place.path(), "pairs.csv", b"a,b,same\np0/0.pgm,p0/1.pgm,1\np0/0.pgm,p1/1.pgm,0\n");
    let found = &inspected(place.path(), "pairs.csv")[0];
    assert_eq!((&found["pairs"], &found["same"]), (&2.into(), &1.into()));
    let bin = ["data", "export", "photos", "--as", "bin", "--pairs", "pairs.csv", "--out", "x.bin"];
    succeed(place.path(), &bin);
    let found = inspected(place.path(), "x.bin");
    assert_eq!((&found["data"][0]["pairs"], &found["data"][0]["images"]), (&2.into(), &4.into()));
}

#[test]
fn copies_and_grey_photos_of_a_set_are_found_and_told_apart_by_whose_they_are() {
    let place = tempfile::tempdir().expect("a temporary folder can be made");
    let place = place.path();
    let photo = |seed: usize| {
        let pixel = |at: usize| [(at * at * seed % 251) as u8, (at * 7 * seed % 253) as u8, (at % 240) as u8];
        [b"P6\n64 64\n255\n".to_vec(), (0..64 * 64).flat_map(pixel).collect()].concat()
    };
    for (name, bytes) in [
        ("photos/a/0.ppm", photo(3)),
        ("photos/a/1.ppm", photo(3)),
        ("photos/a/2.ppm", photo(11)),
        ("photos/b/0.ppm", photo(5)),
        ("photos/b/1.ppm", photo(11)),
        (
            "photos/c/0.pgm",
            [b"P5\n64 64\n255\n".to_vec(), (0..64 * 64).map(|at| (at * at % 199) as u8).collect()].concat(),
        ),
        ("photos/c/1.ppm", b"no image".to_vec()),
    ] {
        write(place, name, &bytes);
    }
    let found = succeed(place, &["data", "check", "photos", "--json"]);
    let found: Value = serde_json::from_str(&found).expect("JSON is printed");
    let examples = |problem: &str| -> Vec<&str> {
        let rows = found["examples"].as_array().into_iter().flatten();
        rows.filter(|row| row["problem"] == problem).filter_map(|row| row["example"].as_str()).collect()
    };
    assert_eq!(examples("copies_within"), ["a/0.ppm = a/1.ppm"]);
    assert_eq!(examples("copies_across"), ["a/2.ppm = b/1.ppm"]);
    assert_eq!(examples("grey"), ["c/0.pgm"]);
    assert_eq!(examples("alone"), ["c"]);
    assert!(examples("left_out")[0].contains("c/1.ppm") && examples("near_across").is_empty());
    let text = succeed(place, &["data", "check", "photos"]);
    assert!(text.contains("Equal files of several people"), "{text}");
    assert!(refused(place, &["data", "check", "nowhere"]).contains("nowhere"));
}

#[test]
fn a_split_and_pairs_are_checked_with_the_set_and_the_page_shows_the_images() {
    let place = place();
    let place = place.path();
    write(place, "photos/p2/copy.pgm", &[b"P5\n8 8\n255\n".as_slice(), &[0; 64]].concat());
    write(
        place,
        "split.csv",
        b"path,identity,split\np0/0.pgm,p0,train\np1/0.pgm,p1,train\np2/0.pgm,p2,open_test\np2/copy.pgm,p2,open_test\n",
    );
    write(place, "pairs.csv", b"a,b,same\np2/0.pgm,p2/copy.pgm,1\np2/0.pgm,nobody/1.pgm,0\n");
    let check = ["data", "check", "photos", "--split", "split.csv", "--pairs", "pairs.csv", "--html", "page"];
    let found: Value =
        serde_json::from_str(&succeed(place, &[&check[..], &["--json"]].concat())).expect("JSON is printed");
    let count = |problem: &str| {
        let rows = found["problems"].as_array().into_iter().flatten();
        let row = rows.into_iter().find(|row| row["problem"] == problem);
        row.expect("every problem has a row")["count"].clone()
    };
    // The copy is part of the open test, and on a pair.
    assert_eq!(
        (count("trains_and_tests"), count("missing"), count("trained_people")),
        (2.into(), 1.into(), 0.into())
    );
    assert!(count("same_person").is_null(), "nobody has looked");
    assert_eq!((&found["sizes"][0]["width"], &found["people"][0]["images_max"]), (&8.into(), &3.into()));
    let page = fs::read_to_string(place.join("page/index.html")).expect("it was written");
    assert!(
        page.contains("<h2>Images that train and test: 2</h2>") && page.contains("data:image/png;base64,")
    );
    assert!(page.contains("Not looked for: it takes a network") && !page.contains("src=\"http"));

    let said = refused(place, &[&check[..], &["--strict"]].concat());
    assert!(said.contains("`--strict`: there are missing (1), trains_and_tests (2)"), "{said}");
    for n in 0..2_u8 {
        write(place, &format!("sound/{n}/0.pgm"), &[b"P5\n1 1\n255\n".as_slice(), &[n]].concat());
    }
    succeed(place, &["data", "check", "sound", "--strict", "--quiet", "--html", "sound.HTML"]);
    assert!(place.join("sound.HTML").is_file());
    let said = refused(place, &["data", "check", "sound", "--html", "sound.pdf"]);
    assert!(said.contains("`--html sound.pdf` ends in .pdf") && !place.join("sound.pdf").exists(), "{said}");
    let said = refused(place, &["data", "check", "photos", "--model", "nobody-s0-1234abcd"]);
    assert!(said.contains("there is no file nobody-s0-1234abcd"), "{said}");
}

#[test]
fn a_set_is_checked_with_the_spec_that_trains_on_it() {
    let place = place();
    let place = place.path();
    let spec = b"data: {dataset: {folder: photos}, image_size: 32}\nevaluation: {protocols: {mine: {list: pairs.csv}}}\n";
    write(place, "a.yaml", spec);
    write(place, "pairs.csv", b"a,b,same\np0/0.pgm,p0/1.pgm,1\np0/0.pgm,p1/0.pgm,0\n");
    let text = succeed(place, &["data", "check", "--spec", "a.yaml"]);
    assert!(
        text.contains("open_test") && text.contains("mine") && text.contains("Images that are enlarged"),
        "{text}"
    );
    let said = refused(place, &["data", "check", ".", "--spec", "a.yaml"]);
    assert!(said.contains("a.yaml trains on") && said.contains("leave the path out"), "{said}");
    write(place, "b.yaml", b"extends: a.yaml\ndata: {dataset: {synthetic: {}}}\n");
    assert!(refused(place, &["data", "check", "--spec", "b.yaml"]).contains("embedded faces"));
}

#[test]
fn a_list_of_people_is_known_and_is_no_list_of_pairs() {
    let place = place();
    write(place.path(), "people.txt", b"2\n2\nann\t3\nbob\t1\n1\neve\t2\n");
    let found = &inspected(place.path(), "people.txt")[0];
    assert_eq!((&found["sets"], &found["identities"], &found["images"]), (&2.into(), &3.into(), &6.into()));
}
