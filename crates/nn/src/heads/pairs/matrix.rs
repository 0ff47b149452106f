//! What all losses on pairs share: how alike the images of a batch are, a mean over rows, and slopes.
//!
//! - u = x / ‖x‖; the value of a pair is its cosine c = uᵢ·uⱼ, or its distance d = ‖uᵢ - uⱼ‖
//! - d = √(2 - 2c), so dd / dc = -1 / d; 0 where d is 0, as of PyTorch's `cdist`
//! - a pair of two images stands in the rows of both
//!
//! Each row is one task, and sums over rows run in their order, so the numbers do not depend on threads.

use rayon::prelude::*;

use super::{super::cosine::Normalised, CosineSum, Hinges};

/// What is said of two images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Cosine,
    Distance,
}

/// Whom the two sides of a pair show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    Same,
    Different,
}

/// The values of all pairs, row by row.
pub(super) struct Matrix<'a> {
    measure: Measure,
    values: Vec<f64>,
    rows: Vec<u32>,
    columns: &'a [u32],
    /// Whether rows are the same images as columns: none is a pair with itself.
    is_square: bool,
}

/// What one row adds to a mean.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct RowSum {
    pub(super) cost: f64,
    /// What the mean is over.
    pub(super) count: usize,
    pub(super) hinges: Hinges,
}

/// A loss, with d loss / d value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    pub(super) loss: f64,
    pub(super) hinges: Hinges,
    slopes: Vec<f64>,
}

impl<'a> Matrix<'a> {
    /// Every image with every other one.
    pub(super) fn of_images(measure: Measure, images: &Normalised, labels: &'a [u32]) -> Self {
        Self::new(measure, (images, labels.to_vec()), (images, labels), true)
    }

    /// Every proxy, which are one a class, with every image.
    pub(super) fn of_proxies(proxies: &Normalised, images: &Normalised, labels: &'a [u32]) -> Self {
        let classes = (0..proxies.count() as u32).collect();
        Self::new(Measure::Cosine, (proxies, classes), (images, labels), false)
    }

    fn new(
        measure: Measure,
        (units, rows): (&Normalised, Vec<u32>),
        (others, columns): (&Normalised, &'a [u32]),
        is_square: bool,
    ) -> Self {
        let mut values = vec![0.0; rows.len() * columns.len()];
        values.par_chunks_mut(columns.len()).enumerate().for_each(|(row, out)| {
            for (column, value) in out.iter_mut().enumerate() {
                *value = f64::from(match measure {
                    Measure::Cosine => units.cosine(row, others, column),
                    Measure::Distance => units.distance(row, others, column),
                });
            }
        });
        Self { measure, values, rows, columns, is_square }
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns.len()..][..self.columns.len()]
    }

    /// The columns of `row` that are such pairs, with their values.
    pub(super) fn pairs(&self, row: usize, pair: Pair) -> impl Iterator<Item = (usize, f64)> + Clone {
        let label = self.rows[row];
        let values = self.row(row).iter().copied().enumerate();
        values.filter(move |(column, _)| {
            let is_same = self.columns[*column] == label;
            let is_itself = self.is_square && *column == row;
            !is_itself && is_same == (pair == Pair::Same)
        })
    }

    /// The sum of costs over the sum of counts; 0 of nothing. `of` is given a row and its slopes, zeros at first.
    pub(super) fn mean(&self, of: impl Fn(usize, &mut [f64]) -> RowSum + Sync) -> Judged {
        let mut slopes = vec![0.0; self.values.len()];
        let rows = slopes.par_chunks_mut(self.columns.len()).enumerate();
        let rows: Vec<RowSum> = rows.map(|(row, slopes)| of(row, slopes)).collect();
        let count = rows.iter().map(|row| row.count).sum::<usize>().max(1) as f64;
        slopes.par_iter_mut().for_each(|slope| *slope /= count);
        let hinges = rows.iter().fold(Hinges::default(), |all, row| all.and(row.hinges));
        Judged { loss: rows.iter().map(|row| row.cost).sum::<f64>() / count, hinges, slopes }
    }

    /// d loss / d cosine of a pair, both of its places together.
    pub(super) fn d_cosine(&self, judged: &Judged, row: usize, column: usize) -> f32 {
        let at = |row: usize, column: usize| row * self.columns.len() + column;
        let mut slope = judged.slopes[at(row, column)];
        if self.is_square {
            slope += judged.slopes[at(column, row)];
        }
        let value = self.values[at(row, column)];
        let slope = match self.measure {
            Measure::Cosine => slope,
            Measure::Distance if value == 0.0 => 0.0,
            Measure::Distance => -slope / value,
        };
        slope as f32
    }

    /// Cosines of all pairs of a kind.
    pub(super) fn cosines(&self, pair: Pair) -> CosineSum {
        let cosine = |value: f64| match self.measure {
            Measure::Cosine => value,
            Measure::Distance => 1.0 - value * value / 2.0,
        };
        let all = (0..self.rows.len()).flat_map(|row| self.pairs(row, pair));
        all.fold(CosineSum::default(), |sum, (_, value)| sum.and(CosineSum { sum: cosine(value), count: 1 }))
    }
}

impl Judged {
    /// The sum of two losses on one matrix.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.slopes.iter_mut().zip(&other.slopes).for_each(|(slope, more)| *slope += more);
        Self { loss: self.loss + other.loss, hinges: self.hinges.and(other.hinges), ..self }
    }
}

impl RowSum {
    /// A term that counts whatever it costs.
    pub(super) fn one(cost: f64) -> Self {
        Self { cost, count: 1, hinges: Hinges::default() }
    }

    /// Adds a term max(0, `excess`) that counts where it is not 0; whether it is not.
    pub(super) fn add_hinge(&mut self, excess: f64) -> bool {
        self.hinges.total += 1;
        let is_active = excess > 0.0;
        if is_active {
            self.hinges.active += 1;
            self.count += 1;
            self.cost += excess;
        }
        is_active
    }
}
