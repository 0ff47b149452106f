//! Glasses, to see with and against the sun.

use super::canvas::{Canvas, circle};
use super::colour::Rgb;
use super::eyes::Eyes;
use super::head::Head;
use super::person::Traits;
use super::pose::{Spot, edge};
use super::random::Stream;

/// A pair of glasses; everyone owns one, and few wear it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glasses {
    /// Share of a person's photos on which they wear them.
    pub(super) habit: f32,
    radii: [f32; 2],
    squareness: f32,
    rim: f32,
    colour: Rgb,
}

impl Glasses {
    pub(super) fn new(traits: &Traits, stream: &mut Stream) -> Self {
        let wears = stream.chance(0.14 + 0.2 * traits.age);
        let habit = if wears { stream.between(0.5, 0.95) } else { stream.between(0.0, 0.06) };
        let (dark, tint) = (stream.unit(), stream.unit());
        let metal = Rgb([0.55, 0.50, 0.42]);
        let plastic = Rgb([0.10, 0.08, 0.08]).towards(Rgb([0.42, 0.22, 0.12]), tint);
        Self {
            habit,
            radii: [stream.around(12.2, 0.9), stream.around(8.6, 1.2)],
            squareness: stream.between(0.0, 0.9),
            rim: stream.around(1.0, 0.4).clamp(0.4, 2.0),
            colour: if dark < 0.35 { metal } else { plastic },
        }
    }

    /// A pair against the sun, as somebody may take to any photo.
    pub(super) fn sun(stream: &mut Stream) -> Self {
        Self {
            habit: 1.0,
            radii: [stream.around(13.8, 0.9), stream.around(10.6, 1.3)],
            squareness: stream.between(0.0, 0.8),
            rim: stream.between(0.6, 1.6),
            colour: Rgb([0.08, 0.07, 0.07]).towards(Rgb([0.40, 0.24, 0.13]), stream.unit()),
        }
    }

    /// Paints rims and lenses; `dark` is the opacity of the lenses, 0 for clear ones.
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, eyes: &Eyes, head: &Head, dark: f32) {
        for side in [-1.0, 1.0] {
            let lens = self.lens(eyes, side, -self.rim * 0.5);
            if dark > 0.0 {
                canvas.blob(&lens, Rgb([0.07, 0.06, 0.07]), dark);
                self.reflection(canvas, eyes, side, 0.22);
            } else {
                canvas.blob(&lens, Rgb::grey(1.0), 0.06);
                self.reflection(canvas, eyes, side, 0.14);
            }
            canvas.ring(&self.lens(eyes, side, self.rim * 0.5), &lens, self.colour, 0.95);
            let hinge = Spot::Skin { x: side * (eyes.apart + self.radii[0]), y: eyes.y - 1.5, lift: 3.0 };
            let ear = edge(side * head.half_width, eyes.y + 1.0, 0.0);
            canvas.ribbon(&[(hinge, self.rim * 0.6), (ear, self.rim * 0.6)], self.colour, 0.9);
        }
        self.bridge(canvas, eyes);
    }

    fn lens(&self, eyes: &Eyes, side: f32, grow: f32) -> Vec<Spot> {
        circle(14)
            .map(|[cos, sin]| {
                let corner = 1.0 + self.squareness * cos * cos * sin * sin;
                let x = side * (eyes.apart + 0.6) + (self.radii[0] + grow) * corner * cos;
                Spot::Skin { x, y: eyes.y + 1.2 + (self.radii[1] + grow) * corner * sin, lift: 4.0 }
            })
            .collect()
    }

    fn reflection(&self, canvas: &mut Canvas<'_>, eyes: &Eyes, side: f32, opacity: f32) {
        let at = |x: f32, y: f32| Spot::Skin {
            x: side * eyes.apart + x * self.radii[0],
            y: eyes.y + 1.2 + y * self.radii[1],
            lift: 4.0,
        };
        canvas.ribbon(
            &[(at(-0.55, 0.1), 0.4), (at(-0.2, -0.35), 1.5), (at(0.2, -0.7), 0.4)],
            Rgb::grey(1.0),
            opacity,
        );
    }

    fn bridge(&self, canvas: &mut Canvas<'_>, eyes: &Eyes) {
        let reach = (eyes.apart + 0.6 - self.radii[0]).max(1.0);
        let at = |x: f32, y: f32| Spot::Skin { x, y: eyes.y + y, lift: 6.0 };
        let line = [(at(-reach, -0.5), 0.6), (at(0.0, -2.0), 0.7), (at(reach, -0.5), 0.6)];
        canvas.ribbon(&line.map(|(spot, width)| (spot, width * self.rim)), self.colour, 0.95);
    }
}
