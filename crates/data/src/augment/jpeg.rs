//! The traces that JPEG leaves: an image is encoded, and decoded again.
//!
//! Quality is what libjpeg takes it for (the tables of ITU-T T.81, annex K, scaled by 50 / q below 50 and by 2 - q / 50 from
//! there). Colours keep their full resolution, as Pillow's `subsampling=0` has it.

use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

use crate::decode;

/// Makes of an image of `size` × `size` pixels what is left of it in a JPEG of `quality`, 1 to 100.
pub fn through_jpeg(pixels: &mut [u8], size: u32, quality: u8) {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality)
        .encode(pixels, size, size, ExtendedColorType::Rgb8)
        .expect("memory takes every image of at most 65,535 pixels a side");
    let decoded = decode::whole(&file).expect("what was encoded a moment ago can be decoded");
    pixels.copy_from_slice(decoded.as_raw());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Vec<u8> {
        (0..24 * 24_u32).flat_map(|n| [n * 7 % 256, n * n % 251, n / 3].map(|value| value as u8)).collect()
    }

    fn error(quality: u8) -> u64 {
        let mut pixels = image();
        through_jpeg(&mut pixels, 24, quality);
        pixels.iter().zip(image()).map(|(&now, before)| u64::from(now.abs_diff(before)).pow(2)).sum()
    }

    #[test]
    fn an_even_image_stays_even() {
        let mut pixels = [128; 3 * 16 * 16];
        through_jpeg(&mut pixels, 16, 10);
        assert_eq!(pixels, [128; 3 * 16 * 16]);
    }

    #[test]
    fn less_is_left_as_the_quality_falls() {
        let errors = [95, 70, 30, 5].map(error);
        assert!(errors[0] > 0 && errors.is_sorted(), "{errors:?}");
    }
}
