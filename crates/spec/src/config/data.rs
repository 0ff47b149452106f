//! `data:`: which images, how split, in which colours, with which augmentation.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Augment;

/// `data:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Where the images come from.
    pub dataset: Dataset,
    /// Which image serves for what.
    pub split: SplitConfig,
    /// Side of the square input, in pixels.
    pub image_size: u32,
    /// Colour treatment, the same in training and in tests.
    pub colour: ColourMode,
    /// Random changes to training images.
    pub augment: Augment,
}

/// `data.dataset:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Dataset {
    /// The embedded faces: rendered, the same on every machine.
    Synthetic(Synthetic),
    /// Images in any form: a folder with one sub-folder an identity, a list, a container.
    Folder(PathBuf),
}

/// `data.dataset: {synthetic: …}`: how many faces, and how much their photos vary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Synthetic {
    /// Number of people.
    pub identities: u32,
    /// Photos of each person.
    pub images_per_identity: u32,
    /// Seed of the renderer.
    pub seed: u64,
    /// Share of the images that carry another person's label, in [0, 1).
    pub mislabelled: f64,
    /// Strengths of what varies between two photos of a person.
    pub vary: PhotoVariation,
}

/// Strengths of a rendered photo's variations; 0 is none, 1 the default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotoVariation {
    /// Head turn, tilt, scale and shift.
    pub pose: f64,
    /// Mouth, brows and eyelids.
    pub expression: f64,
    /// Overall brightness.
    pub exposure: f64,
    /// Direction of the light, as shading.
    pub light: f64,
    /// Colour temperature of the light.
    pub colour_temperature: f64,
    /// Blur.
    pub blur: f64,
    /// Sensor noise.
    pub noise: f64,
    /// Share and size of things before the face.
    pub occlusion: f64,
}

impl PhotoVariation {
    /// All of them, as strong as by default.
    pub const ALL: Self = Self {
        pose: 1.0,
        expression: 1.0,
        exposure: 1.0,
        light: 1.0,
        colour_temperature: 1.0,
        blur: 1.0,
        noise: 1.0,
        occlusion: 1.0,
    };
}

/// `data.split:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SplitConfig {
    /// Drawn from the data set.
    Drawn {
        /// Share of the identities held out for open-set tests, in (0, 1).
        open_identities: f64,
        /// Share of the other identities' images held out for closed-set tests, in (0, 1).
        closed_images: f64,
        /// Share of the images that are left which validate, in (0, 1).
        validation_images: f64,
        /// Seed of the draw; kept apart from the training seed so that all seeds are tested on the same pairs.
        seed: u64,
    },
    /// Given by a CSV file with columns `path,identity,split`, where split is one of `train`, `validation`,
    /// `closed_test`, `open_test`.
    File {
        /// The CSV file; its paths are relative to the data set's folder.
        file: PathBuf,
        /// Share of the training images that validate where the file names no `validation`, in (0, 1).
        validation_images: f64,
        /// Seed of that draw.
        seed: u64,
    },
}

/// `data.colour:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourMode {
    /// Red, green, blue.
    Rgb,
    /// The luma (ITU-R BT.601) on all three channels, so that the network's shape stays.
    Grey,
}
