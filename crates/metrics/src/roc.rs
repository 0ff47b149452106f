//! The ROC curve over all distinct scores, and the numbers read from it.

use crate::{EvaluateError, pairs::Pairs, sort::sort_highest_first};

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

/// Below so many scores, a second thread would take longer to start than to help.
const WORTH_A_THREAD: usize = 1 << 16;

/// Pairs accepted as the threshold falls from above the highest score to below the lowest: the scores of either kind,
/// highest first. Every operating point is read from them, and no curve is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Roc {
    same: Vec<f32>,
    different: Vec<f32>,
    walked: Walked,
}

/// What one walk along the curve finds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Walked {
    /// Twice the number of pairs of a same and a different one in which the same one is higher, ties counting half.
    doubled_wins: u128,
    /// Where false accept and false reject rate are closest.
    closest: Accepted,
    /// The most accurate place.
    best: Accepted,
}

/// What is accepted when every score down to one of them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Accepted {
    same: usize,
    different: usize,
}

/// What one threshold does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingPoint {
    /// Cosine similarity above which a pair is called the same person.
    pub threshold: f64,
    /// Share of different pairs that are called the same person.
    pub far: f64,
    /// Share of same pairs that are called the same person.
    pub tar: f64,
}

/// A false accept rate that a list is too short for: below one pair.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "a false accept rate of {far} is not measurable with {different} pairs of different people: it takes {}",
    (1.0 / far).ceil()
)]
pub struct NotMeasurable {
    /// The rate.
    pub far: f64,
    /// Pairs of different people.
    pub different: usize,
}

impl Roc {
    /// The curve of a pair list's scores.
    pub fn new(scores: &[f32], same: &[bool]) -> Result<Self, EvaluateError> {
        Pairs::new(scores, same).map(Self::of)
    }

    pub(crate) fn of(pairs: Pairs<'_>) -> Self {
        let of_same = pairs.same.iter().filter(|&&same| same).count();
        // Each with room for all, so that where a score goes is no branch that a processor would have to guess.
        let mut kinds = [vec![0.0; pairs.scores.len() + 1], vec![0.0; pairs.scores.len() + 1]];
        let mut filled = [0; 2];
        for (score, same) in pairs.iter() {
            for (kind, one) in [false, true].into_iter().enumerate() {
                kinds[kind][filled[kind]] = score;
                filled[kind] += usize::from(same == one);
            }
        }
        let [mut different, mut same] = kinds;
        same.truncate(of_same);
        different.truncate(pairs.scores.len() - of_same);
        if pairs.scores.len() < WORTH_A_THREAD {
            sort_highest_first(&mut same);
            sort_highest_first(&mut different);
        } else {
            std::thread::scope(|scope| {
                scope.spawn(|| sort_highest_first(&mut different));
                sort_highest_first(&mut same);
            });
        }
        let nothing = Accepted { same: 0, different: 0 };
        let mut roc =
            Self { same, different, walked: Walked { doubled_wins: 0, closest: nothing, best: nothing } };
        roc.walked = roc.walk();
        roc
    }

    /// Where a same and a different score come next is a guess that a processor gets wrong half of the time, so that one walk
    /// finds all that takes one.
    fn walk(&self) -> Walked {
        let right = |at: Accepted| at.same + self.different.len() - at.different;
        let gap = |at: Accepted| {
            let (far, tar) = self.rates_at(at);
            (far - (1.0 - tar)).abs()
        };
        let mut before = Accepted { same: 0, different: 0 };
        let mut walked = Walked { doubled_wins: 0, closest: before, best: before };
        let (mut most_right, mut least_gap) = (right(before), gap(before));
        for at in self.places() {
            let wide = (at.different - before.different) as u128;
            walked.doubled_wins += wide * (at.same + before.same) as u128;
            if right(at) > most_right {
                (walked.best, most_right) = (at, right(at));
            }
            let gap = gap(at);
            if gap < least_gap {
                (walked.closest, least_gap) = (at, gap);
            }
            before = at;
        }
        walked
    }

    /// After each distinct score, from the highest, what is accepted; before them nothing.
    fn places(&self) -> impl Iterator<Item = Accepted> {
        let mut next = Some(Accepted { same: 0, different: 0 });
        std::iter::from_fn(move || {
            let now = next?;
            next = self.highest_below(now).map(|score| self.down_to(now, score));
            Some(now)
        })
    }

    /// The highest score that is not accepted.
    fn highest_below(&self, Accepted { same, different }: Accepted) -> Option<f32> {
        match (self.same.get(same), self.different.get(different)) {
            (Some(&same), Some(&different)) => Some(same.max(different)),
            (Some(&only), None) | (None, Some(&only)) => Some(only),
            (None, None) => None,
        }
    }

    /// Accepts the pairs of this score, which is the highest left. 0 and -0 are one score, as they are one to a threshold.
    fn down_to(&self, mut at: Accepted, score: f32) -> Accepted {
        while self.same.get(at.same) == Some(&score) {
            at.same += 1;
        }
        while self.different.get(at.different) == Some(&score) {
            at.different += 1;
        }
        at
    }

    fn rates_at(&self, at: Accepted) -> (f64, f64) {
        (at.different as f64 / self.different.len() as f64, at.same as f64 / self.same.len() as f64)
    }

    /// False accept rate and true accept rate at each distinct threshold, from (0, 0) to (1, 1).
    pub fn rates(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.places().map(|at| self.rates_at(at))
    }

    /// Area under the curve: the chance that a same pair scores above a different one, ties counting half
    /// (Mann and Whitney, 1947).
    pub fn auc(&self) -> f64 {
        self.walked.doubled_wins as f64 / (2.0 * self.same.len() as f64 * self.different.len() as f64)
    }

    /// Equal error rate: the mean of false accept and false reject rate where they are closest (the first such place
    /// as the threshold falls).
    pub fn eer(&self) -> f64 {
        let (far, tar) = self.rates_at(self.walked.closest);
        f64::midpoint(far, 1.0 - tar)
    }

    /// The largest true accept rate among all thresholds whose false accept rate is at most `far`.
    pub fn tar_at(&self, far: Far) -> f64 {
        self.point_at(far).tar
    }

    /// The same with its threshold; refused where the rate is below that of one pair, as it would then rest on the highest
    /// score of different people alone.
    pub fn operating_point(&self, far: Far) -> Result<OperatingPoint, NotMeasurable> {
        let different = self.different.len();
        // In the reciprocal, which is exact for 1e-3 and the like.
        if (different as f64) < (1.0 / far.get()).round() {
            return Err(NotMeasurable { far: far.get(), different });
        }
        Ok(self.point_at(far))
    }

    fn point_at(&self, far: Far) -> OperatingPoint {
        let all = self.different.len();
        // The most of them whose share is no more than the rate, whichever way their quotient is rounded.
        let is_allowed = |count: usize| count as f64 / all as f64 <= far.get();
        let mut allowed = ((far.get() * all as f64) as usize + 1).min(all);
        while !is_allowed(allowed) {
            allowed -= 1;
        }
        // Rates are below 1, so that there is a first score that may not be accepted, and with it none of its equals.
        let limit = self.different[allowed];
        let above = |scores: &[f32]| scores.partition_point(|&score| score > limit);
        let at = Accepted { same: above(&self.same), different: above(&self.different) };
        let (far, tar) = self.rates_at(at);
        OperatingPoint { threshold: self.threshold_at(at), far, tar }
    }

    /// The most accurate threshold, and its accuracy. Of equals the highest: the first on the distance, as
    /// InsightFace takes it.
    pub(crate) fn best(&self) -> (f64, f64) {
        let best = self.walked.best;
        let (right, pairs) =
            (best.same + self.different.len() - best.different, self.same.len() + self.different.len());
        (self.threshold_at(best), right as f64 / pairs as f64)
    }

    /// A threshold that accepts exactly these: half way to the next score, so that new scores have room on both sides.
    fn threshold_at(&self, at: Accepted) -> f64 {
        let last = |scores: &[f32], count: usize| count.checked_sub(1).map(|place| scores[place]);
        let lowest = match (last(&self.same, at.same), last(&self.different, at.different)) {
            (Some(same), Some(different)) => Some(same.min(different)),
            (same, different) => same.or(different),
        };
        match (lowest, self.highest_below(at)) {
            (Some(above), Some(below)) => f64::midpoint(above.into(), below.into()),
            (None, Some(highest)) => highest.into(),
            (Some(lowest), None) => lowest.next_down().into(),
            (None, None) => unreachable!("a checked pair list has a score"),
        }
    }
}
