//! Brightness, contrast and saturation.
//!
//! Brightness is the mean μ of the luma, contrast its standard deviation √(mean (Y - μ)²) (RMS contrast: Peli, Contrast in
//! complex images, Journal of the Optical Society of America A 7, 1990), saturation the mean of HSV's (Smith, Color gamut
//! transform pairs, SIGGRAPH 1978).

use super::Middle;

/// The three.
pub(super) struct Tone {
    pub(super) brightness: f64,
    pub(super) contrast: f64,
    pub(super) saturation: f64,
}

pub(super) fn measure(face: &Middle) -> Tone {
    let luma = face.luma();
    let count = luma.len().max(1) as f64;
    let brightness = luma.iter().sum::<f64>() / count;
    let variance = luma.iter().map(|value| (value - brightness).powi(2)).sum::<f64>() / count;
    let saturation = face.pixels.iter().copied().map(saturation).sum::<f64>() / count;
    Tone { brightness, contrast: variance.sqrt(), saturation }
}

fn saturation(pixel: [u8; 3]) -> f64 {
    let largest = pixel.iter().copied().fold(0, u8::max);
    let smallest = pixel.iter().copied().fold(u8::MAX, u8::min);
    // Black has none.
    f64::from(largest - smallest) / f64::from(largest.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pixels_give_what_the_formulas_give_by_hand() {
        let face = Middle { pixels: vec![[0, 0, 0], [255, 255, 255]], width: 2 };
        let tone = measure(&face);
        assert!((tone.brightness - 0.5).abs() < 1e-12 && (tone.contrast - 0.5).abs() < 1e-12);
        assert_eq!(tone.saturation, 0.0);
        let red = Middle { pixels: vec![[200, 50, 100]], width: 1 };
        assert_eq!(measure(&red).saturation, 0.75);
    }
}
