//! Images in every form that is read.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Command,
};

use arclab_data::{PrepareError, Prepared, holds_its_images};
use arclab_spec::config::{Dataset, PairSource, SplitPart};
use image::ImageFormat;

use crate::{
    forms::{
        MAGIC, Zipped, encoded, frame, gzipped, labelled, pickle_of_protocol_0, pickle_of_protocol_2,
        pickle_of_protocol_4, png, record_file, tar_of, with_labels, zip_of,
    },
    support::{Place, chain, data, drawn, evaluation, given, listed, pairs, picture},
};

fn prepared(place: &Place, set: PathBuf) -> Result<Prepared, PrepareError> {
    place.prepare(&data(Dataset::Folder(set), drawn(0)), &evaluation(0, []))
}

fn prepared_with_pairs(place: &Place, set: PathBuf) -> Result<Prepared, PrepareError> {
    let evaluation = evaluation(4, [("open", pairs(SplitPart::OpenTest, 20))]);
    place.prepare(&data(Dataset::Folder(set), drawn(0)), &evaluation)
}

fn names(prepared: &Prepared) -> Vec<&str> {
    (0..prepared.images.len()).map(|image| prepared.images.name(image)).collect()
}

/// The faces of [`Place::with_faces`], by name.
fn files(people: u8, photos: u8) -> Vec<(String, Vec<u8>)> {
    let of = |n: u8| {
        let (person, photo) = (n / photos, n % photos);
        (format!("p{person:02}/{photo:02}.png"), png(&picture(person, photo)))
    };
    (0..people * photos).map(of).collect()
}

fn below(folder: &str, files: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    files.iter().map(|(name, bytes)| (format!("{folder}{name}"), bytes.clone())).collect()
}

#[test]
fn every_form_of_one_folder_is_one_data_set() {
    let place = Place::with_faces(6, 8);
    let files = files(6, 8);
    let stored: Vec<Zipped> = files.iter().map(|(name, bytes)| Zipped::stored(name, bytes)).collect();
    let deflated = below("deep/er/", &files);
    let deflated: Vec<Zipped> = deflated.iter().map(|(name, bytes)| Zipped::deflated(name, bytes)).collect();
    let rows = files.iter().rev().map(|(name, _)| format!("faces/{name},{}\n", &name[..3]));
    let beside = files.iter().map(|(name, _)| format!("{name},{}\n", &name[..3]));
    let forms = [
        place.write("plain.tar", tar_of(&files)),
        place.write("deep.tar", tar_of(&below("./lfw/", &files))),
        place.write("x.tar.gz", gzipped(&tar_of(&below("a/b/", &files)))),
        place.write("no-ending", gzipped(&tar_of(&files))),
        place.write("stored.zip", zip_of(&stored)),
        place.write("deflated.zip", zip_of(&deflated)),
        place.write("faces/list.csv", format!("path,identity\n{}", beside.collect::<String>())),
    ];
    let folder = prepared_with_pairs(&place, place.faces()).unwrap();
    for form in forms {
        let found =
            prepared_with_pairs(&place, form.clone()).unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(names(&found), names(&folder), "{}", form.display());
        assert_eq!(found.fingerprint, folder.fingerprint, "{}", form.display());
        assert_eq!(found.images.pixels(29), folder.images.pixels(29), "{}", form.display());
        assert!(found.left_out.is_empty(), "{}: {:?}", form.display(), found.left_out);
    }
    // Paths elsewhere make other names, and no other images; the order of the lines changes nothing.
    let list = place.write("list.csv", format!("path,identity\n{}", rows.collect::<String>()));
    let listed = prepared(&place, list).unwrap();
    assert_eq!(names(&listed)[..2], ["p00/faces_p00_00.png", "p00/faces_p00_01.png"]);
    assert_eq!(listed.identities, folder.identities);
    assert_eq!(listed.images.pixels(29), folder.images.pixels(29));
}

#[test]
fn a_list_has_the_order_of_a_folder() {
    let place = Place::with_faces(0, 0);
    let people = ["a", "a b", "a-b", "a0"];
    for (name, person) in people.iter().zip(0..) {
        place.save(&format!("faces/{name}/1.png"), &picture(person, 0));
    }
    let rows = people.map(|name| format!("{name}/1.png,{name}\n")).concat();
    let list = prepared(&place, place.write("faces/list.csv", format!("path,identity\n{rows}"))).unwrap();
    assert_eq!(names(&list), names(&prepared(&place, place.faces()).unwrap()));
}

#[test]
fn an_unpacked_copy_is_made_once_and_said() {
    let place = Place::with_faces(0, 0);
    let archive = place.write("x.tgz", gzipped(&tar_of(&files(6, 4))));
    let first = prepared(&place, archive.clone()).unwrap();
    assert!(first.notes[0].contains("is read from its unpacked copy"), "{:?}", first.notes);
    let copies = crate::support::names(&place.path("cache/unpacked"));
    prepared(&place, archive).unwrap();
    assert_eq!(crate::support::names(&place.path("cache/unpacked")), copies);
    assert_eq!(copies.len(), 1);
}

#[test]
fn a_list_is_read_with_a_byte_order_mark_quotes_and_the_line_ends_of_windows() {
    let place = Place::with_faces(4, 3);
    let row = |n: u8| format!("\"{n}\",\"faces/p{:02}/{:02}.png\",\"Person, {}\"\r\n", n / 3, n % 3, n / 3);
    let rows = (0..12).map(row).collect::<Vec<_>>().concat();
    let list = place.write("list.csv", format!("\u{feff}age,path,identity\r\n{rows}"));
    let found = prepared(&place, list).unwrap();
    assert_eq!(found.images.len(), 12);
    assert_eq!(names(&found)[0], "Person, 0/faces_p00_00.png");
    assert!(found.notes[0].ends_with("list.csv: the column `age` is not read"), "{:?}", found.notes);
}

#[test]
fn lines_of_a_list_that_are_of_no_use_are_named() {
    let place = Place::with_faces(4, 3);
    let row = |n: u8| format!("faces/p{:02}/{:02}.png,p{:02}\n", n / 3, n % 3, n / 3);
    let rows = (0..12).map(row).collect::<Vec<_>>().concat();
    let wrong = "faces/p00/00.png,\n,p00\nfaces/p00/00.png,p00\nfaces/p00/01.png,a/b\nfaces/p00/01.png\nfaces/p00,p00\n";
    let list = place.write("list.csv", format!("path,identity\n{rows}{wrong}"));
    let found = prepared(&place, list.clone()).unwrap();
    let reasons: Vec<&str> = found.left_out.iter().map(|file| file.reason.as_str()).collect();
    let expected = [
        "line 14: the identity is empty",
        "line 15: the path is empty",
        "line 16: `faces/p00/00.png` of `p00` is in line 2 already",
        "line 17: the identity `a/b` is no name: it may have no `/`",
        "line 18: the identity is empty",
    ];
    assert_eq!(reasons[..5], expected);
    assert!(reasons[5].starts_with("line 19: ") && reasons[5].ends_with("is no regular file"), "{reasons:?}");
    // What cannot be looked at is an error, and never one photo less.
    let list = place.write("list.csv", format!("path,identity\n{rows}faces/p00/99.png,p00\n"));
    let text = chain(&prepared(&place, list).unwrap_err());
    assert!(text.contains("faces/p00/99.png, which line 14 of ") && text.contains("os error"), "{text}");
}

/// A record file of 5 people with 4 photos each, whose keys are 1 to 20, not in their order.
fn records() -> Vec<(u64, Vec<u8>)> {
    let of = |n: u8| {
        let (key, picture) = (u64::from(n) + 1, picture(n / 4, n % 4));
        let image = if n.is_multiple_of(2) { png(&picture) } else { encoded(&picture, ImageFormat::Jpeg) };
        (key, frame(0, &labelled(f32::from(n / 4), key, &image)))
    };
    (0..20).rev().map(of).collect()
}

/// As [`records`], with `InsightFace`'s header and its records of people.
fn records_with_header() -> Vec<(u64, Vec<u8>)> {
    let header = (0, frame(0, &with_labels(&[21.0, 26.0], 0, b"")));
    let person = |n: u64| {
        let (first, key) = ((4 * n + 1) as f32, 21 + n);
        (key, frame(0, &with_labels(&[first, first + 4.0], key, b"")))
    };
    [header].into_iter().chain(records()).chain((0..5).map(person)).collect()
}

#[test]
fn a_record_is_named_by_its_label_and_its_key() {
    let place = Place::with_faces(0, 0);
    let (file, index) = record_file(&records());
    place.write("records/train.rec", &file);
    place.write("records/train.idx", &index);
    let found = prepared(&place, place.path("records")).unwrap();
    let expected: Vec<String> = (0..20).map(|n| format!("{}/{}", n / 4, n + 1)).collect();
    assert_eq!(names(&found), expected);
    assert_eq!(found.images.pixels(6), picture(1, 2).as_raw().as_slice());
    assert!(found.left_out.is_empty(), "{:?}", found.left_out);
}

#[test]
fn records_are_the_same_with_an_index_without_one_and_with_a_header() {
    let place = Place::with_faces(0, 0);
    let mut fingerprints = Vec::new();
    for (name, records) in [("plain", records()), ("headed", records_with_header())] {
        let (file, index) = record_file(&records);
        for with_index in [true, false] {
            let path = place.write(&format!("{name}-{with_index}.rec"), &file);
            if with_index {
                place.write(&format!("{name}-true.idx"), &index);
            }
            let found = prepared(&place, path).unwrap_or_else(|error| panic!("{}", chain(&error)));
            assert!(found.left_out.is_empty(), "{name}: {:?}", found.left_out);
            fingerprints.push((found.images.len(), found.fingerprint));
        }
    }
    assert!(fingerprints.iter().all(|one| *one == fingerprints[0]), "{fingerprints:?}");
    assert_eq!(fingerprints[0].0, 20);
}

#[test]
fn a_record_file_within_an_archive_is_read_where_it_lies() {
    let place = Place::with_faces(0, 0);
    let (file, index) = record_file(&records());
    let alone = prepared(&place, place.write("x.rec", &file)).unwrap();
    let members = [("faces/train.rec", file.as_slice()), ("faces/train.idx", index.as_bytes())];
    let tar = |members: &[(&str, &[u8])]| {
        tar_of(&members.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect::<Vec<_>>())
    };
    let zip = zip_of(&members.map(|(name, bytes)| Zipped::stored(name, bytes)));
    let archives = [
        ("x.tar", tar(&members)),
        ("y.tar", tar(&members[..1])),
        ("x.tgz", gzipped(&tar(&members))),
        ("x.zip", zip),
    ];
    for (name, archive) in archives {
        let path = place.write(name, archive);
        // The second time by what is kept of the first.
        for _ in 0..2 {
            let found = prepared(&place, path.clone()).unwrap_or_else(|error| panic!("{}", chain(&error)));
            assert_eq!(
                (names(&found), found.fingerprint.clone()),
                (names(&alone), alone.fingerprint.clone()),
                "{name}"
            );
            assert!(found.left_out.is_empty(), "{name}: {:?}", found.left_out);
        }
    }
}

#[test]
fn of_several_record_files_in_an_archive_the_first_is_read_and_the_others_are_told_of() {
    let place = Place::with_faces(0, 0);
    let file = record_file(&records()).0;
    let members = ["one", "two"].map(|folder| (format!("{folder}/train.rec"), file.clone()));
    let found = prepared(&place, place.write("x.tar", tar_of(&members))).unwrap();
    let notes: Vec<&String> = found.notes.iter().filter(|note| note.contains("train.rec")).collect();
    assert!(
        matches!(notes.as_slice(), [note] if note.starts_with("one/train.rec alone is read")),
        "{notes:?}"
    );
}

/// Another file under the same path, with the same size and time of change.
fn exchange(place: &Place, path: &std::path::Path, bytes: &[u8]) {
    let about = fs::metadata(path).unwrap();
    assert_eq!(about.len(), bytes.len() as u64);
    let other = place.write("other", bytes);
    File::options().write(true).open(&other).unwrap().set_modified(about.modified().unwrap()).unwrap();
    fs::rename(&other, path).unwrap();
}

#[test]
fn images_of_a_container_that_was_exchanged_are_made_anew() {
    let place = Place::with_faces(0, 0);
    // Pixels as they are, so that other ones take as many bytes.
    let pnm = |shift: u8| -> Vec<Vec<u8>> {
        let photo = |n: u8| encoded(&picture(n / 2 + shift, n % 2), ImageFormat::Pnm);
        (0..6).map(photo).collect()
    };
    let rec = |shift| {
        let frames = (0_u8..).zip(pnm(shift));
        let frames =
            frames.map(|(n, image)| (u64::from(n), frame(0, &labelled(f32::from(n / 2), n.into(), &image))));
        record_file(&frames.collect::<Vec<_>>()).0
    };
    let tar = |shift| {
        let named = (0_u8..).zip(pnm(shift)).map(|(n, image)| (format!("p{}/{}.ppm", n / 2, n % 2), image));
        tar_of(&named.collect::<Vec<_>>())
    };
    // Stored, so that another content is as long.
    let tgz = |shift| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        std::io::Write::write_all(&mut encoder, &tar(shift)).unwrap();
        encoder.finish().unwrap()
    };
    for (name, [first, second]) in
        [("x.rec", [rec(0), rec(5)]), ("x.tar", [tar(0), tar(5)]), ("x.tgz", [tgz(0), tgz(5)])]
    {
        let path = place.write(name, first);
        let before = prepared(&place, path.clone()).unwrap();
        exchange(&place, &path, &second);
        let after = prepared(&place, path).unwrap();
        let fresh = prepared(&place, place.write(&format!("fresh-{name}"), second)).unwrap();
        assert_eq!(names(&before), names(&after), "{name}");
        let pixels = |prepared: &Prepared| -> Vec<Vec<u8>> {
            (0..prepared.images.len()).map(|image| prepared.images.pixels(image).to_vec()).collect()
        };
        assert_ne!(pixels(&before), pixels(&after), "{name}");
        assert_eq!(pixels(&fresh), pixels(&after), "{name}");
        assert_eq!(fresh.fingerprint, after.fingerprint, "{name}");
    }
}

#[test]
fn records_whose_numbers_are_all_the_same_are_named_by_their_places() {
    let place = Place::with_faces(0, 0);
    let record = |n: u8| (0, frame(0, &labelled(f32::from(n / 2), 0, &png(&picture(n / 2, n % 2)))));
    let (file, _) = record_file(&(0..8).map(record).collect::<Vec<_>>());
    let found = prepared(&place, place.write("x.rec", file)).unwrap();
    assert_eq!(names(&found), ["0/0", "0/1", "1/2", "1/3", "2/4", "2/5", "3/6", "3/7"]);
}

#[test]
fn the_first_of_several_labels_is_the_person() {
    let place = Place::with_faces(0, 0);
    let record = |n: u8| {
        let labels = [f32::from(n / 2), 7.5, 8.5, 9.5];
        (u64::from(n), frame(0, &with_labels(&labels, u64::from(n), &png(&picture(n / 2, n % 2)))))
    };
    let (file, index) = record_file(&(0..8).map(record).collect::<Vec<_>>());
    place.write("x.idx", index);
    let found = prepared(&place, place.write("x.rec", file)).unwrap();
    assert_eq!(names(&found)[2..4], ["1/2", "1/3"]);
    assert_eq!(found.images.pixels(3), picture(1, 1).as_raw().as_slice());
}

#[test]
fn a_record_in_parts_gets_back_what_its_writer_took_out() {
    let place = Place::with_faces(0, 0);
    // A PNG that holds the magic number twice, in bytes behind its end that no decoder reads.
    let picture_bytes = png(&picture(1, 0));
    let image = [&picture_bytes, MAGIC.as_slice(), b"between", &MAGIC, b"after"].concat();
    let record = labelled(1.0, 4, &image);
    let first = 24 + picture_bytes.len();
    let parts = [frame(1, &record[..first]), frame(2, b"between"), frame(3, b"after")].concat();
    let others = [0_u8, 2, 3].map(|n| {
        let key = u64::from(n) + 10;
        (key, frame(0, &labelled(f32::from(n), key, &png(&picture(n, 0)))))
    });
    let records: Vec<_> = others.iter().cloned().chain([(4, parts)]).collect();
    let (file, index) = record_file(&records);
    place.write("x.idx", index);
    let found = prepared(&place, place.write("x.rec", file)).unwrap();
    let place_of = names(&found).iter().position(|name| *name == "1/4").unwrap();
    assert_eq!(found.images.pixels(place_of), picture(1, 0).as_raw().as_slice());
    // The content is that of the whole image, as a file of it has it.
    place.write("faces/a/a.png", &image);
    for n in 2..5 {
        place.save(&format!("faces/{n}/a.png"), &picture(9, n));
    }
    let file = prepared(&place, place.faces()).unwrap();
    assert_eq!(
        file.images.content(names(&file).iter().position(|name| *name == "a/a.png").unwrap()),
        found.images.content(place_of)
    );
}

/// Pairs 0 and 2 show one person each; image 4 is image 0 again.
fn verification() -> (Vec<Vec<u8>>, Vec<bool>) {
    let images = [(0, 0), (0, 1), (1, 0), (2, 0), (0, 0), (0, 2)];
    let images = images.map(|(person, photo)| png(&picture(100 + person, photo)));
    (images.to_vec(), vec![true, false, true])
}

fn tested(place: &Place, list: PathBuf) -> Result<Prepared, PrepareError> {
    let data = data(Dataset::Folder(place.faces()), given(place.path("split.csv")));
    place.prepare(&data, &evaluation(0, [("test", listed(list))]))
}

#[test]
fn a_verification_set_brings_pairs_and_images_in_every_protocol() {
    let place = Place::with_split();
    let (images, same) = verification();
    let pickles = [
        pickle_of_protocol_0(&images, &same),
        pickle_of_protocol_2(&images, &same),
        pickle_of_protocol_4(&images, &same),
    ];
    for (number, pickle) in pickles.iter().enumerate() {
        let list = place.write(&format!("{number}.bin"), pickle);
        assert!(holds_its_images(&list));
        let found = tested(&place, list).unwrap_or_else(|error| panic!("{number}: {}", chain(&error)));
        let list = &found.protocols[0].1;
        assert_eq!((list.same(), list.folds()), (same.clone(), None), "pickle {number}");
        let pixels =
            list.pairs.iter().flat_map(|pair| [pair.a, pair.b]).map(|image| found.images.pixels(image));
        let expected =
            [(0, 0), (0, 1), (1, 0), (2, 0), (0, 0), (0, 2)].map(|(a, b)| picture(100 + a, b).into_raw());
        assert!(pixels.eq(expected.iter().map(Vec::as_slice)), "pickle {number}");
    }
    assert!(!holds_its_images(&place.path("split.csv")) && !holds_its_images(&place.faces()));
}

#[test]
fn people_of_a_verification_set_are_what_hangs_together() {
    let place = Place::with_split();
    let (images, same) = verification();
    let found = tested(&place, place.write("x.bin", pickle_of_protocol_4(&images, &same))).unwrap();
    let pairs = &found.protocols[0].1.pairs;
    let people: Vec<&str> =
        pairs.iter().flat_map(|pair| [pair.a, pair.b]).map(|n| &found.images.name(n)[..7]).collect();
    assert_eq!(people, ["0000000", "0000000", "0000002", "0000003", "0000000", "0000000"]);
}

#[test]
fn python_writes_what_is_read() {
    let place = Place::with_split();
    let (images, _) = verification();
    for (number, image) in images.iter().enumerate() {
        place.write(&format!("raw/{number}"), image);
    }
    for protocol in 0..=5 {
        let script = format!(
            "import pickle\nimages = [open(f'raw/{{n}}', 'rb').read() for n in range(6)]\n\
             pickle.dump((images, [True, False, True]), open('x.bin', 'wb'), protocol={protocol})"
        );
        let ran = Command::new("python3").args(["-c", &script]).current_dir(place.path("")).status();
        if !ran.is_ok_and(|status| status.success()) {
            eprintln!("skipped: no python3 here");
            return;
        }
        let found = tested(&place, place.path("x.bin")).unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(found.protocols[0].1.same(), [true, false, true], "protocol {protocol}");
    }
}

#[test]
fn images_beside_a_list_that_has_its_own_are_refused() {
    let place = Place::with_split();
    let (images, same) = verification();
    let list = place.write("x.bin", pickle_of_protocol_2(&images, &same));
    let pairs = PairSource::Listed { list, images: Some(place.faces()) };
    let data = data(Dataset::Folder(place.faces()), given(place.path("split.csv")));
    let text = chain(&place.prepare(&data, &evaluation(0, [("test", pairs)])).unwrap_err());
    assert!(text.contains("holds the images of its pairs") && text.contains("leave `images` out"), "{text}");
}

#[test]
fn an_image_of_a_pair_that_does_not_decode_is_named_with_its_pair() {
    let place = Place::with_split();
    let (mut images, same) = verification();
    images[3] = b"no image".to_vec();
    let text =
        chain(&tested(&place, place.write("x.bin", pickle_of_protocol_4(&images, &same))).unwrap_err());
    assert!(text.contains("x.bin, pair 1, counted from 0") && text.contains("no JPEG, PNG or PNM"), "{text}");
}

#[test]
fn a_set_under_two_paths_is_opened_once() {
    let place = Place::with_faces(0, 0);
    let (file, index) = record_file(&records());
    place.write("records/train.rec", &file);
    place.write("records/train.idx", &index);
    let list = place.write("pairs.csv", "a,b,same\n0/1,0/2,1\n0/1,1/5,0\n");
    let pairs = PairSource::Listed { list, images: Some(place.path("records/train.rec")) };
    let data = data(
        Dataset::Folder(place.path("records")),
        given(place.write(
            "split.csv",
            "path,identity,split\n2/9,2,train\n2/10,2,train\n3/13,3,train\n3/14,3,train\n",
        )),
    );
    let found = place.prepare(&data, &evaluation(0, [("test", pairs)])).unwrap();
    assert_eq!(found.images.len(), 20);
}
