//! The embedded faces: a deterministic renderer of parametric faces.

mod attributes;
mod labels;
mod random;

use arclab_spec::config::Synthetic;

pub use self::attributes::{Attributes, Expression, Occlusion};
pub use self::labels::label;

/// Raised whenever the same arguments give other pixels or attributes; part of a data set's fingerprint.
pub const RENDERER_VERSION: u32 = 1;

/// One rendered photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// `size` × `size` pixels of red, green and blue, row by row.
    pub rgb: Vec<u8>,
    /// The conditions that were drawn for it.
    pub attributes: Attributes,
}

/// Photo number `image` of person number `identity`, `size` pixels wide and high.
///
/// Pure: nothing but the arguments decides, so any thread may render any photo in any order.
pub fn render(config: &Synthetic, identity: u32, image: u32, size: u32) -> Photo {
    // Placeholder until the face is painted: a disc in the person's colour.
    let mut person = random::Stream::new(config.seed, random::Purpose::Person, identity, 0);
    let mut photo = random::Stream::new(config.seed, random::Purpose::Conditions, identity, image);
    let colour = [person.between(90.0, 230.0), person.between(70.0, 200.0), person.between(50.0, 180.0)];
    let gain = photo.between(0.6, 1.2);
    let radius = 0.42 * size as f32;
    let rgb = (0..size * size)
        .flat_map(|index| {
            let x = (index % size) as f32 - 0.5 * size as f32;
            let y = (index / size) as f32 - 0.5 * size as f32;
            let inside = x * x + y * y < radius * radius;
            colour.map(|channel| if inside { (channel * gain) as u8 } else { 96 })
        })
        .collect();
    Photo { rgb, attributes: NEUTRAL }
}

const NEUTRAL: Attributes = Attributes {
    colour_temperature_kelvin: 6504.0,
    exposure_stops: 0.0,
    contrast: 1.0,
    light_azimuth_deg: 0.0,
    light_elevation_deg: 25.0,
    light_ambient: 0.5,
    yaw_deg: 0.0,
    pitch_deg: 0.0,
    roll_deg: 0.0,
    scale: 1.0,
    shift_x_px: 0.0,
    shift_y_px: 0.0,
    expression: Expression { smile: 0.0, mouth_open: 0.0, brow_raise: 0.0, lids_closed: 0.0, gaze: 0.0 },
    blur_px: 0.0,
    noise: 0.0,
    occlusion: Occlusion::None,
    glasses: false,
    hair_volume: 0.0,
};
