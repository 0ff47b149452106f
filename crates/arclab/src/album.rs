//! The images of a run's pairs, with what is known of them: for whoever asks which pairs are wrong, and why.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use arclab_data::{Attribute, Images, prepare};
use arclab_report::{Album, AttributeColumn, Photo, Picture};
use arclab_spec::{Fingerprint, RunId};
use arclab_store::Store;

use crate::{output::Output, progress::DataProgress};

/// The pairs of one list by the numbers of their images.
pub(crate) struct PairImages {
    images: Images,
    /// Both images of each pair, in the list's order, and whether they are of one person.
    pairs: Vec<([usize; 2], bool)>,
}

impl PairImages {
    /// Prepares the data of `run`, from the cache where it is there, and finds the list that it was tested on.
    pub(crate) async fn of(
        store: &Store,
        run: &RunId,
        list: &Fingerprint,
        output: Output,
    ) -> anyhow::Result<Self> {
        let config = store.job(run).await?.plan.config;
        let progress = DataProgress::new(output);
        let prepared = prepare(&config.data, &config.evaluation, &store.cache(), &progress);
        progress.finish();
        let prepared = prepared.with_context(|| format!("failed to prepare the images of {run}"))?;
        let Some((_, found)) = prepared.protocols.into_iter().find(|(_, found)| &found.fingerprint == list)
        else {
            bail!("the images or the pairs of {run} have changed since it was tested");
        };
        let pairs = found.pairs.iter().map(|pair| ([pair.a, pair.b], pair.same)).collect();
        Ok(Self { images: prepared.images, pairs })
    }

    /// How far the images of each pair are apart; none where they do not have the attribute.
    pub(crate) fn gaps(&self, attribute: Attribute) -> Vec<Option<f64>> {
        let gap = |&([a, b], _): &([usize; 2], bool)| {
            let value = |image| self.images.attribute(attribute, image);
            Some(attribute.gap()(value(a)?, value(b)?))
        };
        self.pairs.iter().map(gap).collect()
    }

    /// All that is known of the images of the pairs at these places, with their pixels where `pictures`.
    pub(crate) fn album(&self, places: impl Iterator<Item = usize>, pictures: bool) -> Album {
        let known: Vec<Attribute> = self.known().collect();
        let mut photos = BTreeMap::new();
        for image in places.flat_map(|place| self.pairs[place].0) {
            photos.entry(self.images.name(image).to_owned()).or_insert_with(|| Photo {
                values: known.iter().map(|&attribute| self.images.attribute(attribute, image)).collect(),
                picture: pictures
                    .then(|| Picture { size: self.images.size(), rgb: self.images.pixels(image).to_vec() }),
            });
        }
        Album { attributes: known.into_iter().map(column).collect(), photos, gaps: Vec::new() }
    }

    /// The gaps of all pairs of the list, to tell what is unusual of one.
    pub(crate) fn all_gaps(&self) -> Vec<[Vec<f64>; 2]> {
        self.known().map(|attribute| self.sorted_gaps(attribute)).collect()
    }

    /// The attributes that the images have.
    fn known(&self) -> impl Iterator<Item = Attribute> {
        let ([first, _], _) = self.pairs[0];
        Attribute::ALL.into_iter().filter(move |&attribute| self.images.attribute(attribute, first).is_some())
    }

    /// Of different people, and of the same.
    fn sorted_gaps(&self, attribute: Attribute) -> [Vec<f64>; 2] {
        let gaps = self.gaps(attribute);
        [false, true].map(|kind| {
            let of_kind = gaps.iter().zip(&self.pairs).filter(|(_, (_, same))| *same == kind);
            let mut sorted: Vec<f64> = of_kind.filter_map(|(gap, _)| *gap).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            sorted
        })
    }
}

/// An attribute as tables have it.
pub(crate) fn column(attribute: Attribute) -> AttributeColumn {
    AttributeColumn {
        name: attribute.name(),
        unit: attribute.unit(),
        gap_unit: attribute.gap_unit(),
        about: attribute.about(),
        gap: attribute.gap(),
    }
}
