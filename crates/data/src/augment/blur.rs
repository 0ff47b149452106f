//! Gaussian blur.
//!
//! As torchvision's `gaussian_blur`: in both directions the weights exp(-d² / 2σ²) of the pixels within ⌈3σ⌉, of sum 1; at
//! its edges the image is mirrored, the edge itself not repeated.

/// Blurs an image of `size` × `size` pixels with a standard deviation of `sigma` pixels.
pub fn blur(pixels: &mut [u8], size: u32, sigma: f64) {
    let size = size as usize;
    // A mirror shows no more than there is.
    let reach = ((3.0 * sigma).ceil() as usize).min(size - 1);
    let weights = weights(sigma, reach);
    let width = 3 * size;
    let rows: Vec<f32> =
        pixels.chunks_exact(width).flat_map(|row| blurred_row(row, reach, &weights)).collect();
    let mut sums = vec![0.0; width];
    for (row, out) in pixels.chunks_exact_mut(width).enumerate() {
        sums.fill(0.5);
        for (tap, weight) in weights.iter().enumerate() {
            let from = mirrored(row + tap, reach, size);
            for (sum, value) in sums.iter_mut().zip(&rows[from * width..]) {
                *sum += weight * value;
            }
        }
        for (byte, sum) in out.iter_mut().zip(&sums) {
            *byte = *sum as u8;
        }
    }
}

/// Of 2 · `reach` + 1 neighbours.
fn weights(sigma: f64, reach: usize) -> Vec<f32> {
    let weight = |tap: usize| (-0.5 * ((tap as f64 - reach as f64) / sigma).powi(2)).exp();
    let sum: f64 = (0..=2 * reach).map(weight).sum();
    (0..=2 * reach).map(|tap| (weight(tap) / sum) as f32).collect()
}

fn blurred_row(row: &[u8], reach: usize, weights: &[f32]) -> Vec<f32> {
    let (pixels, _) = row.as_chunks::<3>();
    let wide: Vec<f32> = (0..pixels.len() + 2 * reach)
        .flat_map(|place| pixels[mirrored(place, reach, pixels.len())].map(f32::from))
        .collect();
    let mut sums = vec![0.0; row.len()];
    for (tap, weight) in weights.iter().enumerate() {
        for (sum, value) in sums.iter_mut().zip(&wide[3 * tap..]) {
            *sum += weight * value;
        }
    }
    sums
}

/// The place in the image of one in the image with `reach` more on each side.
fn mirrored(place: usize, reach: usize, size: usize) -> usize {
    let place = place.abs_diff(reach);
    place.min(2 * (size - 1) - place.min(2 * (size - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_leaves_the_edge_out() {
        let places: Vec<usize> = (0..8).map(|place| mirrored(place, 2, 4)).collect();
        assert_eq!(places, [2, 1, 0, 1, 2, 3, 2, 1]);
    }

    #[test]
    fn a_point_becomes_the_product_of_two_bells() {
        let mut pixels = vec![0; 3 * 9 * 9];
        pixels[3 * (9 * 4 + 4)..][..3].fill(255);
        blur(&mut pixels, 9, 1.0);
        // exp(-d²/2) over 2.50663, the sum of those at -3 to 3, twice: 255 · 0.3991² and 255 · 0.3991 · 0.2420.
        let at = |x: usize, y: usize| pixels[3 * (9 * y + x)];
        assert_eq!([at(4, 4), at(5, 4), at(4, 3), at(0, 0)], [41, 25, 25, 0]);
    }

    #[test]
    fn an_even_image_stays_even_whatever_the_blur() {
        for sigma in [0.1, 1.0, 3.0, 10.0] {
            let mut pixels = vec![200; 3 * 16 * 16];
            blur(&mut pixels, 16, sigma);
            assert_eq!(pixels, vec![200; 3 * 16 * 16], "{sigma}");
        }
    }
}
