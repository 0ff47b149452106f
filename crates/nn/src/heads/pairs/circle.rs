//! Circle loss (Sun et al. 2020): the farther a cosine is from its best value, the more it is pulled at.
//!
//! - same pairs: z = -γ·w·(c - (1 - m)), w = max(0, 1 + m - c); different ones: z = γ·w·(c - m), w = max(0, c + m)
//! - ln(1 + Σ over same pairs of exp z · Σ over different pairs of exp z), mean over images that have both
//! - no gradient goes through w: dz / dc = -γ·w and γ·w
//!
//! Usual: γ 80 and m 0.4; of the paper on faces 256 and 0.25.

use super::{
    matrix::{Judged, Matrix, Pair, RowSum},
    soft::{Logits, soft_plus},
};

/// Pairs weighed by how far they are from their best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    /// γ: what weighed cosines are multiplied by.
    pub scale: f64,
    /// m: a same pair's best cosine is 1 + m and costs little from 1 - m on; a different one's -m, and up to m.
    pub relaxation: f64,
}

impl Circle {
    pub(super) fn judge(&self, cosines: &Matrix<'_>) -> Judged {
        cosines.mean(|anchor, slopes| {
            let logits = |pair| {
                let logit =
                    move |(other, cosine)| (other, self.slope(pair, cosine) * self.past(pair, cosine));
                Logits::new(cosines.pairs(anchor, pair).map(logit))
            };
            let (same, different) = (logits(Pair::Same), logits(Pair::Different));
            if same.count() == 0 || different.count() == 0 {
                return RowSum::default();
            }
            let both = same.total + different.total;
            let cost = soft_plus(both);
            for (pair, logits) in [(Pair::Same, same), (Pair::Different, different)] {
                // exp(both - cost) is the logistic function of the sum.
                logits.add_slopes(logits.total, (both - cost).exp(), slopes);
                for (other, cosine) in cosines.pairs(anchor, pair) {
                    slopes[other] *= self.slope(pair, cosine);
                }
            }
            RowSum::one(cost)
        })
    }

    /// dz / dc.
    fn slope(&self, pair: Pair, cosine: f64) -> f64 {
        match pair {
            Pair::Same => -self.scale * (1.0 + self.relaxation - cosine).max(0.0),
            Pair::Different => self.scale * (cosine + self.relaxation).max(0.0),
        }
    }

    /// How far a cosine is past where it begins to cost little.
    fn past(&self, pair: Pair, cosine: f64) -> f64 {
        match pair {
            Pair::Same => cosine - (1.0 - self.relaxation),
            Pair::Different => cosine - self.relaxation,
        }
    }
}
