//! Small folders of images, and configurations that read them.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use arclab_data::{PrepareError, Prepared, Progress, Silent, prepare};
use arclab_metrics::ThresholdPolicy;
use arclab_spec::{
    ProtocolName,
    config::{
        Augment, ColourMode, DataConfig, Dataset, EvaluationConfig, PairSource, Protocol, SplitConfig,
        SplitPart,
    },
};
use image::{Rgb, RgbImage};
use tempfile::TempDir;

/// A temporary folder with `faces/` and `cache/`.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// `people` people with `photos` photos each, all different.
    pub(crate) fn with_faces(people: u8, photos: u8) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        for person in 0..people {
            for photo in 0..photos {
                place.save(&format!("faces/p{person:02}/{photo:02}.png"), &picture(person, photo));
            }
        }
        place
    }

    /// Five people with four photos each, and `split.csv`, by which the first two train.
    pub(crate) fn with_split() -> Self {
        let place = Self::with_faces(5, 4);
        let train = (0..8).map(|n| format!("p{:02}/{:02}.png,{},train\n", n / 4, n % 4, n / 4));
        place.write("split.csv", format!("path,identity,split\n{}", train.collect::<String>()));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn faces(&self) -> PathBuf {
        self.path("faces")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    pub(crate) fn save(&self, name: &str, picture: &RgbImage) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        picture.save(path).unwrap();
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The faces under a drawn split.
    pub(crate) fn data(&self) -> DataConfig {
        data(Dataset::Folder(self.faces()), drawn(0))
    }

    pub(crate) fn prepare(
        &self,
        data: &DataConfig,
        evaluation: &EvaluationConfig,
    ) -> Result<Prepared, PrepareError> {
        prepare(data, evaluation, &self.cache(), &Silent)
    }
}

/// A picture that no other person and photo has.
pub(crate) fn picture(person: u8, photo: u8) -> RgbImage {
    RgbImage::from_fn(16, 16, |x, y| Rgb([person, photo, (x * 16 + y) as u8]))
}

pub(crate) fn data(dataset: Dataset, split: SplitConfig) -> DataConfig {
    DataConfig { dataset, split, image_size: 16, colour: ColourMode::Rgb, augment: PLAIN }
}

/// No augmentation.
pub(crate) const PLAIN: Augment = Augment::NONE;

pub(crate) fn drawn(seed: u64) -> SplitConfig {
    SplitConfig::Drawn { open_identities: 0.3, closed_images: 0.25, validation_images: 0.1, seed }
}

pub(crate) fn given(file: PathBuf) -> SplitConfig {
    SplitConfig::File { file, validation_images: 0.1, seed: 0 }
}

pub(crate) fn evaluation<const N: usize>(
    validation_pairs: u32,
    tests: [(&str, PairSource); N],
) -> EvaluationConfig {
    evaluation_at(ThresholdPolicy::Fixed(0.3), validation_pairs, tests)
}

pub(crate) fn evaluation_at<const N: usize>(
    threshold: ThresholdPolicy,
    validation_pairs: u32,
    tests: [(&str, PairSource); N],
) -> EvaluationConfig {
    let protocols =
        tests.map(|(name, pairs)| (ProtocolName::new(name).unwrap(), Protocol { pairs, threshold }));
    EvaluationConfig { protocols: protocols.into(), validation_pairs }
}

pub(crate) fn pairs(from: SplitPart, count: u32) -> PairSource {
    PairSource::Drawn { from, count, mislabelled: 0.0 }
}

pub(crate) fn listed(list: PathBuf) -> PairSource {
    PairSource::Listed { list, images: None }
}

/// An error as a person reads it: the whole chain.
pub(crate) fn chain(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |&error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

/// Counts images that are made.
#[derive(Default)]
pub(crate) struct Made(pub(crate) AtomicUsize);

impl Progress for Made {
    fn images(&self, _what: &str, done: usize, total: usize) {
        if done == total {
            self.0.fetch_add(total, Ordering::Relaxed);
        }
    }
}

/// Names of the entries of a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
