//! NormFace (Wang et al. 2017): softmax of s·cos θ, without a margin. Usual: s 20 to 64.

/// Normalised embeddings and centres, and nothing more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormFace {
    /// s: what cosines are multiplied by.
    pub scale: f64,
}
