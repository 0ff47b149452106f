//! The camera behind the lens: blur, tone, noise, and numbers of 8 bits.

use super::attributes::Attributes;
use super::colour::Transfer;
use super::random::Stream;

/// The photo's bytes from the linear picture.
pub(super) fn develop(linear: Vec<[f32; 3]>, side: usize, drawn: &Attributes, stream: &mut Stream) -> Vec<u8> {
    let pixel = side as f32 / 112.0;
    let picture = blur(linear, side, drawn.blur_px * pixel);
    let transfer = Transfer::new();
    let mut rgb = Vec::with_capacity(picture.len() * 3);
    for colour in picture {
        let luminous = if drawn.noise > 0.0 { 0.8 * stream.normal() } else { 0.0 };
        for value in colour {
            let display = transfer.display(shoulder(value));
            let toned = 0.45 + (display - 0.45) * drawn.contrast;
            let coloured = if drawn.noise > 0.0 { 0.6 * stream.normal() } else { 0.0 };
            rgb.push(((toned + drawn.noise * (luminous + coloured)) * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
        }
    }
    rgb
}

/// Highlights run into white instead of stopping at it.
fn shoulder(value: f32) -> f32 {
    const KNEE: f32 = 0.75;
    if value <= KNEE {
        return value;
    }
    let over = (value - KNEE) / (1.0 - KNEE);
    KNEE + (1.0 - KNEE) * over / (1.0 + over) * 1.15
}

/// Blurs with deviation `sigma` in pixels; a bell of finite reach stands for the Gaussian.
fn blur(picture: Vec<[f32; 3]>, side: usize, sigma: f32) -> Vec<[f32; 3]> {
    let weights = bell(sigma);
    if weights.len() < 2 {
        return picture;
    }
    let across = pass(&picture, &weights, side, 1);
    pass(&across, &weights, side, side)
}

/// Weights of the centre and of each pixel to one side, which add up to 1 over both sides.
///
/// (1 - (i/r)²)² has the variance r²/7, so r = √7 sigma; rounding to whole pixels makes narrow bells inexact.
fn bell(sigma: f32) -> Vec<f32> {
    let reach = 7.0_f32.sqrt() * sigma;
    let mut weights: Vec<f32> = (0..)
        .map(|i| i as f32)
        .take_while(|&distance| distance == 0.0 || distance < reach)
        .map(|distance| if distance == 0.0 { 1.0 } else { (1.0 - (distance / reach).powi(2)).powi(2) })
        .collect();
    let sum = 2.0 * weights.iter().sum::<f32>() - weights[0];
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

/// One direction of the blur; `step` is 1 along rows and `side` along columns. Borders repeat the last pixel.
fn pass(picture: &[[f32; 3]], weights: &[f32], side: usize, step: usize) -> Vec<[f32; 3]> {
    let last = side - 1;
    (0..picture.len())
        .map(|index| {
            let place = if step == 1 { index % side } else { index / side };
            let mut sum = picture[index].map(|value| value * weights[0]);
            for (distance, weight) in weights.iter().enumerate().skip(1) {
                let before = picture[index - step * distance.min(place)];
                let after = picture[index + step * distance.min(last - place)];
                for channel in 0..3 {
                    sum[channel] += weight * (before[channel] + after[channel]);
                }
            }
            sum
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{bell, blur};

    #[test]
    fn blur_keeps_the_light_and_spreads_it_as_asked() {
        let side = 41;
        let mut picture = vec![[0.0; 3]; side * side];
        picture[20 * side + 20] = [1.0, 2.0, 3.0];
        let sigma = 3.0;
        let blurred = blur(picture, side, sigma);
        let total: f32 = blurred.iter().map(|pixel| pixel[0]).sum();
        let variance: f32 = (0..side * side).map(|i| blurred[i][0] * (i as f32 % side as f32 - 20.0).powi(2)).sum();
        assert!((total - 1.0).abs() < 1e-4, "{total}");
        assert!((variance.sqrt() - sigma).abs() < 0.05, "{}", variance.sqrt());
    }

    #[test]
    fn no_blur_leaves_every_pixel() {
        let picture: Vec<[f32; 3]> = (0..16).map(|i| [i as f32; 3]).collect();
        assert_eq!(blur(picture.clone(), 4, 0.0), picture);
        assert_eq!(bell(0.0), [1.0]);
    }
}
