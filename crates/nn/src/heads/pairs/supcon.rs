//! Supervised contrastive loss (Khosla et al. 2020): each same pair is told from all other pairs of its image.
//!
//! mean over an image's same pairs of ln Σ over all its pairs of exp(c / τ) - c / τ; mean over images that have same
//! pairs, if there are different ones. Slopes (softmax - 1 / same pairs) / τ, of different ones softmax / τ. Usual:
//! τ 0.1.

use super::{
    matrix::{Judged, Matrix, Pair, RowSum},
    soft::Logits,
};

/// A softmax over pairs, with every same pair as its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupCon {
    /// τ: what cosines are divided by.
    pub temperature: f64,
}

impl SupCon {
    pub(super) fn judge(self, cosines: &Matrix<'_>) -> Judged {
        cosines.mean(|anchor, slopes| {
            let logit = |(other, cosine): (usize, f64)| (other, cosine / self.temperature);
            let (same, different) =
                (cosines.pairs(anchor, Pair::Same), cosines.pairs(anchor, Pair::Different));
            let count = same.clone().count();
            if count == 0 || different.clone().next().is_none() {
                return RowSum::default();
            }
            let all = Logits::new(same.clone().chain(different).map(logit));
            let mean = same.clone().map(logit).map(|(_, z)| z).sum::<f64>() / count as f64;
            all.add_slopes(all.total, 1.0 / self.temperature, slopes);
            for (other, _) in same {
                slopes[other] -= 1.0 / (count as f64 * self.temperature);
            }
            RowSum::one(all.total - mean)
        })
    }
}
