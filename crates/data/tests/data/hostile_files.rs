//! Files that are no images, and folders that are no data set.

use std::{fs, io::Cursor};

use arclab_data::{FolderError, PrepareError};
use arclab_spec::config::{DataConfig, Dataset};
use image::{ImageFormat, RgbImage};

use crate::support::{Place, chain, evaluation, picture};

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A PNG whose header promises `side` × `side` pixels.
fn png_of(side: u32) -> Vec<u8> {
    let mut png = encoded(&picture(0, 0), ImageFormat::Png);
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let sum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

/// The checksum of a PNG chunk.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, &byte| {
        (0..8).fold(
            sum ^ u32::from(byte),
            |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 },
        )
    })
}

#[test]
fn each_hostile_file_is_named_with_its_reason_and_the_others_serve() {
    let place = Place::with_faces(4, 5);
    let jpeg = encoded(&picture(9, 9), ImageFormat::Jpeg);
    let hostile: [(&str, &[u8], &str); 9] = [
        ("p00/empty.jpg", b"", "it is empty"),
        ("p00/half.jpg", &jpeg[..jpeg.len() / 2], "cut short"),
        ("p00/text.png", b"hello", "no JPEG, PNG or PNM"),
        ("p01/notes.txt", b"hello", "ending is none of"),
        ("p01/huge.png", &png_of(60_000), "16384 pixels a side"),
        ("p01/wide.png", &png_of(16_000), "emory"),
        ("p02/huge.pgm", b"P5\n60000 60000\n255\n", "16384 pixels a side"),
        ("p02/nothing.pgm", b"P5\n0 0\n255\n", ""),
        ("p02/short.pgm", b"P5\n16 16\n255\nabc", ""),
    ];
    for (name, bytes, _) in hostile {
        place.write(&format!("faces/{name}"), bytes);
    }
    let prepared = place.prepare(&place.data(), &evaluation(0, [])).unwrap();
    for (name, _, reason) in hostile {
        let left = prepared
            .left_out
            .iter()
            .find(|left| left.path.ends_with(name))
            .unwrap_or_else(|| panic!("{name}"));
        assert!(left.reason.contains(reason), "{name}: {}", left.reason);
    }
    assert_eq!((prepared.images.len(), prepared.left_out.len()), (20, hostile.len()));
}

#[test]
fn hidden_files_and_other_files_beside_the_identities_are_passed_over() {
    let place = Place::with_faces(4, 5);
    place.write("faces/.DS_Store", b"x");
    place.write("faces/p00/.hidden.png", b"x");
    place.write("faces/.git/a.png", b"x");
    place.write("faces/README", b"x");
    place.write("faces/stray.png", b"x");
    fs::create_dir_all(place.path("faces/p01/deeper")).unwrap();
    let prepared = place.prepare(&place.data(), &evaluation(0, [])).unwrap();
    assert_eq!(prepared.images.len(), 20);
    let names: Vec<_> = prepared.left_out.iter().map(|left| left.path.file_name().unwrap()).collect();
    assert_eq!(names, ["deeper", "stray.png"]);
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends() {
    use std::os::unix::fs::symlink;
    let place = Place::with_faces(4, 5);
    symlink(place.faces(), place.path("faces/p00/up")).unwrap();
    symlink(place.faces(), place.path("faces/all")).unwrap();
    let prepared = place.prepare(&place.data(), &evaluation(0, [])).unwrap();
    assert_eq!(prepared.images.len(), 20);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_looked_at_is_an_error_and_never_one_photo_less() {
    use std::os::unix::fs::symlink;
    // A person on a disk that is away, a photo there, a link to itself.
    for (link, to) in [("p04", "/nowhere/p04"), ("p00/a.png", "/nowhere/a.png"), ("p00/b.png", "b.png")] {
        let place = Place::with_faces(4, 5);
        let link = place.faces().join(link);
        symlink(to, &link).unwrap();
        let text = chain(&place.prepare(&place.data(), &evaluation(0, [])).unwrap_err());
        let named = format!("failed to read {}, which no run leaves out", link.display());
        assert!(text.contains(&named) && text.contains("os error"), "{text}");
    }
}

#[test]
fn a_folder_without_identities_says_what_was_looked_for() {
    let place = Place::with_faces(0, 0);
    place.save("faces/lone.png", &picture(0, 0));
    fs::create_dir_all(place.path("faces/empty")).unwrap();
    let error = place.prepare(&place.data(), &evaluation(0, [])).unwrap_err();
    let text = chain(&error);
    assert!(text.contains("no identity in ") && text.contains("sub-folders, one a person"), "{text}");
    assert!(text.contains(".jpg, .jpeg, .png, .pgm"), "{text}");
    assert!(text.contains("1 sub-folders without any, and 1 images outside"), "{text}");
}

#[test]
fn a_folder_of_files_that_do_not_decode_has_no_identity_either() {
    let place = Place::with_faces(0, 0);
    place.write("faces/ann/a.jpg", b"");
    for _ in 0..2 {
        let text = chain(&place.prepare(&place.data(), &evaluation(0, [])).unwrap_err());
        assert!(
            text.contains("only files that cannot be used") && text.contains("a.jpg: it is empty"),
            "{text}"
        );
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let place = Place::with_faces(0, 0);
    let data = DataConfig { dataset: Dataset::Folder(place.path("nowhere")), ..place.data() };
    let error = place.prepare(&data, &evaluation(0, [])).unwrap_err();
    assert!(chain(&error).contains("nowhere"), "{}", chain(&error));
    assert!(matches!(error, PrepareError::Images(arclab_data::CacheError::Folder(FolderError::List { .. }))));
}
