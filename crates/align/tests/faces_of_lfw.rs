//! Real photos, where `../shared/data` has them: landmarks and crops that others published.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they skip"
)]

use std::path::{Path, PathBuf};

use arclab_align::{Detector, Landmarks, Photo, Point, Policy, align, is_aligned};

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

/// Path below `lfw-raw/images`, and the points that SphereFace published.
fn landmarks(shared: &Path) -> Vec<(String, Landmarks)> {
    let text = std::fs::read_to_string(shared.join("lfw-raw/landmarks.tsv")).unwrap();
    let line = |line: &str| {
        let (path, numbers) = line.split_once('\t').unwrap();
        let numbers: Vec<f64> = numbers.split('\t').map(|number| number.parse().unwrap()).collect();
        let points = std::array::from_fn(|k| Point { x: numbers[2 * k], y: numbers[2 * k + 1] });
        (path.to_owned(), Landmarks(points))
    };
    text.lines().map(line).collect()
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
    eprintln!("{} photos, mean distance {mean:.2} pixels", distances.len());
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
    eprintln!(
        "{} crops, median difference {:.1}, without alignment {:.1}",
        near.len(),
        median(near.clone()),
        median(unaligned.clone())
    );
    assert!(near.len() > 50);
    assert!(median(near.clone()) < 0.5 * median(unaligned));
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
        let crop = photo(&reference);
        let faces = detector.find(&crop).unwrap();
        if let Ok(chosen) = Policy::Largest.choose(&faces, &crop, 20.0) {
            eprintln!("{path} {:.2} of {:.1}", chosen.face.landmarks.distance(&Landmarks::template(112)), Landmarks::template(112).eye_distance());
        } else { eprintln!("{path} none"); }
        photos += u32::from(recognised(&shared.join("lfw-raw/images").join(&path)));
    }
    eprintln!("of {count}: {crops} crops recognised, {photos} photos taken for crops");
    assert!(crops * 10 >= count * 9, "{crops} of {count}");
    assert_eq!(photos, 0);
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
