//! Eyebrows.

use super::attributes::Expression;
use super::canvas::Canvas;
use super::colour::Rgb;
use super::eyes::Eyes;
use super::hair::Hair;
use super::person::Traits;
use super::pose::{Spot, skin};
use super::random::Stream;

/// A pair of eyebrows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brows {
    /// Distance above the eyes.
    above: f32,
    half_length: f32,
    thickness: f32,
    arch: f32,
    /// Rise of the outer end.
    tilt: f32,
    /// Distance of the middle from the eye's middle, outwards.
    out: f32,
    opacity: f32,
    colour: Rgb,
}

impl Brows {
    pub(super) fn new(traits: &Traits, hair: &Hair, stream: &mut Stream) -> Self {
        Self {
            above: stream.around(9.6 - 0.7 * traits.rugged, 1.0).clamp(6.0, 14.0),
            half_length: stream.around(10.0, 0.9),
            thickness: stream.around(1.5 + 0.35 * traits.rugged, 0.4).clamp(0.5, 3.2),
            arch: stream.around(1.9 - 0.5 * traits.rugged, 0.8),
            tilt: stream.around(0.8, 1.3),
            out: stream.around(0.8, 0.7),
            opacity: stream.around(0.75, 0.12).clamp(0.3, 1.0),
            colour: hair.roots.towards(Rgb([0.18, 0.12, 0.09]), 0.45),
        }
    }

    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, eyes: &Eyes, expression: &Expression) {
        let raise = expression.brow_raise;
        for side in [-1.0, 1.0] {
            let spot = |t: f32| -> Spot {
                // Frowning pulls the inner ends down and together; surprise lifts the middle most.
                let inner = (1.0 - t) * 0.5;
                let frown = (-raise).max(0.0) * inner * 2.6;
                let lift = raise * (1.6 + 1.4 * (1.0 - t * t));
                let x = eyes.apart + self.out + t * self.half_length - frown * 0.6;
                let y = eyes.y - self.above - self.tilt * t - self.arch * (1.0 - t * t) - lift + frown * 0.7;
                skin(side * x, y)
            };
            let line = [(-1.0, 0.75), (-0.5, 1.0), (0.1, 0.95), (0.6, 0.65), (1.05, 0.15)]
                .map(|(t, share)| (spot(t), self.thickness * share));
            canvas.ribbon(&line, self.colour, self.opacity * 0.6);
            canvas.ribbon(&line.map(|(spot, width)| (spot, width * 0.65)), self.colour, self.opacity * 0.6);
        }
    }
}
