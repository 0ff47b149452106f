//! Correlated colour temperature of the light on a face.
//!
//! The light's colour is estimated as the mean of linear red, green and blue ("grey world": Buchsbaum, A spatial processor model
//! for object colour perception, Journal of the Franklin Institute 310, 1980). Skin is no grey: a face under neutral light
//! measures some 4000 K, so that the number compares photos of a person, and is not the light's own. Its correlated colour
//! temperature is that of the nearest black body in CIE 1960 u, v (CIE 15), searched in steps of one mired (10⁶ / kelvin) and
//! interpolated between them.

use std::sync::LazyLock;

use super::Middle;
use crate::{augment::chromaticity, srgb};

/// The ends of the locus, in mired: 25,000 and 1672 kelvin.
const MIREDS: std::ops::RangeInclusive<u32> = 40..=598;
/// What is added to every channel, a share of white: a black face is neutral rather than of no colour.
const FLOOR: f64 = 1e-6;

/// Linear value of each display value.
static LINEAR: LazyLock<[f64; 256]> =
    LazyLock::new(|| std::array::from_fn(|value| srgb::to_linear(value as f64 / 255.0)));

/// u and v of black bodies, a mired apart.
static LOCUS: LazyLock<Vec<[f64; 2]>> =
    LazyLock::new(|| MIREDS.map(|mired| uv(chromaticity(1e6 / f64::from(mired)))).collect());

/// Of the face's mean light.
pub(super) fn kelvin(face: &Middle) -> f64 {
    let mut light = [FLOOR; 3];
    for pixel in &face.pixels {
        for (sum, &value) in light.iter_mut().zip(pixel) {
            *sum += LINEAR[usize::from(value)] / face.pixels.len() as f64;
        }
    }
    1e6 / nearest_mired(uv(xy(light)))
}

/// CIE 1931 x and y of linear sRGB (IEC 61966-2-1).
fn xy([red, green, blue]: [f64; 3]) -> (f64, f64) {
    let x = 0.4124 * red + 0.3576 * green + 0.1805 * blue;
    let y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let z = 0.0193 * red + 0.1192 * green + 0.9505 * blue;
    (x / (x + y + z), y / (x + y + z))
}

/// CIE 1960.
fn uv((x, y): (f64, f64)) -> [f64; 2] {
    let below = -2.0 * x + 12.0 * y + 3.0;
    [4.0 * x / below, 6.0 * y / below]
}

fn nearest_mired(point: [f64; 2]) -> f64 {
    let distance = |of: &[f64; 2]| (of[0] - point[0]).powi(2) + (of[1] - point[1]).powi(2);
    let nearest = |best: usize, place: usize| {
        if distance(&LOCUS[place]) < distance(&LOCUS[best]) { place } else { best }
    };
    let place = (0..LOCUS.len()).fold(0, nearest);
    let (from, to) = (place.saturating_sub(1), (place + 1).min(LOCUS.len() - 1));
    let (a, b) = (LOCUS[from], LOCUS[to]);
    let along = [b[0] - a[0], b[1] - a[1]];
    let share =
        ((point[0] - a[0]) * along[0] + (point[1] - a[1]) * along[1]) / (along[0].powi(2) + along[1].powi(2));
    f64::from(*MIREDS.start()) + from as f64 + share.clamp(0.0, 1.0) * (to - from) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::warm_or_cool;

    #[test]
    fn known_lights_have_their_temperatures() {
        // CIE 15: illuminants A and D65; D50 and D75 of the daylight series.
        let known = [
            (2856.0, 0.44757, 0.40745),
            (6504.0, 0.31271, 0.32902),
            (5003.0, 0.34567, 0.35850),
            (7504.0, 0.29902, 0.31485),
        ];
        for (kelvin, x, y) in known {
            let found = 1e6 / nearest_mired(uv((x, y)));
            assert!((1e6 / found - 1e6 / kelvin).abs() < 1.5, "{kelvin}: {found}");
        }
    }

    #[test]
    fn white_under_another_light_measures_that_light() {
        for kelvin in [3000.0, 4500.0, 9000.0] {
            // A middle grey, so that nothing is clipped. The gains stand on a black body as neutral light, which is a little off white.
            let mut pixels = vec![90; 3 * 16];
            warm_or_cool(&mut pixels, kelvin);
            let (pixels, _) = pixels.as_chunks::<3>();
            let found = super::kelvin(&Middle { pixels: pixels.to_vec(), width: 4 });
            assert!((1e6 / found - 1e6 / kelvin).abs() < 12.0, "{kelvin}: {found}");
        }
    }

    #[test]
    fn what_lies_beyond_the_locus_counts_as_its_end() {
        assert!((1e6 / nearest_mired(uv(xy([0.0, 0.0, 1.0]))) - 25_000.0).abs() < 1.0);
        assert!((1e6 / nearest_mired(uv(xy([1.0, 0.0, 0.0])))) < 1700.0);
    }
}
