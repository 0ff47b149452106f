//! What pixels say of a photo, so that wrong pairs can be looked at by it.
//!
//! Everything is of the middle of the crop, where an aligned face lies: what is behind a person says little of the
//! light on the face, and less of its sharpness.

mod attribute;
mod blur;
mod colour_temperature;
mod tone;

pub use self::attribute::{Attribute, UnknownAttribute};

/// Raised whenever a measure gives another number of the same pixels.
pub(crate) const MEASURES_VERSION: u32 = 1;

/// What was measured of one image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Correlated colour temperature of the mean light, in kelvin, within 1672-25000.
    pub colour_temperature_kelvin: f32,
    /// Mean luma, in [0, 1].
    pub brightness: f32,
    /// Standard deviation of the luma, in [0, 0.5].
    pub contrast: f32,
    /// Mean of (largest - smallest) / largest channel, in [0, 1].
    pub saturation: f32,
    /// Share of the differences between neighbours that a further blur would leave, in [0, 1]; 1 is all blurred.
    pub blur: f32,
}

impl Measures {
    /// Number of measures.
    pub(crate) const COUNT: usize = 5;

    /// Of an image of `size` × `size` pixels: H × W × 3 bytes.
    pub(crate) fn of(pixels: &[u8], size: u32) -> Self {
        let face = Middle::of(pixels, size);
        let tone = tone::measure(&face);
        Self {
            colour_temperature_kelvin: colour_temperature::kelvin(&face) as f32,
            brightness: tone.brightness as f32,
            contrast: tone.contrast as f32,
            saturation: tone.saturation as f32,
            blur: blur::measure(&face) as f32,
        }
    }

    pub(crate) fn to_array(self) -> [f32; Self::COUNT] {
        let Self { colour_temperature_kelvin, brightness, contrast, saturation, blur } = self;
        [colour_temperature_kelvin, brightness, contrast, saturation, blur]
    }

    pub(crate) fn from_array(values: [f32; Self::COUNT]) -> Self {
        let [colour_temperature_kelvin, brightness, contrast, saturation, blur] = values;
        Self { colour_temperature_kelvin, brightness, contrast, saturation, blur }
    }
}

/// Rec. 601 luma, in [0, 255].
pub(crate) fn luma([red, green, blue]: [u8; 3]) -> f64 {
    0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue)
}

/// The part of an image that is measured.
struct Middle {
    pixels: Vec<[u8; 3]>,
    width: usize,
}

impl Middle {
    /// Rows 3/8 to 13/16 and columns 5/16 to 11/16: from the brows to the lower lip, between the outer corners of the eyes.
    fn of(pixels: &[u8], size: u32) -> Self {
        let size = size as usize;
        let (top, bottom) = (3 * size / 8, (13 * size).div_ceil(16));
        let (left, right) = (5 * size / 16, (11 * size).div_ceil(16));
        let (all, _) = pixels.as_chunks::<3>();
        let rows = all.chunks_exact(size.max(1)).take(bottom).skip(top);
        Self { pixels: rows.flat_map(|row| &row[left..right]).copied().collect(), width: right - left }
    }

    /// Rec. 601 luma of each pixel, in [0, 1], row by row.
    fn luma(&self) -> Vec<f64> {
        self.pixels.iter().map(|&pixel| luma(pixel) / 255.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_the_face_is_not_measured() {
        let size = 16;
        let mut pixels = vec![100; 3 * size * size];
        let before = Measures::of(&pixels, size as u32);
        // The first rows and the first columns of all others.
        for (place, pixel) in pixels.chunks_exact_mut(3).enumerate() {
            if place / size < 6 || place % size < 5 {
                pixel.copy_from_slice(&[255, 0, 3]);
            }
        }
        assert_eq!(Measures::of(&pixels, size as u32), before);
    }

    #[test]
    fn a_grey_face_is_neutral_and_a_black_one_is_measured_all_the_same() {
        for value in [0, 100, 255] {
            let found = Measures::of(&vec![value; 3 * 32 * 32], 32);
            assert!((found.colour_temperature_kelvin - 6504.0).abs() < 15.0, "{found:?}");
            assert_eq!((found.saturation, found.blur), (0.0, 1.0), "{found:?}");
            assert!(found.contrast < 1e-6);
            assert!((found.brightness - f32::from(value) / 255.0).abs() < 1e-6);
        }
    }
}
