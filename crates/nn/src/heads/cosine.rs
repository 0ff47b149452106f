//! Cosines between embeddings and class centres, with their explicit backward.
//!
//! - u = x / ‖x‖ for each row x; cᵢⱼ = uᵢ · vⱼ with the other side's vⱼ
//! - duᵢ = Σ over j of dcᵢⱼ · vⱼ; dxᵢ = (duᵢ - (duᵢ · uᵢ) · uᵢ) / ‖xᵢ‖
//!
//! Each row is one task and its sums run in a fixed order, so the numbers do not depend on threads.

use rayon::prelude::*;

use super::products::{add_weighted, dot, dots};

/// Lengths below this count as this, as in PyTorch's `normalize`.
const SHORTEST: f32 = 1e-12;

/// Rows of length 1, and what their lengths were.
pub(super) struct Normalised {
    rows: Vec<f32>,
    lengths: Vec<f32>,
    width: usize,
}

impl Normalised {
    /// Normalises the rows of a matrix whose rows are `width` long.
    pub(super) fn new(rows: &[f32], width: usize) -> Self {
        let lengths: Vec<f32> =
            rows.chunks_exact(width).map(|row| dot(row, row).sqrt().max(SHORTEST)).collect();
        let scaled = rows.chunks_exact(width).zip(&lengths);
        let rows = scaled.flat_map(|(row, length)| row.iter().map(move |value| value / length)).collect();
        Self { rows, lengths, width }
    }

    /// Number of rows.
    pub(super) fn count(&self) -> usize {
        self.lengths.len()
    }

    /// Lengths of the rows before normalising.
    pub(super) fn lengths(&self) -> &[f32] {
        &self.lengths
    }

    fn row(&self, index: usize) -> &[f32] {
        &self.rows[index * self.width..][..self.width]
    }

    /// The cosine of row `index` with every row of `others`.
    pub(super) fn cosines_with(&self, index: usize, others: &Self) -> Vec<f32> {
        let mut cosines = vec![0.0; others.count()];
        dots(self.row(index), &others.rows, &mut cosines);
        cosines
    }

    /// The cosine of row `index` with row `other` of `others`.
    pub(super) fn cosine(&self, index: usize, others: &Self, other: usize) -> f32 {
        dot(self.row(index), others.row(other))
    }

    /// The distance of row `index` from row `other` of `others`; of a difference, so that it is right where small.
    pub(super) fn distance(&self, index: usize, others: &Self, other: usize) -> f32 {
        let pairs = self.row(index).iter().zip(others.row(other));
        let difference: Vec<f32> = pairs.map(|(a, b)| a - b).collect();
        dot(&difference, &difference).sqrt()
    }

    /// The gradient to the rows before normalising. `weight(i, j)` is d loss / d cosine of row i with row j of
    /// `others`.
    pub(super) fn backward(&self, others: &Self, weight: impl Fn(usize, usize) -> f32 + Sync) -> Vec<f32> {
        let mut gradient = vec![0.0; self.rows.len()];
        gradient.par_chunks_exact_mut(self.width).enumerate().for_each(|(i, out)| {
            let weights: Vec<f32> = (0..others.count()).map(|j| weight(i, j)).collect();
            add_weighted(out, &weights, &others.rows);
            self.project(i, out);
        });
        gradient
    }

    /// Adds gradients to the rows' lengths, d‖x‖ / dx = u, to those of the rows. None leaves a row as it is.
    pub(super) fn add_along(&self, gradient: &mut [f32], d_length: impl Fn(usize) -> Option<f32>) {
        for (index, out) in gradient.chunks_exact_mut(self.width).enumerate() {
            if let Some(d_length) = d_length(index) {
                add_weighted(out, &[d_length], self.row(index));
            }
        }
    }

    /// Backward of normalising row `index`, in place.
    fn project(&self, index: usize, gradient: &mut [f32]) {
        let along = dot(gradient, self.row(index));
        for (gradient, unit) in gradient.iter_mut().zip(self.row(index)) {
            *gradient = (*gradient - along * unit) / self.lengths[index];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_do_not_depend_on_lengths() {
        let a = Normalised::new(&[3.0, 0.0, 0.0, 5.0], 2);
        let b = Normalised::new(&[1.0, 1.0], 2);
        for index in 0..2 {
            let found = a.cosines_with(index, &b);
            assert!((found[0] - std::f32::consts::FRAC_1_SQRT_2).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn a_row_of_zeros_gives_zeros() {
        let zero = Normalised::new(&[0.0; 4], 4);
        let other = Normalised::new(&[1.0, 2.0, 3.0, 4.0], 4);
        assert_eq!(zero.cosines_with(0, &other), [0.0]);
    }

    #[test]
    fn a_gradient_is_at_right_angles_to_its_row() {
        let row = [0.3_f32, -1.2, 0.7];
        let a = Normalised::new(&row, 3);
        let b = Normalised::new(&[1.0, 0.5, -0.25, 0.1, 0.9, 0.4], 3);
        let gradient = a.backward(&b, |_, j| if j == 0 { 0.7 } else { -0.2 });
        assert!(dot(&gradient, &row).abs() < 1e-6 && gradient.iter().any(|g| g.abs() > 0.01), "{gradient:?}");
    }
}
