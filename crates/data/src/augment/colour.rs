//! Grey images on three channels.

/// Weights of red, green and blue in the luma of ITU-R BT.601, in parts of 65,536.
const LUMA: [u32; 3] = [19_595, 38_470, 7_471];

/// Puts each pixel's luma (ITU-R BT.601, of the encoded values) on all three channels.
pub fn to_grey(pixels: &mut [u8]) {
    let (pixels, _) = pixels.as_chunks_mut::<3>();
    for pixel in pixels {
        *pixel = [luma(*pixel); 3];
    }
}

/// A pixel's luma, rounded.
pub(super) fn luma(pixel: [u8; 3]) -> u8 {
    let sum: u32 = pixel.iter().zip(LUMA).map(|(&value, weight)| u32::from(value) * weight).sum();
    ((sum + 32_768) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_luma_of_the_primaries_is_that_of_the_recommendation() {
        let mut pixels = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0];
        to_grey(&mut pixels);
        // 0.299, 0.587 and 0.114 of 255.
        let expected = [76, 150, 29, 255, 0].map(|grey| [grey; 3]);
        assert_eq!(pixels, expected.concat().as_slice());
    }

    #[test]
    fn grey_stays_as_it_is() {
        for grey in 0..=255 {
            let mut pixel = [grey; 3];
            to_grey(&mut pixel);
            assert_eq!(pixel, [grey; 3]);
        }
    }
}
