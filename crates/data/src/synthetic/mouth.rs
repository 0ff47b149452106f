//! The mouth: lips, teeth and the folds around them.

use super::attributes::Expression;
use super::canvas::Canvas;
use super::colour::Rgb;
use super::person::Traits;
use super::pose::{Spot, skin};
use super::random::Stream;
use super::relief::Relief;
use super::skin::Skin;

/// A mouth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mouth {
    /// Height of the line between the lips.
    pub(super) y: f32,
    /// Half the width at rest.
    pub(super) half_width: f32,
    upper: f32,
    lower: f32,
    /// Depth of the notch in the upper lip.
    bow: f32,
    /// How the corners stand at rest.
    corners: f32,
    colour: Rgb,
    /// Opacity of the folds from nose to mouth.
    folds: f32,
}

impl Mouth {
    pub(super) fn new(traits: &Traits, colour: &Skin, stream: &mut Stream) -> Self {
        let full = 1.0 + 0.35 * (traits.melanin - 0.35) - 0.08 * traits.rugged - 0.25 * (traits.age - 0.5);
        let red = stream.around(0.55 - 0.12 * traits.rugged, 0.2).clamp(0.1, 1.0);
        let lips = Rgb([0.72, 0.30, 0.30]).towards(colour.colour, 0.3).times(1.0 - 0.45 * traits.melanin);
        Self {
            y: stream.around(30.0, 1.4),
            half_width: stream.around(14.2 + 0.3 * traits.rugged, 1.15),
            upper: (stream.around(2.7, 0.65) * full).clamp(0.9, 5.5),
            lower: (stream.around(4.0, 0.75) * full).clamp(1.6, 7.0),
            bow: stream.around(0.9, 0.35).clamp(0.0, 2.0),
            corners: stream.around(0.3, 0.9),
            colour: colour.colour.towards(lips, 0.35 + 0.6 * red),
            folds: (0.5 * traits.age * traits.age + stream.around(0.03, 0.05)).clamp(0.0, 0.5),
        }
    }

    pub(super) fn relief(&self, relief: &mut Relief<'_>, expression: &Expression) {
        let y = self.y;
        let drop = super::head::Head::drop(expression.mouth_open);
        relief.ridge(skin(-7.0, y - self.upper * 0.6), skin(7.0, y - self.upper * 0.6), 4.0, 1.0);
        relief.ridge(
            skin(-5.0, y + drop + 0.55 * self.lower),
            skin(5.0, y + drop + 0.55 * self.lower),
            4.2,
            1.6,
        );
        relief.ridge(
            skin(-6.0, y + drop + self.lower + 4.0),
            skin(6.0, y + drop + self.lower + 4.0),
            4.5,
            -1.3,
        );
        for side in [-1.0, 1.0] {
            let smile = expression.smile.clamp(0.0, 1.0);
            relief.bump(skin(side * 21.0, 14.0 - 2.0 * smile), 10.0, 2.4 * smile);
        }
    }

    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, colour: &Skin, expression: &Expression) {
        let shape = Shape::new(self, expression);
        self.paint_folds(canvas, colour, &shape, expression.smile);
        canvas.blob(&shape.outline(), self.colour, 0.92);
        let upper: Vec<Spot> = shape.upper_lip();
        canvas.blob(&upper, self.colour.times(0.84), 0.8);
        if shape.gap > 0.7 {
            canvas.blob(&shape.inside(1.0), Rgb([0.20, 0.06, 0.06]), 0.95);
            canvas.blob(&shape.teeth(), Rgb([0.93, 0.90, 0.85]), 0.95);
        }
        let line = [-1.0, -0.5, 0.0, 0.5, 1.0]
            .map(|t: f32| (shape.spot(t, shape.curve(t)), 0.5 * (1.0 - 0.6 * t * t) + 0.1));
        canvas.ribbon(&line, colour.shadow.times(0.7), if shape.gap > 0.7 { 0.25 } else { 0.75 });
        canvas.spot(0.0, self.y + shape.drop + self.lower + 2.4, [6.0, 1.2], colour.shadow, 0.22);
    }

    fn paint_folds(&self, canvas: &mut Canvas<'_>, colour: &Skin, shape: &Shape, smile: f32) {
        let opacity = (self.folds + 0.30 * smile.clamp(0.0, 1.0)).min(0.6);
        for side in [-1.0_f32, 1.0] {
            let out = side * (shape.half_width + 3.0);
            let fold = [
                (skin(side * 9.5, 9.0), 0.2),
                (skin(side * 14.5, 16.0), 0.55),
                (skin(out, self.y - 5.0), 0.6),
                (skin(out + side * 0.6, self.y + 1.0), 0.15),
            ];
            canvas.ribbon(&fold, colour.shadow, opacity);
        }
    }
}

/// The mouth under an expression; t in [-1, 1] runs from the left corner to the right one.
struct Shape {
    y: f32,
    half_width: f32,
    upper: f32,
    lower: f32,
    bow: f32,
    /// How far the corners stand above the middle.
    rise: f32,
    gap: f32,
    drop: f32,
    smile: f32,
}

impl Shape {
    fn new(mouth: &Mouth, expression: &Expression) -> Self {
        let smile = expression.smile;
        let stretch = 1.0 + 0.16 * smile - 0.10 * expression.mouth_open;
        let thin = 1.0 - 0.18 * smile.max(0.0);
        // A broad smile shows the teeth even when the jaw is shut.
        let gap = 7.5 * expression.mouth_open + 3.4 * (smile - 0.55).max(0.0);
        Self {
            y: mouth.y,
            half_width: mouth.half_width * stretch,
            upper: mouth.upper * thin,
            lower: mouth.lower * thin,
            bow: mouth.bow,
            rise: mouth.corners + 3.2 * smile,
            gap,
            drop: gap,
            smile,
        }
    }

    fn spot(&self, t: f32, y: f32) -> Spot {
        skin(t * self.half_width, y)
    }

    /// The line where the upper lip ends.
    fn curve(&self, t: f32) -> f32 {
        self.y - self.rise * (t * t - 0.35) + 0.2 * self.bow * (1.0 - t.abs())
    }

    fn top(&self, t: f32) -> f32 {
        let arch = (1.0 - t * t) * self.upper;
        // Two peaks beside the middle.
        let notch = self.bow * (1.0 - (t.abs() * 3.0).min(1.0));
        self.curve(t) - arch + notch
    }

    fn bottom(&self, t: f32) -> f32 {
        self.curve(t) + (1.0 - t * t) * (self.lower + self.gap)
    }

    fn between(&self, from: impl Fn(f32) -> f32, to: impl Fn(f32) -> f32, reach: f32) -> Vec<Spot> {
        let ts = [-1.0, -0.65, -0.28, 0.0, 0.28, 0.65, 1.0].map(|t| t * reach);
        let there = ts.iter().map(|&t| self.spot(t, from(t)));
        let back = ts[1..6].iter().rev().map(|&t| self.spot(t, to(t)));
        there.chain(back).collect()
    }

    fn outline(&self) -> Vec<Spot> {
        self.between(|t| self.top(t), |t| self.bottom(t), 1.0)
    }

    fn upper_lip(&self) -> Vec<Spot> {
        self.between(|t| self.top(t), |t| self.curve(t), 1.0)
    }

    fn inside(&self, share: f32) -> Vec<Spot> {
        self.between(|t| self.curve(t), |t| self.curve(t) + share * (1.0 - t * t) * self.gap, 0.9)
    }

    fn teeth(&self) -> Vec<Spot> {
        let shown = if self.smile > 0.3 { 0.8 } else { 0.45 };
        self.between(
            |t| self.curve(t) + 0.1,
            |t| self.curve(t) + shown * (1.0 - t * t) * self.gap.min(5.0),
            0.85,
        )
    }
}
