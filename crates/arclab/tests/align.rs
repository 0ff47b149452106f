//! `arclab data align`: photos to aligned crops that specs can name.

#![expect(clippy::print_stderr, reason = "tests say what they skip")]

#[path = "support/at.rs"]
mod at;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use self::at::{arclab, command, refused, succeed, write};

/// InsightFace's template, at 112 × 112.
const TEMPLATE: [(f64, f64); 5] =
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)];

/// A folder with `photos/` of three people, two photos each, and `points.csv` with their landmarks: all but the last one's.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("a temporary folder can be made");
    let mut points = "path,left_eye_x,and so on\n".to_owned();
    for n in 0..6 {
        let name = format!("p{}/{}.ppm", n / 2, n % 2);
        let pixels = (0..200 * 160 * 3).map(|place| (place * (n + 3) % 251) as u8).collect();
        write(place.path(), &format!("photos/{name}"), &[b"P6\n200 160\n255\n".to_vec(), pixels].concat());
        if n < 5 {
            points.push_str(&name);
            for (x, y) in TEMPLATE {
                let _ = write!(points, ",{},{}", 1.2 * x + 10.0, 1.2 * y + n as f64);
            }
            points.push('\n');
        }
    }
    write(place.path(), "points.csv", points.as_bytes());
    place
}

fn json(printed: &str) -> Value {
    serde_json::from_str(printed).expect("JSON is printed")
}

/// All files below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(name, bytes)| (path.join(name), bytes)));
        } else {
            found.insert(path.clone(), fs::read(&path).expect("it can be read"));
        }
    }
    found
        .into_iter()
        .map(|(path, bytes)| (path.strip_prefix(folder).expect("it lies there").into(), bytes))
        .collect()
}

const ALIGN: [&str; 7] = ["data", "align", "photos", "--as", "ours", "--landmarks", "points.csv"];

#[test]
fn photos_become_crops_with_a_name_and_what_is_dropped_is_listed() {
    let place = place();
    let place = place.path();
    write(place, "datasets.yaml", b"raw: {path: photos, licence: our own, source: our cameras}\n");
    let arguments = ["data", "align", "raw", "--as", "ours", "--landmarks", "points.csv", "--json"];
    let done = json(&succeed(place, &arguments));
    let counts =
        ["identities", "images", "already", "chosen", "dropped"].map(|key| done["align"][0][key].as_u64());
    assert_eq!(counts, [3, 5, 0, 0, 1].map(Some));
    assert_eq!(done["dropped"][0]["path"], "p2/1.ppm");
    assert_eq!(done["dropped"][0]["reason"], "the landmarks have none of it");
    let names: Vec<String> =
        files(&place.join("data/ours")).keys().map(|path| path.display().to_string()).collect();
    assert_eq!(names, ["dropped.csv", "p0/0.png", "p0/1.png", "p1/0.png", "p1/1.png", "p2/0.png"]);
    let catalogue = fs::read_to_string(place.join("datasets.yaml")).expect("it is there");
    assert!(
        catalogue.ends_with(
            "ours:\n  path: data/ours\n  licence: \"our own\"\n  \
             source: \"raw (our cameras), aligned to 112 × 112 by the landmarks in points.csv\"\n"
        ),
        "{catalogue}"
    );
    let sample = &json(&succeed(place, &["data", "inspect", "ours", "--json"]))["sample"];
    assert_eq!(
        (&sample[0]["width"], &sample[0]["height"], &sample[0]["images"]),
        (&112.into(), &112.into(), &5.into())
    );
}

#[test]
fn crops_are_the_same_whatever_the_number_of_threads_and_the_form_of_the_photos() {
    let place = place();
    let place = place.path();
    for (threads, name) in [("1", "one"), ("3", "three")] {
        let arguments = ["data", "align", "photos", "--as", name, "--landmarks", "points.csv"];
        let mut command = command(place, &arguments);
        assert!(command.env("RAYON_NUM_THREADS", threads).status().expect("arclab starts").success());
    }
    write(place, "list.csv", b"path,identity\nphotos/p0/0.ppm,p0\nphotos/p0/1.ppm,p0\n");
    let (one, three) = (files(&place.join("data/one")), files(&place.join("data/three")));
    assert_eq!(one, three);
    assert_eq!(one.len(), 6);
    // Two of them by a list, by whose paths landmarks are known, too: folders become a part of the file's name.
    let listed = ["data", "align", "list.csv", "--as", "listed", "--landmarks", "listed_points.csv"];
    let points = fs::read_to_string(place.join("points.csv")).expect("it is there");
    write(place, "listed_points.csv", points.replace("p0/", "./photos/p0/").as_bytes());
    succeed(place, &listed);
    let listed = files(&place.join("data/listed"));
    assert_eq!(listed[Path::new("p0/photos_p0_1.png")], one[Path::new("p0/1.png")]);
}

#[test]
fn crops_that_are_aligned_already_are_passed_on_to_the_byte() {
    let place = place();
    let place = place.path();
    succeed(place, &[ALIGN.as_slice(), &["--encode", "jpeg"]].concat());
    let points = TEMPLATE.map(|(x, y)| format!("{x} {y}")).join(" ");
    let lines =
        ["p0/0.jpg", "p0/1.jpg", "p1/0.jpg", "p1/1.jpg", "p2/0.jpg"].map(|name| format!("{name} {points}\n"));
    write(place, "template.txt", lines.concat().as_bytes());
    let again = ["data", "align", "ours", "--as", "again", "--landmarks", "template.txt", "--json"];
    let done = json(&succeed(place, &again));
    assert_eq!((&done["align"][0]["images"], &done["align"][0]["already"]), (&5.into(), &5.into()));
    let mut expected = files(&place.join("data/ours"));
    expected.insert("dropped.csv".into(), b"path,reason\n".to_vec());
    assert_eq!(files(&place.join("data/again")), expected);
    // Of another size they are no crops yet.
    let large =
        ["data", "align", "ours", "--as", "large", "--landmarks", "template.txt", "--size", "128", "--json"];
    assert_eq!(json(&succeed(place, &large))["align"][0]["already"], 0);
}

#[test]
fn what_is_there_stays_unless_it_may_be_replaced() {
    let place = place();
    let place = place.path();
    succeed(place, &ALIGN);
    assert!(refused(place, &ALIGN).contains("data/ours is there already"));
    succeed(place, &[ALIGN.as_slice(), &["--force", "--size", "64"]].concat());
    // A name keeps its path.
    let elsewhere = [ALIGN.as_slice(), &["--out", "elsewhere"]].concat();
    assert!(refused(place, &elsewhere).contains("take another name, or write `--force`"));
    assert!(!place.join("elsewhere").exists());
    // A folder that no `align` made is nobody's to replace.
    write(place, "letters/dear.txt", b"dear");
    let letters = [ALIGN.as_slice(), &["--out", "letters", "--force"]].concat();
    assert!(refused(place, &letters).contains("it has no dropped.csv"));
    assert_eq!(files(&place.join("letters")).len(), 1);
}

#[test]
fn mistakes_are_told_before_anything_is_made() {
    let place = place();
    let place = place.path();
    let without = ["data", "align", "photos", "--as", "ours"];
    let said = refused(place, &without);
    for word in ["there is no face detector", "arclab data fetch yunet", "--detector", "--landmarks"] {
        assert!(said.contains(word), "{said}");
    }
    // It would be fetched, but nobody is behind this address.
    let mut alone = command(place, &without);
    let alone =
        alone.env("HOME", place).env("https_proxy", "http://127.0.0.1:9").output().expect("arclab starts");
    let said = String::from_utf8_lossy(&alone.stderr);
    assert!(said.contains("there is no face detector") && said.contains("cannot be reached"), "{said}");
    let absent = arclab(place, &[without.as_slice(), &["--detector", "absent.onnx"]].concat());
    assert!(
        String::from_utf8_lossy(&absent.stderr).contains("failed to read the detector's network absent.onnx")
    );
    // Where it would have been fetched to.
    write(place, "caches/arclab/yunet_n_320_320.onnx", b"no network");
    let fetched =
        command(place, &without).env("XDG_CACHE_HOME", place.join("caches")).output().expect("arclab starts");
    let said = String::from_utf8_lossy(&fetched.stderr);
    assert!(
        said.contains("caches/arclab/yunet_n_320_320.onnx is there, but is not the file that is listed"),
        "{said}"
    );

    write(place, "points.csv", b"p0/0.ppm,1,2,3,4,5,6,7,8,9,1O\n");
    assert!(refused(place, &ALIGN).contains("points.csv, line 1, column 28: `1O` is no number"));
    write(place, "points.csv", b"x/y.ppm,1,2,3,4,5,6,7,8,9,10\n");
    let said = refused(place, &ALIGN);
    assert!(
        said.contains("none of 6 images is left") && said.contains("6 × the landmarks have none of it"),
        "{said}"
    );
    assert!(refused(place, &["data", "align", "photos", "--as", "a b"]).contains("is no name of a data set"));
    // The place comes first: nothing is fetched for a folder that cannot be made.
    let among = refused(place, &[without.as_slice(), &["--out", "photos/crops"]].concat());
    assert!(among.contains("photos/crops lies among the images that are read"), "{among}");
    let nowhere = refused(place, &[ALIGN.as_slice(), &["--catalogue", "nodir/x.yaml"]].concat());
    assert!(nowhere.contains("nodir/x.yaml cannot be written: there is no folder nodir"), "{nowhere}");
    assert!(!place.join("data").exists() && !place.join("datasets.yaml").exists());
}

#[test]
fn landmarks_without_a_folder_are_of_the_one_photo_of_that_name() {
    let place = place();
    let place = place.path();
    let points = fs::read_to_string(place.join("points.csv")).expect("it is there");
    let line = points.lines().find(|line| line.starts_with("p0/0")).expect("the first photo has landmarks");
    write(place, "points.csv", format!("{}\n{line}\n", line.replace("p0/0", "1")).as_bytes());
    let done = json(&succeed(place, &[ALIGN.as_slice(), &["--json"]].concat()));
    assert_eq!(done["align"][0]["images"], 1);
    let reasons = done["dropped"].as_array().into_iter().flatten().map(|row| row["reason"].as_str());
    let several = reasons.filter(|reason| *reason == Some("`1.ppm` could be any of 3 photos"));
    assert_eq!(several.count(), 3);
}

#[test]
fn a_name_is_for_the_same_folder_after_that_was_deleted() {
    let place = place();
    let place = place.path();
    fs::create_dir(place.join("experiments")).expect("folders can be made");
    succeed(place, &ALIGN);
    let catalogue = fs::read_to_string(place.join("experiments/datasets.yaml")).expect("it was written");
    assert!(catalogue.contains("path: ../data/ours"), "{catalogue}");
    fs::remove_dir_all(place.join("data")).expect("it is there");
    succeed(place, &ALIGN);
    // Whatever way leads there, and no other place is taken for it.
    fs::remove_dir_all(place.join("data")).expect("it is there");
    succeed(place, &[ALIGN.as_slice(), &["--out", "new/../data/./ours"]].concat());
    let elsewhere = refused(place, &[ALIGN.as_slice(), &["--out", "new/data/ours"]].concat());
    assert!(elsewhere.contains("take another name"), "{elsewhere}");
}

#[test]
fn faces_of_real_photos_are_found_whatever_the_number_of_threads() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let detector = shared.join("models/yunet_n_320_320.onnx");
    let photos = shared.join("lfw-raw/images");
    let (Ok(detector), Ok(photos)) = (fs::canonicalize(&detector), fs::canonicalize(&photos)) else {
        eprintln!("skipped: {} is not there", shared.display());
        return;
    };
    let place = tempfile::tempdir().expect("a temporary folder can be made");
    let place = place.path();
    for person in ["Ariel_Sharon", "Colin_Powell"] {
        for (name, bytes) in files(&photos.join(person)) {
            write(place, &format!("photos/{person}/{}", name.display()), &bytes);
        }
    }
    for (threads, name) in [("1", "one"), ("2", "two")] {
        let mut command = command(place, &["data", "align", "photos", "--as", name, "--json"]);
        command
            .env("ARCLAB_DETECTOR", &detector)
            .env("RAYON_NUM_THREADS", threads)
            .env("RTEN_NUM_THREADS", threads);
        let output = command.output().expect("arclab starts");
        let done = json(&String::from_utf8_lossy(&output.stdout));
        let counts = ["identities", "images", "already", "dropped"].map(|key| done["align"][0][key].as_u64());
        assert_eq!(counts, [2, 20, 0, 0].map(Some));
    }
    assert_eq!(files(&place.join("data/one")), files(&place.join("data/two")));
    // What was made is recognised.
    let mut again = command(place, &["data", "align", "one", "--as", "again", "--json"]);
    let output = again.env("ARCLAB_DETECTOR", &detector).output().expect("arclab starts");
    let done = json(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(done["align"][0]["already"], 20);
    assert_eq!(files(&place.join("data/again")), files(&place.join("data/one")));
}
