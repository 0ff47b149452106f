//! The nose: mostly a relief, with nostrils painted.

use super::canvas::Canvas;
use super::person::Traits;
use super::pose::{Spot, skin};
use super::random::Stream;
use super::relief::Relief;
use super::skin::Skin;

/// A nose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nose {
    /// Height of the tip in the picture.
    pub(super) tip_y: f32,
    /// How far the tip stands out.
    pub(super) lift: f32,
    /// Half the width over the wings.
    half_width: f32,
    bridge: f32,
    bridge_lift: f32,
    tip: f32,
    /// Height of the wings over the tip; large noses hang.
    hang: f32,
    nostril: f32,
}

impl Nose {
    pub(super) fn new(traits: &Traits, stream: &mut Stream) -> Self {
        Self {
            tip_y: stream.around(10.0 + 0.4 * traits.rugged, 1.5),
            lift: stream.around(11.0 + 0.8 * traits.rugged, 1.7).clamp(6.0, 17.0),
            half_width: stream
                .around(8.2 + 0.5 * traits.rugged + 1.8 * (traits.melanin - 0.35), 0.95)
                .clamp(5.5, 12.5),
            bridge: stream.around(4.6 + 0.4 * traits.rugged, 0.7),
            bridge_lift: stream.around(2.6, 0.9).clamp(0.4, 5.5),
            tip: stream.around(6.0, 0.9),
            hang: stream.around(0.6, 1.0),
            nostril: stream.around(1.0, 0.2).clamp(0.5, 1.6),
        }
    }

    fn lifted(&self, x: f32, y: f32, share: f32) -> Spot {
        Spot::Skin { x, y, lift: self.lift * share }
    }

    pub(super) fn relief(&self, relief: &mut Relief<'_>, eye_y: f32) {
        let height = 0.55 * self.lift;
        let root = skin(0.0, eye_y + 1.0);
        relief.taper(
            [root, self.lifted(0.0, self.tip_y - 2.0, 0.85)],
            [self.bridge, self.bridge * 1.35],
            [self.bridge_lift, height],
        );
        relief.bump(self.lifted(0.0, self.tip_y, 1.0), self.tip, 0.35 * self.lift);
        for side in [-1.0, 1.0] {
            relief.bump(
                self.lifted(side * self.half_width * 0.72, self.tip_y + 1.5 - self.hang, 0.3),
                4.6,
                2.6,
            );
        }
    }

    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, colour: &Skin) {
        let base = self.tip_y + 3.6;
        canvas.blob(&self.underside(base), colour.shadow, 0.20);
        canvas.blob(&self.tip_flush(), colour.flushed(), colour.flush);
        for side in [-1.0, 1.0] {
            let x = side * self.half_width;
            let wing = [
                (self.lifted(x * 0.80, self.tip_y - 3.0 - self.hang, 0.4), 0.15),
                (self.lifted(x * 1.00, self.tip_y + 0.5 - self.hang, 0.2), 0.5),
                (self.lifted(x * 0.86, base - 0.3 - self.hang, 0.2), 0.35),
            ];
            canvas.ribbon(&wing, colour.shadow, 0.38);
            let radii = [1.9 * self.nostril, 1.05 * self.nostril];
            let nostril: Vec<Spot> = super::canvas::circle(8)
                .map(|[cos, sin]| self.lifted(x * 0.46 + radii[0] * cos, base - 0.4 + radii[1] * sin, 0.5))
                .collect();
            canvas.blob(&nostril, colour.shadow.times(0.55), 0.75);
        }
    }

    fn tip_flush(&self) -> Vec<Spot> {
        super::canvas::circle(8)
            .map(|[cos, sin]| self.lifted(self.tip * 0.8 * cos, self.tip_y + 3.6 * sin, 1.0))
            .collect()
    }

    fn underside(&self, base: f32) -> Vec<Spot> {
        let x = self.half_width;
        vec![
            self.lifted(-x * 0.95, base - 1.2 - self.hang, 0.2),
            self.lifted(0.0, base - 1.2, 0.85),
            self.lifted(x * 0.95, base - 1.2 - self.hang, 0.2),
            self.lifted(x * 0.4, base + 0.9, 0.3),
            self.lifted(0.0, base + 1.8, 0.4),
            self.lifted(-x * 0.4, base + 0.9, 0.3),
        ]
    }
}
