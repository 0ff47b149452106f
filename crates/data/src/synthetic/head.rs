//! The head: skull, cheeks, jaw, ears and neck.

use super::canvas::{Canvas, circle};
use super::person::Traits;
use super::pose::{Spot, edge, skin};
use super::random::Stream;
use super::relief::Relief;
use super::skin::Skin;

/// Shape of a head, in units of the aligned crop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// Half the width at the ears.
    pub(super) half_width: f32,
    /// Half the height of the ellipsoid on which the features lie.
    pub(super) half_height: f32,
    /// Distance from the ears' plane to the face.
    pub(super) depth: f32,
    /// Lowest point of the chin.
    pub(super) chin_y: f32,
    /// Half the width of the jaw at the height of the mouth.
    pub(super) jaw: f32,
    /// Half the width of the chin.
    chin: f32,
    /// Height of the cheekbones' relief.
    cheekbones: f32,
    /// Height of the ridge above the eyes.
    ridge: f32,
    ear_size: f32,
    ear_out: f32,
    neck: f32,
}

/// Top of the skull.
const TOP_Y: f32 = -64.0;

impl Head {
    pub(super) fn new(traits: &Traits, stream: &mut Stream) -> Self {
        let half_width = stream.around(39.5 + 0.8 * traits.fullness, 2.0);
        Self {
            half_width,
            half_height: 63.0,
            depth: 36.0,
            chin_y: stream.around(50.0 + 0.8 * traits.rugged, 2.0),
            jaw: half_width
                * stream.around(0.80 + 0.025 * traits.rugged + 0.025 * traits.fullness, 0.035).min(0.95),
            chin: stream.around(13.5 + 1.6 * traits.rugged + traits.fullness, 1.8).clamp(8.0, 21.0),
            cheekbones: stream.around(2.2 - 0.5 * traits.fullness, 0.8).clamp(0.2, 4.5),
            ridge: stream.around(1.0 + 0.7 * traits.rugged, 0.6).clamp(0.0, 3.5),
            ear_size: stream.around(1.0, 0.12),
            ear_out: stream.around(2.5, 1.4).max(0.0),
            neck: stream.around(23.0 + 2.2 * traits.rugged, 1.8),
        }
    }

    /// How far the chin drops when the mouth opens.
    pub(super) fn drop(mouth_open: f32) -> f32 {
        5.0 * mouth_open
    }

    /// The outline of skull and jaw from the top, clockwise.
    pub(super) fn outline(&self, mouth_open: f32) -> Vec<Spot> {
        let chin_y = self.chin_y + Self::drop(mouth_open);
        let right = [
            (self.half_width * 0.60, TOP_Y + 9.0, 0.0),
            (self.half_width * 0.92, -34.0, 0.0),
            (self.half_width, -6.0, 0.0),
            (self.half_width * 0.97, 10.0, 1.0),
            (self.jaw, 30.0, 6.0),
            (0.5 * (self.jaw + self.chin), chin_y - 10.0, 14.0),
            (self.chin, chin_y - 2.2, 20.0),
        ];
        let left = right.iter().rev().map(|&(x, y, depth)| edge(-x, y, depth));
        let mut outline = vec![edge(0.0, TOP_Y, 0.0)];
        outline.extend(right.iter().map(|&(x, y, depth)| edge(x, y, depth)));
        outline.push(edge(0.0, chin_y, 21.0));
        outline.extend(left);
        outline
    }

    /// The neck, and the ears behind the face.
    pub(super) fn paint_behind(&self, canvas: &mut Canvas<'_>, colour: &Skin) {
        let neck =
            [(-self.neck, 24.0), (self.neck, 24.0), (self.neck + 1.0, 62.0), (self.neck + 14.0, 110.0)];
        let mirrored = (-self.neck - 14.0, 110.0);
        let corners: Vec<Spot> = neck.iter().chain([&mirrored]).map(|&(x, y)| edge(x, y, -12.0)).collect();
        canvas.polygon(&corners, colour.colour.times(0.86), 1.0);
        for side in [-1.0, 1.0] {
            let x = side * (self.half_width + self.ear_out - 1.0);
            self.ear(canvas, colour, x, 1.0, colour.colour.times(0.97));
            self.ear(canvas, colour, x - side * 0.8, 0.55, colour.colour.towards(colour.shadow, 0.35));
        }
    }

    fn ear(&self, canvas: &mut Canvas<'_>, _: &Skin, x: f32, size: f32, ink: super::colour::Rgb) {
        let size = size * self.ear_size;
        let outline: Vec<Spot> = circle(8)
            .map(|[cos, sin]| edge(x + 4.6 * size * cos, -3.0 + 11.5 * size * sin - 1.5 * cos.abs(), -6.0))
            .collect();
        canvas.blob(&outline, ink, 1.0);
    }

    /// The face itself, flushed on the cheeks.
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, colour: &Skin, mouth_open: f32) {
        canvas.blob(&self.outline(mouth_open), colour.colour, 1.0);
        for side in [-1.0, 1.0] {
            for (size, share) in [(1.15, 0.3), (0.85, 0.3), (0.5, 0.3)] {
                canvas.spot(
                    side * 21.0,
                    13.0,
                    [11.0 * size, 8.0 * size],
                    colour.flushed(),
                    colour.flush * share * 1.6,
                );
            }
        }
    }

    /// Forehead, sockets, cheeks and chin as the light finds them.
    pub(super) fn relief(&self, relief: &mut Relief<'_>, eyes: (f32, f32), mouth_open: f32) {
        let (apart, eye_y) = eyes;
        for side in [-1.0, 1.0] {
            relief.bump(skin(side * apart, eye_y), 11.0, -2.2 - 0.3 * self.ridge);
            relief.ridge(
                skin(side * 6.0, eye_y - 10.0),
                skin(side * (apart + 6.0), eye_y - 11.0),
                7.0,
                self.ridge,
            );
            relief.ridge(skin(side * 19.0, 8.0), skin(side * 30.0, 2.0), 11.0, self.cheekbones);
            relief.bump(skin(side * 20.0, 22.0), 10.0, -0.5 * self.cheekbones + 0.6);
        }
        relief.bump(skin(0.0, self.chin_y - 8.0 + Self::drop(mouth_open)), 11.0, 2.6);
        relief.bump(skin(0.0, -34.0), 24.0, 1.6);
    }
}
