//! Held-out prediction: training images dealt into folds, each of which one training leaves out.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use arclab_spec::Fingerprint;

use crate::{
    Prepared, Sample,
    pairs::write_once,
    random::{Draws, Purpose},
};

/// A split file that could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("failed to write {}", path.display())]
pub struct KeepSplitError {
    /// The file.
    path: PathBuf,
    /// Why not.
    source: io::Error,
}

/// Deals `train` into `folds`: which fold each image is in, if any.
///
/// Every label's images are shuffled and dealt in turn, and the next label goes on where the last one stopped: a fold has its
/// share of each label, and all folds are of one size but for an image. An image that is alone under its label is in none: a
/// training without it would not know the label, by which it could be judged. So each training knows all labels.
pub fn deal(train: &[Sample], folds: u32, seed: u64) -> Vec<Option<u32>> {
    let mut places: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, sample) in train.iter().enumerate() {
        places.entry(sample.label).or_default().push(place);
    }
    let draws = Draws::new(seed, Purpose::Folds);
    let mut fold_of = vec![None; train.len()];
    let mut turns = (0..folds.max(1)).cycle();
    for (label, places) in places.iter().filter(|(_, places)| places.len() > 1) {
        for place in draws.stream(u64::from(*label)).shuffled(places) {
            fold_of[place] = turns.next();
        }
    }
    fold_of
}

impl Prepared {
    /// Keeps in `folder`, under the name of its content, the split file of a training without the training images at the places
    /// that `is_left_out` names: those images serve for nothing there. Labels stand in it as they are given, wrong ones
    /// included.
    pub fn keep_split(
        &self,
        is_left_out: impl Fn(usize) -> bool,
        folder: &Path,
    ) -> Result<PathBuf, KeepSplitError> {
        let kept = self.train.iter().enumerate().filter(|(place, _)| !is_left_out(*place));
        let train = kept.map(|(_, sample)| (sample, "train"));
        let lines = train.chain(self.validation.iter().map(|sample| (sample, "validation")));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write = |record: [&str; 3]| writer.write_record(record).expect("memory takes every record");
        write(["path", "identity", "split"]);
        for (sample, part) in lines {
            write([self.images.name(sample.image), &self.identities[sample.label as usize], part]);
        }
        let csv = writer.into_inner().expect("memory takes every record");
        let path = folder.join(format!("{}.csv", Fingerprint::of(&csv)));
        let kept = write_once(folder, &path, &csv).and_then(|()| fs::canonicalize(&path));
        kept.map_err(|source| KeepSplitError { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(counts: &[usize]) -> Vec<Sample> {
        let labels = counts.iter().zip(0..).flat_map(|(&count, label)| std::iter::repeat_n(label, count));
        labels.enumerate().map(|(image, label)| Sample { image, label }).collect()
    }

    fn sizes(fold_of: &[Option<u32>], folds: u32) -> Vec<usize> {
        (0..folds).map(|fold| fold_of.iter().filter(|of| **of == Some(fold)).count()).collect()
    }

    #[test]
    fn every_label_gives_each_fold_its_share_and_folds_differ_by_one_image() {
        let train = samples(&[5, 10, 7]);
        let fold_of = deal(&train, 5, 0);
        assert_eq!(sizes(&fold_of[..5], 5), [1; 5]);
        assert_eq!(sizes(&fold_of[5..15], 5), [2; 5]);
        let mut all = sizes(&fold_of, 5);
        all.sort_unstable();
        assert_eq!(all, [4, 4, 4, 5, 5]);
    }

    #[test]
    fn no_fold_leaves_out_all_images_of_a_label() {
        let train = samples(&[1, 2, 3, 2, 1, 40]);
        for folds in 2..8 {
            let fold_of = deal(&train, folds, 3);
            for fold in 0..folds {
                for label in 0..6 {
                    let mut of_label = train.iter().zip(&fold_of).filter(|(sample, _)| sample.label == label);
                    assert!(of_label.any(|(_, of)| *of != Some(fold)), "{folds} folds, {fold}, {label}");
                }
            }
            // Alone under its label.
            assert_eq!((fold_of[0], fold_of[8]), (None, None));
        }
    }

    #[test]
    fn another_seed_deals_otherwise_and_the_same_seed_does_not() {
        let train = samples(&[20, 20]);
        assert_eq!(deal(&train, 4, 1), deal(&train, 4, 1));
        assert_ne!(deal(&train, 4, 1), deal(&train, 4, 2));
    }
}
