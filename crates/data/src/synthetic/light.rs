//! Lays light on the painted person and puts them before the background.

use tiny_skia::Pixmap;

use crate::augment;

use super::attributes::Attributes;
use super::background::Background;
use super::colour::Transfer;
use super::pose::Pose;
use super::relief::Relief;

/// Brightness that skin adds where it mirrors the light.
const SHEEN: f32 = 0.10;

/// The light of one photo.
struct Light {
    /// Direction towards the light: right, down, to the camera.
    direction: [f32; 3],
    /// Halfway between the light and the camera.
    half: [f32; 3],
    ambient: f32,
    /// Factors of linear red, green and blue.
    gains: [f32; 3],
}

impl Light {
    fn new(drawn: &Attributes) -> Self {
        let (azimuth, elevation) =
            (drawn.light_azimuth_deg.to_radians(), drawn.light_elevation_deg.to_radians());
        let direction = [azimuth.sin() * elevation.cos(), -elevation.sin(), azimuth.cos() * elevation.cos()];
        let exposure = drawn.exposure_stops.exp2();
        Self {
            direction,
            half: normalised([direction[0], direction[1], direction[2] + 1.0]),
            ambient: drawn.light_ambient,
            gains: augment::gains(f64::from(drawn.colour_temperature_kelvin))
                .map(|gain| gain as f32 * exposure),
        }
    }

    /// Light that a surface throws back, and what it mirrors besides.
    fn shade(&self, normal: [f32; 3]) -> (f32, f32) {
        let toward = dot(normal, self.direction);
        // Skin lets light through: the shadow's edge is soft.
        let wrapped = ((toward + 0.25) / 1.25).max(0.0);
        let sky = 0.85 - 0.25 * normal[1];
        let mirrored = dot(normal, self.half).max(0.0);
        let fourth = (mirrored * mirrored) * (mirrored * mirrored);
        let sheen = (fourth * fourth) * (fourth * fourth) * SHEEN * (1.0 - self.ambient);
        (self.ambient * sky + (1.0 - self.ambient) * 1.3 * wrapped, sheen)
    }
}

/// The linear picture: red, green and blue of each pixel.
pub(super) fn expose(
    person: &Pixmap,
    background: &Background,
    relief: &Relief<'_>,
    pose: &Pose,
    drawn: &Attributes,
) -> Vec<[f32; 3]> {
    let (light, transfer) = (Light::new(drawn), Transfer::new());
    let side = person.width() as usize;
    let pixels = person.pixels().iter().enumerate();
    pixels
        .map(|(index, pixel)| {
            let (x, y) = ((index % side) as f32 + 0.5, (index / side) as f32 + 0.5);
            let cover = f32::from(pixel.alpha()) / 255.0;
            let mut sum = [0.0; 3];
            if pixel.alpha() < 255 {
                let scene = background.at(x / side as f32, y / side as f32);
                sum = scene.map(|value| transfer.linear(value) * (1.0 - cover) * 0.9);
            }
            if pixel.alpha() > 0 {
                let (shade, sheen) = light.shade(normal(pose.sphere(x, y), relief.at(index)));
                let painted = [pixel.red(), pixel.green(), pixel.blue()];
                for (channel, value) in painted.into_iter().enumerate() {
                    let albedo = transfer.linear(f32::from(value) / 255.0 / cover.max(1.0 / 255.0));
                    sum[channel] += cover * (albedo * shade + sheen);
                }
            }
            std::array::from_fn(|channel| sum[channel] * light.gains[channel])
        })
        .collect()
}

/// The normal of the head where a pixel sees it, tilted by the relief.
fn normal([u, v]: [f32; 2], slope: [f32; 2]) -> [f32; 3] {
    let height = (1.0 - u * u - v * v).max(0.12).sqrt();
    // Flatter than a ball: a face is.
    normalised([0.85 * u / height - slope[0], 0.6 * v / height - slope[1], 1.0])
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn normalised(vector: [f32; 3]) -> [f32; 3] {
    let length = dot(vector, vector).sqrt().max(1e-6);
    vector.map(|value| value / length)
}
