//! From a configuration to decoded images, labels and pair lists.

mod error;
mod find;
mod fingerprint;
mod judgeable;
mod lists;
mod people;

use std::path::Path;

use arclab_spec::{
    Fingerprint, ListPeople, ProtocolName,
    config::{DataConfig, Dataset, EvaluationConfig, PairSource, Protocol, SplitConfig},
};

pub use self::{
    error::PrepareError,
    find::{FindError, find_images},
    judgeable::Unjudgeable,
};
use self::{fingerprint::fingerprint, lists::Lists};
use crate::{
    container::{LeftOut, holds_its_images},
    gallery::{Gallery, Opened},
    images::Images,
    labels,
    leak::{Leak, Seen},
    pairs::{PairList, PairsError},
    progress::Progress,
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
    /// Balanced pairs of validation images; empty where none are possible or asked for, and no threshold needs them.
    pub validation_pairs: PairList,
    /// The tests by name, in the order of their names.
    pub protocols: Vec<(ProtocolName, PairList)>,
    /// Who is on the images of each test.
    pub people: Vec<ListPeople>,
    /// The images that all numbers above mean.
    pub images: Images,
    /// Files that were of no use.
    pub left_out: Vec<LeftOut>,
    /// What else a person should know: which lists are shorter than asked for, and why.
    pub notes: Vec<String>,
}

impl Prepared {
    /// Images of a test of weights at hand that train or validate here, by their content.
    pub fn leak(&self, mode: &ProtocolName, test: &TestPairs) -> Option<Leak> {
        let seen = Seen::new(self.train.iter().chain(&self.validation), &self.images);
        seen.leak(mode, &test.pairs, &test.images)
    }
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
    /// What else a person should know: whether the list is shorter than asked for, and why.
    pub notes: Vec<String>,
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
    let mut opened = Vec::with_capacity(evaluation.protocols.len());
    for (name, protocol) in &evaluation.protocols {
        opened.push(match own_images(name, protocol)? {
            Some(images) => open_images(&mut gallery, name, images)?,
            None => whole.clone(),
        });
    }
    let mut lists = lists(&split, data, &gallery);
    let validation_pairs = lists.validation(evaluation)?;
    let mut protocols = Vec::with_capacity(opened.len());
    for ((name, protocol), opened) in evaluation.protocols.iter().zip(&opened) {
        protocols.push((name.clone(), lists.protocol(name, protocol, opened)?));
    }
    let notes = lists.notes;
    let images = gallery.images();
    let seen = Seen::new(split.train.iter().chain(&split.validation), images);
    if let Some(leak) = protocols.iter().find_map(|(name, list)| seen.leak(name, list, images)) {
        return Err(PrepareError::Leak(leak));
    }
    // Before labels are spoiled: a wrong label changes nobody.
    let people = people::of_lists(protocols.iter().map(|(_, list)| list), &split, images);
    if let Dataset::Synthetic(config) = &data.dataset {
        labels::spoil(&mut split, config);
    }
    let fingerprint = fingerprint(&split, &validation_pairs, &protocols, gallery.images());
    let (images, mut left_out, mut noted) = gallery.finish();
    left_out.append(&mut split.left_out);
    noted.extend(notes);
    let Split { identities, train, validation, .. } = split;
    Ok(Prepared {
        fingerprint,
        identities,
        train,
        validation,
        validation_pairs,
        protocols,
        people,
        images,
        left_out,
        notes: noted,
    })
}

/// Prepares the pairs of one protocol alone, for weights at hand. A listed protocol needs no split, and none is made.
pub fn prepare_test(
    data: &DataConfig,
    mode: &ProtocolName,
    protocol: &Protocol,
    cache: &Path,
    progress: &dyn Progress,
) -> Result<TestPairs, PrepareError> {
    let mut gallery = Gallery::new(cache, data.image_size, progress);
    let opened = match own_images(mode, protocol)? {
        Some(images) => open_images(&mut gallery, mode, images)?,
        None => gallery.dataset(&data.dataset).map_err(PrepareError::Images)?,
    };
    let split = match &protocol.pairs {
        PairSource::Drawn { .. } => split::split(&data.split, &opened.to_split(gallery.images()))?,
        PairSource::Listed { .. } => Split::default(),
    };
    let mut lists = lists(&split, data, &gallery);
    let (pairs, notes) = (lists.protocol(mode, protocol, &opened)?, lists.notes);
    let (images, mut left_out, mut noted) = gallery.finish();
    left_out.extend(split.left_out);
    noted.extend(notes);
    Ok(TestPairs { pairs, images, left_out, notes: noted })
}

fn lists<'a>(split: &'a Split, data: &DataConfig, gallery: &'a Gallery<'_>) -> Lists<'a> {
    let (SplitConfig::Drawn { seed, .. } | SplitConfig::File { seed, .. }) = data.split;
    Lists { split, seed, images: gallery.images(), cache: gallery.cache(), notes: Vec::new() }
}

/// Where a protocol's images lie, where they are not the data set's.
fn own_images<'a>(name: &ProtocolName, protocol: &'a Protocol) -> Result<Option<&'a Path>, PrepareError> {
    match &protocol.pairs {
        PairSource::Listed { list, images } if holds_its_images(list) => match images {
            None => Ok(Some(list)),
            Some(images) => {
                let source = PairsError::OwnImages { list: list.clone(), images: images.clone() };
                Err(PrepareError::Pairs { protocol: name.clone(), source })
            }
        },
        PairSource::Listed { images, .. } => Ok(images.as_deref()),
        PairSource::Drawn { .. } => Ok(None),
    }
}

fn open_images(
    gallery: &mut Gallery<'_>,
    protocol: &ProtocolName,
    path: &Path,
) -> Result<Opened, PrepareError> {
    let error = |source| PrepareError::ProtocolImages { protocol: protocol.clone(), source };
    gallery.folder(path).map_err(error)
}
