//! Sets of images written in other forms, and read again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use arclab_data::{Encoding, ExportForm, ExportRequest, Exported, Prepared, Silent, export};
use arclab_spec::config::Dataset;
use image::ImageFormat;

use crate::{
    forms::{MAGIC, encoded, gzipped, png, tar_of},
    support::{Place, chain, data, drawn, evaluation, given, listed, picture},
};

fn request<'a>(source: &'a Path, form: ExportForm, out: &'a Path, cache: &'a Path) -> ExportRequest<'a> {
    ExportRequest { source, form, out, encoding: Encoding::Keep, pairs: None, cache }
}

fn exported(place: &Place, source: &Path, form: ExportForm, out: &str) -> (PathBuf, Exported) {
    let (out, cache) = (place.path(out), place.cache());
    let done = export(&request(source, form, &out, &cache), &Silent);
    (out, done.unwrap_or_else(|error| panic!("{}", chain(&error))))
}

fn prepared(place: &Place, set: &Path) -> Prepared {
    let found = place.prepare(&data(Dataset::Folder(set.to_owned()), drawn(0)), &evaluation(0, []));
    found.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// Content and pixels of all images, in order.
fn images(prepared: &Prepared) -> Vec<(String, Vec<u8>)> {
    let images = &prepared.images;
    (0..images.len()).map(|n| (images.content(n).to_string(), images.pixels(n).to_vec())).collect()
}

/// Five people with 4 photos each, of three formats, one of which holds a record's magic number behind its end.
fn mixed() -> Place {
    let place = Place::with_faces(5, 2);
    for person in 0..5 {
        let jpeg = encoded(&picture(person, 2), ImageFormat::Jpeg);
        place.write(&format!("faces/p{person:02}/02.jpg"), jpeg);
        place.write(
            &format!("faces/p{person:02}/03.pgm"),
            [b"P5\n4 4\n255\n".as_slice(), &[person; 16]].concat(),
        );
    }
    let aligned = [png(&picture(77, 0)), vec![0; 3]].concat();
    let aligned = &aligned[..aligned.len() / 4 * 4];
    place.write("faces/p04/04.png", [aligned, &MAGIC, b"more", &MAGIC, &MAGIC].concat());
    place
}

#[test]
fn a_set_goes_through_every_form_without_a_change() {
    let place = mixed();
    let folder = prepared(&place, &place.faces());
    let (records, done) = exported(&place, &place.faces(), ExportForm::RecordIo, "records");
    assert_eq!((done.images, done.identities, done.left_out.len()), (21, 5, 0));
    assert_eq!(crate::support::names(&records), ["property", "train.idx", "train.lst", "train.rec"]);
    let read = prepared(&place, &records);
    assert_eq!(images(&read), images(&folder));
    // Labels count the people in the order of their names, and keys the images from 1.
    assert_eq!((read.images.name(0), read.images.name(20)), ("0/1", "4/21"));
    assert_eq!(fs::read_to_string(records.join("property")).unwrap(), "5,16,16\n");
    let list = fs::read_to_string(records.join("train.lst")).unwrap();
    assert_eq!(list.lines().next(), Some("1\t0\tp00/00.png"));

    // From records to folders, each file gets the ending of what it is.
    let (folders, _) = exported(&place, &records, ExportForm::Folders, "folders");
    assert_eq!(crate::support::names(&folders.join("0")), ["1.png", "2.png", "3.jpg", "4.pnm"]);
    assert_eq!(images(&prepared(&place, &folders)).len(), 21);
    // And back: labels that are numbers stay.
    let (again, _) = exported(&place, &records, ExportForm::RecordIo, "again");
    assert_eq!(fs::read(again.join("train.rec")).unwrap(), fs::read(records.join("train.rec")).unwrap());
    // Without its index it is the same.
    fs::remove_file(records.join("train.idx")).unwrap();
    fs::write(records.join("note"), "").unwrap();
    assert_eq!(images(&prepared(&place, &records.join("train.rec"))), images(&folder));
}

#[test]
fn png_keeps_what_was_decoded_and_a_size_is_that_of_runs() {
    let place = mixed();
    let (out, cache) = (place.path("out"), place.cache());
    let source = place.faces();
    let encoding = Encoding::Png { size: None };
    export(&ExportRequest { encoding, ..request(&source, ExportForm::Folders, &out, &cache) }, &Silent)
        .unwrap();
    assert_eq!(crate::support::names(&out.join("p00")), ["00.png", "01.png", "02.png", "03.png"]);
    let pixels =
        |prepared: &Prepared| images(prepared).into_iter().map(|(_, pixels)| pixels).collect::<Vec<_>>();
    let decoded = pixels(&prepared(&place, &source));
    assert_eq!(pixels(&prepared(&place, &out)), decoded);
    let (out, encoding) = (place.path("sized"), Encoding::Png { size: Some(16) });
    export(&ExportRequest { encoding, ..request(&source, ExportForm::RecordIo, &out, &cache) }, &Silent)
        .unwrap();
    assert_eq!(pixels(&prepared(&place, &out)), decoded);
}

#[test]
fn a_verification_set_has_the_pairs_of_its_list() {
    let place = Place::with_split();
    let pairs =
        place.write("pairs.csv", "a,b,same,fold\np02/00.png,p02/01.png,1,0\np02/00.png,p03/00.png,0,1\n");
    let (source, out, cache) = (place.faces(), place.path("x.bin"), place.cache());
    let of_pairs =
        ExportRequest { pairs: Some(&pairs), ..request(&source, ExportForm::Verification, &out, &cache) };
    let done = export(&of_pairs, &Silent).unwrap();
    assert_eq!((done.images, done.identities), (4, 2));
    let data = data(Dataset::Folder(place.faces()), given(place.path("split.csv")));
    let tested = evaluation(0, [("listed", listed(pairs.clone())), ("packed", listed(out.clone()))]);
    let found = place.prepare(&data, &tested).unwrap();
    let pixels = |which: usize| {
        let list = &found.protocols[which].1;
        let images = list.pairs.iter().flat_map(|pair| [pair.a, pair.b]);
        (list.same(), images.map(|image| found.images.pixels(image).to_vec()).collect::<Vec<_>>())
    };
    assert_eq!(pixels(0), pixels(1));
    let script = "import pickle\nbins, same = pickle.load(open('x.bin', 'rb'), encoding='bytes')\n\
                  print(len(bins), same, bins[0][:4] == b'\\x89PNG')";
    match Command::new("python3").args(["-c", script]).current_dir(place.path("")).output() {
        Ok(said) if said.status.success() => {
            assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "4 [True, False] True");
        }
        _ => eprintln!("skipped: no python3 here"),
    }
    // From one verification set to another, no list is needed.
    let (again, _) = exported(&place, &out, ExportForm::Verification, "y.bin");
    assert_eq!(fs::read(again).unwrap(), fs::read(out).unwrap());
}

#[test]
fn what_cannot_be_written_is_refused_and_nothing_is_left_behind() {
    let place = Place::with_split();
    place.write("faces/p00/broken.jpg", b"no image");
    let (source, out, cache) = (place.faces(), place.path("out"), place.cache());
    let refused = |request: ExportRequest<'_>| {
        let before = crate::support::names(&place.path(""));
        let text = chain(&export(&request, &Silent).unwrap_err());
        assert_eq!(crate::support::names(&place.path("")), before);
        text
    };
    let bin = request(&source, ExportForm::Verification, &out, &cache);
    assert!(refused(bin).contains("nothing says which: name a pair list"));
    let missing = place.write("pairs.csv", "a,b,same\np02/00.png,p99/01.png,1\n");
    assert!(
        refused(ExportRequest { pairs: Some(&missing), ..bin })
            .contains("line 2: there is no image `p99/01.png`")
    );
    let broken = place.write("pairs.csv", "a,b,same\np00/broken.jpg,p02/00.png,1\n");
    let text = refused(ExportRequest { pairs: Some(&broken), ..bin });
    assert!(text.contains("broken.jpg is in a pair and cannot be used"), "{text}");
    let folders = request(&source, ExportForm::Folders, &out, &cache);
    assert!(
        refused(ExportRequest { pairs: Some(&broken), ..folders })
            .contains("only a verification set holds pairs")
    );
    assert!(refused(ExportRequest { out: &source, ..folders }).contains("is there already"));
    let nowhere = place.path("nowhere");
    assert!(refused(ExportRequest { source: &nowhere, ..folders }).contains("failed to look into "));
    // What gives no image is left out, and said.
    let done = export(&folders, &Silent).unwrap();
    assert_eq!((done.images, done.left_out.len()), (20, 1));
}

#[test]
fn an_archive_is_written_as_folders_whatever_its_names() {
    let place = Place::with_faces(0, 0);
    let names = ["a/x.jpg", "a/x.png", "b/.hidden.png", "b/y.JPG", "c/ümlaut.png"];
    let files: Vec<_> =
        names.iter().zip(0..).map(|(name, n)| ((*name).to_owned(), png(&picture(n, n)))).collect();
    let archive = place.write("x.tgz", gzipped(&tar_of(&files)));
    let (out, done) = exported(&place, &archive, ExportForm::Folders, "out");
    assert_eq!((done.images, done.identities), (4, 3));
    // Both of a's images are PNGs, and would have one name.
    assert_eq!(crate::support::names(&out.join("a")), ["x.png", "x.png.png"]);
    assert_eq!(crate::support::names(&out.join("b")), ["y.png"]);
}
