//! Trials by a tree of Parzen estimators (Bergstra, Bardenet, Bengio and Kégl, Algorithms for hyper-parameter optimization, Neural
//! Information Processing Systems, 2011): each axis takes, of some candidates, the value that is likeliest among good trials in comparison to the others. The
//! estimators are the crate `tpe`'s; what they draw from is ours.
//!
//! A proposal depends on the search's seed, its number and what is told, in whichever order; so whoever tells the results of all earlier
//! rounds and of no others proposes the same trials always.

use std::convert::Infallible;

use ::tpe::{TpeOptimizerBuilder, categorical_range, histogram_estimator, parzen_estimator, range};

use crate::chance::Chance;

/// Share of the trials that count as good.
const GOOD: f64 = 0.2;
/// Numbers of a range that are weighed against each other.
const CANDIDATES: usize = 24;
/// Of a list one is drawn among the good trials' and not weighed: the likeliest by comparison would be whichever was tried least, for all
/// trials of a round.
const CANDIDATE_CHOICES: usize = 1;

/// What an axis takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// A number of a range.
    Range,
    /// One of so many.
    Choice(u32),
}

/// A trial's result.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its place on each axis, of [0, 1); none where the axis did not count.
    pub point: Vec<Option<f64>>,
    /// The higher, the better.
    pub value: f64,
}

/// Where the trial with this `number` lies on each axis, of [0, 1).
pub fn propose(axes: &[Axis], told: &[Told], seed: u64, number: u32) -> Vec<f64> {
    let mut told: Vec<&Told> = told.iter().filter(|told| told.value.is_finite()).collect();
    // Sums of floats depend on their order.
    told.sort_by(|a, b| {
        b.value
            .total_cmp(&a.value)
            .then_with(|| a.point.partial_cmp(&b.point).unwrap_or(std::cmp::Ordering::Equal))
    });
    let each = axes.iter().enumerate();
    each.map(|(place, axis)| {
        let mut chance = Chance::of([seed, u64::from(number), place as u64]);
        of_axis(*axis, place, &told, &mut chance).unwrap_or_else(|| chance.unit())
    })
    .collect()
}

/// The place on one axis; none where nothing was told of it.
fn of_axis(axis: Axis, place: usize, told: &[&Told], chance: &mut Chance) -> Option<f64> {
    let known = || told.iter().filter_map(|told| Some((told.point.get(place).copied()??, told.value)));
    known().next()?;
    let (estimator, within, scale, candidates) = match axis {
        Axis::Range => (parzen_estimator(), range(0.0, 1.0).ok()?, 1.0, CANDIDATES),
        Axis::Choice(count) => (
            histogram_estimator(),
            categorical_range(count as usize).ok()?,
            f64::from(count),
            CANDIDATE_CHOICES,
        ),
    };
    let mut optimizer =
        TpeOptimizerBuilder::new().gamma(GOOD).candidates(candidates).build(estimator, within).ok()?;
    for (point, value) in known() {
        // It looks for the smallest.
        optimizer.tell(point * scale, -value).ok()?;
    }
    let asked: Result<f64, Infallible> = optimizer.ask(chance);
    let Ok(asked) = asked;
    Some(match axis {
        Axis::Range => asked,
        Axis::Choice(_) => (asked.floor() + 0.5) / scale,
    })
}
