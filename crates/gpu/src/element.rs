//! What numbers are kept as.

/// How a number is stored in the GPU's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// 32 bits.
    Float32,
    /// The upper 16 bits of a float32.
    Bfloat16,
    /// IEEE 754's half precision.
    Float16,
}

impl Element {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Float32, Self::Bfloat16, Self::Float16];

    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::Float32 => 4,
            Self::Bfloat16 | Self::Float16 => 2,
        }
    }

    /// What kernels know it as: `ELEMENT` in their source.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Float32 => 0,
            Self::Bfloat16 => 1,
            Self::Float16 => 2,
        }
    }
}

/// What a network computes in. Weights, statistics and all sums are float32 in each; so is the head, unless its products are
/// asked for in what feature maps are kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Float32 throughout.
    Float32,
    /// Float32 in memory; convolutions round their factors to 10 bits of mantissa.
    Tf32,
    /// Feature maps, and weights as convolutions read them, in bfloat16.
    Bfloat16,
    /// The same in float16, whose small range asks for a loss that is scaled up.
    Float16,
}

impl Precision {
    /// What feature maps are kept as.
    pub fn element(self) -> Element {
        match self {
            Self::Float32 | Self::Tf32 => Element::Float32,
            Self::Bfloat16 => Element::Bfloat16,
            Self::Float16 => Element::Float16,
        }
    }
}
