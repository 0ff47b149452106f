//! Eyes: lids, iris and what the light leaves in them.

use super::attributes::Expression;
use super::canvas::Canvas;
use super::colour::Rgb;
use super::person::Traits;
use super::pose::{Spot, skin};
use super::random::Stream;
use super::skin::Skin;

/// From dark brown over hazel and green to blue and grey.
const IRISES: [Rgb; 6] = [
    Rgb([0.14, 0.09, 0.06]),
    Rgb([0.30, 0.18, 0.09]),
    Rgb([0.44, 0.33, 0.16]),
    Rgb([0.38, 0.45, 0.28]),
    Rgb([0.34, 0.50, 0.62]),
    Rgb([0.52, 0.60, 0.66]),
];

/// A pair of eyes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Eyes {
    /// Half the distance between the eyes' centres.
    pub(super) apart: f32,
    /// Their height.
    pub(super) y: f32,
    half_width: f32,
    /// How far the upper lid stands over the line between the corners, and the lower one under it.
    upper: f32,
    lower: f32,
    /// Rise of the outer corner per unit of width.
    tilt: f32,
    /// Where the upper lid is highest: towards the nose (negative) or the temple.
    peak: f32,
    iris: Rgb,
    iris_size: f32,
    lashes: f32,
    /// Height of the crease over the lid; below 0.8 there is none to see.
    crease: f32,
    /// Darkness under the eyes.
    bags: f32,
}

impl Eyes {
    pub(super) fn new(traits: &Traits, stream: &mut Stream) -> Self {
        let lightness = stream.unit() * (1.35 - 1.6 * traits.melanin).clamp(0.12, 1.0);
        let shade = stream.between(0.85, 1.15);
        Self {
            apart: stream.around(17.4, 1.05),
            y: stream.around(-11.0, 1.1),
            half_width: stream.around(7.4, 0.55),
            upper: stream.around(3.1 - 0.2 * traits.rugged, 0.55).clamp(1.5, 5.0),
            lower: stream.around(2.0, 0.35).clamp(0.9, 3.2),
            tilt: stream.around(0.06, 0.09),
            peak: stream.around(-0.05, 0.28),
            iris: Rgb::on_scale(&IRISES, lightness).times(shade),
            iris_size: stream.around(3.5, 0.2),
            lashes: stream.around(0.62 - 0.14 * traits.rugged, 0.12).clamp(0.2, 1.0),
            crease: stream.around(1.9, 0.75),
            bags: (stream.around(0.10, 0.08) + 0.18 * traits.age).clamp(0.0, 0.4),
        }
    }

    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, colour: &Skin, expression: &Expression) {
        for side in [-1.0, 1.0] {
            let lids = Lids::new(self, side, expression);
            self.around_the_eye(canvas, &lids, colour);
            self.ball(canvas, &lids, expression.gaze);
            self.lid_lines(canvas, &lids, colour);
        }
    }

    fn around_the_eye(&self, canvas: &mut Canvas<'_>, lids: &Lids, colour: &Skin) {
        let x = lids.side * self.apart;
        canvas.spot(x, self.y - 1.5, [self.half_width * 1.25, 6.0], colour.shadow, 0.10);
        canvas.spot(x, self.y + 5.0, [self.half_width * 0.95, 2.6], colour.shadow, self.bags);
        if self.crease > 0.8 {
            let line = lids.line(|t| lids.upper(t) - self.crease * (1.0 - 0.6 * t * t), 0.35);
            canvas.ribbon(&line, colour.shadow, 0.45);
        }
    }

    fn ball(&self, canvas: &mut Canvas<'_>, lids: &Lids, gaze: f32) {
        if lids.height() < 0.5 {
            return;
        }
        canvas.blob(&lids.almond(), Rgb([0.90, 0.87, 0.84]), 1.0);
        let centre = [gaze * 2.4 * lids.side, -0.45];
        for (size, colour) in [(1.0, self.iris.times(0.45)), (0.86, self.iris), (0.42, Rgb::grey(0.03))] {
            canvas.blob(&lids.disc(centre, self.iris_size * size), colour, 1.0);
        }
        let shadow = lids.line(|t| lids.upper(t) + 0.5, 0.55);
        canvas.ribbon(&shadow, Rgb([0.16, 0.11, 0.10]), 0.35);
        canvas.blob(&lids.disc([centre[0] + 1.1 * lids.side, -1.4], 0.75), Rgb::grey(1.0), 0.85);
    }

    fn lid_lines(&self, canvas: &mut Canvas<'_>, lids: &Lids, colour: &Skin) {
        let lash = Rgb([0.10, 0.07, 0.06]);
        canvas.ribbon(
            &lids.line(|t| lids.upper(t) - 0.25, 0.35 + 0.55 * self.lashes),
            lash,
            0.45 + 0.5 * self.lashes,
        );
        canvas.ribbon(&lids.line(|t| lids.lower(t) + 0.2, 0.3), colour.shadow, 0.35 + 0.3 * self.lashes);
    }
}

/// The opening of one eye, in coordinates from the eye's centre: x outwards over the half width is t in [-1, 1].
struct Lids {
    side: f32,
    centre: [f32; 2],
    half_width: f32,
    upper: f32,
    lower: f32,
    tilt: f32,
    peak: f32,
}

impl Lids {
    fn new(eyes: &Eyes, side: f32, expression: &Expression) -> Self {
        let open = 1.0 - expression.lids_closed;
        // A smile pushes the lower lid up.
        let squint = 1.0 - 0.25 * expression.smile.clamp(0.0, 1.0);
        Self {
            side,
            centre: [side * eyes.apart, eyes.y],
            half_width: eyes.half_width,
            // A closing lid comes down to the lower one and not to the middle.
            upper: eyes.upper * open - eyes.lower * squint * (1.0 - open).max(0.0) * 0.8,
            lower: eyes.lower * squint,
            tilt: eyes.tilt,
            peak: eyes.peak,
        }
    }

    fn height(&self) -> f32 {
        self.upper + self.lower
    }

    fn slant(&self, t: f32) -> f32 {
        -self.tilt * self.half_width * t
    }

    fn upper(&self, t: f32) -> f32 {
        self.slant(t) - self.upper * (1.0 - t * t) * (1.0 + self.peak * t)
    }

    fn lower(&self, t: f32) -> f32 {
        self.slant(t) + self.lower * (1.0 - t * t) * (1.0 + 0.2 * t)
    }

    fn spot(&self, t: f32, y: f32) -> Spot {
        skin(self.centre[0] + self.side * t * self.half_width, self.centre[1] + y)
    }

    fn almond(&self) -> Vec<Spot> {
        let ts = [-1.0, -0.55, 0.0, 0.55, 1.0];
        let over = ts.iter().map(|&t| self.spot(t, self.upper(t)));
        let under = ts[1..4].iter().rev().map(|&t| self.spot(t, self.lower(t)));
        over.chain(under).collect()
    }

    /// A line along a lid, thickest in its outer half and thin at its ends.
    fn line(&self, y: impl Fn(f32) -> f32, half_width: f32) -> Vec<(Spot, f32)> {
        [(-1.0, 0.3), (-0.5, 0.8), (0.0, 1.0), (0.55, 1.0), (1.08, 0.3)]
            .map(|(t, share)| (self.spot(t, y(t.min(1.0))), half_width * share))
            .to_vec()
    }

    /// The part of a disc that the lids leave free.
    fn disc(&self, centre: [f32; 2], radius: f32) -> Vec<Spot> {
        super::canvas::circle(12)
            .map(|[cos, sin]| {
                let t = ((centre[0] + radius * cos) / self.half_width).clamp(-0.98, 0.98);
                let (low, high) = (self.upper(t), self.lower(t));
                self.spot(t, (centre[1] + radius * sin).clamp(low, high.max(low)))
            })
            .collect()
    }
}
