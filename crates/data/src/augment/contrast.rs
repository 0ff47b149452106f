//! Contrast: how far display values lie from the image's mean luma.
//!
//! As Pillow's `ImageEnhance.Contrast`: m + f · (v - m), where m is the mean of the luma (ITU-R BT.601, each pixel's
//! rounded), rounded; cut to 0 … 255 and rounded down.

use super::{brightness::blended, colour::luma};

/// What a factor makes of each display value of an image whose mean luma is `mean`.
pub fn contrast(mean: u8, factor: f64) -> [u8; 256] {
    blended(mean, factor)
}

/// The mean of the pixels' luma, rounded; `changed` is what each pixel has become.
pub(super) fn mean_luma(pixels: &[u8], changed: impl Fn([u8; 3]) -> [u8; 3]) -> u8 {
    let (pixels, _) = pixels.as_chunks::<3>();
    let sum: u64 = pixels.iter().map(|&pixel| u64::from(luma(changed(pixel)))).sum();
    (sum as f64 / pixels.len().max(1) as f64 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_stays_and_distances_from_it_are_multiplied() {
        let twice = contrast(100, 2.0);
        assert_eq!([twice[100], twice[90], twice[120], twice[40], twice[250]], [100, 80, 140, 0, 255]);
    }

    #[test]
    fn without_contrast_all_is_the_mean() {
        assert_eq!(contrast(93, 0.0), [93; 256]);
    }

    #[test]
    fn the_mean_is_that_of_the_changed_luma() {
        let pixels = [255, 0, 0, 0, 0, 0];
        // 76 and 0.
        assert_eq!(mean_luma(&pixels, |pixel| pixel), 38);
        assert_eq!(mean_luma(&pixels, |[red, ..]| [red; 3]), 128);
    }
}
