//! No image of a test may have been seen in training.

use std::{collections::BTreeMap, fmt};

use arclab_spec::ProtocolName;

use crate::{images::Images, pairs::PairList, split::Sample};

/// Images named in an error.
const EXAMPLES: usize = 3;

/// An image that trains and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakedImage {
    /// Its name in the test's folder.
    pub test: String,
    /// Its name among the training or validation images.
    pub train: String,
}

/// A test whose images were partly seen in training, by their content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The test.
    pub protocol: ProtocolName,
    /// Number of its images that train or validate.
    pub images: usize,
    /// Some of them.
    pub examples: Vec<LeakedImage>,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, images, examples } = self;
        write!(f, "{images} images of the pairs of `{protocol}` are among those that train or validate: ")?;
        for (place, LeakedImage { test, train }) in examples.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { ", " })?;
            if test == train { write!(f, "{test}")? } else { write!(f, "{test} (which is {train})")? }
        }
        f.write_str(if *images > examples.len() { ", …" } else { "" })
    }
}

/// Images that train or validate: names by content.
#[derive(Debug)]
pub(crate) struct Seen<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Seen<'a> {
    pub(crate) fn new(samples: impl Iterator<Item = &'a Sample>, images: &'a Images) -> Self {
        let named = |sample: &Sample| (images.content(sample.image).as_str(), images.name(sample.image));
        Self(samples.map(named).collect())
    }

    /// Those among the images of a protocol's pairs.
    pub(crate) fn leak(&self, protocol: &ProtocolName, list: &PairList, images: &Images) -> Option<Leak> {
        let leaked: Vec<LeakedImage> = list
            .images()
            .into_iter()
            .filter_map(|test| Some((test, *self.0.get(images.content(test).as_str())?)))
            .map(|(test, train)| LeakedImage { test: images.name(test).to_owned(), train: train.to_owned() })
            .collect();
        (!leaked.is_empty()).then(|| Leak {
            protocol: protocol.clone(),
            images: leaked.len(),
            examples: leaked.into_iter().take(EXAMPLES).collect(),
        })
    }
}
