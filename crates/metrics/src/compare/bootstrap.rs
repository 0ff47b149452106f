//! Intervals by drawing again (Efron 1979), of what two variants decide on one pair list.
//!
//! Pairs share people, so that a list says less than as many independent pairs would. Whole identities are drawn, G of G
//! with replacement: with wᵢ the times that identity i was drawn, a pair of i and j counts wᵢ·wⱼ times, and one of i alone
//! wᵢ times (the subsets bootstrap: Bolle, Ratha and Pankanti, Computer Vision and Image Understanding 93, 2004).
//!
//! Products of two weights vary more than what they stand for: of pairs with nobody in common the variance would come out
//! three times too large, as the drawing gives Σᵢ Sᵢ² + Σⱼ Dⱼ² in the words of `clustered.rs`. So the deviations of what is drawn
//! from what was found are scaled to the variance that holds for pairs with people in common, which that file has.
//!
//! No interval is narrower than one of independent pairs: where few pairs differ, drawing again shows little of what others might.

use super::{
    Decisions, PairedComparison,
    clustered::{Squares, numbered},
};
use crate::{Difference, EvaluateError, random::Random};

/// What is drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// All pairs of a person come and go together.
    Identities,
    /// Pairs count as independent: too narrow where they share people.
    Pairs,
}

/// How intervals are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// What is drawn again.
    pub unit: Unit,
    /// How often; at least one.
    pub draws: u32,
    /// The same seed gives the same intervals.
    pub seed: u64,
}

/// One pair: both people, numbered from 0, and `b` right less `a` right.
#[derive(Debug, Clone, Copy)]
struct Pair {
    people: [usize; 2],
    gain: f64,
}

/// Pairs of different people, and of the same.
struct Kinds {
    pairs: [Vec<Pair>; 2],
    identities: usize,
}

impl PairedComparison {
    /// As [`PairedComparison::new`], with intervals by drawing again. `people` are both of each pair, by any numbers.
    pub fn resampled(
        decisions: Decisions<'_>,
        people: &[[u32; 2]],
        resampling: Resampling,
    ) -> Result<Self, EvaluateError> {
        let mut found = Self::new(decisions)?;
        let kinds = Kinds::new(decisions, people)?;
        let [different, same] = [0, 1].map(|kind| kinds.pairs[kind].len() as f64);
        let [accuracy, of_different, of_same] = kinds.intervals(resampling);
        let wider = |of: &mut Difference, drawn: Difference| *of = of.or_wider(drawn);
        wider(&mut found.accuracy.difference, accuracy);
        // What is gained in pairs decided rightly is lost in errors.
        wider(&mut found.false_positives.difference, of_different.negated().times(different));
        wider(&mut found.false_negatives.difference, of_same.negated().times(same));
        Ok(found)
    }
}

impl Kinds {
    fn new(Decisions { a, b, truth }: Decisions<'_>, people: &[[u32; 2]]) -> Result<Self, EvaluateError> {
        if people.len() != truth.len() {
            return Err(EvaluateError::PeopleDiffer { people: people.len(), pairs: truth.len() });
        }
        let (people, identities) = numbered(people);
        let mut pairs = [Vec::new(), Vec::new()];
        for (((&a, &b), &truth), people) in a.iter().zip(b).zip(truth).zip(people) {
            let right = |decision: bool| f64::from(u8::from(decision == truth));
            let pair = Pair { people, gain: right(b) - right(a) };
            pairs[usize::from(truth)].push(pair);
        }
        Ok(Self { pairs, identities })
    }

    /// Of the mean gain of all pairs, of those of different people and of those of the same.
    fn intervals(&self, resampling: Resampling) -> [Difference; 3] {
        let mut random = Random::new(resampling.seed);
        let mut drawn = [const { Vec::new() }; 3];
        for _ in 0..resampling.draws {
            let kinds = match resampling.unit {
                Unit::Identities => self.draw_identities(&mut random),
                Unit::Pairs => self.draw_pairs(&mut random),
            };
            for (drawn, mean) in drawn.iter_mut().zip(means(kinds)) {
                // Of a kind that was not drawn there is no mean.
                drawn.extend(mean);
            }
        }
        let [different, same] = &self.pairs;
        let found = means([different, same].map(|kind| kind.iter().map(|pair| (1.0, pair.gain)).collect()));
        let sets = [&[different, same][..], &[different], &[same]];
        let mut intervals = [Difference::NONE; 3];
        for (((interval, drawn), found), set) in intervals.iter_mut().zip(drawn).zip(found).zip(sets) {
            let Some(found) = found else { continue };
            let scale = match resampling.unit {
                Unit::Identities => self.scale(set, found),
                Unit::Pairs => 1.0,
            };
            *interval = percentiles(drawn, found, scale);
        }
        intervals
    }

    fn draw_identities(&self, random: &mut Random) -> [Sums; 2] {
        let mut times = vec![0.0; self.identities];
        for _ in 0..self.identities {
            times[random.below(self.identities)] += 1.0;
        }
        let weight = |[i, j]: [usize; 2]| if i == j { times[i] } else { times[i] * times[j] };
        self.pairs.each_ref().map(|kind| kind.iter().map(|pair| (weight(pair.people), pair.gain)).collect())
    }

    fn draw_pairs(&self, random: &mut Random) -> [Sums; 2] {
        let [different, same] = &self.pairs;
        let all = different.len() + same.len();
        let mut sums = [Sums::default(), Sums::default()];
        for _ in 0..all {
            let place = random.below(all);
            match place.checked_sub(different.len()) {
                None => sums[0].add(1.0, different[place].gain),
                Some(place) => sums[1].add(1.0, same[place].gain),
            }
        }
        sums
    }

    /// Standard error over that of the drawing.
    fn scale(&self, set: &[&Vec<Pair>], mean: f64) -> f64 {
        let residuals = set.iter().copied().flatten().map(|pair| (pair.people, pair.gain - mean));
        let squares = Squares::of(residuals, self.identities);
        let drawn = squares.people + squares.dyads;
        if drawn == 0.0 { 1.0 } else { (squares.variance() / drawn).sqrt() }
    }
}

/// Sum of weights, and of weighted gains.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    weight: f64,
    gain: f64,
}

impl Sums {
    fn add(&mut self, weight: f64, gain: f64) {
        self.weight += weight;
        self.gain += weight * gain;
    }

    fn mean(self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.gain / self.weight)
    }
}

impl FromIterator<(f64, f64)> for Sums {
    fn from_iter<I: IntoIterator<Item = (f64, f64)>>(pairs: I) -> Self {
        let mut sums = Self::default();
        pairs.into_iter().for_each(|(weight, gain)| sums.add(weight, gain));
        sums
    }
}

/// Mean gain of both kinds together, and of each.
fn means([different, same]: [Sums; 2]) -> [Option<f64>; 3] {
    let both = Sums { weight: different.weight + same.weight, gain: different.gain + same.gain };
    [both, different, same].map(Sums::mean)
}

/// From the 2.5th to the 97.5th percentile of what was drawn, its deviations from what was found scaled.
pub(crate) fn percentiles(mut drawn: Vec<f64>, found: f64, scale: f64) -> Difference {
    drawn.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * drawn.len().saturating_sub(1) as f64;
        let [below, above] = [place.floor(), place.ceil()].map(|place| drawn.get(place as usize));
        let (below, above) = (below.copied().unwrap_or(found), above.copied().unwrap_or(found));
        found + scale * (below + (above - below) * place.fract() - found)
    };
    Difference { value: found, low: at(0.025), high: at(0.975) }
}
