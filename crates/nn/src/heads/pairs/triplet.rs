//! Triplet loss (Schroff et al. 2015): for an image, every other image of the same person is nearer than one of
//! another person, by a margin.
//!
//! mean of max(0, d(a, p) - d(a, n) + m) over mined triplets, over what is not 0; slopes 1 and -1 where not 0. Of all
//! triplets of a batch, those are mined for which d(a, n) - d(a, p) is
//!
//! - `all`: anything; beyond m it costs nothing
//! - `semi_hard`: above 0, so that n lies between p and the margin
//! - `hard`: 0 or below, so that n is no farther than p
//!
//! Distances are not squared, as in pytorch-metric-learning. Usual: m 0.05 (Schroff et al.: 0.2 on squares).

use super::matrix::{Judged, Matrix, Pair, RowSum};

/// A margin between distances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Triplet {
    /// m: by how much the same person must be nearer.
    pub margin: f64,
    /// Which triplets count.
    pub miner: Miner,
}

/// Which triplets of a batch count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Miner {
    /// All of them.
    All,
    /// Those whose negative is farther than the positive, yet within the margin.
    SemiHard,
    /// Those whose negative is no farther than the positive.
    Hard,
}

impl Triplet {
    pub(super) fn judge(&self, distances: &Matrix<'_>) -> Judged {
        distances.mean(|anchor, slopes| {
            let mut sum = RowSum::default();
            for (positive, near) in distances.pairs(anchor, Pair::Same) {
                for (negative, far) in distances.pairs(anchor, Pair::Different) {
                    // A triplet that is not mined costs nothing, but is one.
                    let excess = if self.is_mined(near, far) { near - far + self.margin } else { 0.0 };
                    if sum.add_hinge(excess) {
                        slopes[positive] += 1.0;
                        slopes[negative] -= 1.0;
                    }
                }
            }
            sum
        })
    }

    fn is_mined(&self, near: f64, far: f64) -> bool {
        match self.miner {
            Miner::All => true,
            Miner::SemiHard => far > near,
            Miner::Hard => far <= near,
        }
    }
}
