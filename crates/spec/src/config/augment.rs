//! `data.augment:`: random changes to training images, each time they are used.

use serde::{Deserialize, Serialize};

/// `data.augment:`; applied to training images only.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augment {
    /// Probability of a horizontal flip.
    pub flip: f64,
    /// Probability of turning the image grey.
    pub grey: f64,
    /// Random colour temperatures.
    pub colour_temperature: Option<ColourTemperature>,
    /// Random crops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// What display values are multiplied by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brightness: Option<Varied>,
    /// What distances from the image's mean luma are multiplied by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrast: Option<Varied>,
    /// Standard deviation of a Gaussian blur, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blur: Option<Varied>,
    /// Side to which an image is brought and from which it comes back, as a share of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_resolution: Option<Varied>,
    /// Quality of a JPEG that the image has been, 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jpeg_quality: Option<Varied>,
    /// Side of a square that is painted over, as a share of the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutout: Option<Varied>,
}

impl Augment {
    /// No change at all.
    pub const NONE: Self = Self {
        flip: 0.0,
        grey: 0.0,
        colour_temperature: None,
        crop: None,
        brightness: None,
        contrast: None,
        blur: None,
        low_resolution: None,
        jpeg_quality: None,
        cutout: None,
    };
}

/// `data.augment.colour_temperature:`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColourTemperature {
    /// Probability that an image is changed.
    pub probability: f64,
    /// Warmest light, in kelvin.
    pub min_kelvin: f64,
    /// Coldest light, in kelvin.
    pub max_kelvin: f64,
}

/// `data.augment.crop:`: a square of the image that is brought to the image's size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// Probability that an image is changed.
    pub probability: f64,
    /// Least side, as a share of the image's.
    pub min_side: f64,
    /// Largest side, as a share of the image's.
    pub max_side: f64,
    /// How far it may lie beyond an edge at most, as a share of the image's side; pixels at the edge are repeated there.
    pub shift: f64,
}

/// A number that is drawn evenly between two ends for a share of the images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Varied {
    /// Probability that an image is changed.
    pub probability: f64,
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
}
