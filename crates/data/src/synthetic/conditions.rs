//! Draws the conditions of a photo.
//!
//! Every photo draws the same numbers in the same order and multiplies them by the strengths afterwards, so one
//! strength changed leaves everything else about a photo as it was.

use arclab_spec::config::{PhotoVariation, Synthetic};

use super::attributes::{Attributes, Expression, Grooming, Occlusion};
use super::person::Person;
use super::random::{Purpose, Stream};

/// Micro reciprocal degrees of neutral light: colour changes evenly in 10⁶ / kelvin, not in kelvin.
const NEUTRAL_MIRED: f32 = 153.75;
/// Their deviation between two photos of a person; gives log(red/blue) the spread that it has in natural photos.
const MIRED_DEVIATION: f32 = 36.0;

/// The conditions of photo `image` of a person.
pub(super) fn draw(config: &Synthetic, person: &Person, identity: u32, image: u32) -> Attributes {
    let mut stream = Stream::new(config.seed, Purpose::Conditions, identity, image);
    let vary = &config.vary;
    let mut attributes = neutral();
    pose(&mut attributes, vary.pose as f32, &mut stream);
    attributes.expression = expression(vary.expression as f32, &mut stream);
    exposure(&mut attributes, vary, &mut stream);
    light(&mut attributes, vary.light as f32, &mut stream);
    camera(&mut attributes, vary, &mut stream);
    before_the_face(&mut attributes, vary.occlusion as f32, person, &mut stream);
    attributes
}

/// A photo on which nothing varies.
fn neutral() -> Attributes {
    Attributes {
        colour_temperature_kelvin: 1e6 / NEUTRAL_MIRED,
        exposure_stops: 0.0,
        contrast: 1.0,
        light_azimuth_deg: 0.0,
        light_elevation_deg: 28.0,
        light_ambient: 0.55,
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
        grooming: Grooming { volume: 0.0, tied_back: false, lightness: 0.0, beard: 1.0 },
    }
}

fn pose(attributes: &mut Attributes, strength: f32, stream: &mut Stream) {
    attributes.yaw_deg = stream.around(0.0, 17.0 * strength).clamp(-42.0, 42.0);
    attributes.pitch_deg = stream.around(0.0, 9.0 * strength).clamp(-24.0, 24.0);
    attributes.roll_deg = stream.around(0.0, 3.5 * strength).clamp(-15.0, 15.0);
    attributes.scale = stream.around(1.0, 0.035 * strength).clamp(0.85, 1.15);
    attributes.shift_x_px = stream.around(0.0, 1.6 * strength).clamp(-8.0, 8.0);
    attributes.shift_y_px = stream.around(0.0, 1.6 * strength).clamp(-8.0, 8.0);
}

fn expression(strength: f32, stream: &mut Stream) -> Expression {
    let smile = stream.around(0.35, 0.42).max(-0.35) * strength;
    // Most mouths are shut; an open one often laughs.
    let mouth_open = (stream.around(-0.15, 0.4) + 0.25 * smile).max(0.0) * strength;
    let brow_raise = stream.around(0.0, 0.4) * strength;
    let blink = if stream.chance(0.05) { 0.9 } else { 0.0 };
    let lids_closed = (stream.around(0.05, 0.17) + blink + 0.12 * smile) * strength;
    Expression {
        smile: smile.clamp(-1.0, 1.5),
        mouth_open: mouth_open.clamp(0.0, 1.2),
        brow_raise: brow_raise.clamp(-1.0, 1.0),
        lids_closed: lids_closed.clamp(-0.3, 0.95),
        gaze: (stream.around(0.0, 0.35) * strength).clamp(-1.0, 1.0),
    }
}

fn exposure(attributes: &mut Attributes, vary: &PhotoVariation, stream: &mut Stream) {
    let strength = vary.exposure as f32;
    attributes.exposure_stops = stream.around(0.0, 0.55 * strength).clamp(-2.0, 1.5);
    attributes.contrast = stream.around(1.0, 0.12 * strength).clamp(0.6, 1.5);
    let mired = NEUTRAL_MIRED + stream.around(0.0, MIRED_DEVIATION * vary.colour_temperature as f32);
    attributes.colour_temperature_kelvin = 1e6 / mired.clamp(45.0, 450.0);
}

fn light(attributes: &mut Attributes, strength: f32, stream: &mut Stream) {
    attributes.light_azimuth_deg = stream.around(0.0, 42.0 * strength).clamp(-85.0, 85.0);
    attributes.light_elevation_deg = (28.0 + stream.around(0.0, 17.0 * strength)).clamp(-20.0, 75.0);
    attributes.light_ambient = stream.around(0.55, 0.12 * strength).clamp(0.25, 0.85);
}

fn camera(attributes: &mut Attributes, vary: &PhotoVariation, stream: &mut Stream) {
    // Cubed, so that most photos are nearly sharp and clean, and a few are bad.
    let softness = stream.unit();
    attributes.blur_px = (0.3 + 1.9 * softness * softness * softness) * vary.blur as f32;
    attributes.blur_px = attributes.blur_px.clamp(0.0, 6.0);
    let sensitivity = stream.unit();
    attributes.noise =
        ((0.008 + 0.04 * sensitivity * sensitivity * sensitivity) * vary.noise as f32).clamp(0.0, 0.2);
}

fn before_the_face(attributes: &mut Attributes, strength: f32, person: &Person, stream: &mut Stream) {
    let (wears, which, hides) = (stream.unit(), stream.unit(), stream.unit());
    let habit = person.glasses.habit;
    // At strength 0 a person looks as they mostly do.
    attributes.glasses = if strength > 0.0 { wears < habit } else { habit > 0.5 };
    attributes.grooming = grooming(strength, stream);
    if hides < (0.2 * strength).min(0.8) {
        attributes.occlusion = kind(which);
    }
}

fn grooming(strength: f32, stream: &mut Stream) -> Grooming {
    Grooming {
        volume: (stream.normal() * strength).clamp(-2.5, 2.5),
        tied_back: stream.chance((0.3 * strength).min(0.7)),
        lightness: (stream.around(0.0, 0.35) * strength).clamp(-1.0, 1.0),
        beard: stream.around(1.0, 0.45 * strength).clamp(0.0, 1.8),
    }
}

fn kind(which: f32) -> Occlusion {
    match which {
        share if share < 0.16 => Occlusion::Scarf,
        share if share < 0.34 => Occlusion::Hand,
        share if share < 0.52 => Occlusion::Sunglasses,
        share if share < 0.74 => Occlusion::Hat,
        _ => Occlusion::HairStrand,
    }
}
