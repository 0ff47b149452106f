//! The images of a data set and of its protocols' own folders, under one numbering.

use std::{borrow::Cow, collections::BTreeMap, ops::Range, sync::Arc};

use arclab_spec::{Fingerprint, config::ColourMode};

use crate::{
    augment,
    cache::{ImageSet, Record},
    measure::{Attribute, Measures},
    synthetic::Attributes,
};

/// Decoded images, numbered from 0: those of the data set first, then those of other folders that pairs come from.
/// Cheap to clone; pixels are read from the page cache.
#[derive(Debug, Clone)]
pub struct Images {
    size: u32,
    sets: Vec<(usize, Arc<ImageSet>)>,
    count: usize,
}

impl Images {
    pub(crate) fn new(size: u32) -> Self {
        Self { size, sets: Vec::new(), count: 0 }
    }

    /// Numbers of the images of `set`.
    pub(crate) fn add(&mut self, set: Arc<ImageSet>) -> Range<usize> {
        let start = self.count;
        self.count += set.records.len();
        self.sets.push((start, set));
        start..self.count
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Width and height of each image in pixels.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The H × W × 3 bytes of `image`: red, green and blue, row by row.
    ///
    /// # Panics
    /// Where there is no such image.
    pub fn pixels(&self, image: usize) -> &[u8] {
        let (set, place) = self.find(image);
        set.pixels(place)
    }

    /// The bytes of `image` in `colour`.
    pub fn pixels_in(&self, image: usize, colour: ColourMode) -> Cow<'_, [u8]> {
        match colour {
            ColourMode::Rgb => Cow::Borrowed(self.pixels(image)),
            ColourMode::Grey => {
                let mut pixels = self.pixels(image).to_vec();
                augment::to_grey(&mut pixels);
                Cow::Owned(pixels)
            }
        }
    }

    /// Name of `image`, `IDENTITY/FILE`; unique in its folder.
    pub fn name(&self, image: usize) -> &str {
        &self.record(image).name
    }

    /// What was drawn for `image`, where it was rendered.
    pub fn attributes(&self, image: usize) -> Option<&Attributes> {
        self.record(image).attributes.as_deref()
    }

    /// What the pixels of `image` say of it. The first question measures its whole data set, once for all runs of a store.
    pub fn measures(&self, image: usize) -> &Measures {
        let (set, place) = self.find(image);
        set.measures(place)
    }

    /// The value of `attribute` of `image`; none of what was drawn where it was not rendered.
    pub fn attribute(&self, attribute: Attribute, image: usize) -> Option<f64> {
        attribute.of(self.measures(image), self.attributes(image))
    }

    /// Digest of what `image` was made from; the same at every image size.
    pub fn content(&self, image: usize) -> &Fingerprint {
        &self.record(image).content
    }

    /// Whether `image` is one of the data set, and not of a folder that pairs come from.
    pub(crate) fn is_of_data_set(&self, image: usize) -> bool {
        self.sets.get(1).is_none_or(|(start, _)| image < *start)
    }

    pub(crate) fn record(&self, image: usize) -> &Record {
        let (set, place) = self.find(image);
        &set.records[place]
    }

    /// Numbers by name, of the images in `range`.
    pub(crate) fn by_name(&self, range: Range<usize>) -> BTreeMap<&str, usize> {
        range.map(|image| (self.name(image), image)).collect()
    }

    fn find(&self, image: usize) -> (&ImageSet, usize) {
        let set = self.sets.partition_point(|(start, _)| *start <= image) - 1;
        let (start, set) = &self.sets[set];
        (set, image - start)
    }
}
