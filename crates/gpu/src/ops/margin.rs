//! Margins between the own class and the others: what stands for the cosine c = cos θ to the own class.

/// A margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Margin {
    /// `ArcFace`: cos(θ + m).
    Arc {
        /// m, in radians.
        margin: f64,
        /// What becomes of angles past π - m.
        past_turn: PastTurn,
        /// Whether the gradient is that of cos θ.
        straight_through: bool,
    },
    /// `CosFace`: cos θ - m; at m = 0 `NormFace`.
    Cosine {
        /// m.
        margin: f64,
    },
    /// cos(m₁θ + m₂) - m₃.
    Combined {
        /// m₁.
        multiplier: f64,
        /// m₂, in radians.
        margin: f64,
        /// m₃.
        cosine_margin: f64,
    },
}

/// What stands for cos(θ + m) past θ = π - m, where it turns around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastTurn {
    /// cos(θ + m).
    Plain,
    /// cos θ - m·sin m.
    Linear,
    /// cos θ, and that already where cos θ ≤ 0.
    Easy,
    /// -1, without a gradient.
    Clip,
}

impl Margin {
    /// What `target` in `margin.cu` knows it by: which, whether straight through, and m₁, m₂ and m₃.
    pub(super) fn numbers(self) -> (i32, bool, [f64; 3]) {
        match self {
            Self::Cosine { margin } => (0, false, [1.0, 0.0, margin]),
            Self::Combined { multiplier, margin, cosine_margin } => {
                (1, false, [multiplier, margin, cosine_margin])
            }
            Self::Arc { margin, past_turn, straight_through } => {
                (past_turn.number(), straight_through, [1.0, margin, 0.0])
            }
        }
    }
}

impl PastTurn {
    fn number(self) -> i32 {
        match self {
            Self::Plain => 2,
            Self::Linear => 3,
            Self::Easy => 4,
            Self::Clip => 5,
        }
    }
}
