//! True accept rates with what is uncertain about them, for the bands of a ROC or DET curve.
//!
//! Pairs share people, so whole identities are drawn again, as `compare/bootstrap.rs` does: a pair counts as often as the product
//! of its people says, and the deviations of what is drawn are scaled to the variance that holds for pairs with people in common.
//! A rate is a ratio of sums at a threshold that is drawn, too. Its variance, for the scaling, is that of the sum of each pair's
//! part in it: (s - TAR) / m of a same pair and -κ (d - FAR) / n of a different one, where s or d is 1 if the pair is accepted, and κ
//! is the slope of the curve there (Hsieh and Turnbull, Nonparametric and semiparametric estimation of the receiver operating
//! characteristic curve, Annals of Statistics 24, 1996).
//!
//! No interval is narrower than one of independent pairs: where no same pair is refused, drawing again never shows one.

use crate::{
    EvaluateError, Far, Proportion, Resampling, Unit,
    compare::{
        bootstrap::percentiles,
        clustered::{Squares, numbered},
    },
    pairs::Pairs,
    random::Random,
};

/// The largest true accept rate at a false accept rate of at most `far`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TarAt {
    /// The false accept rate.
    pub far: Far,
    /// The true accept rate, as [`crate::Roc::tar_at`] has it, with its 95% interval.
    pub tar: Proportion,
}

/// Nothing tells what lies beyond the highest scores: with fewer different pairs than this at a rate, intervals would be too narrow.
const FEWEST_ACCEPTED: f64 = 10.0;

/// The true accept rates at those of `fars` that let in at least ten pairs of different people, from the lowest, each with an
/// interval of its own. `people` are both of each pair, by any numbers.
pub fn tar_band(
    scores: &[f32],
    same: &[bool],
    people: &[[u32; 2]],
    fars: &[Far],
    resampling: Resampling,
) -> Result<Vec<TarAt>, EvaluateError> {
    if people.len() != same.len() {
        return Err(EvaluateError::PeopleDiffer { people: people.len(), pairs: same.len() });
    }
    let curve = Curve::new(Pairs::new(scores, same)?, people);
    let is_enough = |far: &Far| far.get() * curve.counts[0] as f64 >= FEWEST_ACCEPTED;
    let mut fars: Vec<Far> = fars.iter().copied().filter(is_enough).collect();
    fars.sort_by(|a, b| a.get().total_cmp(&b.get()));
    let rates: Vec<f64> = fars.iter().map(|far| far.get()).collect();
    let intervals = curve.intervals(&rates, resampling);
    Ok(fars.into_iter().zip(intervals).map(|(far, tar)| TarAt { far, tar }).collect())
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    people: [usize; 2],
    is_same: bool,
    /// Whether the next pair's score is another one: a threshold may lie behind this one.
    is_last_of_score: bool,
}

/// Pairs of the highest score first.
struct Curve {
    pairs: Vec<Pair>,
    identities: usize,
    /// Of different people, and of the same.
    counts: [usize; 2],
}

/// What is accepted at a false accept rate.
#[derive(Debug, Clone, Copy)]
struct Accepted {
    /// So many pairs from the highest score.
    pairs: usize,
    tar: f64,
}

impl Curve {
    fn new(pairs: Pairs<'_>, people: &[[u32; 2]]) -> Self {
        let (people, identities) = numbered(people);
        let mut sorted: Vec<_> = pairs.iter().zip(people).collect();
        // Stable, and -0 beside 0: the order of equals is the list's.
        sorted.sort_by(|((a, _), _), ((b, _), _)| b.total_cmp(a));
        let mut pairs = Vec::with_capacity(sorted.len());
        for (place, &((score, is_same), people)) in sorted.iter().enumerate() {
            let next = sorted.get(place + 1).map(|((next, _), _)| *next);
            pairs.push(Pair { people, is_same, is_last_of_score: next != Some(score) });
        }
        let same = pairs.iter().filter(|pair| pair.is_same).count();
        Self { counts: [pairs.len() - same, same], pairs, identities }
    }

    fn intervals(&self, fars: &[f64], resampling: Resampling) -> Vec<Proportion> {
        let mut random = Random::new(resampling.seed);
        let mut drawn = vec![Vec::with_capacity(resampling.draws as usize); fars.len()];
        for _ in 0..resampling.draws {
            let weights = match resampling.unit {
                Unit::Identities => self.draw_identities(&mut random),
                Unit::Pairs => self.draw_pairs(&mut random),
            };
            for (drawn, accepted) in drawn.iter_mut().zip(self.accepted(&weights, fars)) {
                drawn.push(accepted.tar);
            }
        }
        let found = self.accepted(&self.once(), fars);
        let each = fars.iter().zip(found).zip(drawn);
        each.map(|((&far, found), drawn)| {
            let scale = match resampling.unit {
                Unit::Identities => self.scale(far, found),
                Unit::Pairs => 1.0,
            };
            self.interval(far, found, drawn, scale)
        })
        .collect()
    }

    /// What was drawn, and no less than what independent pairs leave open.
    fn interval(&self, far: f64, found: Accepted, drawn: Vec<f64>, scale: f64) -> Proportion {
        let (drawn, independent) = (percentiles(drawn, found.tar, scale), self.independent(far, found));
        let (low, high) = (drawn.low.min(independent.low), drawn.high.max(independent.high));
        Proportion { value: found.tar, low: low.max(0.0), high: high.min(1.0) }
    }

    /// The interval of independent pairs: each rate's by Wilson, put together as the sides of a right angle (Zou and Donner,
    /// Construction of confidence limits about effect measures, Statistics in Medicine 27, 2008).
    fn independent(&self, far: f64, Accepted { tar, .. }: Accepted) -> Proportion {
        let of = |rate: f64, kind: usize| {
            let count = self.counts[kind] as u64;
            Proportion::of((rate * count as f64).round() as u64, count).unwrap_or(Proportion::NONE)
        };
        let (at, threshold) = (of(tar, 1), of(far, 0));
        let ends = self.accepted(&self.once(), &[threshold.low, threshold.high]);
        Proportion {
            value: tar,
            low: tar - (tar - at.low).hypot(tar - ends[0].tar),
            high: tar + (at.high - tar).hypot(ends[1].tar - tar),
        }
    }

    fn once(&self) -> Vec<f64> {
        vec![1.0; self.pairs.len()]
    }

    fn draw_identities(&self, random: &mut Random) -> Vec<f64> {
        let mut times = vec![0.0; self.identities];
        for _ in 0..self.identities {
            times[random.below(self.identities)] += 1.0;
        }
        let weight = |[i, j]: [usize; 2]| if i == j { times[i] } else { times[i] * times[j] };
        self.pairs.iter().map(|pair| weight(pair.people)).collect()
    }

    fn draw_pairs(&self, random: &mut Random) -> Vec<f64> {
        let mut weights = vec![0.0; self.pairs.len()];
        for _ in 0..weights.len() {
            weights[random.below(self.pairs.len())] += 1.0;
        }
        weights
    }

    /// At each of `fars`, which rise, what the pairs of these weights have accepted; nothing where one kind has no weight.
    fn accepted(&self, weights: &[f64], fars: &[f64]) -> Vec<Accepted> {
        let mut all = [0.0; 2];
        for (pair, weight) in self.pairs.iter().zip(weights) {
            all[usize::from(pair.is_same)] += weight;
        }
        let [different, same] = all;
        if different == 0.0 || same == 0.0 {
            return Vec::new();
        }
        let (mut so_far, mut before) = ([0.0; 2], Accepted { pairs: 0, tar: 0.0 });
        let mut accepted = Vec::with_capacity(fars.len());
        for (place, (pair, weight)) in self.pairs.iter().zip(weights).enumerate() {
            so_far[usize::from(pair.is_same)] += weight;
            if !pair.is_last_of_score {
                continue;
            }
            while fars.get(accepted.len()).is_some_and(|far| so_far[0] / different > *far) {
                accepted.push(before);
            }
            before = Accepted { pairs: place + 1, tar: so_far[1] / same };
        }
        accepted.resize(fars.len(), before);
        accepted
    }

    /// Standard error over that of the drawing.
    fn scale(&self, far: f64, found: Accepted) -> f64 {
        let [different, same] = self.counts.map(|count| count as f64);
        let slope = self.slope(far);
        let far = (found.pairs as f64 - found.tar * same) / different;
        let part = |(place, pair): (usize, &Pair)| {
            let accepted = f64::from(u8::from(place < found.pairs));
            let part = if pair.is_same {
                (accepted - found.tar) / same
            } else {
                -slope * (accepted - far) / different
            };
            (pair.people, part)
        };
        let squares = Squares::of(self.pairs.iter().enumerate().map(part), self.identities);
        let drawn = squares.people + squares.dyads;
        if drawn == 0.0 { 1.0 } else { (squares.variance() / drawn).sqrt() }
    }

    /// By how much the true accept rate rises with the false one, as far to both sides as chance moves a rate of this size.
    fn slope(&self, far: f64) -> f64 {
        let step = (far * (1.0 - far) / self.counts[0] as f64).sqrt().max(1.0 / self.counts[0] as f64);
        let ends = self.accepted(&self.once(), &[far - step, far + step]);
        (ends[1].tar - ends[0].tar) / (2.0 * step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_counts_as_often_as_it_was_drawn_and_equal_scores_come_together() {
        let (scores, same) = ([0.6, 0.8, 0.9, 0.7, 0.7], [false, false, true, true, false]);
        let people = [[1, 2], [1, 3], [1, 1], [2, 2], [2, 3]];
        let curve = Curve::new(Pairs::new(&scores, &same).unwrap(), &people);
        // From the highest score: same 2; different 1; same 1 and different 2 together; different 5.
        let weights = [2.0, 1.0, 1.0, 2.0, 5.0];
        let accepted = curve.accepted(&weights, &[0.0, 0.124, 0.125, 0.374, 0.375, 0.9, 1.0]);
        let tars: Vec<f64> = accepted.iter().map(|at| at.tar).collect();
        let two_thirds = 2.0 / 3.0;
        assert_eq!(tars, [two_thirds, two_thirds, two_thirds, two_thirds, 1.0, 1.0, 1.0]);
        assert_eq!(accepted.iter().map(|at| at.pairs).collect::<Vec<_>>(), [1, 1, 2, 2, 4, 4, 5]);
    }
}
