//! Light of another colour temperature.
//!
//! A photo is taken as lit by 6504 K. Light of T kelvin multiplies each channel, in linear light, by the ratio of a
//! black body's colour at T to that at 6504 K. The black body's chromaticity is the cubic approximation of Kim and
//! others (US patent 7,024,034, expired; good to 1667-25000 K), brought to linear sRGB by IEC 61966-2-1's matrix.

use arclab_spec::config::ColourTemperature;

use crate::srgb;

/// Light under which gains are 1.
const NEUTRAL_KELVIN: f64 = 6504.0;
/// The approximation holds between these.
const RANGE_KELVIN: (f64, f64) = (1667.0, 25_000.0);

/// What light of `kelvin` multiplies linear red, green and blue by. The luminance of white stays as it is; temperatures
/// beyond 1667-25000 K count as the nearer end.
pub fn gains(kelvin: f64) -> [f64; 3] {
    let (light, neutral) = (black_body(kelvin), black_body(NEUTRAL_KELVIN));
    let ratio = [0, 1, 2].map(|channel| light[channel] / neutral[channel]);
    // Weights of the luminance in ITU-R BT.709, whose primaries are sRGB's.
    let luminance = 0.2126 * ratio[0] + 0.7152 * ratio[1] + 0.0722 * ratio[2];
    ratio.map(|gain| gain / luminance)
}

/// A temperature between the ends of `range`, uniform in its reciprocal, in which equal steps look equal. `unit` is in
/// [0, 1).
pub(crate) fn draw_kelvin(range: ColourTemperature, unit: f64) -> f64 {
    let (warm, cool) = (range.min_kelvin.recip(), range.max_kelvin.recip());
    (warm + (cool - warm) * unit).recip()
}

/// What light of another colour makes of each display value: of red, of green and of blue.
pub type Tables = [[u8; 256]; 3];

/// What light of `kelvin` makes of an image that was lit by 6504 K.
pub fn tables(kelvin: f64) -> Tables {
    gains(kelvin).map(table)
}

/// Relights an image that was lit by 6504 K with light of `kelvin`.
pub fn warm_or_cool(pixels: &mut [u8], kelvin: f64) {
    relight(pixels, &tables(kelvin));
}

/// Puts in each value's place what its channel's table has for it.
pub fn relight(pixels: &mut [u8], tables: &Tables) {
    let (pixels, _) = pixels.as_chunks_mut::<3>();
    for pixel in pixels {
        *pixel = relit(*pixel, tables);
    }
}

/// What its channels' tables have for a pixel.
pub(super) fn relit(pixel: [u8; 3], tables: &Tables) -> [u8; 3] {
    [0, 1, 2].map(|channel| tables[channel][usize::from(pixel[channel])])
}

/// Linear red, green and blue of a black body, up to a factor; none is below a small share of green, as the warmest
/// lights lie outside sRGB.
fn black_body(kelvin: f64) -> [f64; 3] {
    let (x, y) = chromaticity(kelvin.clamp(RANGE_KELVIN.0, RANGE_KELVIN.1));
    let (x, z) = (x / y, (1.0 - x - y) / y);
    let rgb = [
        3.2406 * x - 1.5372 - 0.4986 * z,
        -0.9689 * x + 1.8758 + 0.0415 * z,
        0.0557 * x - 0.2040 + 1.0570 * z,
    ];
    rgb.map(|channel| channel.max(1e-3 * rgb[1]))
}

/// CIE 1931 x and y of a black body.
pub(crate) fn chromaticity(kelvin: f64) -> (f64, f64) {
    let t = 1e3 / kelvin;
    let x = if kelvin <= 4000.0 {
        ((-0.266_123_9 * t - 0.234_358_9) * t + 0.877_695_6) * t + 0.179_910
    } else {
        ((-3.025_846_9 * t + 2.107_037_9) * t + 0.222_634_7) * t + 0.240_390
    };
    let y = if kelvin <= 2222.0 {
        ((-1.106_381_4 * x - 1.348_110_20) * x + 2.185_558_32) * x - 0.202_196_83
    } else if kelvin <= 4000.0 {
        ((-0.954_947_6 * x - 1.374_185_93) * x + 2.091_370_15) * x - 0.167_488_67
    } else {
        ((3.081_758_0 * x - 5.873_386_70) * x + 3.751_129_97) * x - 0.370_014_83
    };
    (x, y)
}

/// Per display value the display value under a gain.
fn table(gain: f64) -> [u8; 256] {
    std::array::from_fn(|value| {
        let lit = (srgb::to_linear(value as f64 / 255.0) * gain).clamp(0.0, 1.0);
        (255.0 * srgb::to_display(lit)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutral_light_changes_nothing() {
        let mut pixels: Vec<u8> = (0..=255).collect();
        pixels.extend([0, 128]);
        let before = pixels.clone();
        warm_or_cool(&mut pixels, NEUTRAL_KELVIN);
        assert_eq!(pixels, before);
    }

    #[test]
    fn red_over_blue_never_rises_with_the_temperature() {
        let ratios: Vec<f64> = (18..=240)
            .map(|hundreds| gains(100.0 * f64::from(hundreds)))
            .map(|[red, _, blue]| red / blue)
            .collect();
        assert!(ratios.windows(2).all(|pair| pair[1] <= pair[0]), "{ratios:?}");
    }

    #[test]
    fn the_locus_passes_through_known_lights() {
        // Planck's law with the CIE 1931 observer; 2856 K is illuminant A (CIE 15).
        let known = [
            (2000.0, 0.5267, 0.4133),
            (2856.0, 0.4476, 0.4074),
            (6500.0, 0.3135, 0.3237),
            (10_000.0, 0.2807, 0.2884),
        ];
        for (kelvin, x, y) in known {
            let found = chromaticity(kelvin);
            assert!((found.0 - x).abs() < 1e-3 && (found.1 - y).abs() < 1e-3, "{kelvin}: {found:?}");
        }
    }

    #[test]
    fn white_keeps_its_luminance() {
        let [red, green, blue] = gains(3000.0);
        assert!((0.2126 * red + 0.7152 * green + 0.0722 * blue - 1.0).abs() < 1e-12);
        assert!(red > 1.0 && blue < 0.6);
    }

    #[test]
    fn drawn_temperatures_lie_between_the_ends() {
        let range = ColourTemperature { probability: 1.0, min_kelvin: 2500.0, max_kelvin: 10_000.0 };
        assert!((draw_kelvin(range, 0.0) - 2500.0).abs() < 1e-9);
        // Half the way in reciprocals.
        assert!((draw_kelvin(range, 0.5) - 4000.0).abs() < 1e-9);
        assert!(draw_kelvin(range, 0.999).is_finite() && draw_kelvin(range, 0.999) < 10_000.0);
    }
}
