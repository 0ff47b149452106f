//! Folders of what is made of each image of a set.

use std::{fs, os::unix::fs::symlink, path::Path, process};

use arclab_data::{ExportError, Exported, Lossy, Made, Make, MakeRequest, Making, Pixels, Silent};
use image::ImageFormat;

use crate::{
    forms::{encoded, tar_of},
    support::{Place, chain, names, picture},
};

fn request<'a>(source: &'a Path, out: &'a Path, cache: &'a Path) -> MakeRequest<'a> {
    MakeRequest { source, out, replace: false, lossy: Lossy::No, cache }
}

fn make_folder(request: &MakeRequest<'_>, make: &Make<'_>) -> Result<Exported, ExportError> {
    Making::new(request)?.make(make, &Silent)
}

/// The second photo of each person stays, the third one is dropped, and of others the first pixel is kept.
#[expect(clippy::needless_pass_by_value, reason = "so that it can be a `Make`")]
fn first_pixel(name: &str, pixels: Pixels) -> Result<Made, String> {
    match name.rsplit('/').next() {
        Some("01.png") => Ok(Made::AsItIs),
        Some("02.png") => Err(format!("{name} is the third")),
        _ => Ok(Made::Another(Pixels { width: 1, height: 1, rgb: pixels.rgb[..3].to_vec() })),
    }
}

fn made(place: &Place, source: &Path, out: &str) -> Result<Exported, ExportError> {
    let (out, cache) = (place.path(out), place.cache());
    make_folder(&request(source, &out, &cache), &first_pixel)
}

#[test]
fn images_are_made_kept_to_the_byte_or_dropped_with_a_reason() {
    let place = Place::with_faces(2, 3);
    place.write("faces/p00/03.png", b"");
    let done = made(&place, &place.faces(), "made").unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!((done.images, done.identities, done.left_out.len()), (4, 2, 3));
    let out = place.path("made");
    assert_eq!(names(&out), ["dropped.csv", "p00", "p01"]);
    assert_eq!(names(&out.join("p00")), ["00.png", "01.png"]);
    let pixel = image::open(out.join("p01/00.png")).unwrap().into_rgb8();
    assert_eq!(pixel.dimensions(), (1, 1));
    assert_eq!(pixel.get_pixel(0, 0), picture(1, 0).get_pixel(0, 0));
    let bytes = |path: &Path| fs::read(path).unwrap();
    assert_eq!(bytes(&out.join("p01/01.png")), bytes(&place.faces().join("p01/01.png")));
    assert_eq!(
        fs::read_to_string(out.join("dropped.csv")).unwrap(),
        "path,reason\np00/02.png,p00/02.png is the third\np00/03.png,it is empty\np01/02.png,p01/02.png is the third\n"
    );

    // The sheet does not hinder reading the folder, and other forms of the set give the same.
    let again = made(&place, &out, "again").unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!((again.images, again.left_out.len()), (4, 0));
    let files = ["p00/00.png", "p00/01.png", "p01/00.png"];
    let file = |name: &str| (name.to_owned(), bytes(&place.faces().join(name)));
    place.write("set.tar", tar_of(&files.map(file)));
    made(&place, &place.path("set.tar"), "of_tar").unwrap_or_else(|error| panic!("{}", chain(&error)));
    for name in files {
        assert_eq!(bytes(&place.path("of_tar").join(name)), bytes(&out.join(name)), "{name}");
    }
}

#[test]
fn files_that_differ_in_their_endings_alone_are_two() {
    let place = Place::with_faces(1, 1);
    place.write("faces/p00/00.jpg", encoded(&picture(1, 1), ImageFormat::Jpeg));
    place.write("faces/p00/00.png.png", encoded(&picture(1, 2), ImageFormat::Png));
    let done = made(&place, &place.faces(), "made").unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(done.images, 3);
    assert_eq!(names(&place.path("made/p00")), ["00.png", "00.png.png", "00.png.png.png"]);
}

#[test]
fn a_photo_is_upright_before_anything_is_made_of_it() {
    let place = Place::with_faces(1, 1);
    let jpeg = encoded(&image::RgbImage::new(24, 16), ImageFormat::Jpeg);
    // A camera's note: to be turned by a quarter to the right.
    let entry = [0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0];
    let note = [b"Exif\0\0II*\0\x08\0\0\0\x01\0".as_slice(), &entry, &[0; 4]].concat();
    let head = [0xFF, 0xE1, 0, note.len() as u8 + 2];
    place.write("faces/p00/turned.jpg", [&jpeg[..2], &head, &note, &jpeg[2..]].concat());
    let (source, out, cache) = (place.faces(), place.path("made"), place.cache());
    let make = |_: &str, pixels: Pixels| Ok(Made::Another(pixels));
    make_folder(&request(&source, &out, &cache), &make).unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(image::image_dimensions(out.join("p00/turned.png")).unwrap(), (16, 24));
}

#[test]
fn nothing_takes_the_place_of_a_folder_that_was_not_made_here() {
    let place = Place::with_faces(2, 2);
    let (source, out, cache) = (place.faces(), place.path("made"), place.cache());
    let make = |replace: bool, out: &Path| {
        let request = MakeRequest { replace, ..request(&source, out, &cache) };
        make_folder(&request, &first_pixel).map(|done| done.images).map_err(|error| error.to_string())
    };
    assert_eq!(make(false, &out.join("")), Ok(4), "a slash at the end");
    assert!(make(false, &out).unwrap_err().contains("is there already"));
    place.write("made/p00/stale.png", b"");
    assert_eq!(make(true, &out), Ok(4));
    assert_eq!(names(&out.join("p00")), ["00.png", "01.png"]);
    // Neither another folder, nor the one that holds the photos.
    place.write("mine/letter.txt", b"dear");
    assert!(make(true, &place.path("mine")).unwrap_err().contains("it has no dropped.csv"));
    place.write("dropped.csv", b"path,reason\n");
    assert!(make(true, &place.path("")).unwrap_err().contains("what is read lies in it"));
    assert_eq!(names(&place.path("mine")), ["letter.txt"]);
    // And nothing unfinished is left behind.
    let left: Vec<String> =
        names(&place.path("")).into_iter().filter(|name| name.starts_with("made")).collect();
    assert_eq!(left, ["made"]);
}

#[test]
fn a_folder_that_appears_meanwhile_stays_and_one_that_an_earlier_run_left_is_not_merged() {
    let place = Place::with_faces(2, 2);
    let (source, out, cache) = (place.faces(), place.path("deep/made"), place.cache());
    let left = format!("deep/made.{}.tmp", process::id());
    place.write(&format!("{left}/new/p00/stale.png"), b"");
    let letter = out.join("letter.txt");
    let make = |name: &str, pixels: Pixels| {
        fs::create_dir_all(&out)
            .and_then(|()| fs::write(&letter, b"dear"))
            .map_err(|error| error.to_string())?;
        first_pixel(name, pixels)
    };
    for (replace, expected) in [(false, "is there already"), (true, "it has no dropped.csv")] {
        let request = MakeRequest { replace, ..request(&source, &out, &cache) };
        let said = make_folder(&request, &make).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
        assert_eq!(names(&out), ["letter.txt"]);
        fs::remove_dir_all(&out).unwrap();
    }
    let done = made(&place, &source, "deep/made").unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!((done.images, done.remains), (4, None));
    assert_eq!(names(&out.join("p00")), ["00.png", "01.png"]);
    assert_eq!(names(&place.path("deep")).len(), 2, "it is nobody else's to remove");
}

#[test]
fn places_among_the_images_are_refused_and_links_are_followed() {
    let place = Place::with_faces(2, 2);
    let said = |out: &str| made(&place, &place.faces(), out).unwrap_err().to_string();
    for out in ["faces/made", "faces/p00/../new/made"] {
        assert!(said(out).contains("lies among the images that are read"), "{out}");
    }
    assert_eq!(names(&place.faces()), ["p00", "p01"]);
    place.write("people/dropped.csv/0.png", encoded(&picture(1, 1), ImageFormat::Png));
    let people = made(&place, &place.path("people"), "made").unwrap_err().to_string();
    assert!(people.contains("a person is called dropped.csv"), "{people}");

    made(&place, &place.faces(), "disk/first").unwrap_or_else(|error| panic!("{}", chain(&error)));
    let (source, link, cache) = (place.faces(), place.path("link"), place.cache());
    symlink("disk/first", &link).unwrap();
    place.write("disk/first/p00/stale.png", b"");
    let request = MakeRequest { replace: true, ..request(&source, &link, &cache) };
    make_folder(&request, &first_pixel).unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("disk/first"));
    assert_eq!(names(&place.path("disk/first/p00")), ["00.png", "01.png"]);
}

#[test]
fn what_makes_nothing_of_any_image_says_why_and_leaves_no_folder() {
    let place = Place::with_faces(2, 2);
    let (source, out, cache) = (place.faces(), place.path("data/made"), place.cache());
    let make = |name: &str, _: Pixels| Err(format!("`{name}` is no face"));
    let said = make_folder(&request(&source, &out, &cache), &make).unwrap_err().to_string();
    assert!(said.starts_with("none of 4 images is left:\n  4 × `N` is no face (such as "), "{said}");
    assert!(said.contains("p00/00.png` is no face)"), "{said}");
    assert!(!place.path("data").exists());
}
