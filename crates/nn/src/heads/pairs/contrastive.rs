//! Contrastive loss (Hadsell et al. 2006, without the squares, as pytorch-metric-learning has it): same pairs are
//! pulled to a distance, different ones pushed to another.
//!
//! mean of max(0, d - m₊) over same pairs + mean of max(0, m₋ - d) over different pairs, each over what is not 0.
//! Slopes ±1 where not 0. Usual: m₊ 0, m₋ 1.

use super::matrix::{Judged, Matrix, Pair, RowSum};

/// Distances that pairs are pulled and pushed to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrastive {
    /// m₊: same pairs that are nearer cost nothing.
    pub positive_margin: f64,
    /// m₋: different pairs that are farther cost nothing.
    pub negative_margin: f64,
}

impl Contrastive {
    pub(super) fn judge(&self, distances: &Matrix<'_>) -> Judged {
        let part = |pair, sign: f64, margin: f64| {
            distances.mean(|anchor, slopes| {
                let mut sum = RowSum::default();
                for (other, distance) in distances.pairs(anchor, pair) {
                    if sum.add_hinge(sign * (distance - margin)) {
                        slopes[other] = sign;
                    }
                }
                sum
            })
        };
        let same = part(Pair::Same, 1.0, self.positive_margin);
        same.and(&part(Pair::Different, -1.0, self.negative_margin))
    }
}
