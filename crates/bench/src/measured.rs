//! What a measurement gives, and how several are put together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::profile::Profile;

/// One process's measurement of one case; ours and a peer's have the same form.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measured {
    /// Median time of a step.
    pub(crate) median_seconds: f64,
    /// Steps timed.
    pub(crate) steps: usize,
    /// The process's peak memory.
    pub(crate) peak_bytes: u64,
    /// What of it was held before the network was built: the program, and its libraries.
    pub(crate) before_bytes: u64,
    /// Most memory of a GPU that was held for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gpu_peak_bytes: Option<u64>,
    /// Seconds a step by operator, where known.
    #[serde(default)]
    pub(crate) operators: BTreeMap<String, f64>,
    /// The same of a GPU, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<Profile>,
}

impl Measured {
    /// Peak memory of the network and its steps.
    pub(crate) fn step_bytes(&self) -> f64 {
        self.peak_bytes.saturating_sub(self.before_bytes) as f64
    }
}

/// A time from the command line.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=1e6).contains(seconds));
    seconds.ok_or_else(|| "a time is a number of seconds from 0 to 1000000".to_owned())
}

/// The median, the mean of the middle two where there are two; not a number of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_both_middles() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
