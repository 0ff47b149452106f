//! Lifted structure loss (Song et al. 2016): a same pair against all different pairs of both of its images.
//!
//! J = ln(Σ over different pairs of i or of j of exp(m₋ - d)) + d(i, j) - m₊; max(0, J)² / 2, mean over all same pairs
//! (i, j). With w the share of a pair in its sum, slopes max(0, J) and -max(0, J)·w. The paper has embeddings of any
//! length; here they have length 1, as in pytorch-metric-learning. Usual: m₊ 0, m₋ 1.

use super::{
    matrix::{Judged, Matrix, Pair, RowSum},
    soft::{Logits, soft_plus},
};

/// Same pairs against all different ones about them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiftedStructure {
    /// m₊: what is taken off the distance of a same pair.
    pub positive_margin: f64,
    /// m₋: from where on different pairs cost little.
    pub negative_margin: f64,
}

impl LiftedStructure {
    pub(super) fn judge(&self, distances: &Matrix<'_>) -> Judged {
        let different = |anchor| {
            let logit = |(other, distance)| (other, self.negative_margin - distance);
            Logits::new(distances.pairs(anchor, Pair::Different).map(logit))
        };
        distances.mean(|anchor, slopes| {
            let own = different(anchor);
            let mut sum = RowSum::default();
            if own.count() == 0 {
                return sum;
            }
            for (other, distance) in distances.pairs(anchor, Pair::Same) {
                let total = own.total + soft_plus(different(other).total - own.total);
                let excess = total + distance - self.positive_margin;
                sum.hinges.total += 1;
                sum.count += 1;
                if excess > 0.0 {
                    sum.hinges.active += 1;
                    sum.cost += excess * excess / 2.0;
                    slopes[other] += excess;
                    // Twice: the pair stands in the row of `other`, too, where it is of the same cost.
                    own.add_slopes(total, -2.0 * excess, slopes);
                }
            }
            sum
        })
    }
}
