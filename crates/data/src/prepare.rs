//! From a configuration to decoded images, labels and pair lists.

use std::path::Path;

use arclab_spec::{
    Fingerprint, ProtocolName,
    config::{DataConfig, Dataset, EvaluationConfig, PairSource, Protocol, SplitConfig, SplitPart},
};

use crate::{
    cache::{CACHE_VERSION, CacheError},
    folder::LeftOut,
    gallery::{Gallery, Opened},
    images::Images,
    labels,
    leak::{self, Leak},
    pairs::{self, PairList, PairsError, Wanted},
    progress::Progress,
    random::Purpose,
    split::{self, Sample, Split, SplitError},
};

/// Why data cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The data set's images.
    #[error("failed to prepare the images")]
    Images(#[source] CacheError),
    /// The images of a protocol's own folder.
    #[error("failed to prepare the images of the protocol `{protocol}`")]
    ProtocolImages {
        /// The protocol.
        protocol: ProtocolName,
        /// Why.
        source: CacheError,
    },
    /// The split.
    #[error("failed to split the data set")]
    Split(#[from] SplitError),
    /// The pairs that validate.
    #[error("failed to draw the validation pairs")]
    ValidationPairs(#[source] PairsError),
    /// The pairs of a protocol.
    #[error("failed to prepare the pairs of the protocol `{protocol}`")]
    Pairs {
        /// The protocol.
        protocol: ProtocolName,
        /// Why.
        source: PairsError,
    },
    /// A test's images were seen in training.
    #[error("{0}")]
    Leak(Leak),
}

/// Everything that a run reads.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Of what decides the numbers: content and labels of the images that train and validate, and all pairs.
    pub fingerprint: Fingerprint,
    /// Names of the training classes; a label is a place here.
    pub identities: Vec<String>,
    /// Training images, a share of which may carry wrong labels.
    pub train: Vec<Sample>,
    /// Validation images, under their right labels.
    pub validation: Vec<Sample>,
    /// Balanced pairs of validation images; empty where none are asked for.
    pub validation_pairs: PairList,
    /// The tests by name, in the order of their names.
    pub protocols: Vec<(ProtocolName, PairList)>,
    /// The images that all numbers above mean.
    pub images: Images,
    /// Files that were of no use.
    pub left_out: Vec<LeftOut>,
}

/// What a test of weights at hand reads.
#[derive(Debug, Clone)]
pub struct TestPairs {
    /// The pairs.
    pub pairs: PairList,
    /// The images that the pairs mean.
    pub images: Images,
    /// Files that were of no use.
    pub left_out: Vec<LeftOut>,
}

/// Prepares what a run reads, decoding or rendering what `cache` does not hold yet.
///
/// The same configuration and files give the same answer. Any number of processes may prepare at once.
pub fn prepare(
    data: &DataConfig,
    evaluation: &EvaluationConfig,
    cache: &Path,
    progress: &dyn Progress,
) -> Result<Prepared, PrepareError> {
    let mut gallery = Gallery::new(cache, data.image_size, progress);
    let whole = gallery.dataset(&data.dataset).map_err(PrepareError::Images)?;
    for (name, protocol) in &evaluation.protocols {
        open_images(&mut gallery, &whole, name, protocol)?;
    }
    let mut split = split::split(&data.split, &whole.to_split(gallery.images()))?;
    let seed = split_seed(&data.split);
    let wanted = |count| Wanted { count, mislabelled: 0.0, seed, purpose: Purpose::ValidationPairs };
    let validation_pairs = pairs::draw(&split.validation, wanted(evaluation.validation_pairs))
        .and_then(|pairs| PairList::keep(pairs, gallery.images(), cache))
        .map_err(PrepareError::ValidationPairs)?;
    let mut protocols = Vec::with_capacity(evaluation.protocols.len());
    for (name, protocol) in &evaluation.protocols {
        let images = open_images(&mut gallery, &whole, name, protocol)?;
        protocols.push((name.clone(), pair_list(name, protocol, &images, &split, seed, &gallery)?));
    }
    let seen = split.train.iter().chain(&split.validation);
    if let Some(leak) = leak::find(seen, &protocols, gallery.images()) {
        return Err(PrepareError::Leak(leak));
    }
    if let Dataset::Synthetic(config) = &data.dataset {
        labels::spoil(&mut split, config);
    }
    let fingerprint = fingerprint(&split, &validation_pairs, &protocols, gallery.images());
    let (images, mut left_out) = gallery.finish();
    left_out.append(&mut split.left_out);
    let Split { identities, train, validation, .. } = split;
    Ok(Prepared { fingerprint, identities, train, validation, validation_pairs, protocols, images, left_out })
}

/// Prepares the pairs of one protocol alone, for weights whose training is not at hand. A listed protocol needs no
/// split, and none is made.
pub fn prepare_test(
    data: &DataConfig,
    mode: &ProtocolName,
    protocol: &Protocol,
    cache: &Path,
    progress: &dyn Progress,
) -> Result<TestPairs, PrepareError> {
    let mut gallery = Gallery::new(cache, data.image_size, progress);
    let (opened, split) = match &protocol.pairs {
        PairSource::Listed { images: Some(folder), .. } => {
            let opened = gallery.folder(folder);
            let error = |source| PrepareError::ProtocolImages { protocol: mode.clone(), source };
            (opened.map_err(error)?, Split::default())
        }
        PairSource::Listed { images: None, .. } => {
            (gallery.dataset(&data.dataset).map_err(PrepareError::Images)?, Split::default())
        }
        PairSource::Drawn { .. } => {
            let whole = gallery.dataset(&data.dataset).map_err(PrepareError::Images)?;
            let split = split::split(&data.split, &whole.to_split(gallery.images()))?;
            (whole, split)
        }
    };
    let pairs = pair_list(mode, protocol, &opened, &split, split_seed(&data.split), &gallery)?;
    let (images, mut left_out) = gallery.finish();
    left_out.extend(split.left_out);
    Ok(TestPairs { pairs, images, left_out })
}

fn split_seed(split: &SplitConfig) -> u64 {
    match split {
        SplitConfig::Drawn { seed, .. } | SplitConfig::File { seed, .. } => *seed,
    }
}

/// The images that a protocol's names are of.
fn open_images(
    gallery: &mut Gallery<'_>,
    whole: &Opened,
    name: &ProtocolName,
    protocol: &Protocol,
) -> Result<Opened, PrepareError> {
    match &protocol.pairs {
        PairSource::Listed { images: Some(folder), .. } => {
            let error = |source| PrepareError::ProtocolImages { protocol: name.clone(), source };
            gallery.folder(folder).map_err(error)
        }
        PairSource::Listed { images: None, .. } | PairSource::Drawn { .. } => Ok(whole.clone()),
    }
}

fn pair_list(
    name: &ProtocolName,
    protocol: &Protocol,
    opened: &Opened,
    split: &Split,
    seed: u64,
    gallery: &Gallery<'_>,
) -> Result<PairList, PrepareError> {
    let pairs = match &protocol.pairs {
        PairSource::Drawn { from, count, mislabelled } => {
            // By part and not by name: two protocols that differ in wrong labels alone ask about the same pairs.
            let purpose = match from {
                SplitPart::ClosedTest => Purpose::ClosedPairs,
                SplitPart::OpenTest => Purpose::OpenPairs,
            };
            pairs::draw(split.part(*from), Wanted { count: *count, mislabelled: *mislabelled, seed, purpose })
        }
        PairSource::Listed { list, .. } => pairs::read(list, &opened.to_library(gallery.images())),
    };
    pairs
        .and_then(|pairs| PairList::keep(pairs, gallery.images(), gallery.cache()))
        .map_err(|source| PrepareError::Pairs { protocol: name.clone(), source })
}

/// Names of files are covered where pair lists show them, and paths nowhere: data may move.
fn fingerprint(
    split: &Split,
    validation_pairs: &PairList,
    protocols: &[(ProtocolName, PairList)],
    images: &Images,
) -> Fingerprint {
    let mut covered = format!("images {CACHE_VERSION}\n");
    for (part, samples) in [("train", &split.train), ("validation", &split.validation)] {
        for sample in samples {
            covered += &format!("{part} {} {}\n", sample.label, images.content(sample.image));
        }
    }
    covered += &format!("validation {}\n", validation_pairs.fingerprint);
    for (name, list) in protocols {
        covered += &format!("{name} {}\n", list.fingerprint);
    }
    Fingerprint::of(covered.as_bytes())
}
