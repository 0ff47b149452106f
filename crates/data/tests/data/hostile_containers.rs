//! Lists and containers that are not what they promise: each is named, none panics, and none takes memory by promise.

use std::{fs, path::Path};

use arclab_data::{PrepareError, Prepared, inspect};
use arclab_spec::config::Dataset;
use proptest::prelude::*;

use crate::{
    forms::{
        Zipped, frame, gzipped, labelled, pickle_of_protocol_0, pickle_of_protocol_2, pickle_of_protocol_4,
        png, record_file, tar_of, with_labels, zip_of,
    },
    support::{Place, chain, data, drawn, evaluation, picture},
};

fn prepared(place: &Place, set: &Path) -> Result<Prepared, PrepareError> {
    place.prepare(&data(Dataset::Folder(set.to_owned()), drawn(0)), &evaluation(0, []))
}

/// 4 people with 2 photos each, under keys from 1.
fn records() -> Vec<(u64, Vec<u8>)> {
    let record = |n: u8| {
        let key = u64::from(n) + 1;
        (key, frame(0, &labelled(f32::from(n / 2), key, &png(&picture(n / 2, n % 2)))))
    };
    (0..8).map(record).collect()
}

/// What is said of a record file with an index; 8 sound records stand before `more`.
fn said(more: &[(u64, Vec<u8>)], index: impl Fn(String) -> String) -> Vec<String> {
    let place = Place::with_faces(0, 0);
    let (file, written) = record_file(&records().into_iter().chain(more.iter().cloned()).collect::<Vec<_>>());
    place.write("x.idx", index(written));
    let found =
        prepared(&place, &place.write("x.rec", file)).unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(found.images.len(), 8);
    found.left_out.into_iter().map(|left| format!("{}: {}", left.path.display(), left.reason)).collect()
}

fn same(index: String) -> String {
    index
}

#[test]
fn a_record_that_is_none_is_named_with_its_key_and_byte_and_the_others_serve() {
    let sound = labelled(9.0, 9, &png(&picture(9, 9)));
    let mut short = frame(0, &sound);
    short.truncate(short.len() - 8);
    let mut promising = frame(0, &sound);
    promising[4..8].copy_from_slice(&0x1FFF_FFFF_u32.to_le_bytes());
    let mut other_magic = frame(0, &sound);
    other_magic[0] ^= 1;
    let mut many_labels = sound.clone();
    many_labels[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let cases = [
        (short, "the record is cut short: it reaches to byte"),
        (promising, "the record is cut short: it reaches to byte"),
        (other_magic, "no record begins there: its first bytes are ced7230b"),
        (frame(0, b"tiny"), "the record has 4 bytes, and its header alone needs 24"),
        (frame(0, &many_labels), "and its header alone needs 17179869204"),
        (
            frame(0, &with_labels(&vec![9.0; 5000], 9, b"x")),
            "the record has 5000 labels, and 4096 are read at most",
        ),
        (frame(2, &sound), "part 2 of a record follows where part 0 or 1 would be right"),
        ([frame(1, &sound), frame(0, &sound)].concat(), "part 0 of a record follows where part 2 or 3"),
        ([frame(1, &sound), frame(2, b"x")].concat(), "the record is cut short"),
        (frame(0, &labelled(9.0, 9, b"")), "the record holds no image"),
        (frame(0, &labelled(0.5, 9, b"x")), "the label 0.5 is no person's number"),
        (frame(0, &labelled(-1.0, 9, b"x")), "the label -1 is no person's number"),
        (frame(0, &labelled(f32::NAN, 9, b"x")), "the label NaN is no person's number"),
        (frame(0, &with_labels(&[f32::INFINITY, 0.0], 9, b"x")), "the label inf is no person's number"),
    ];
    for (record, reason) in cases {
        let said = said(&[(9, record)], same);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("x.rec: key 9 at byte ") && said[0].contains(reason),
            "{}: {reason}",
            said[0]
        );
    }
    // An image that is none is one, until it is decoded.
    let said = said(&[(9, frame(0, &labelled(9.0, 9, b"no image")))], same);
    assert!(said[0].ends_with("x.rec/9/9: its content is no JPEG, PNG or PNM"), "{said:?}");
}

#[test]
fn an_index_that_is_wrong_is_named_with_its_line() {
    let cases = [
        ("9\t999999999\n", "key 9 at byte 999999999, by line 9 of x.idx: the record is cut short"),
        ("9\t18446744073709551615\n", "key 9 at byte 18446744073709551615, by line 9 of x.idx"),
        ("9\t4\n", "key 9 at byte 4, by line 9 of x.idx: no record begins there"),
        ("8\t0\n", "x.idx: line 9: the key 8 is in line 8 already"),
        ("nine\t0\n", "x.idx: line 9: `nine\\t0` is not `KEY<tab>OFFSET`"),
        ("9\n", "x.idx: line 9: `9` is not `KEY<tab>OFFSET`"),
        ("-9\t0\n", "x.idx: line 9: `-9\\t0` is not"),
        ("9\t0\t0\n", "x.idx: line 9: `9\\t0\\t0` is not"),
    ];
    for (line, reason) in cases {
        let said = said(&[], |index| index + line);
        assert!(said.len() == 1 && said[0].contains(reason), "{said:?}: {reason}");
    }
    let long = said(&[], |index| index + &"x".repeat(1_000_000));
    assert_eq!(long.len(), 1, "what is no index is not shown piece by piece");
}

#[test]
fn a_record_file_that_is_cut_short_and_has_no_index_serves_up_to_there() {
    let place = Place::with_faces(0, 0);
    let (mut file, _) = record_file(&records());
    let whole = file.len();
    file.truncate(whole - 10);
    let path = place.write("x.rec", &file);
    let found = prepared(&place, &path).unwrap();
    assert_eq!(found.images.len(), 7);
    let reason = &found.left_out[0].reason;
    assert!(reason.starts_with("at byte ") && reason.contains("cut short"), "{reason}");
    // Nothing at all is an error.
    let text = chain(&prepared(&place, &place.write("y.rec", &file[..10])).unwrap_err());
    assert!(
        text.contains("no image in ") && text.contains("a RecordIO file") && text.contains("cut short"),
        "{text}"
    );
}

fn files() -> Vec<(String, Vec<u8>)> {
    (0..8).map(|n| (format!("p{}/{}.png", n / 2, n % 2), png(&picture(n / 2, n % 2)))).collect()
}

fn left_out(place: &Place, archive: &Path) -> Vec<String> {
    let found = prepared(place, archive).unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(found.images.len(), 8);
    let below =
        |path: &Path| path.strip_prefix(fs::canonicalize(archive).unwrap()).unwrap().display().to_string();
    found.left_out.iter().map(|left| format!("{}: {}", below(&left.path), left.reason)).collect()
}

#[test]
fn entries_of_a_tar_that_lead_elsewhere_are_left_out() {
    let place = Place::with_faces(0, 0);
    let image = png(&picture(9, 9));
    let more = [
        "../p9/a.png",
        "/p9/b.png",
        "p0/../../c.png",
        "p0/0.png",
        "p0/deep/d.png",
        "stray.png",
        "p0/note.txt",
    ];
    let more = more.map(|name| (name.to_owned(), image.clone()));
    let mut tar = tar_of(&files().into_iter().chain(more).collect::<Vec<_>>());
    tar.truncate(tar.len() - 1024);
    for (name, kind) in
        [("p0/link.png", b'2'), ("p0/hard.png", b'1'), ("p0/device.png", b'3'), ("p0/fifo.png", b'6')]
    {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_link_name("/etc/passwd").unwrap();
        header.set_size(0);
        header.set_cksum();
        tar.extend(header.as_bytes());
    }
    tar.extend([0; 1024]);
    let said = left_out(&place, &place.write("x.tar", tar));
    let expected = [
        "../p9/a.png: its path has `..`, and so would lead out of the archive",
        "p9/b.png: its path is absolute, and so would lead out of the archive",
        "p0/../../c.png: its path has `..`, and so would lead out of the archive",
        "p0/link.png: it is a link",
        "p0/hard.png: it is a link",
        "p0/device.png: it is a device, a pipe or another special entry",
        "p0/fifo.png: it is a device, a pipe or another special entry",
        "p0/0.png: the archive holds another file of this name",
        "p0/deep/d.png: it is in a folder in an identity's folder",
        "p0/note.txt: its ending is none of .jpg, .jpeg, .png, .pgm, .ppm, .pnm",
        "stray.png: it lies in no identity's sub-folder",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_record_file_that_is_compressed_within_an_archive_is_to_be_unpacked() {
    let place = Place::with_faces(0, 0);
    let zip = zip_of(&[Zipped::deflated("faces/train.rec", &record_file(&records()).0)]);
    let text = chain(&prepared(&place, &place.write("x.zip", zip)).unwrap_err());
    assert!(
        text.contains("faces/train.rec is compressed in it") && text.contains("(zip -0), or unpack it"),
        "{text}"
    );
}

#[test]
fn a_tar_that_is_cut_short_names_what_is_missing() {
    let place = Place::with_faces(0, 0);
    let whole = tar_of(&[files(), vec![("p9/a.png".to_owned(), vec![7; 4000])]].concat());
    let archive = place.write("x.tar", &whole[..whole.len() - 1024 - 2048]);
    let said = left_out(&place, &archive);
    assert!(
        said.len() == 1 && said[0].starts_with("p9/a.png: it is cut short: it reaches to byte"),
        "{said:?}"
    );
    // In the middle of a head, nothing can be said of what follows.
    let mut torn = whole[..whole.len() - 1024 - 4096 - 100].to_vec();
    torn[257 + 512..].fill(b'x');
    let text = chain(&prepared(&place, &place.write("y.tar", torn)).unwrap_err());
    assert!(text.contains("a tar, cannot be read: behind byte "), "{text}");
}

#[test]
fn entries_of_a_zip_that_are_not_what_they_promise_are_named() {
    let place = Place::with_faces(0, 0);
    let image = png(&picture(9, 9));
    let bad = |name: &str, change: fn(&mut Zipped)| {
        let mut entry = Zipped::deflated(name, &png(&picture(9, 9)));
        change(&mut entry);
        entry
    };
    let more = [
        Zipped::deflated("../p9/a.png", &image),
        bad("p9/nul.png", |entry| entry.name[4] = 0),
        bad("p9/not.png", |entry| entry.name[3] = 0xFF),
        bad("p9/link.png", |entry| entry.unix_mode = 0o120_777),
        bad("p9/lzma.png", |entry| entry.method = 14),
        bad("p9/bomb.png", |entry| entry.packed = crate::forms::deflated(&vec![0; 1_000_000])),
        bad("p9/less.png", |entry| entry.bytes += 1),
        bad("p9/sum.png", |entry| entry.crc32 ^= 1),
        bad("p9/torn.png", |entry| entry.packed = vec![0xFF; 20]),
        bad("p9/long.png", |entry| entry.packed.resize(5000, 0)),
        bad("p9/vast.png", |entry| entry.bytes = u32::MAX - 1),
    ];
    let sound = files();
    let entries = sound.iter().map(|(name, bytes)| Zipped::stored(name, bytes)).chain(more);
    let said = left_out(&place, &place.write("x.zip", zip_of(&entries.collect::<Vec<_>>())));
    let expected = [
        ("../p9/a.png: its path has `..`", ""),
        ("p9/n", "no portable name"),
        ("p9/\u{FFFD}ot.png", "its name is not UTF-8"),
        ("p9/link.png: it is a link", ""),
        ("p9/lzma.png: it is packed with", "stored and deflated files are read"),
        ("p9/bomb.png: it unpacks to more than the", "bytes that its archive promises"),
        ("p9/less.png: it unpacks to less than the", ""),
        ("p9/sum.png: its checksum is not what its archive says", ""),
        ("p9/torn.png: it does not unpack", ""),
        ("p9/long.png: it is packed to 5000 bytes, far more than it has", ""),
        ("p9/vast.png: it has 4095 MB, and at most 256 are read", ""),
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (begins, contains) in expected {
        assert!(
            said.iter().any(|said| said.starts_with(begins) && said.contains(contains)),
            "{begins}: {said:#?}"
        );
    }
}

#[test]
fn a_compressed_tar_that_is_a_bomb_is_given_up() {
    let place = Place::with_faces(0, 0);
    let bomb = gzipped(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let text = chain(&prepared(&place, &place.write("x.tgz", &bomb)).unwrap_err());
    assert!(text.contains("it gives more than 16777216 bytes"), "{text}");
    assert!(crate::support::names(&place.path("cache/unpacked")).is_empty());
    let text = chain(&prepared(&place, &place.write("y.tgz", &bomb[..bomb.len() / 2])).unwrap_err());
    assert!(text.contains("failed to unpack "), "{text}");
    let text = chain(&prepared(&place, &place.write("z.gz", gzipped(b"no tar at all"))).unwrap_err());
    assert!(text.contains("z.gz"), "{text}");
}

#[test]
fn a_file_of_no_known_form_says_what_it_looks_like_and_what_would_be_right() {
    let place = Place::with_faces(0, 0);
    let image = png(&picture(0, 0));
    let cases: [(&[u8], &str); 7] = [
        (b"", "is empty"),
        (b"once upon a time\n", "its first line is `once upon a time`"),
        (b"\x01\x02\xFF\xFE", "its first bytes are [01, 02, ff, fe]"),
        (b"Rar!\x1a\x07", "is packed with rar, which is not read: unpack it"),
        (b"7z\xBC\xAF\x27\x1C", "is packed with 7z"),
        (&image, "is a single image: name the folder of all"),
        (b"a,b,same\n", "its first line is `a,b,same`"),
    ];
    for (bytes, found) in cases {
        let text = chain(&prepared(&place, &place.write("x", bytes)).unwrap_err());
        assert!(text.contains(found) && text.contains("a RecordIO file (train.rec)"), "{text}");
    }
}

/// Whatever it is, it is read or refused, and looked at like that.
fn survives(name: &str, bytes: &[u8]) {
    let place = Place::with_faces(0, 0);
    let path = place.write(name, bytes);
    let _ = prepared(&place, &path);
    let _ = inspect(&path, 10, &place.cache(), &arclab_data::Silent);
}

/// A sound file of each form, with the name that it needs.
fn sound() -> Vec<(&'static str, Vec<u8>)> {
    let images: Vec<Vec<u8>> = (0..4).map(|n| png(&picture(n, 0))).collect();
    let same = [true, false];
    let zipped: Vec<Zipped> = files().iter().map(|(name, bytes)| Zipped::deflated(name, bytes)).collect();
    vec![
        ("x.rec", record_file(&records()).0),
        ("x.bin", pickle_of_protocol_0(&images, &same)),
        ("x.bin", pickle_of_protocol_2(&images, &same)),
        ("x.bin", pickle_of_protocol_4(&images, &same)),
        ("x.tar", tar_of(&files())),
        ("x.tgz", gzipped(&tar_of(&files()))),
        ("x.zip", zip_of(&zipped)),
        ("x.csv", b"path,identity\n\"a\",b\nc,\"d\"\n".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_panics_on_random_bytes(
        form in 0_usize..8, begin in 0_usize..64, bytes in proptest::collection::vec(any::<u8>(), 0..512),
    ) {
        let (name, sound) = &sound()[form];
        survives(name, &[&sound[..begin.min(sound.len())], &bytes].concat());
    }

    #[test]
    fn nothing_panics_on_a_sound_file_that_was_changed(
        form in 0_usize..8, changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        keep in 0.5..1.0_f64,
    ) {
        let (name, mut bytes) = sound().swap_remove(form);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate((keep * 1.2 * bytes.len() as f64) as usize);
        survives(name, &bytes);
    }
}
