//! `schedule:`.

use serde::{Deserialize, Serialize};

/// `schedule:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// The curve after the warm-up.
    pub shape: ScheduleShape,
    /// Epochs over which the rate rises linearly from 0; may be a fraction.
    pub warmup_epochs: f64,
}

/// `schedule.name:` and its own parameters; t runs from 0 to 1 after the warm-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum ScheduleShape {
    /// The peak throughout.
    Constant,
    /// (1 - t)^power.
    Polynomial {
        /// 1 is a straight line.
        power: f64,
    },
    /// (1 + cos πt) / 2.
    Cosine,
    /// Falls at some epochs, and is constant between them.
    Step {
        /// When.
        at: StepAt,
        /// What it is multiplied by; in (0, 1).
        factor: f64,
    },
    /// Half a cosine up to the peak and another one down, as PyTorch's `OneCycleLR`. It has no other warm-up.
    #[serde(rename = "one_cycle")]
    OneCycle {
        /// Share of the training in which it rises; in (0, 1).
        rise: f64,
        /// The first rate is the peak divided by this.
        start_divisor: f64,
        /// The last rate is the first one divided by this.
        end_divisor: f64,
    },
}

/// After how many epochs a stepwise rate falls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepAt {
    /// After each of these, in rising order.
    Milestones(Vec<u32>),
    /// After each multiple of this.
    Every(u32),
}

impl StepAt {
    /// The epochs after which it falls, of `epochs` in all.
    pub fn milestones(&self, epochs: u32) -> Vec<u32> {
        match self {
            Self::Milestones(milestones) => milestones.clone(),
            Self::Every(every) => (*every..epochs).step_by(*every as usize).collect(),
        }
    }
}
