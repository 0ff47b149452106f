//! Decoded images are made once, and never trusted when they may be wrong.

use std::{
    fs::{self, File},
    path::PathBuf,
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use arclab_data::{Prepared, Progress, prepare};

use crate::support::{Made, Place, chain, evaluation, names, picture};

fn prepare_counting(place: &Place) -> (Prepared, usize) {
    let made = Made::default();
    let prepared = prepare(&place.data(), &evaluation(0, []), &place.cache(), &made).unwrap();
    (prepared, made.0.load(Ordering::Relaxed))
}

fn file(place: &Place, ending: &str) -> PathBuf {
    let folder = place.path("cache/images");
    folder.join(names(&folder).into_iter().find(|name| name.ends_with(ending)).unwrap())
}

#[test]
fn pixels_are_those_of_the_files() {
    let (prepared, _) = prepare_counting(&Place::with_faces(4, 5));
    for image in 0..prepared.images.len() {
        let (person, photo) = (image as u8 / 5, image as u8 % 5);
        assert_eq!(prepared.images.name(image), format!("p{person:02}/{photo:02}.png"));
        assert_eq!(prepared.images.pixels(image), picture(person, photo).as_raw().as_slice());
    }
}

#[test]
fn images_are_decoded_once() {
    let place = Place::with_faces(4, 5);
    let (first, made) = prepare_counting(&place);
    assert_eq!(made, 20);
    let (second, made) = prepare_counting(&place);
    assert_eq!(made, 0);
    assert_eq!(first.fingerprint, second.fingerprint);
}

/// Once the files are listed, puts a folder in the place of one.
struct Swap(PathBuf);

impl Progress for Swap {
    fn images(&self, _what: &str, done: usize, _total: usize) {
        if done == 0 {
            fs::rename(&self.0, self.0.with_extension("aside")).unwrap();
            fs::create_dir(&self.0).unwrap();
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_never_remembered() {
    let place = Place::with_faces(4, 5);
    let photo = place.path("faces/p01/02.png");
    let error = prepare(&place.data(), &evaluation(0, []), &place.cache(), &Swap(photo.clone())).unwrap_err();
    let named = format!("failed to read {}, which no run leaves out", photo.display());
    assert!(chain(&error).contains(&named), "{}", chain(&error));
    // As it was, to the time of its last change.
    fs::remove_dir(&photo).unwrap();
    fs::rename(photo.with_extension("aside"), &photo).unwrap();
    let (prepared, made) = prepare_counting(&place);
    assert_eq!((prepared.images.len(), prepared.left_out.len(), made), (20, 0, 20));
}

#[test]
fn another_size_has_pixels_of_its_own_and_the_same_pairs() {
    let place = Place::with_faces(10, 12);
    let small = place.prepare(&place.data(), &evaluation(6, [])).unwrap();
    let data = arclab_spec::config::DataConfig { image_size: 8, ..place.data() };
    let smaller = place.prepare(&data, &evaluation(6, [])).unwrap();
    assert_eq!(smaller.images.pixels(0).len(), 8 * 8 * 3);
    assert_eq!(small.images.pixels(0).len(), 16 * 16 * 3);
    assert_eq!(small.validation_pairs.fingerprint, smaller.validation_pairs.fingerprint);
}

#[test]
fn a_cache_cut_short_is_made_again() {
    let place = Place::with_faces(4, 5);
    // A copy: what is mapped must not be read once its file is cut.
    let whole = prepare_counting(&place).0.images.pixels(19).to_vec();
    for (ending, length) in
        [(".pixels", 5000), (".pixels", 50), (".pixels", 0), (".jsonl", 300), (".jsonl", 0)]
    {
        let path = file(&place, ending);
        File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        let (again, made) = prepare_counting(&place);
        assert_eq!(made, 20, "{ending} of {length} bytes");
        assert_eq!(again.images.pixels(19), whole);
    }
}

#[test]
fn a_cache_of_another_version_is_made_again() {
    let place = Place::with_faces(4, 5);
    prepare_counting(&place);
    let path = file(&place, ".pixels");
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] += 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(prepare_counting(&place).1, 20);
    let path = file(&place, ".jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"version\":1", "\"version\":9", 1)).unwrap();
    assert_eq!(prepare_counting(&place).1, 20);
}

#[test]
fn a_changed_added_or_removed_image_is_seen() {
    let place = Place::with_faces(4, 5);
    let (first, _) = prepare_counting(&place);
    place.save("faces/p00/00.png", &picture(200, 200));
    let (changed, made) = prepare_counting(&place);
    assert_eq!((made, changed.images.pixels(0)), (20, picture(200, 200).as_raw().as_slice()));
    assert_ne!(first.fingerprint, changed.fingerprint);
    place.save("faces/p00/zz.png", &picture(201, 201));
    assert_eq!(prepare_counting(&place).1, 21);
    fs::remove_file(place.path("faces/p00/zz.png")).unwrap();
    assert_eq!(prepare_counting(&place).1, 20);
}

#[test]
fn a_touched_image_keeps_the_fingerprint() {
    let place = Place::with_faces(4, 5);
    let (first, _) = prepare_counting(&place);
    let touched = File::options().write(true).open(place.path("faces/p00/00.png")).unwrap();
    touched.set_modified(SystemTime::now() + Duration::from_mins(1)).unwrap();
    let (second, made) = prepare_counting(&place);
    assert_eq!(made, 20);
    assert_eq!(first.fingerprint, second.fingerprint);
}

#[test]
fn a_data_set_that_moves_keeps_its_fingerprint() {
    let (here, there) = (Place::with_faces(4, 5), Place::with_faces(4, 5));
    assert_eq!(prepare_counting(&here).0.fingerprint, prepare_counting(&there).0.fingerprint);
}

#[test]
fn many_that_prepare_at_once_make_the_images_once() {
    let place = Place::with_faces(6, 20);
    let made = Made::default();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| prepare(&place.data(), &evaluation(0, []), &place.cache(), &made).unwrap());
        }
    });
    assert_eq!(made.0.load(Ordering::Relaxed), 120);
    let left: Vec<String> =
        names(&place.path("cache/images")).into_iter().filter(|name| name.contains("tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_a_killed_process_left_behind_is_removed() {
    let place = Place::with_faces(4, 5);
    prepare_counting(&place);
    let pixels = file(&place, ".pixels");
    let leftover = pixels.with_extension("pixels.123-0.tmp");
    fs::write(&leftover, b"half an image").unwrap();
    fs::remove_file(&pixels).unwrap();
    assert_eq!(prepare_counting(&place).1, 20);
    assert!(!leftover.exists());
}

#[test]
fn an_open_cache_outlives_its_replacement() {
    let place = Place::with_faces(4, 5);
    let (old, _) = prepare_counting(&place);
    place.save("faces/p00/00.png", &picture(200, 200));
    prepare_counting(&place);
    assert_eq!(old.images.pixels(0), picture(0, 0).as_raw().as_slice());
}

#[test]
fn a_pair_list_lies_in_the_cache_under_its_fingerprint() {
    let place = Place::with_faces(10, 12);
    let prepared = place.prepare(&place.data(), &evaluation(4, [])).unwrap();
    let list = &prepared.validation_pairs;
    let text = fs::read_to_string(place.path(&format!("cache/pairs/{}.csv", list.fingerprint))).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("a,b,same,fold"));
    for (line, pair) in lines.zip(&list.pairs) {
        let [a, b] = [pair.a, pair.b].map(|image| prepared.images.name(image));
        assert_eq!(line, format!("{a},{b},{},", u8::from(pair.same)));
    }
    assert_eq!(text.lines().count(), 5);
}
