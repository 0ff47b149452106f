//! What was measured turn by turn, so that what disturbs the machine disturbs all sides.

use serde::Serialize;

use crate::measured::median;

/// A median, and the range it is from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Middle {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Middle {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        let (least, most) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &value| {
                (least.min(value), most.max(value))
            });
        Self { median: median(values), least, most }
    }

    /// `above` by `below`: the ratio of the medians, and the range over the turns.
    pub(crate) fn ratio(above: &[f64], below: &[f64]) -> Self {
        let of_turns = Self::of(above.iter().zip(below).map(|(above, below)| above / below));
        Self { median: median(above.iter().copied()) / median(below.iter().copied()), ..of_turns }
    }

    /// `2.0 (1.8 to 2.1)`.
    pub(crate) fn shown(&self, decimals: usize) -> String {
        let Self { median, least, most } = self;
        format!("{median:.decimals$} ({least:.decimals$} to {most:.decimals$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_of_the_medians_and_its_range_of_the_turns() {
        let ratio = Middle::ratio(&[2.0, 4.0, 9.0], &[1.0, 4.0, 3.0]);
        assert_eq!(ratio, Middle { median: 4.0 / 3.0, least: 1.0, most: 3.0 });
        assert_eq!(ratio.shown(1), "1.3 (1.0 to 3.0)");
    }
}
