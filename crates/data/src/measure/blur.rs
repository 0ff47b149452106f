//! Blur without a sharp image to compare with (Crété-Roffet, Dolmiere, Ladret and Nicolas, The blur effect: perception and
//! estimation with a new no-reference perceptual blur metric, SPIE 6492, 2007).
//!
//! What is sharp loses much by a further blur, what is blurred little. With D the absolute differences of neighbours in
//! one direction and D' those after a mean over 9 pixels in it, blur = 1 - Σ max(0, D - D') / Σ D, of both directions the
//! larger. Beyond the border the last pixel goes on.

use super::Middle;

/// Pixels to either side that the further blur takes in.
const REACH: usize = 4;

/// In [0, 1]; 1 where there are no differences at all.
pub(super) fn measure(face: &Middle) -> f64 {
    let luma = face.luma();
    let rows: Vec<Vec<f64>> = luma.chunks_exact(face.width.max(1)).map(<[f64]>::to_vec).collect();
    let columns: Vec<Vec<f64>> =
        (0..face.width).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    along(&rows).max(along(&columns))
}

fn along(lines: &[Vec<f64>]) -> f64 {
    let (mut all, mut lost) = (0.0, 0.0);
    for line in lines {
        let blurred = blurred(line);
        for place in 1..line.len() {
            let before = (line[place] - line[place - 1]).abs();
            let after = (blurred[place] - blurred[place - 1]).abs();
            all += before;
            lost += (before - after).max(0.0);
        }
    }
    // Below the rounding of the sums there are no differences.
    if all < 1e-9 { 1.0 } else { 1.0 - lost / all }
}

fn blurred(line: &[f64]) -> Vec<f64> {
    let at = |place: usize| line[place.saturating_sub(REACH).min(line.len() - 1)];
    let mean = |place: usize| (0..=2 * REACH).map(|step| at(place + step)).sum::<f64>();
    (0..line.len()).map(|place| mean(place) / (2 * REACH + 1) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(lines: usize, line: &[u8]) -> Middle {
        let pixels = line.iter().map(|&value| [value; 3]);
        Middle { pixels: (0..lines).flat_map(|_| pixels.clone()).collect(), width: line.len() }
    }

    #[test]
    fn an_edge_loses_eight_ninths_by_a_mean_over_nine_and_a_ramp_nearly_nothing() {
        let mut edge = vec![0; 12];
        edge.extend([255; 12]);
        // The edge itself goes from 1 to 1/9; where it spreads to, nothing is lost. Columns have no differences: 1.
        let found = along(&[face(1, &edge).luma()]);
        assert!((found - 1.0 / 9.0).abs() < 1e-9, "{found}");
        let ramp: Vec<u8> = (0..24).map(|value| 10 * value).collect();
        assert!(along(&[face(1, &ramp).luma()]) > 0.8);
    }

    #[test]
    fn a_mean_over_neighbours_makes_an_image_more_blurred() {
        let sharp: Vec<u8> = (0..40u32).map(|place| (place * place * 37 % 251) as u8).collect();
        let softer: Vec<u8> = sharp
            .windows(3)
            .map(|three| (three.iter().map(|&v| u32::from(v)).sum::<u32>() / 3) as u8)
            .collect();
        let of = |line: &[u8]| along(&[face(1, line).luma()]);
        assert!(of(&sharp) < of(&softer), "{} {}", of(&sharp), of(&softer));
    }
}
