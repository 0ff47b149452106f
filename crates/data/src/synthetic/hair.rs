//! Hair: from none to long, drawn in a layer behind the head and one before it.

use std::f32::consts::PI;

use super::attributes::Grooming;
use super::canvas::Canvas;
use super::colour::Rgb;
use super::head::Head;
use super::person::Traits;
use super::pose::{Spot, edge, skin};
use super::random::Stream;

/// From black over brown to fair.
const SHADES: [Rgb; 5] = [
    Rgb([0.07, 0.06, 0.06]),
    Rgb([0.17, 0.11, 0.08]),
    Rgb([0.33, 0.22, 0.14]),
    Rgb([0.55, 0.40, 0.24]),
    Rgb([0.80, 0.66, 0.44]),
];
const GINGER: Rgb = Rgb([0.56, 0.25, 0.10]);
const GREY: Rgb = Rgb([0.66, 0.65, 0.64]);
/// Strands drawn over the top of the head.
const STRANDS: usize = 14;
/// Points of the outer outline.
const OUTLINE: usize = 11;

/// Where the rounding over the head begins.
const SIDES_Y: f32 = -14.0;

/// A head of hair.
#[derive(Debug, Clone)]
pub(super) struct Hair {
    /// Its colour in neutral light.
    pub(super) colour: Rgb,
    /// Its colour as grown: brows and beard have it.
    pub(super) roots: Rgb,
    /// Height of the hairline over the middle of the forehead.
    hairline: f32,
    /// How far it draws back over the temples.
    recession: f32,
    /// Thickness over the skull.
    volume: f32,
    /// Where the hair at the sides ends; below the crop where it is long.
    sides: f32,
    /// How much of the cheeks long hair covers.
    cover: f32,
    /// Waves of the outline, from none to curls.
    curl: f32,
    /// The parting: -1 is the left temple.
    parting: f32,
    /// How far the hair hangs over the forehead.
    fringe: f32,
    /// Opacity: shorn hair lets the skin through.
    density: f32,
    long: bool,
    waves: [f32; OUTLINE],
    strands: [[f32; 3]; STRANDS],
}

impl Hair {
    pub(super) fn new(traits: &Traits, stream: &mut Stream) -> Self {
        let long = stream.chance((0.5 - 0.38 * traits.rugged).clamp(0.04, 0.96));
        let roots = shade(traits, stream);
        let dyed = stream.chance(if long { 0.22 } else { 0.05 });
        let dye = Rgb::on_scale(&SHADES, stream.unit()).towards(GINGER, 0.5 * stream.unit());
        let bald = (0.5 * traits.age + 0.18 * traits.rugged + stream.around(-0.35, 0.2)).clamp(0.0, 1.0);
        let shorn = !long && stream.chance(0.18 + 0.35 * bald);
        let curl = stream.around(0.25 + 0.5 * (traits.melanin - 0.35), 0.3).clamp(0.0, 1.0);
        let volume =
            if shorn { stream.between(0.6, 2.0) } else { stream.around(6.0 + 6.0 * curl, 2.2).max(2.0) };
        Self {
            colour: if dyed { dye } else { roots },
            roots,
            hairline: stream.around(-36.0, 2.6) - 16.0 * if long { 0.0 } else { bald },
            recession: (stream.around(2.0 + 1.2 * traits.rugged, 2.0) + 9.0 * bald).clamp(0.0, 16.0),
            volume,
            sides: if long { 100.0 } else { stream.around(-6.0, 5.0) },
            cover: stream.around(2.5, 3.0).clamp(-3.0, 9.0),
            curl,
            parting: stream.between(-0.8, 0.8),
            fringe: if shorn { 0.0 } else { (stream.around(1.0, 5.5)).clamp(-2.0, 15.0) },
            density: if shorn { stream.between(0.35, 0.85) } else { 1.0 },
            long,
            waves: std::array::from_fn(|_| stream.normal()),
            strands: std::array::from_fn(|_| [stream.unit(), stream.normal(), stream.normal()]),
        }
    }

    /// The same hair as it is worn on one day.
    pub(super) fn worn(&self, grooming: &Grooming) -> Self {
        let mut hair = self.clone();
        let fullness = grooming.volume;
        hair.volume *= (1.0 + 0.25 * fullness).max(0.3);
        hair.fringe += 2.2 * fullness * self.density;
        hair.cover += 1.5 * fullness;
        let goal = Rgb::grey(if grooming.lightness > 0.0 { 0.9 } else { 0.0 });
        hair.colour = self.colour.towards(goal, 0.28 * grooming.lightness.abs());
        if self.long && grooming.tied_back {
            hair.long = false;
            hair.sides = -4.0;
            hair.volume *= 0.6;
        }
        hair
    }

    /// Long hair hangs behind the neck.
    pub(super) fn paint_behind(&self, canvas: &mut Canvas<'_>, head: &Head) {
        if !self.long {
            return;
        }
        let out = head.half_width + 0.7 * self.volume;
        let right: Vec<[f32; 2]> = (0..6)
            .map(|i| {
                let y = -30.0 + 28.0 * i as f32;
                [out + self.waves[i] * self.curl * 2.5 + 0.05 * (y + 30.0) * self.curl, y]
            })
            .collect();
        let mut outline = vec![edge(0.0, -62.0, -8.0), edge(0.7 * out, -50.0, -8.0)];
        outline.extend(right.iter().map(|&[x, y]| edge(x, y, -8.0)));
        outline.extend(right.iter().rev().map(|&[x, y]| edge(-x, y, -8.0)));
        outline.push(edge(-0.7 * out, -50.0, -8.0));
        canvas.blob(&outline, self.colour.times(0.72), 1.0);
    }

    /// The hair that is seen before the skull.
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, head: &Head) {
        let mut outline = self.outer(head);
        outline.extend(self.inner(head));
        canvas.blob(&outline, self.colour, self.density);
        if self.long {
            self.paint_locks(canvas, head);
        }
        if self.density == 1.0 {
            self.paint_strands(canvas, head);
        }
    }

    /// The outline over the head, from the left side's end to the right one's.
    fn outer(&self, head: &Head) -> Vec<Spot> {
        let (width, height) = (head.half_width + 0.75 * self.volume, 52.0 + self.volume);
        let over = (0..OUTLINE).map(|i| {
            let angle = i as f32 / (OUTLINE - 1) as f32 * PI;
            let out = 1.0 + (0.012 + 0.025 * self.curl) * self.waves[i] - 0.03 * self.parting * angle.cos();
            // A little squarer than an ellipse, which would come to a point.
            let up = angle.sin() * (1.3 - 0.3 * angle.sin());
            edge(-width * out * angle.cos(), SIDES_Y - height * out * up, -2.0)
        });
        let side_y = self.sides.min(30.0);
        let end = |side: f32| edge(side * (head.half_width + 0.5 * self.volume), side_y, -2.0);
        std::iter::once(end(-1.0)).chain(over).chain(std::iter::once(end(1.0))).collect()
    }

    /// The hairline, from the right side's end to the left one's.
    fn inner(&self, head: &Head) -> Vec<Spot> {
        let side_y = self.sides.min(26.0);
        let mut line = vec![skin(head.half_width * 0.955, side_y), skin(head.half_width * 0.90, -17.0)];
        line.extend(
            [0.72, 0.48, 0.22, 0.0, -0.22, -0.48, -0.72]
                .map(|t| skin(t * head.half_width, self.hairline_at(t))),
        );
        line.extend([skin(-head.half_width * 0.90, -17.0), skin(-head.half_width * 0.955, side_y)]);
        line
    }

    fn hairline_at(&self, t: f32) -> f32 {
        let curve = 13.0 * t * t;
        let temples = self.recession * (1.0 - (t.abs() - 0.5).abs() * 2.2).max(0.0);
        // The fringe hangs lower the farther it is from the parting.
        let hang = self.fringe * (0.35 + 0.65 * (t - self.parting).abs()).min(1.2);
        self.hairline + curve - temples + hang
    }

    fn paint_locks(&self, canvas: &mut Canvas<'_>, head: &Head) {
        for side in [-1.0, 1.0] {
            let x = head.half_width - self.cover * 0.5;
            let sway = |i: usize| self.waves[i] * self.curl * 1.8;
            let lock = [
                (skin(side * head.half_width * 0.80, -34.0), 3.0),
                (edge(side * x, -14.0, 4.0), 3.0 + 0.55 * self.cover.max(0.0)),
                (edge(side * (x + 1.5 + sway(1)), 12.0, 4.0), 3.8 + 0.5 * self.cover.max(0.0)),
                (edge(side * (x + 2.0 + sway(2)), 42.0, 2.0), 5.0),
                (edge(side * (x + 2.0 + sway(3)), 90.0, 2.0), 6.0),
            ];
            canvas.ribbon(&lock, self.colour.times(0.94), 1.0);
        }
    }

    fn paint_strands(&self, canvas: &mut Canvas<'_>, head: &Head) {
        for (index, &[along, lightness, bend]) in self.strands.iter().enumerate() {
            let t = (index as f32 + along) / STRANDS as f32 * 2.0 - 1.0;
            let end = skin(t * head.half_width * 0.92, self.hairline_at(t * 0.9) - 2.0 + 8.0 * t.powi(4));
            let from = edge(
                (self.parting * 0.5 + t * 0.45) * head.half_width,
                -63.0 - self.volume * 0.8 + 10.0 * t * t,
                0.0,
            );
            let middle = edge(t * head.half_width * 0.72 + bend * 2.0, -50.0 + 12.0 * t * t + bend, 10.0);
            let colour = self
                .colour
                .towards(Rgb::grey(if lightness > 0.0 { 0.8 } else { 0.0 }), 0.09 * lightness.abs());
            canvas.ribbon(&[(from, 0.5), (middle, 1.3), (end, 0.3)], colour, 0.5);
        }
    }
}

/// The colour that hair has grown in.
fn shade(traits: &Traits, stream: &mut Stream) -> Rgb {
    let fairness = stream.unit() * (1.5 - 1.9 * traits.melanin).clamp(0.15, 1.0);
    let ginger = stream.around(-0.25, 0.35).clamp(0.0, 0.9) * (1.0 - traits.melanin);
    let grey = (1.9 * traits.age - 1.05 + stream.around(0.0, 0.2)).clamp(0.0, 0.9);
    Rgb::on_scale(&SHADES, fairness).towards(GINGER, ginger).towards(GREY, grey)
}
