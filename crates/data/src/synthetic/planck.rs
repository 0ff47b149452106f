//! The colour of a light of a given temperature.

/// What a camera balanced for daylight makes of light of a temperature: factors of linear red, green and blue.
///
/// `kelvin` is clamped to [1667, 25000], where the approximation holds. At 6504 K the factors are 1; every
/// temperature leaves the luminance of white (ITU-R BT.709) as it was. Chromaticity by the cubic splines of
/// Kim et al., "Design of advanced color temperature control system for HDTV applications", J. Korean Phys.
/// Soc. 41 (2002), also US patent 7024034.
pub fn colour_temperature_gains(kelvin: f32) -> [f32; 3] {
    let light = linear_rgb(f64::from(kelvin));
    let neutral = linear_rgb(6504.0);
    let gains: [f64; 3] = std::array::from_fn(|i| light[i] / neutral[i]);
    let luminance = 0.2126 * gains[0] + 0.7152 * gains[1] + 0.0722 * gains[2];
    gains.map(|gain| (gain / luminance) as f32)
}

/// Linear sRGB of the light at luminance 1, nothing below a small positive number: a candle has no sRGB blue.
fn linear_rgb(kelvin: f64) -> [f64; 3] {
    let (x, y) = chromaticity(kelvin.clamp(1667.0, 25_000.0));
    let (tristimulus_x, tristimulus_z) = (x / y, (1.0 - x - y) / y);
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
        .map(|row: [f64; 3]| (row[0] * tristimulus_x + row[1] + row[2] * tristimulus_z).max(0.005))
}

/// CIE 1931 x and y on the Planckian locus.
fn chromaticity(kelvin: f64) -> (f64, f64) {
    let t = 1000.0 / kelvin;
    let x = if kelvin <= 4000.0 {
        cubic([-0.266_123_9, -0.234_358_9, 0.877_695_6, 0.179_910], t)
    } else {
        cubic([-3.025_846_9, 2.107_037_9, 0.222_634_7, 0.240_390], t)
    };
    let y = if kelvin <= 2222.0 {
        cubic([-1.106_381_4, -1.348_110_2, 2.185_558_32, -0.202_196_83], x)
    } else if kelvin <= 4000.0 {
        cubic([-0.954_947_6, -1.374_185_93, 2.091_370_15, -0.167_488_67], x)
    } else {
        cubic([3.081_758_0, -5.873_386_7, 3.751_129_97, -0.370_014_83], x)
    };
    (x, y)
}

fn cubic(coefficients: [f64; 4], t: f64) -> f64 {
    let [a, b, c, d] = coefficients;
    ((a * t + b) * t + c) * t + d
}

#[cfg(test)]
mod tests {
    use super::{chromaticity, colour_temperature_gains};

    #[test]
    fn known_lights_stand_where_tables_put_them() {
        // CIE illuminant A (2856 K) is (0.4476, 0.4074); the black body of 6500 K is (0.3135, 0.3237).
        for (kelvin, x, y) in [(2856.0, 0.4476, 0.4074), (6500.0, 0.3135, 0.3237)] {
            let (got_x, got_y) = chromaticity(kelvin);
            assert!((got_x - x).abs() < 1e-3 && (got_y - y).abs() < 1e-3, "{kelvin} K: {got_x} {got_y}");
        }
    }

    #[test]
    fn daylight_changes_nothing() {
        for gain in colour_temperature_gains(6504.0) {
            assert!((gain - 1.0).abs() < 1e-5, "{gain}");
        }
    }

    #[test]
    fn red_over_blue_falls_as_the_temperature_rises() {
        let ratios: Vec<f32> = (17..250)
            .map(|hundreds| colour_temperature_gains(hundreds as f32 * 100.0))
            .map(|gains| gains[0] / gains[2])
            .collect();
        assert!(ratios.windows(2).all(|pair| pair[0] > pair[1] || pair[0] > 50.0), "{ratios:?}");
    }

    #[test]
    fn temperatures_out_of_range_stand_at_its_ends() {
        assert_eq!(colour_temperature_gains(0.0), colour_temperature_gains(1667.0));
        assert_eq!(colour_temperature_gains(1e9), colour_temperature_gains(25_000.0));
    }
}
