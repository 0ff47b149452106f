//! The real data sets, where they are at hand: `ARCLAB_DATA`, or `shared/data` beside the repository.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use arclab_data::{Prepared, Silent, prepare};
use arclab_spec::config::{DataConfig, Dataset, PairSource};

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
