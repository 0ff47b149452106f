//! Proxy-anchor loss (Kim et al. 2020): one learned proxy a class, which draws its images near and pushes others off.
//!
//! mean over classes in the batch of ln(1 + Σ over their images of exp(-α·(c - δ))) + mean over all classes of
//! ln(1 + Σ over images of others of exp(α·(c + δ))), c the cosine between proxy and image. Slopes -α·w and α·w, with w
//! the share of an image in its sum, 1 included. Usual: α 32, δ 0.1; proxies begin as N(0, 2 / classes).
//!
//! All cosines between proxies and images are kept, and their slopes: time and memory grow with the classes.

use super::{
    matrix::{Judged, Matrix, Pair, RowSum},
    soft::{Logits, soft_plus},
};

/// Soft maxima over the images of a batch for each proxy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProxyAnchor {
    /// α: what cosines are multiplied by.
    pub scale: f64,
    /// δ: what is taken off the cosine of a same pair and added to that of a different one.
    pub cosine_margin: f64,
}

impl ProxyAnchor {
    pub(super) fn judge(&self, cosines: &Matrix<'_>) -> Judged {
        let part = |pair, sign: f64| {
            cosines.mean(|proxy, slopes| {
                let logit = |(image, cosine)| (image, self.scale * (sign * cosine + self.cosine_margin));
                let logits = Logits::new(cosines.pairs(proxy, pair).map(logit));
                if pair == Pair::Same && logits.count() == 0 {
                    return RowSum::default();
                }
                let total = soft_plus(logits.total);
                logits.add_slopes(total, sign * self.scale, slopes);
                RowSum::one(total)
            })
        };
        part(Pair::Same, -1.0).and(&part(Pair::Different, 1.0))
    }
}
