//! What was drawn for one photo.

use serde::{Deserialize, Serialize};

/// The conditions of one rendered photo, as drawn.
///
/// Lengths in pixels are those of a crop of 112 × 112, whatever the size rendered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// Colour temperature of the light, in kelvin; 6504 is neutral, lower is redder.
    pub colour_temperature_kelvin: f32,
    /// Exposure, in stops (powers of two) from the right one.
    pub exposure_stops: f32,
    /// Contrast of the tone curve; 1 is neutral.
    pub contrast: f32,
    /// Where the light comes from: degrees from the camera's axis, positive from the picture's right.
    pub light_azimuth_deg: f32,
    /// Height of the light over the horizon, in degrees.
    pub light_elevation_deg: f32,
    /// Share of the light that comes from everywhere, in (0, 1).
    pub light_ambient: f32,
    /// Head turned towards the picture's right, in degrees.
    pub yaw_deg: f32,
    /// Head bowed, in degrees.
    pub pitch_deg: f32,
    /// Head tilted clockwise as seen, in degrees; what alignment left of it.
    pub roll_deg: f32,
    /// Size of the face relative to an exactly aligned one.
    pub scale: f32,
    /// Shift to the right that alignment left, in pixels.
    pub shift_x_px: f32,
    /// Shift downwards that alignment left, in pixels.
    pub shift_y_px: f32,
    /// The face's expression.
    pub expression: Expression,
    /// Standard deviation of the blur, in pixels.
    pub blur_px: f32,
    /// Standard deviation of the sensor's noise, as a share of white.
    pub noise: f32,
    /// What stands before the face.
    pub occlusion: Occlusion,
    /// Whether the person wears their glasses.
    pub glasses: bool,
    /// How hair and beard are worn.
    pub grooming: Grooming,
}

/// How a person wears hair and beard on the day of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grooming {
    /// How the hair falls: 0 as usual, positive fuller, in [-2.5, 2.5].
    pub volume: f32,
    /// Whether long hair is tied back.
    pub tied_back: bool,
    /// Lightness of the hair relative to its usual one, in [-1, 1].
    pub lightness: f32,
    /// Growth of the beard relative to the usual one, in [0, 1.8].
    pub beard: f32,
}

/// What the muscles of a face do; all zero is at rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// Corners of the mouth up (positive) or down, in [-1, 1.5].
    pub smile: f32,
    /// Mouth open, in [0, 1.2].
    pub mouth_open: f32,
    /// Brows up (positive) or down, in [-1, 1].
    pub brow_raise: f32,
    /// Lids closed, in [-0.3, 0.95]; negative is wide open.
    pub lids_closed: f32,
    /// Gaze to the picture's right, in [-1, 1].
    pub gaze: f32,
}

/// What stands before a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occlusion {
    /// Nothing.
    None,
    /// A scarf over the chin and perhaps the mouth.
    Scarf,
    /// A hand at the cheek or the mouth.
    Hand,
    /// Dark glasses.
    Sunglasses,
    /// Hair that falls over an eye.
    HairStrand,
    /// A cap or a hat over hair and forehead.
    Hat,
}
