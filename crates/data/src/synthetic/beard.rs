//! Beards, from stubble to full.

use super::canvas::Canvas;
use super::colour::Rgb;
use super::hair::Hair;
use super::head::Head;
use super::mouth::Mouth;
use super::person::Traits;
use super::pose::{Spot, edge, skin};
use super::random::Stream;

/// A beard; opacities are 0 where nothing grows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beard {
    cheeks: f32,
    moustache: f32,
    chin: f32,
    /// How far up the cheeks it grows.
    height: f32,
    colour: Rgb,
}

impl Beard {
    pub(super) fn new(traits: &Traits, hair: &Hair, stream: &mut Stream) -> Self {
        let grows = (1.6 * traits.rugged + 0.2).clamp(0.0, 1.0);
        let stubble = stream.around(0.10, 0.08).max(0.0);
        let full = stream.around(0.55, 0.25).clamp(0.2, 0.92);
        let (style, trim) = (stream.unit(), stream.unit());
        let (cheeks, moustache, chin) = match style {
            share if share < 0.5 => (stubble, stubble * 1.2, stubble * 1.2),
            share if share < 0.72 => (full, full * (0.6 + 0.4 * trim), full),
            share if share < 0.86 => (stubble, full, full),
            _ => (stubble, full, stubble),
        };
        Self {
            cheeks: cheeks * grows,
            moustache: moustache * grows,
            chin: chin * grows,
            height: stream.around(15.0, 4.0),
            colour: hair.roots.towards(Rgb([0.16, 0.11, 0.09]), 0.35),
        }
    }

    /// The same beard after some days of growth, or of a razor.
    pub(super) fn worn(mut self, growth: f32) -> Self {
        for opacity in [&mut self.cheeks, &mut self.moustache, &mut self.chin] {
            *opacity = (*opacity * growth).min(0.95);
        }
        self
    }

    /// Painted before the mouth, which lies in it.
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, head: &Head, mouth: &Mouth, mouth_open: f32) {
        let chin_y = head.chin_y + Head::drop(mouth_open);
        for (grow, share) in [(-0.9, 0.36), (0.5, 0.36), (2.0, 0.36)] {
            canvas.blob(&self.jaw(head, mouth, chin_y, grow), self.colour, self.cheeks * share);
            canvas.blob(&goatee(mouth, chin_y, grow), self.colour, self.chin * share);
            canvas.ribbon(&moustache(mouth, grow), self.colour, self.moustache * share);
        }
    }

    /// A crescent from ear to ear; `grow` draws its inner edge back.
    fn jaw(&self, head: &Head, mouth: &Mouth, chin_y: f32, grow: f32) -> Vec<Spot> {
        let outer = [
            edge(head.half_width * 0.97, -2.0, 0.0),
            edge(head.jaw, 30.0, 6.0),
            edge(0.62 * head.jaw, chin_y - 7.0, 13.0),
        ];
        let inner = [
            skin(head.half_width * 0.90, self.height - 6.0 + grow),
            skin(head.half_width * 0.74, self.height + 3.0 + grow),
            skin(mouth.half_width + 6.0 + grow, mouth.y - 4.0 + grow),
            skin(mouth.half_width + 1.5, mouth.y + 5.0 + grow),
            skin(mouth.half_width * 0.5, mouth.y + 8.0 + grow),
        ];
        let left = |spot: &Spot| match *spot {
            Spot::Edge { x, y, depth } => edge(-x, y, depth),
            Spot::Skin { x, y, .. } => skin(-x, y),
        };
        let mut outline: Vec<Spot> = outer.to_vec();
        outline.push(edge(0.0, chin_y + 1.5, 20.0));
        outline.extend(outer.iter().rev().map(left));
        outline.extend(inner.iter().map(left));
        outline.extend(inner.iter().rev());
        outline
    }
}

fn goatee(mouth: &Mouth, chin_y: f32, grow: f32) -> Vec<Spot> {
    let x = mouth.half_width * 0.85 - grow;
    let top = mouth.y + 7.0 + grow;
    vec![
        skin(-x, top),
        skin(0.0, top + 1.5),
        skin(x, top),
        edge(x * 0.75, chin_y - 2.0, 18.0),
        edge(0.0, chin_y + 1.0, 20.0),
        edge(-x * 0.75, chin_y - 2.0, 18.0),
    ]
}

fn moustache(mouth: &Mouth, grow: f32) -> Vec<(Spot, f32)> {
    let (reach, y) = (mouth.half_width + 1.5, mouth.y - 6.4);
    [(-1.0, 7.5, 0.8), (-0.55, 1.6, 2.2), (0.0, 0.6, 1.9), (0.55, 1.6, 2.2), (1.0, 7.5, 0.8)]
        .map(|(t, drop, width)| (skin(t * reach, y + drop), width - 0.25 * grow))
        .to_vec()
}
