//! What is known of the images of pairs: attributes and pixels, as the caller has found them.

use std::collections::BTreeMap;

/// An attribute that images have.
#[derive(Debug, Clone, Copy)]
pub struct AttributeColumn {
    /// `colour_temperature`.
    pub name: &'static str,
    /// Of an image's value; may be empty.
    pub unit: &'static str,
    /// Of the difference of two.
    pub gap_unit: &'static str,
    /// What it is, with its source.
    pub about: &'static str,
    /// The difference of two values.
    pub gap: fn(f64, f64) -> f64,
}

/// Red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width and height in pixels.
    pub size: u32,
    /// H × W × 3 bytes.
    pub rgb: Vec<u8>,
}

/// What is known of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// A value an attribute; none where the image has it not.
    pub values: Vec<Option<f64>>,
    /// Its pixels, where they are wanted.
    pub picture: Option<Picture>,
}

/// Images by name; empty where the data is not at hand.
#[derive(Debug, Clone, Default)]
pub struct Album {
    /// What `values` are of.
    pub attributes: Vec<AttributeColumn>,
    /// By name.
    pub photos: BTreeMap<String, Photo>,
    /// The gaps of all pairs of the list, in ascending order: an attribute each of different people and of the same. Nothing is
    /// unusual where there are none.
    pub gaps: Vec<[Vec<f64>; 2]>,
}

/// A gap that few pairs of its kind have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Unusual {
    /// Which attribute.
    pub(crate) attribute: usize,
    /// How far both images are apart.
    pub(crate) gap: f64,
    /// The share of the list's pairs of the same truth that are as far apart, or farther.
    pub(crate) share: f64,
}

/// What as many pairs have is no explanation.
const UNUSUAL: f64 = 0.05;

impl Album {
    /// The values of one attribute of both images; none unless both have it.
    pub fn values(&self, attribute: usize, images: &[String; 2]) -> Option<[f64; 2]> {
        let value = |image: &String| self.photos.get(image)?.values[attribute];
        Some([value(&images[0])?, value(&images[1])?])
    }

    /// How far both images are apart.
    pub fn gap(&self, attribute: usize, images: &[String; 2]) -> Option<f64> {
        let [a, b] = self.values(attribute, images)?;
        Some((self.attributes[attribute].gap)(a, b))
    }

    /// By what a pair of this truth differs more than 19 of 20 others, the rarest first.
    pub(crate) fn unusual(&self, images: &[String; 2], same: bool) -> Vec<Unusual> {
        let mut found = Vec::new();
        for (attribute, gaps) in self.gaps.iter().enumerate() {
            let Some(gap) = self.gap(attribute, images) else { continue };
            let gaps = &gaps[usize::from(same)];
            let farther = gaps.len() - gaps.partition_point(|&other| other < gap);
            let share = farther as f64 / gaps.len().max(1) as f64;
            if share <= UNUSUAL {
                found.push(Unusual { attribute, gap, share });
            }
        }
        found.sort_by(|a, b| a.share.total_cmp(&b.share));
        found
    }
}

impl AttributeColumn {
    /// `Colour temperature`.
    pub(crate) fn title(&self) -> String {
        let words = self.name.replace('_', " ");
        let (first, rest) = words.split_at(1);
        first.to_uppercase() + rest
    }

    /// A number with its unit, to about three digits that count.
    pub(crate) fn shown(value: f64, unit: &str) -> String {
        let decimals = Self::decimals(unit);
        if unit.is_empty() { format!("{value:.decimals$}") } else { format!("{value:.decimals$} {unit}") }
    }

    pub(crate) fn decimals(unit: &str) -> usize {
        match unit {
            "K" | "mired" => 0,
            "deg" => 1,
            _ => 2,
        }
    }
}
