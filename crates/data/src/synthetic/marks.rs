//! Moles, freckles, lines and scars.

use super::canvas::Canvas;
use super::colour::Rgb;
use super::person::Traits;
use super::pose::skin;
use super::random::Stream;
use super::skin::Skin;

const FRECKLES: usize = 18;
const MOLES: usize = 3;

/// What a skin carries.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    /// x, y, radius and opacity.
    moles: Vec<[f32; 4]>,
    freckles: Vec<[f32; 3]>,
    freckled: f32,
    /// Opacity of the lines on the forehead.
    lines: f32,
}

impl Marks {
    pub(super) fn new(traits: &Traits, stream: &mut Stream) -> Self {
        let count = stream.below(MOLES as u32 + 1);
        let moles = (0..count)
            .map(|_| {
                let (x, y) = (stream.between(-30.0, 30.0), stream.between(-28.0, 42.0));
                [x, y, stream.between(0.5, 1.5), stream.between(0.35, 0.9)]
            })
            .collect();
        let freckled = (stream.around(-0.12, 0.25) * (1.0 - 1.6 * traits.melanin)).clamp(0.0, 0.45);
        let freckles = (0..FRECKLES)
            .map(|_| [stream.around(0.0, 14.0), stream.around(6.0, 5.0), stream.between(0.4, 0.8)])
            .collect();
        Self {
            moles,
            freckles,
            freckled,
            lines: (0.5 * traits.age * traits.age + stream.around(-0.08, 0.06)).max(0.0),
        }
    }

    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, colour: &Skin) {
        if self.freckled > 0.02 {
            let brown = colour.colour.towards(Rgb([0.48, 0.26, 0.14]), 0.7);
            for &[x, y, radius] in &self.freckles {
                canvas.spot(x, y, [radius; 2], brown, self.freckled);
            }
        }
        for &[x, y, radius, opacity] in &self.moles {
            canvas.spot(x, y, [radius; 2], Rgb([0.16, 0.09, 0.07]), opacity);
        }
        if self.lines > 0.02 {
            for (row, reach) in [(-29.0, 13.0), (-25.0, 15.0)] {
                let line = [-1.0_f32, -0.3, 0.3, 1.0].map(|t| (skin(t * reach, row + 1.2 * t * t), 0.45));
                canvas.ribbon(&line, colour.shadow, self.lines);
            }
        }
    }
}
