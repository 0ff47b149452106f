//! The table of hostile files, `crates/data/HOSTILE.md`: what becomes of each, as is found here. `ARCLAB_UPDATE=1` writes it anew.
//!
//! Beside it, what Pillow writes is read as Pillow reads it (`tests/images.py`).

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use arclab_data::{CheckRequest, Problem, Silent, check, find_images, inspect_pairs};
use arclab_spec::config::Dataset;
use image::{ImageFormat, Luma, Rgb, RgbImage};

use crate::{
    forms::{
        Zipped, encoded, frame, gzipped, labelled, pickle_of_protocol_4, png, record_file, tar_of, zip_of,
    },
    support::{Place, chain, evaluation, given, listed, picture},
};

/// What is found at `path`, in words: how many images serve, and what is said of the others.
fn told(place: &Place, path: &Path) -> String {
    let request = CheckRequest { set: path.to_owned(), size: 16, split: None, lists: Vec::new() };
    let said = match check(&request, &place.cache(), &Silent) {
        Ok(found) => {
            let left_out = found.found[&Problem::LeftOut].iter().map(|case| case.text.clone());
            let images = format!("{} images serve", found.own);
            std::iter::once(images).chain(left_out).collect::<Vec<_>>().join("; left out: ")
        }
        Err(error) => format!("refused: {}", chain(&error)),
    };
    without_place(&said, place)
}

/// The same whatever the temporary folder is called.
fn without_place(said: &str, place: &Place) -> String {
    let real = fs::canonicalize(place.path("")).unwrap();
    let said = said.replace(&format!("{}/", real.display()), "");
    let said = said.replace(&format!("{}/", place.path("").display()), "");
    // The copy is named by a digest of where the archive lies.
    match said.split_once("cache/unpacked/") {
        Some((before, after)) => format!("{before}the cache{}", after.split_once(".tar").unwrap().1),
        None => said,
    }
}

/// A folder with two people and a file beside their photos.
fn beside(name: &str, bytes: &[u8]) -> String {
    let place = Place::with_faces(2, 1);
    place.write(&format!("faces/{name}"), bytes);
    told(&place, &place.faces())
}

/// A folder with two people, to which `change` does something.
fn folder(change: impl FnOnce(&Path)) -> String {
    let place = Place::with_faces(2, 1);
    change(&place.faces());
    told(&place, &place.faces())
}

/// A file by itself.
fn alone(name: &str, bytes: &[u8]) -> String {
    let place = Place::with_faces(0, 0);
    let path = place.write(name, bytes);
    told(&place, &path)
}

/// A PNG whose pixels are all black.
fn black(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_pixel(width, height, Luma([0])).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A file that was committed beside the tests.
fn written(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images").join(name)).unwrap()
}

type Row = (&'static str, String);

fn images() -> Vec<Row> {
    let jpeg = encoded(&picture(9, 9), ImageFormat::Jpeg);
    let mut thumbnail = written("exif-6.jpg");
    thumbnail.truncate(thumbnail.len() - 200);
    vec![
        ("a JPEG cut short", beside("p00/x.jpg", &jpeg[..jpeg.len() / 2])),
        ("a JPEG with a camera's note, cut short", beside("p00/x.jpg", &thumbnail)),
        ("a file of zero bytes", beside("p00/x.jpg", b"")),
        ("a text that is called a photo", beside("p00/x.jpg", b"hello")),
        ("a PNG that is called a JPEG", beside("p00/x.jpg", &png(&picture(9, 9)))),
        ("a JPEG with bytes behind its end", beside("p00/x.jpg", &[jpeg, vec![0; 1000]].concat())),
        ("a PNG that promises 60000 × 60000 pixels", beside("p00/x.png", &promising(60_000))),
        ("a PNG of 15000 × 15000 black pixels", beside("p00/x.png", &black(15_000, 15_000))),
        ("a PNG of 1 × 1", beside("p00/x.png", &black(1, 1))),
        ("a PNG of 16000 × 1", beside("p00/x.png", &black(16_000, 1))),
        ("a PNG of 20000 × 1", beside("p00/x.png", &black(20_000, 1))),
        ("a PGM without pixels", beside("p00/x.pgm", b"P5\n0 0\n255\n")),
        ("a JPEG in CMYK", beside("p00/x.jpg", &written("cmyk.jpg"))),
        ("a JPEG in CMYK without Adobe's mark", beside("p00/x.jpg", &written("cmyk-unmarked.jpg"))),
        ("a progressive JPEG", beside("p00/x.jpg", &written("progressive.jpg"))),
        ("a JPEG that a camera's note turns", beside("p00/x.jpg", &written("exif-6.jpg"))),
        ("a PNG of 16 bits", beside("p00/x.png", &written("rgb16.png"))),
        ("a PNG with a palette", beside("p00/x.png", &written("palette.png"))),
        ("a GIF", beside("p00/x.gif", b"GIF89a")),
        ("a GIF that is called a JPEG", beside("p00/x.jpg", b"GIF89a\x01\0\x01\0\0\0\0;")),
    ]
}

/// A PNG whose header promises `side` × `side` pixels.
fn promising(side: u32) -> Vec<u8> {
    let mut png = png(&picture(0, 0));
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&png[12..29]);
    png[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    png
}

fn folders() -> Vec<Row> {
    let photo = png(&picture(9, 9));
    let name = |bytes: &[u8]| -> PathBuf {
        use std::os::unix::ffi::OsStrExt as _;
        std::ffi::OsStr::from_bytes(bytes).into()
    };
    let fifo = folder(|faces| {
        let made = std::process::Command::new("mkfifo").arg(faces.join("p00/x.png")).status();
        assert!(made.unwrap().success());
    });
    vec![
        (
            "a file whose name is not UTF-8",
            folder(|faces| fs::write(faces.join(name(b"p00/\xFF.png")), &photo).unwrap()),
        ),
        (
            "a link in a circle to the folder itself",
            folder(|faces| symlink(faces, faces.join("p00/x.png")).unwrap()),
        ),
        ("a link to itself", folder(|faces| symlink("x.png", faces.join("p00/x.png")).unwrap())),
        (
            "a link that leads nowhere",
            folder(|faces| symlink("/nowhere/x.png", faces.join("p00/x.png")).unwrap()),
        ),
        ("a pipe that is called a photo", fifo),
        (
            "a device that is called a photo",
            folder(|faces| symlink("/dev/zero", faces.join("p00/x.png")).unwrap()),
        ),
        ("a folder that is called a photo", folder(|faces| fs::create_dir(faces.join("p00/x.png")).unwrap())),
        ("a photo of nobody", beside("x.png", &photo)),
    ]
}

fn containers() -> Vec<Row> {
    let image = png(&picture(1, 1));
    let record = |n: u64| (n + 1, frame(0, &labelled(n as f32, n + 1, &png(&picture(n as u8, 0)))));
    let (records, _) = record_file(&[record(0), record(1)]);
    let past = || {
        let place = Place::with_faces(0, 0);
        place.write("x.idx", "1\t0\n9\t999999\n");
        let path = place.write("x.rec", &records);
        told(&place, &path)
    };
    let bomb = Zipped {
        packed: crate::forms::deflated(&vec![0; 1_000_000]),
        ..Zipped::deflated("p1/x.png", &image)
    };
    let vast = Zipped { bytes: u32::MAX - 1, ..Zipped::deflated("p1/x.png", &image) };
    let nul = Zipped { name: b"p1/\0.png".to_vec(), ..Zipped::deflated("p1/x.png", &image) };
    let of_zip = |other: Zipped| alone("x.zip", &zip_of(&[Zipped::stored("p0/0.png", &image), other]));
    let of_tar = |name: &str, bytes: &[u8]| {
        alone("x.tar", &tar_of(&[("p0/0.png".to_owned(), image.clone()), (name.to_owned(), bytes.to_vec())]))
    };
    let nested = zip_of(&[Zipped::stored("p0/0.png", &image)]);
    let short = pickle_of_protocol_4(&[image.clone(), image.clone()], &[true]);
    vec![
        ("a record file cut short", alone("x.rec", &records[..records.len() - 10])),
        ("an index that points past the end", past()),
        ("a pickle with code in it", alone("x.bin", b"\x80\x02cos\nsystem\n(S'true'\ntR.")),
        (
            "a pickle that calls `_codecs.decode`",
            alone("x.bin", b"\x80\x02](c_codecs\ndecode\nX\x01\0\0\0aX\x06\0\0\0latin1\x86R."),
        ),
        ("a pickle cut short", alone("x.bin", &short[..short.len() / 2])),
        ("a pickle that promises 4 GB", alone("x.bin", b"\x80\x02](B\xFF\xFF\xFF\xFFabc")),
        ("a zip of which a member is a bomb", of_zip(bomb)),
        ("a zip that promises 4 GB for a member", of_zip(vast)),
        ("a zip within a zip", of_zip(Zipped::stored("p1/x.zip", &nested))),
        ("a zip with a NUL in a name", of_zip(nul)),
        ("a tar.gz that is a bomb", alone("x.tgz", &gzipped(&vec![0; 64 << 20]))),
        ("a tar with an absolute path", of_tar("/p1/x.png", &image)),
        ("a tar with `..` in a path", of_tar("../p1/x.png", &image)),
        ("a tar with a name twice", of_tar("p0/0.png", &image)),
        ("a tar of which the last member is cut short", {
            let tar =
                tar_of(&[("p0/0.png".to_owned(), image.clone()), ("p1/x.png".to_owned(), vec![7; 4000])]);
            alone("x.tar", &tar[..tar.len() - 1024 - 2048])
        }),
    ]
}

/// What becomes of the test of a list with `text`, whose two people train no network.
fn pairs(name: &str, text: impl AsRef<[u8]>) -> String {
    let place = Place::with_split();
    let list = place.write(name, text);
    let data = arclab_spec::config::DataConfig { split: given(place.path("split.csv")), ..place.data() };
    let said = match place.prepare(&data, &evaluation(0, [("test", listed(list))])) {
        Ok(found) => format!("{} pairs serve", found.protocols[0].1.len()),
        Err(error) => format!("refused: {}", chain(&error)),
    };
    without_place(&said, &place)
}

fn texts() -> Vec<Row> {
    let csv = "a,b,same\np02/00.png,p02/01.png,1\np02/00.png,p03/00.png,0\n";
    let lfw = "1\np02_0000\t0\t1\n";
    let dos = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let utf16: Vec<u8> = format!("\u{feff}{csv}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let list = |text: String| {
        let place = Place::with_faces(2, 1);
        let path = place.write("list.csv", text);
        told(&place, &path)
    };
    let named = "path,identity\nfaces/p00/00.png,a\nfaces/p01/00.png,b\n";
    vec![
        ("pairs in CSV with Windows' line ends and byte order mark", pairs("x.csv", dos(csv))),
        ("pairs in CSV in UTF-16", pairs("x.csv", utf16)),
        (
            "LFW's pairs.txt with Windows' line ends and byte order mark",
            lfw_pairs(&dos("1\nann\t1\t2\nann\t1\tbob\t1\n")),
        ),
        ("LFW's people.txt as a list of pairs", pairs("people.txt", "2\nann\t3\nbob\t1\n")),
        ("pairs.txt that ends early", pairs("pairs.txt", lfw)),
        ("a list of paths with Windows' line ends and byte order mark", list(dos(named))),
        ("a list of paths that names a file twice", list(format!("{named}faces/p00/00.png,a\n"))),
        ("a list of paths with a NUL", list(format!("{named}faces/\0.png,a\n"))),
    ]
}

fn lfw_pairs(text: &str) -> String {
    let place = Place::with_faces(0, 0);
    let counts = inspect_pairs(&place.write("pairs.txt", text)).unwrap();
    format!("{} pairs serve", counts.same + counts.different)
}

fn document(sections: [(&str, Vec<Row>); 4]) -> String {
    let mut out = "# Hostile files\n\nWhat becomes of each, as `tests/data/hostile.rs` finds it and keeps this table: none panics, none takes \
        memory by promise, and each is named. Beside the images stand two sound ones, beside members of an archive one, two in lists.\n"
        .to_owned();
    for (title, rows) in sections {
        let _ = write!(out, "\n## {title}\n\n| what | becomes |\n| --- | --- |\n");
        for (what, becomes) in rows {
            let _ = writeln!(out, "| {what} | {} |", becomes.replace('|', "\\|").replace('\0', "\u{2400}"));
        }
    }
    out + "\nA file without permission to read is an error, and so ends a run: what cannot be read today may be there tomorrow, and no \
        run trains on fewer photos by accident.\n"
}

/// The most memory that this process has had, in megabytes, where the system says it.
fn peak_megabytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[test]
fn the_table_says_what_becomes_of_each() {
    let found = document([
        ("Images", images()),
        ("Folders", folders()),
        ("Containers", containers()),
        ("Lists", texts()),
    ]);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("HOSTILE.md");
    if std::env::var_os("ARCLAB_UPDATE").is_some() {
        fs::write(&file, &found).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap();
    for (kept, found) in kept.lines().zip(found.lines()) {
        assert_eq!(kept, found);
    }
    assert_eq!(kept.lines().count(), found.lines().count());
    // The largest image that is read takes 512 MB, and the black one, made here, 225.
    assert!(peak_megabytes() < 1024, "{} MB", peak_megabytes());
}

#[test]
fn what_pillow_writes_is_read_as_pillow_reads_it() {
    let place = Place::with_faces(0, 0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images");
    let is_reference = |name: &String| name.ends_with(".jpg.png") || name.ends_with(".png.png");
    let references: Vec<String> = crate::support::names(&folder).into_iter().filter(is_reference).collect();
    assert_eq!(references.len(), 18);
    for reference in &references {
        let name = reference.strip_suffix(".png").unwrap();
        place.write(&format!("faces/p/{name}"), written(name));
    }
    let dataset = Dataset::Folder(place.faces());
    for reference in &references {
        let name = format!("p/{}", reference.strip_suffix(".png").unwrap());
        let (images, numbers) =
            find_images(&dataset, 32, std::slice::from_ref(&name), &place.cache(), &Silent).unwrap();
        let wanted: RgbImage = image::load_from_memory(&written(reference)).unwrap().into_rgb8();
        let differs = |(found, wanted): (&u8, &u8)| found.abs_diff(*wanted);
        let most = images.pixels(numbers[0]).iter().zip(wanted.as_raw()).map(differs).max();
        // Decoders of JPEG may round otherwise; 16 bits are rounded here and cut there.
        assert!(most <= Some(2), "{name}: {most:?}");
        assert!(wanted.pixels().any(|pixel| *pixel != Rgb([0; 3])), "{name}");
    }
}

#[test]
fn verification_sets_of_python_3_are_read_in_its_old_protocols() {
    for protocol in 0..3 {
        let name = format!("protocol-{protocol}.bin");
        let said = alone(&name, &written(&name));
        assert_eq!(said, "4 images serve", "{name}");
    }
}

/// The permission itself is asked for by another user where this one may read everything.
#[test]
fn a_file_without_permission_to_read_is_an_error_that_names_it() {
    use std::os::unix::process::CommandExt as _;
    const FOLDER: &str = "ARCLAB_TEST_UNREADABLE";
    if let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) {
        let request = CheckRequest { set: folder.join("faces"), size: 16, split: None, lists: Vec::new() };
        let error = check(&request, &folder.join("cache"), &Silent).map(|found| found.own);
        let text = error.map_err(|error| chain(&error)).unwrap_err();
        assert!(
            text.contains("p00/x.png, which no run leaves out: make it readable")
                && text.contains("ermission denied"),
            "{text}"
        );
        return;
    }
    let place = Place::with_faces(2, 1);
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    fs::create_dir(place.cache()).unwrap();
    open(&place.path(""), 0o755);
    open(&place.cache(), 0o777);
    open(&place.write("faces/p00/x.png", png(&picture(9, 9))), 0o000);
    let is_everything = fs::read(place.path("faces/p00/x.png")).is_ok();
    let test = "hostile::a_file_without_permission_to_read_is_an_error_that_names_it";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test]).env(FOLDER, place.path(""));
    if is_everything {
        // Nobody.
        child.uid(65_534).gid(65_534);
    }
    match child.output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) => {
            eprintln!("skipped: this user reads everything, and none else can run the test: {error}");
        }
    }
}
