//! The camera behind the lens: blur, tone, noise, and numbers of 8 bits.

use super::attributes::Attributes;
use super::colour::Transfer;
use super::random::Stream;

/// The photo's bytes from the linear picture.
pub(super) fn develop(
    linear: Vec<[f32; 3]>,
    side: usize,
    drawn: &Attributes,
    stream: &mut Stream,
) -> Vec<u8> {
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
    let across = along_rows(&picture, &weights, side);
    along_columns(&across, &weights, side)
}

/// Weights of the centre and of each pixel to one side, which add up to 1 over both sides.
///
/// (1 - (i/r)²)² has the variance r²/7, so r = √7 sigma; rounding to whole pixels makes narrow bells inexact.
fn bell(sigma: f32) -> Vec<f32> {
    let reach = 7.0_f32.sqrt() * sigma;
    let weight = |distance: f32| (1.0 - (distance / reach).powi(2)).powi(2);
    let mut weights = vec![1.0];
    weights.extend((1..reach.ceil() as usize).map(|i| weight(i as f32)));
    let sum = 2.0 * weights.iter().sum::<f32>() - weights[0];
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}

/// Borders repeat the last pixel.
fn along_rows(picture: &[[f32; 3]], weights: &[f32], side: usize) -> Vec<[f32; 3]> {
    let reach = weights.len() - 1;
    let mut sums = vec![[0.0; 3]; picture.len()];
    for (row, sum) in picture.chunks_exact(side).zip(sums.chunks_exact_mut(side)) {
        let border = |pixel: [f32; 3]| std::iter::repeat_n(pixel, reach);
        let padded: Vec<[f32; 3]> =
            border(row[0]).chain(row.iter().copied()).chain(border(row[side - 1])).collect();
        for (distance, &weight) in weights.iter().enumerate() {
            add(sum, &padded[reach - distance..][..side], weight);
            if distance > 0 {
                add(sum, &padded[reach + distance..][..side], weight);
            }
        }
    }
    sums
}

/// Borders repeat the last row.
fn along_columns(picture: &[[f32; 3]], weights: &[f32], side: usize) -> Vec<[f32; 3]> {
    let row = |y: usize| &picture[y.min(side - 1) * side..][..side];
    let mut sums = vec![[0.0; 3]; picture.len()];
    for (y, sum) in sums.chunks_exact_mut(side).enumerate() {
        for (distance, &weight) in weights.iter().enumerate() {
            add(sum, row(y.saturating_sub(distance)), weight);
            if distance > 0 {
                add(sum, row(y + distance), weight);
            }
        }
    }
    sums
}

fn add(sums: &mut [[f32; 3]], pixels: &[[f32; 3]], weight: f32) {
    for (sum, value) in sums.as_flattened_mut().iter_mut().zip(pixels.as_flattened()) {
        *sum += weight * value;
    }
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
        let variance: f32 =
            (0..side * side).map(|i| blurred[i][0] * (i as f32 % side as f32 - 20.0).powi(2)).sum();
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
