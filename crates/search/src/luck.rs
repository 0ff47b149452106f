//! Whether a cell that was chosen as the best of many is more than the luckiest of equals.
//!
//! Cells in blocks: all have the same seeds, and what a seed does to all of them alike is set apart. If no cell were better than another,
//! the best mean would lie above the mean of all by a multiple of its standard error whose distribution is that of the largest of so
//! many normal deviates from their mean, over an independent estimate of their spread: the studentised extreme deviate (Nair, The
//! distribution of the extreme deviate from the sample mean and its studentized form, Biometrika 35, 1948). It is drawn here rather
//! than looked up.

use crate::chance::Chance;

/// Draws, as many as keep it within a moment.
const DRAWS: std::ops::RangeInclusive<usize> = 1_000..=5_000;
const MOST_NORMALS: usize = 20_000_000;
/// Degrees of freedom beyond which a spread is known well enough to be taken as it is.
const MANY: usize = 200;

/// Of the largest value: what differs by less is equal but for rounding.
const ROUNDING: f64 = 1e-12;

/// What chance alone makes of so many cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Luck {
    /// Which cell is judged.
    pub cell: usize,
    /// Its mean less that of all.
    pub above: f64,
    /// The same of the best one, as it is to be expected if all cells were equally good.
    pub by_chance: f64,
    /// How often a best one would lie as far above, if all cells were equally good.
    pub p: f64,
}

/// Of the values of each cell, one a seed, the seeds in one order: of the cell that was `chosen`, or of that with the highest mean. One
/// that was chosen by something else than these values lies no higher than the highest, so that its p is none too small. None of fewer than two cells or seeds, or where cells have not as
/// many.
pub fn luck(cells: &[Vec<f64>], chosen: Option<usize>) -> Option<Luck> {
    let seeds = cells.first()?.len();
    if cells.len() < 2 || seeds < 2 || cells.iter().any(|cell| cell.len() != seeds) {
        return None;
    }
    let means: Vec<f64> = cells.iter().map(|cell| mean(cell.iter().copied())).collect();
    let all = mean(means.iter().copied());
    let of_seeds: Vec<f64> = (0..seeds).map(|seed| mean(cells.iter().map(|cell| cell[seed])) - all).collect();
    let rest = cells.iter().zip(&means).flat_map(|(cell, mean)| {
        cell.iter().zip(&of_seeds).map(move |(value, of_seed)| (value - mean - of_seed).powi(2))
    });
    let freedom = (cells.len() - 1) * (seeds - 1);
    let error = (rest.sum::<f64>() / freedom as f64 / seeds as f64).sqrt();
    let (highest, _) = means.iter().copied().enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    let cell = chosen.unwrap_or(highest);
    let scale = cells.iter().flatten().fold(0.0_f64, |most, value| most.max(value.abs()));
    let [error, above] = [error, means.get(cell)? - all]
        .map(|found| if found.abs() <= ROUNDING * scale { 0.0 } else { found });
    let draws = extremes(cells.len(), freedom);
    let as_far = draws.iter().filter(|(deviate, spread)| deviate / spread * error >= above).count();
    let expected = mean(draws.iter().map(|(deviate, _)| *deviate));
    // One more, as what was seen is a draw, too; so no p is 0.
    let p = (as_far + 1) as f64 / (draws.len() + 1) as f64;
    Some(Luck { cell, above, by_chance: expected * error, p })
}

/// The largest of `count` normal deviates less their mean, and beside it an estimate of their spread, 1, with so much freedom.
fn extremes(count: usize, freedom: usize) -> Vec<(f64, f64)> {
    let mut chance = Chance::of([count as u64, freedom as u64, 0]);
    let draws = (MOST_NORMALS / count).clamp(*DRAWS.start(), *DRAWS.end());
    let draw = |_| {
        let normals: Vec<f64> = (0..count).map(|_| chance.normal()).collect();
        let largest = normals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let squares = (0..freedom.min(MANY)).map(|_| chance.normal().powi(2)).sum::<f64>();
        let spread = if freedom > MANY { 1.0 } else { (squares / freedom as f64).sqrt() };
        (largest - mean(normals.iter().copied()), spread)
    };
    (0..draws).map(draw).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
