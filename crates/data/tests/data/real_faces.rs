//! The real data sets, where they are at hand: `ARCLAB_DATA`, or `shared/data` beside the repository.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use arclab_data::{
    Encoding, ExportForm, ExportRequest, Form, Prepared, Silent, export, inspect, prepare, prepare_test,
};
use arclab_metrics::ThresholdPolicy;
use arclab_spec::{
    ProtocolName,
    config::{DataConfig, Dataset, PairSource, Protocol},
};

use crate::support::{data, drawn, evaluation, given, listed};

fn real_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("ARCLAB_DATA").map_or(beside, PathBuf::from);
    let found = folder.join("celeba-split.csv").exists();
    if !found {
        eprintln!("skipped: no real faces in {}", folder.display());
    }
    found.then_some(folder)
}

fn celeba(folder: &Path, cache: &Path) -> Prepared {
    let data = DataConfig {
        image_size: 64,
        ..data(Dataset::Folder(folder.join("celeba")), given(folder.join("celeba-split.csv")))
    };
    let lfw = PairSource::Listed { list: folder.join("lfw-pairs.txt"), images: Some(folder.join("lfw")) };
    let tests = [
        ("closed", listed(folder.join("celeba-closed-pairs.csv"))),
        ("lfw", lfw),
        ("open", listed(folder.join("celeba-open-pairs.csv"))),
    ];
    prepare(&data, &evaluation(500, tests), cache, &Silent).unwrap()
}

#[test]
fn celeba_and_lfw_have_the_numbers_of_their_description() {
    let Some(folder) = real_data() else { return };
    let cache = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let prepared = celeba(&folder, cache.path());
    eprintln!("prepared the first time in {:?}", start.elapsed());
    assert_eq!(prepared.train.len() + prepared.validation.len(), 3864);
    assert_eq!(prepared.validation.len(), 386);
    assert_eq!(prepared.identities.len(), 202);
    let counts: Vec<(&str, usize, usize)> = prepared
        .protocols
        .iter()
        .map(|(name, list)| (name.as_str(), list.len(), list.pairs.iter().filter(|pair| pair.same).count()))
        .collect();
    assert_eq!(counts, [("closed", 3958, 1979), ("lfw", 6000, 3000), ("open", 6000, 3000)]);
    let folds = prepared.protocols[1].1.folds().unwrap();
    assert!((0..10).all(|fold| folds.iter().filter(|&&one| one == fold).count() == 600));
    assert!(prepared.left_out.is_empty(), "{:?}", prepared.left_out);
    let start = Instant::now();
    let again = celeba(&folder, cache.path());
    eprintln!("prepared the second time in {:?}", start.elapsed());
    assert_eq!(prepared.fingerprint, again.fingerprint);
}

#[test]
fn orls_grey_portraits_are_cropped_to_squares() {
    let Some(folder) = real_data() else { return };
    let cache = tempfile::tempdir().unwrap();
    let data = DataConfig { image_size: 48, ..data(Dataset::Folder(folder.join("orl")), drawn(0)) };
    let prepared = prepare(&data, &evaluation(20, []), cache.path(), &Silent).unwrap();
    assert_eq!((prepared.images.len(), prepared.identities.len()), (400, 28));
    assert!(prepared.left_out.is_empty(), "{:?}", prepared.left_out);
    let pixels = prepared.images.pixels(0);
    assert!(pixels.chunks(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}

#[test]
fn records_that_mxnet_wrote_are_read_with_their_index_and_without() {
    let Some(folder) = real_data() else { return };
    let place = tempfile::tempdir().unwrap();
    let alone = place.path().join("alone.rec");
    std::fs::copy(folder.join("recordio/train.rec"), &alone).unwrap();
    let expected = std::fs::read_to_string(folder.join("recordio/train.lst")).unwrap();
    let mut expected: Vec<String> = expected
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            format!("{}/{}", fields[1], fields[0])
        })
        .collect();
    expected.sort();
    for set in [folder.join("recordio"), alone] {
        let found = inspect(&set, 100, place.path(), &Silent).unwrap();
        assert_eq!((found.form, found.images, found.images_per_identity), (Form::RecordIo, 8, vec![4, 4]));
        assert_eq!(found.names, expected[..5]);
        let [(sort, 8)] = found.sorts.as_slice() else { panic!("{:?}", found.sorts) };
        assert_eq!((sort.format, sort.width, sort.height, sort.is_grey), ("JPEG", 112, 112, false));
        assert!(found.problems.is_empty(), "{:?}", found.problems);
    }
}

#[test]
fn lfw_as_a_verification_set_has_the_pairs_and_the_pixels_of_its_folder() {
    let Some(folder) = real_data() else { return };
    let place = tempfile::tempdir().unwrap();
    let (lfw, list) = (folder.join("lfw"), folder.join("lfw-pairs.txt"));
    let (out, cache) = (place.path().join("lfw.bin"), place.path().join("cache"));
    let request = ExportRequest {
        source: &lfw,
        form: ExportForm::Verification,
        out: &out,
        encoding: Encoding::Keep,
        pairs: Some(&list),
        cache: &cache,
    };
    let written = export(&request, &Silent).unwrap();
    assert_eq!((written.images, written.identities), (12_000, 4281));
    let data = DataConfig { image_size: 64, ..data(Dataset::Folder(folder.join("celeba")), drawn(0)) };
    let mode = ProtocolName::new("lfw").unwrap();
    let test = |pairs| {
        let protocol = Protocol { pairs, threshold: ThresholdPolicy::KFold { folds: 10 } };
        prepare_test(&data, &mode, &protocol, &cache, &Silent).unwrap()
    };
    let packed = test(listed(out));
    let listed = test(PairSource::Listed { list, images: Some(lfw) });
    assert_eq!((packed.pairs.len(), packed.images.len()), (6000, 12_000));
    for (packed_pair, listed_pair) in packed.pairs.pairs.iter().zip(&listed.pairs.pairs) {
        assert_eq!(packed_pair.same, listed_pair.same);
        for (packed_image, listed_image) in [(packed_pair.a, listed_pair.a), (packed_pair.b, listed_pair.b)] {
            assert_eq!(packed.images.content(packed_image), listed.images.content(listed_image));
        }
    }
}
