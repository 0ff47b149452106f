//! Initial values: functions of seed, name and index alone.

use crate::{ops::Convolution, random::Random};

/// The distribution of a weight's initial values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Init {
    /// N(0, deviation²).
    Normal(f64),
    /// He et al. 2015, normal, counted over a kernel's outputs: N(0, 2 / (outputs · taps)).
    KaimingOut,
    /// As [`Init::KaimingOut`], counted over its inputs.
    KaimingIn,
    /// PyTorch's default of a linear layer: uniform in ±1/√(inputs).
    Uniform,
}

impl Init {
    pub(crate) fn weights(self, seed: u64, name: &str, conv: &Convolution) -> Vec<f32> {
        let taps = conv.kernel.0 * conv.kernel.1;
        let random = Random::new(seed, name);
        let count = conv.weight_len();
        let fan_in = (conv.group_inputs() * taps) as f64;
        match self {
            Self::Normal(deviation) => random.normals(count, deviation),
            Self::KaimingOut => random.normals(count, (2.0 / (conv.outputs * taps) as f64).sqrt()),
            Self::KaimingIn => random.normals(count, (2.0 / fan_in).sqrt()),
            Self::Uniform => uniform(random, count, fan_in),
        }
    }

    /// PyTorch's default of a linear layer's bias.
    pub(crate) fn bias(seed: u64, name: &str, conv: &Convolution) -> Vec<f32> {
        uniform(Random::new(seed, name), conv.outputs, (conv.inputs * conv.kernel.0 * conv.kernel.1) as f64)
    }
}

fn uniform(random: Random, count: usize, fan_in: f64) -> Vec<f32> {
    let bound = 1.0 / fan_in.sqrt();
    (0..count as u64).map(|index| ((2.0 * random.uniform(index) - 1.0) * bound) as f32).collect()
}
