//! Multi-similarity loss (Wang et al. 2019): soft maxima over an image's same and different pairs, about a cosine.
//!
//! ln(1 + Σ over same pairs of exp(-α·(c - λ))) / α + ln(1 + Σ over different pairs of exp(β·(c - λ))) / β, mean over
//! all images. Slopes -w and w, with w the share of a pair in its sum, 1 included. The paper's mining of pairs is no
//! part of it, nor of pytorch-metric-learning's. Usual: α 2, β 50, λ 0.5.

use super::{
    matrix::{Judged, Matrix, Pair, RowSum},
    soft::{Logits, soft_plus},
};

/// Soft maxima about a cosine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultiSimilarity {
    /// α: how sharply the least alike same pairs stand out.
    pub positive_scale: f64,
    /// β: how sharply the most alike different pairs stand out.
    pub negative_scale: f64,
    /// λ: the cosine between same and different.
    pub base: f64,
}

impl MultiSimilarity {
    pub(super) fn judge(&self, cosines: &Matrix<'_>) -> Judged {
        cosines.mean(|anchor, slopes| {
            let mut of = |pair, sign: f64, scale: f64| {
                let logit = |(other, cosine)| (other, sign * scale * (cosine - self.base));
                let logits = Logits::new(cosines.pairs(anchor, pair).map(logit));
                let total = soft_plus(logits.total);
                logits.add_slopes(total, sign, slopes);
                total / scale
            };
            let same = of(Pair::Same, -1.0, self.positive_scale);
            RowSum::one(same + of(Pair::Different, 1.0, self.negative_scale))
        })
    }
}
