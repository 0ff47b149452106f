//! CosFace's target logit (Wang et al. 2018): s·(cos θ - m). Usual: s 64, m 0.4 (InsightFace), 0.35 (the paper).

use super::loss::Target;

/// An additive margin on the cosine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosFace {
    /// s: what cosines are multiplied by.
    pub scale: f64,
    /// m: what is taken off the own class's cosine.
    pub margin: f64,
}

impl CosFace {
    pub(super) fn target(&self, cosine: f64) -> Target {
        Target::new(self.scale, cosine - self.margin)
    }
}
