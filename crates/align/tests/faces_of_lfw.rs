//! Real photos, where `../shared/data` has them: landmarks and crops that others published.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they skip"
)]

use std::path::{Path, PathBuf};

use arclab_align::{Detector, Landmarks, LandmarksFile, Photo, Point, Policy, align, is_aligned};

fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !folder.join("lfw-raw").is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

fn photo(path: &Path) -> Photo {
    let image = image::open(path).unwrap().into_rgb8();
    Photo { width: image.width() as usize, height: image.height() as usize, rgb: image.into_raw() }
}

/// Paths below `lfw-raw/images`, and the points that SphereFace published.
fn landmarks(shared: &Path) -> Vec<(String, Landmarks)> {
    let file = shared.join("lfw-raw/landmarks.tsv");
    let known = LandmarksFile::read(&file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let paths = text.lines().map(|line| line.split('\t').next().unwrap().to_owned());
    paths.map(|path| (path.clone(), *known.of(&path).unwrap())).collect()
}

fn detector(shared: &Path) -> Detector {
    Detector::load(&shared.join("models/yunet_n_320_320.onnx")).unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Mean difference of two crops, in counts of 255, in the middle half: the reference is a JPEG, and its borders depend on
/// where each set of landmarks puts them.
fn difference(a: &Photo, b: &Photo) -> f64 {
    let within = |place: usize| (28..84).contains(&(place % 112)) && (28..84).contains(&(place / 112));
    let places = (0..112 * 112).filter(|&place| within(place));
    let sums = places
        .flat_map(|place| (3 * place)..(3 * place + 3))
        .map(|byte| f64::from(a.rgb[byte].abs_diff(b.rgb[byte])));
    sums.sum::<f64>() / (56.0 * 56.0 * 3.0)
}

#[test]
fn yunet_finds_every_face_of_lfw_near_the_points_that_were_published() {
    let Some(shared) = shared() else { return };
    let (detector, mut distances) = (detector(&shared), Vec::new());
    for (path, published) in landmarks(&shared) {
        let photo = photo(&shared.join("lfw-raw/images").join(&path));
        let faces = detector.find(&photo).unwrap();
        let chosen =
            Policy::Largest.choose(&faces, &photo, 40.0).unwrap_or_else(|why| panic!("{path}: {why}"));
        let distance = chosen.face.landmarks.distance(&published);
        assert!(distance < 0.4 * published.eye_distance(), "{path}: {distance}");
        distances.push(distance);
    }
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    // 3.9 pixels, measured with another runtime.
    assert_eq!(distances.len(), 100);
    assert!((3.4..4.4).contains(&mean), "{mean}");
}

#[test]
fn crops_from_published_points_are_near_to_insightfaces() {
    let Some(shared) = shared() else { return };
    let (mut near, mut unaligned) = (Vec::new(), Vec::new());
    for (path, published) in landmarks(&shared) {
        let reference = shared.join("lfw").join(&path);
        if !reference.is_file() {
            continue;
        }
        let (raw, reference) = (photo(&shared.join("lfw-raw/images").join(&path)), photo(&reference));
        let crop = align(&raw, &published, 112).unwrap();
        near.push(difference(&crop, &reference));
        let middle = Photo {
            width: 112,
            height: 112,
            rgb: (69..181).flat_map(|y| raw.rgb[3 * (250 * y + 69)..3 * (250 * y + 181)].to_vec()).collect(),
        };
        unaligned.push(difference(&middle, &reference));
    }
    let (crops, count) = (median(near.clone()), near.len());
    // Eight of the photos are of the official test, of which InsightFace published crops.
    assert_eq!(count, 8);
    assert!(crops < 0.5 * median(unaligned.clone()), "{near:?}, without alignment {unaligned:?}");
    // A crop that lay a pixel or two elsewhere would differ by as much as it does from its neighbours.
    assert!(crops < 8.0, "{near:?}");
}

#[test]
fn crops_that_are_aligned_already_are_recognised_and_photos_are_not() {
    let Some(shared) = shared() else { return };
    let detector = detector(&shared);
    let (mut crops, mut photos, mut count) = (0, 0, 0);
    for (path, _) in landmarks(&shared) {
        let reference = shared.join("lfw").join(&path);
        if !reference.is_file() {
            continue;
        }
        count += 1;
        let recognised = |path: &Path| {
            let photo = photo(path);
            let faces = detector.find(&photo).unwrap();
            Policy::Largest
                .choose(&faces, &photo, 20.0)
                .is_ok_and(|chosen| is_aligned(&photo, &chosen.face.landmarks))
        };
        crops += u32::from(recognised(&reference));
        photos += u32::from(recognised(&shared.join("lfw-raw/images").join(&path)));
    }
    assert_eq!((count, crops, photos), (8, 8, 0));
}

#[test]
fn a_small_face_in_a_large_photo_is_found_in_a_part_of_it() {
    let Some(shared) = shared() else { return };
    let (path, published) = landmarks(&shared).swap_remove(0);
    let small = photo(&shared.join("lfw-raw/images").join(path));
    // At the network's size the face would be some nine pixels wide.
    let (side, left, top) = (3600, 2500, 1300);
    let mut large = Photo { width: side, height: side, rgb: vec![128; 3 * side * side] };
    for (row, pixels) in small.rgb.chunks_exact(3 * small.width).enumerate() {
        let start = 3 * ((top + row) * side + left);
        large.rgb[start..start + pixels.len()].copy_from_slice(pixels);
    }
    let faces = detector(&shared).find(&large).unwrap();
    let chosen = Policy::Largest.choose(&faces, &large, 40.0).unwrap();
    let shifted = |Point { x, y }: Point| Point { x: x - left as f64, y: y - top as f64 };
    let found = Landmarks(chosen.face.landmarks.0.map(shifted));
    assert!(found.distance(&published) < 0.4 * published.eye_distance(), "{found:?} {published:?}");
}

#[test]
fn what_is_no_yunet_is_refused_with_the_reason() {
    let folder = std::env::temp_dir().join(format!("arclab-align-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("network.onnx");
    std::fs::write(&file, b"no network at all").unwrap();
    let said = Detector::load(&file).err().unwrap().to_string();
    assert!(said.contains("network.onnx"), "{said}");
    let absent = Detector::load(&folder.join("absent.onnx")).err().unwrap().to_string();
    assert!(absent.contains("failed to read"), "{absent}");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A field of a protobuf message that has a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, content.len() as u8], content].concat()
}

/// An ONNX file whose network is one ReLU of 1 × 3 × 32 × 32 numbers.
fn relu() -> Vec<u8> {
    let sizes = [1, 3, 32, 32].map(|size| field(1, &[1 << 3, size])).concat();
    let tensor = [vec![1 << 3, 1], field(2, &sizes)].concat();
    let value = |name: &[u8]| [field(1, name), field(2, &field(1, &tensor))].concat();
    let node = [field(1, b"x"), field(2, b"y"), field(4, b"Relu")].concat();
    let graph =
        [field(1, &node), field(2, b"relu"), field(11, &value(b"x")), field(12, &value(b"y"))].concat();
    [vec![1 << 3, 8], field(7, &graph), field(8, &[2 << 3, 13])].concat()
}

#[test]
fn another_network_is_told_apart_from_yunet_by_what_it_lacks() {
    let folder = std::env::temp_dir().join(format!("arclab-relu-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("relu.onnx");
    std::fs::write(&file, relu()).unwrap();
    let said = Detector::load(&file).err().unwrap().to_string();
    assert!(said.contains("relu.onnx is no YuNet with a fixed input: it has no output `cls_8`"), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}
