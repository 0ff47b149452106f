//! Bringing a square image to another size.
//!
//! A triangle filter in both directions, as wide as the reduction, so that each input pixel counts and nothing
//! aliases; where the image grows this is bilinear interpolation. Plain float32 arithmetic in a fixed order, so the
//! same file gives the same bytes on every machine.

/// What one output place takes from consecutive input places.
struct Taps {
    first: usize,
    /// Sum to 1.
    weights: Vec<f32>,
}

/// `side` × `side` pixels of three bytes to `size` × `size`.
pub(crate) fn resize(pixels: Vec<u8>, side: usize, size: usize) -> Vec<u8> {
    if side == size {
        return pixels;
    }
    let taps = taps(side, size);
    // Columns first: that pass runs along whole rows, and leaves fewer of them to the other.
    rows(&columns(&pixels, side, &taps), side, &taps)
}

fn taps(side: usize, size: usize) -> Vec<Taps> {
    let scale = side as f32 / size as f32;
    let reach = scale.max(1.0);
    (0..size)
        .map(|place| {
            let centre = (place as f32 + 0.5) * scale - 0.5;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor() as usize).min(side - 1);
            let weight = |input: usize| (1.0 - (input as f32 - centre).abs() / reach).max(0.0);
            let sum: f32 = (first..=last).map(weight).sum();
            Taps { first, weights: (first..=last).map(|input| weight(input) / sum).collect() }
        })
        .collect()
}

/// Each column of rows of `side` pixels brought to the number of taps.
fn columns(pixels: &[u8], side: usize, taps: &[Taps]) -> Vec<f32> {
    let width = 3 * side;
    let mut short = vec![0.0; width * taps.len()];
    for (sums, Taps { first, weights }) in short.chunks_exact_mut(width).zip(taps) {
        for (row, weight) in pixels[first * width..].chunks_exact(width).zip(weights) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += f32::from(value) * weight;
            }
        }
    }
    short
}

/// Each row of `side` pixels brought to the number of taps, and rounded.
fn rows(values: &[f32], side: usize, taps: &[Taps]) -> Vec<u8> {
    let (pixels, _) = values.as_chunks::<3>();
    let mut bytes = Vec::with_capacity(pixels.len() / side * taps.len() * 3);
    for row in pixels.chunks_exact(side) {
        for Taps { first, weights } in taps {
            let mut sum = [0.5; 3];
            for ([red, green, blue], weight) in row[*first..].iter().zip(weights) {
                sum = [sum[0] + red * weight, sum[1] + green * weight, sum[2] + blue * weight];
            }
            bytes.extend(sum.map(|value| value as u8));
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(values: &[u8]) -> Vec<u8> {
        values.iter().flat_map(|&value| [value; 3]).collect()
    }

    #[test]
    fn halving_weighs_four_neighbours_as_a_triangle_does() {
        // Weights 1, 3, 3, 1 of 8, and at the edges 3, 3, 1 of 7.
        let columns = [0, 80, 160, 240];
        let image = grey(&columns.repeat(4));
        let half = resize(image, 4, 2);
        let left = (3.0 * 0.0 + 3.0 * 80.0 + 160.0) / 7.0_f32;
        let right = (80.0 + 3.0 * 160.0 + 3.0 * 240.0) / 7.0_f32;
        let expected = [left, right].map(|value| value.round() as u8);
        assert_eq!(half, grey(&expected.repeat(2)));
    }

    #[test]
    fn doubling_interpolates_between_neighbours() {
        let double = resize(grey(&[0, 100, 0, 100]), 2, 4);
        assert_eq!(double, grey(&[0, 25, 75, 100].repeat(4)));
    }

    #[test]
    fn an_even_image_stays_even_at_every_size() {
        for value in [0, 1, 128, 254, 255] {
            for size in [1, 7, 13, 20, 31] {
                assert_eq!(resize(vec![value; 3 * 13 * 13], 13, size), vec![value; 3 * size * size]);
            }
        }
    }

    #[test]
    fn channels_do_not_mix_and_rows_stay_rows() {
        let image: Vec<u8> = (0..64).flat_map(|n| [4 * (n % 8), 4 * (n / 8), 9]).collect();
        let small = resize(image, 8, 4);
        for (place, pixel) in small.chunks(3).enumerate() {
            let (x, y) = (place % 4, place / 4);
            // The same ramp runs along both axes.
            assert_eq!(pixel[0], small[3 * (4 * y + x)]);
            assert_eq!(pixel[0], small[3 * x]);
            assert_eq!(pixel[1], small[3 * 4 * y + 1]);
            assert_eq!(small[3 * x], small[3 * 4 * x + 1]);
            assert_eq!(pixel[2], 9);
        }
    }
}
