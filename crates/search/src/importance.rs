//! How much each parameter of a sweep matters: functional analysis of variance on a random forest (Hutter, Hoos and Leyton-Brown, An
//! efficient approach for assessing hyperparameter importance, ICML 2014).
//!
//! Of each tree's prediction over all combinations of the values that were tried, the share of its variance is found that one axis
//! explains by itself; what is left is of axes together. The forest stands in for cells that no run has: on a full grid with one axis
//! all is that axis's.

use std::ops::Range;

use crate::chance::Chance;

const TREES: u64 = 64;
/// Fewer trials are not divided any further, so that few leaves are the luck of a single one.
const LEAST: usize = 3;
/// Of sums of squares that are equal.
const ROUNDING: f64 = 1e-9;
/// Of the largest value: trees whose predictions deviate by less have found nothing but rounding.
const LEAST_DEVIATION: f64 = 1e-12;

/// The share of the variation that each axis explains alone; none where nothing varies. `points` are places on the axes, none where an
/// axis did not count.
pub fn importance(points: &[Vec<Option<f64>>], values: &[f64], seed: u64) -> Option<Vec<f64>> {
    let axes = points.first()?.len();
    // An axis that does not count is a level of its own, below all others.
    let points: Vec<Vec<f64>> =
        points.iter().map(|point| point.iter().map(|place| place.unwrap_or(-1.0)).collect()).collect();
    let levels: Vec<Levels> = (0..axes).map(|axis| Levels::of(&points, axis)).collect();
    let (mut alone, mut all) = (vec![0.0; axes], 0.0);
    for tree in 0..TREES {
        let mut chance = Chance::of([seed, tree, 1]);
        let drawn: Vec<usize> = points.iter().map(|_| chance.below(points.len())).collect();
        let mut leaves = Vec::new();
        grow(&points, values, drawn, vec![(f64::NEG_INFINITY, f64::INFINITY); axes], &mut leaves);
        let (of_axes, whole) = variances(&leaves, &levels);
        alone.iter_mut().zip(of_axes).for_each(|(sum, variance)| *sum += variance);
        all += whole;
    }
    let largest = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    (all / TREES as f64 > (LEAST_DEVIATION * largest).powi(2))
        .then(|| alone.iter().map(|variance| variance / all).collect())
}

/// The values of an axis that were tried, in their order, each with the share of the trials that have it.
struct Levels(Vec<(f64, f64)>);

impl Levels {
    fn of(points: &[Vec<f64>], axis: usize) -> Self {
        let mut places: Vec<f64> = points.iter().map(|point| point[axis]).collect();
        places.sort_by(f64::total_cmp);
        let part = 1.0 / points.len() as f64;
        let level = |same: &[f64]| (same[0], same.len() as f64 * part);
        Self(places.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(level).collect())
    }

    /// Which of them lie in (`low`, `high`].
    fn within(&self, (low, high): (f64, f64)) -> Range<usize> {
        let above = |side: f64| self.0.partition_point(|(place, _)| *place <= side);
        above(low)..above(high)
    }

    /// The share of what lies in (`low`, `high`].
    fn share(&self, side: (f64, f64)) -> f64 {
        self.0[self.within(side)].iter().map(|(_, share)| share).sum()
    }
}

/// A box of the axes and what is predicted in it.
struct Leaf {
    sides: Vec<(f64, f64)>,
    value: f64,
}

fn grow(points: &[Vec<f64>], values: &[f64], of: Vec<usize>, sides: Vec<(f64, f64)>, leaves: &mut Vec<Leaf>) {
    let Some((axis, at)) = (of.len() >= LEAST).then(|| split(points, values, &of)).flatten() else {
        leaves.push(Leaf { sides, value: mean(values, &of) });
        return;
    };
    let (below, above): (Vec<usize>, Vec<usize>) =
        of.into_iter().partition(|&trial| points[trial][axis] <= at);
    let side = |low, high| {
        let mut sides = sides.clone();
        sides[axis] = (low, high);
        sides
    };
    let (low, high) = sides[axis];
    grow(points, values, below, side(low, at), leaves);
    grow(points, values, above, side(at, high), leaves);
}

/// The axis and the place that leave the least variation within both parts.
fn split(points: &[Vec<f64>], values: &[f64], of: &[usize]) -> Option<(usize, f64)> {
    let axes = 0..points.first()?.len();
    let best = axes.filter_map(|axis| split_of(axis, points, values, of).map(|(left, at)| (left, axis, at)));
    // The first of equals.
    let best = best.reduce(|a, b| if b.0 < a.0 { b } else { a })?;
    (best.0 < spread(values, of) * (1.0 - ROUNDING)).then_some((best.1, best.2))
}

/// The place on one axis, and what variation it leaves; none where all lie at one.
fn split_of(axis: usize, points: &[Vec<f64>], values: &[f64], of: &[usize]) -> Option<(f64, f64)> {
    let place = |trial: usize| points[trial][axis];
    let mut order = of.to_vec();
    order.sort_by(|a, b| place(*a).total_cmp(&place(*b)));
    // Around the mean of all of them, so that squares of large values do not hide small differences.
    let middle = mean(values, of);
    let deviation = |trial: &usize| values[*trial] - middle;
    let all = order.iter().map(deviation).fold(Sums::default(), Sums::and);
    let below = order.iter().map(deviation).scan(Sums::default(), |sums, value| {
        *sums = sums.and(value);
        Some(*sums)
    });
    let cuts = order.windows(2).zip(below).filter(|(pair, _)| place(pair[0]) < place(pair[1]));
    let each = cuts.map(|(pair, below)| {
        let left = below.spread() + all.less(below).spread();
        (left, f64::midpoint(place(pair[0]), place(pair[1])))
    });
    each.reduce(|a, b| if b.0 < a.0 { b } else { a })
}

/// Of some values: how many, and the sums of them and of their squares.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: f64,
    values: f64,
    squares: f64,
}

impl Sums {
    fn and(self, value: f64) -> Self {
        Self { count: self.count + 1.0, values: self.values + value, squares: self.squares + value * value }
    }

    fn less(self, other: Self) -> Self {
        Self {
            count: self.count - other.count,
            values: self.values - other.values,
            squares: self.squares - other.squares,
        }
    }

    /// The sum of squares around their mean.
    fn spread(self) -> f64 {
        (self.squares - self.values * self.values / self.count).max(0.0)
    }
}

fn mean(values: &[f64], of: &[usize]) -> f64 {
    of.iter().map(|&trial| values[trial]).sum::<f64>() / of.len() as f64
}

/// The sum of squares around the mean.
fn spread(values: &[f64], of: &[usize]) -> f64 {
    let mean = mean(values, of);
    of.iter().map(|&trial| (values[trial] - mean).powi(2)).sum()
}

/// The variance of each axis's main effect, and that of the whole prediction.
fn variances(leaves: &[Leaf], levels: &[Levels]) -> (Vec<f64>, f64) {
    let shares: Vec<Vec<f64>> = leaves
        .iter()
        .map(|leaf| leaf.sides.iter().zip(levels).map(|(side, levels)| levels.share(*side)).collect())
        .collect();
    let each =
        || leaves.iter().zip(&shares).map(|(leaf, shares)| (leaf.value, shares.iter().product::<f64>()));
    let mean: f64 = each().map(|(value, share)| value * share).sum();
    let whole = each().map(|(value, share)| (value - mean).powi(2) * share).sum();
    let of_axis = |axis: usize| {
        // What a leaf adds begins at its lowest level and ends after its highest.
        let mut steps = vec![0.0; levels[axis].0.len() + 1];
        for (leaf, shares) in leaves.iter().zip(&shares) {
            let others = shares.iter().enumerate().filter(|(other, _)| *other != axis);
            let adds = leaf.value * others.map(|(_, share)| share).product::<f64>();
            let within = levels[axis].within(leaf.sides[axis]);
            steps[within.start] += adds;
            steps[within.end] -= adds;
        }
        let effects = steps.iter().scan(-mean, |effect, step| {
            *effect += step;
            Some(*effect)
        });
        levels[axis].0.iter().zip(effects).map(|((_, share), effect)| effect.powi(2) * share).sum()
    };
    ((0..levels.len()).map(of_axis).collect(), whole)
}
