//! Sub-centre ArcFace (Deng et al. 2020): K centres a class, of which the nearest one counts.
//!
//! cos θⱼ = the largest of the cosines to the K centres of class j; then as ArcFace. The gradient goes to that centre
//! alone. So one of them can take up a class's wrong labels. Usual: K 3, s 64, m 0.5.

use super::ArcFace;

/// An additive angular margin to the nearest of several centres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SubCentre {
    /// The margin.
    pub arcface: ArcFace,
    /// K: centres of one class.
    pub centres: usize,
}

/// Cosines by class, from those to all centres, class by class; and which centre each is of. The first of equals.
pub(super) fn nearest(cosines: &[f64], centres: usize) -> (Vec<f64>, Vec<usize>) {
    let of_class = |class: &[f64]| {
        let best = (1..class.len()).fold(0, |best, at| if class[at] > class[best] { at } else { best });
        (class[best], best)
    };
    cosines.chunks_exact(centres).map(of_class).unzip()
}

/// Backward of [`nearest`]: gradients to all centres, zero but for the nearest.
pub(super) fn spread(by_class: &[f32], nearest: &[usize], centres: usize) -> Vec<f32> {
    let mut all = vec![0.0; by_class.len() * centres];
    for ((of_class, gradient), &best) in all.chunks_exact_mut(centres).zip(by_class).zip(nearest) {
        of_class[best] = *gradient;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_centre_stands_for_its_class_and_takes_the_gradient() {
        let (cosines, best) = nearest(&[0.1, 0.3, -0.2, -0.5, -0.5, -0.9], 3);
        assert_eq!((cosines, best.as_slice()), (vec![0.3, -0.5], [1, 0].as_slice()));
        assert_eq!(spread(&[2.0, 4.0], &best, 3), [0.0, 2.0, 0.0, 4.0, 0.0, 0.0]);
    }
}
