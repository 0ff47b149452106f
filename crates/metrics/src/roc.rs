//! The ROC curve over all distinct scores, and the numbers read from it.

use crate::{EvaluateError, pairs::Pairs};

/// A false accept rate in (0, 1).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Far(f64);

/// A number that is no false accept rate.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a false accept rate: it lies between 0 and 1, both excluded")]
pub struct InvalidFar(pub f64);

impl Far {
    /// Takes a rate in (0, 1).
    pub fn new(rate: f64) -> Result<Self, InvalidFar> {
        if rate > 0.0 && rate < 1.0 { Ok(Self(rate)) } else { Err(InvalidFar(rate)) }
    }

    /// The rate.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// One place on the curve: what is accepted when every score down to `lowest` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    same: u64,
    different: u64,
}

/// Pairs accepted as the threshold falls from above the highest score to below the lowest.
#[derive(Debug, Clone, PartialEq)]
pub struct Roc {
    /// Distinct scores, highest first.
    scores: Vec<f32>,
    /// Accepted after each of them; one more than scores, as it begins with nothing accepted.
    points: Vec<Point>,
}

impl Roc {
    /// The curve of a pair list's scores.
    pub fn new(scores: &[f32], same: &[bool]) -> Result<Self, EvaluateError> {
        Pairs::new(scores, same).map(Self::of)
    }

    pub(crate) fn of(pairs: Pairs<'_>) -> Self {
        let mut sorted: Vec<_> = pairs.iter().collect();
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut curve = Self { scores: Vec::new(), points: vec![Point { same: 0, different: 0 }] };
        let mut accepted = curve.points[0];
        // Equality rather than `total_cmp`, so that 0 and -0 are one score, as they are one to a threshold.
        for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
            let same = tied.iter().filter(|pair| pair.1).count();
            accepted.same += same as u64;
            accepted.different += (tied.len() - same) as u64;
            curve.scores.push(tied[0].0);
            curve.points.push(accepted);
        }
        curve
    }

    /// All pairs; never of one kind only, by construction.
    fn all(&self) -> Point {
        *self.points.last().expect("a curve begins with a point")
    }

    /// False accept rate and true accept rate at each distinct threshold, from (0, 0) to (1, 1).
    pub fn rates(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let all = self.all();
        let rate =
            move |at: &Point| (at.different as f64 / all.different as f64, at.same as f64 / all.same as f64);
        self.points.iter().map(rate)
    }

    /// Area under the curve: the chance that a same pair scores above a different one, ties counting half
    /// (Mann and Whitney, 1947).
    pub fn auc(&self) -> f64 {
        let trapezoid = |pair: &[Point]| {
            let wide = u128::from(pair[1].different - pair[0].different);
            wide * u128::from(pair[0].same + pair[1].same)
        };
        let doubled: u128 = self.points.windows(2).map(trapezoid).sum();
        let all = self.all();
        doubled as f64 / (2.0 * all.same as f64 * all.different as f64)
    }

    /// Equal error rate: the mean of false accept and false reject rate where they are closest (the first such place
    /// as the threshold falls).
    pub fn eer(&self) -> f64 {
        let errors = self.rates().map(|(far, tar)| (far, 1.0 - tar));
        let gap = |&(far, frr): &(f64, f64)| (far - frr).abs();
        let closest = errors.min_by(|a, b| gap(a).total_cmp(&gap(b)));
        let (far, frr) = closest.expect("a curve begins with a point");
        f64::midpoint(far, frr)
    }

    /// The largest true accept rate among all thresholds whose false accept rate is at most `far`.
    pub fn tar_at(&self, far: Far) -> f64 {
        let allowed = self.rates().take_while(|rates| rates.0 <= far.get());
        allowed.last().map_or(0.0, |rates| rates.1)
    }

    /// The most accurate threshold, and its accuracy. Of equals the highest: the first on the distance, as
    /// InsightFace takes it.
    pub(crate) fn best(&self) -> (f64, f64) {
        let all = self.all();
        let right = |at: &Point| at.same + all.different - at.different;
        let mut best = 0;
        for (place, point) in self.points.iter().enumerate() {
            if right(point) > right(&self.points[best]) {
                best = place;
            }
        }
        let pairs = all.same + all.different;
        (self.threshold_at(best), right(&self.points[best]) as f64 / pairs as f64)
    }

    /// A threshold that accepts exactly the first `accepted` distinct scores: half way to the next, so that new
    /// scores have room on both sides.
    fn threshold_at(&self, accepted: usize) -> f64 {
        let above = accepted.checked_sub(1).and_then(|place| self.scores.get(place));
        match (above, self.scores.get(accepted)) {
            (Some(&above), Some(&below)) => f64::midpoint(above.into(), below.into()),
            (None, Some(&highest)) => highest.into(),
            (Some(&lowest), None) => lowest.next_down().into(),
            (None, None) => unreachable!("a checked pair list has a score"),
        }
    }
}
