//! NT-Xent (Chen et al. 2020, with every same pair as one of positives): a same pair is told from the different pairs
//! of its first image.
//!
//! ln(exp(c / τ) + Σ over different pairs of exp(c' / τ)) - c / τ, mean over all same pairs, each in both orders.
//! Slopes (p - 1) / τ and p' / τ, with the shares p in that sum. Usual: τ 0.07.

use super::{
    matrix::{Judged, Matrix, Pair, RowSum},
    soft::{Logits, soft_plus},
};

/// A softmax of one same pair and all different ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NtXent {
    /// τ: what cosines are divided by.
    pub temperature: f64,
}

impl NtXent {
    pub(super) fn judge(self, cosines: &Matrix<'_>) -> Judged {
        cosines.mean(|anchor, slopes| {
            let logit = |(other, cosine): (usize, f64)| (other, cosine / self.temperature);
            let different = Logits::new(cosines.pairs(anchor, Pair::Different).map(logit));
            let mut sum = RowSum::default();
            for (other, own) in cosines.pairs(anchor, Pair::Same).map(logit) {
                let cost = soft_plus(different.total - own);
                slopes[other] = (-cost).exp_m1() / self.temperature;
                different.add_slopes(own + cost, 1.0 / self.temperature, slopes);
                sum = RowSum { cost: sum.cost + cost, count: sum.count + 1, ..sum };
            }
            sum
        })
    }
}
