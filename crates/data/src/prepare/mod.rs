//! From a configuration to decoded images, labels and pair lists.

mod error;
mod fingerprint;

use std::path::Path;

use arclab_spec::{
    Fingerprint, ProtocolName,
    config::{DataConfig, Dataset, EvaluationConfig, PairSource, Protocol, SplitConfig, SplitPart},
};

pub use self::error::PrepareError;
use self::fingerprint::fingerprint;
use crate::{
    folder::LeftOut,
    gallery::{Gallery, Opened},
    images::Images,
    labels, leak,
    pairs::{self, PairList, Wanted},
    progress::Progress,
    random::Purpose,
    split::{self, Sample, Split},
};

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
    let mut split = split::split(&data.split, &whole.to_split(gallery.images()))?;
    let seed = split_seed(&data.split);
    let wanted = |count| Wanted { count, mislabelled: 0.0, seed, purpose: Purpose::ValidationPairs };
    let validation_pairs = pairs::draw(&split.validation, wanted(evaluation.validation_pairs))
        .and_then(|pairs| PairList::keep(pairs, gallery.images(), cache))
        .map_err(PrepareError::ValidationPairs)?;
    let mut protocols = Vec::with_capacity(evaluation.protocols.len());
    for (name, protocol) in &evaluation.protocols {
        let opened = match own_folder(protocol) {
            Some(folder) => open_folder(&mut gallery, name, folder)?,
            None => whole.clone(),
        };
        protocols.push((name.clone(), pair_list(name, protocol, &opened, &split, seed, &gallery)?));
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
    let opened = match own_folder(protocol) {
        Some(folder) => open_folder(&mut gallery, mode, folder)?,
        None => gallery.dataset(&data.dataset).map_err(PrepareError::Images)?,
    };
    let split = match &protocol.pairs {
        PairSource::Drawn { .. } => split::split(&data.split, &opened.to_split(gallery.images()))?,
        PairSource::Listed { .. } => Split::default(),
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

/// The folder that a protocol's images lie in, where it is not the data set's.
fn own_folder(protocol: &Protocol) -> Option<&Path> {
    match &protocol.pairs {
        PairSource::Listed { images, .. } => images.as_deref(),
        PairSource::Drawn { .. } => None,
    }
}

fn open_folder(
    gallery: &mut Gallery<'_>,
    protocol: &ProtocolName,
    folder: &Path,
) -> Result<Opened, PrepareError> {
    let error = |source| PrepareError::ProtocolImages { protocol: protocol.clone(), source };
    gallery.folder(folder).map_err(error)
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
