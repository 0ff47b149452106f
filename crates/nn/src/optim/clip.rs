//! Gradient clipping by global norm.

/// Elements of one partial sum.
const BLOCK: usize = 4096;

/// A gradient's norm where it is known at once, and what the gradient is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownNorm {
    /// Before clipping.
    pub norm: f64,
    /// Clipping.
    pub factor: f32,
}

impl KnownNorm {
    /// Of gradients that are scaled down to `limit` where they are longer.
    pub(crate) fn new(norm: f64, limit: Option<f64>) -> Self {
        Self { norm, factor: limit.map_or(1.0, |limit| clip_factor(norm, limit)) }
    }
}

/// The Euclidean norm of all gradients together. Squares are summed in float64, block by block in the order given,
/// so the result does not depend on threads.
pub fn global_norm<'a>(gradients: impl IntoIterator<Item = &'a [f32]>) -> f64 {
    let blocks = gradients.into_iter().flat_map(|gradient| gradient.chunks(BLOCK));
    blocks.map(sum_of_squares).sum::<f64>().sqrt()
}

/// What gradients of norm `norm` are multiplied by so that it does not exceed `limit`: min(1, limit / (norm +
/// 1e-6)), as PyTorch's `clip_grad_norm_`.
pub fn clip_factor(norm: f64, limit: f64) -> f32 {
    (limit / (norm + 1e-6)).min(1.0) as f32
}

fn sum_of_squares(block: &[f32]) -> f64 {
    let mut sums = [0.0_f64; 8];
    let chunks = block.chunks_exact(8);
    let tail: f64 = chunks.remainder().iter().map(|&g| f64::from(g) * f64::from(g)).sum();
    for chunk in chunks {
        for (sum, &g) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(g) * f64::from(g);
        }
    }
    sums.iter().sum::<f64>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_and_four_in_two_parameters_have_the_norm_five() {
        let (a, b) = ([3.0_f32, 0.0], [4.0_f32]);
        assert_eq!(global_norm([&a[..], &b[..]]), 5.0);
    }

    #[test]
    fn a_norm_counts_every_element_of_long_parameters() {
        let ones = vec![1.0_f32; 10_001];
        assert_eq!(global_norm([&ones[..]]), 10_001_f64.sqrt());
    }

    #[test]
    fn only_gradients_longer_than_the_limit_are_scaled() {
        assert_eq!(clip_factor(4.0, 5.0), 1.0);
        assert!((clip_factor(10.0, 5.0) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_norm_that_is_not_a_number_stays_visible() {
        assert!(global_norm([&[1.0, f32::NAN][..]]).is_nan());
    }
}
