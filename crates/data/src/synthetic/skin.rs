//! Skin: its colour, and the colours that follow from it.

use super::colour::Rgb;
use super::person::Traits;
use super::random::Stream;

/// From the lightest skin to the darkest.
const TONES: [Rgb; 5] = [
    Rgb([0.96, 0.82, 0.75]),
    Rgb([0.90, 0.73, 0.62]),
    Rgb([0.78, 0.58, 0.45]),
    Rgb([0.58, 0.40, 0.29]),
    Rgb([0.38, 0.25, 0.18]),
];

/// A person's skin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Skin {
    /// Its colour in neutral light.
    pub(super) colour: Rgb,
    /// Colour of its shadows, folds and nostrils.
    pub(super) shadow: Rgb,
    /// Redness of cheeks and nose, as an opacity.
    pub(super) flush: f32,
}

impl Skin {
    pub(super) fn new(traits: &Traits, stream: &mut Stream) -> Self {
        let (red, yellow) = (stream.around(0.0, 0.014), stream.around(0.0, 0.014));
        let colour = Rgb::on_scale(&TONES, traits.melanin).plus([
            red + yellow * 0.5,
            yellow * 0.5 - red * 0.4,
            -yellow,
        ]);
        let dark = Rgb([colour.0[0] * 0.42, colour.0[1] * 0.30, colour.0[2] * 0.27]);
        Self {
            colour,
            shadow: dark,
            flush: stream.around(0.10, 0.06).clamp(0.0, 0.3) * (1.2 - traits.melanin),
        }
    }

    /// The colour of flushed skin.
    pub(super) fn flushed(&self) -> Rgb {
        Rgb([self.colour.0[0], self.colour.0[1] * 0.66, self.colour.0[2] * 0.62])
    }
}
