//! Which cells of the axes' product a sweep has.
//!
//! - `grid`: all.
//! - `random`: so many, each value drawn evenly from its axis by a counter-based hash of (seed, cell, axis), so that a cell is the same
//!   whatever other cells or axes there are.
//! - `sobol`: so many, of the Sobol sequence with Owen's scrambling (Burley, Practical Hash-based Owen Scrambling, Journal of Computer
//!   Graphics Techniques 9(4), 2020), which fills the product more evenly than chance; best with a power of two.

use std::collections::BTreeSet;

use super::{
    MOST_CELLS,
    axis::{Axis, Values},
};
use crate::{
    Search,
    read::{range::Counts, section::Section},
    source::{Diagnostic, Node},
};

/// A cell: values of the axes that count in it, in their order.
pub(super) type Cell<'a> = Vec<(&'a Axis, Node)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Grid,
    Random,
    Sobol,
}

/// Axes that Sobol's sequence has directions for.
const MOST_DIMENSIONS: usize = sobol_burley::NUM_DIMENSIONS as usize;

pub(super) fn search(section: &mut Section<'_>) -> Search {
    let methods = [("grid", Method::Grid), ("random", Method::Random), ("sobol", Method::Sobol)];
    let method = section.word("search", "How cells are chosen from the axes.", "grid", &methods);
    let cells = section.optional_count(
        "cells",
        "Cells of a random or Sobol search.",
        16,
        Counts::from(1, MOST_CELLS),
    );
    let seed = section.count("seed", "Seed of the search.", 0, Counts::from(0, u64::from(u32::MAX))) as u32;
    if method == Method::Grid {
        for key in ["cells", "seed"] {
            section.no_effect(key, "search: grid", "a grid has all cells");
        }
    }
    if method != Method::Grid
        && cells.is_none()
        && let Some(place) = section.place()
    {
        let found = Diagnostic::at(place, "a search that is no grid needs `cells`");
        section.reading().report(found.help("write how many, such as `cells: 16`"));
    }
    let cells = cells.unwrap_or(1) as u32;
    match method {
        Method::Grid => Search::Grid,
        Method::Random => Search::Random { cells, seed },
        Method::Sobol => Search::Sobol { cells, seed },
    }
}

/// Reports axes that the search cannot use.
pub(super) fn fits(search: Search, section: &Section<'_>, axes: &[Axis]) {
    for (place, axis) in axes.iter().enumerate() {
        let complain = |message: String, help: &str| {
            section.reading().report(Diagnostic::at(&axis.node.place, message).help(help));
        };
        if search == Search::Grid && matches!(axis.values, Values::Range { steps: None, .. }) {
            complain(format!("a grid needs `steps` of `{}`", axis.key), "write such as `steps: 4`");
        }
        if let Some((key, _)) = &axis.when
            && !axes[..place].iter().any(|axis| axis.key == *key)
        {
            complain(
                format!("`{}` waits for `{key}`, which is no axis before it", axis.key),
                "put that axis first",
            );
        }
    }
    if matches!(search, Search::Sobol { .. })
        && axes.len() > MOST_DIMENSIONS
        && let Some(place) = section.place()
    {
        let message = format!("a Sobol search has at most {MOST_DIMENSIONS} axes");
        section.reading().report(Diagnostic::at(place, message).help("take `search: random`"));
    }
    let product = axes.iter().map(|axis| axis.grid().len().max(1) as u64).try_fold(1_u64, u64::checked_mul);
    if search == Search::Grid
        && product.is_none_or(|cells| cells > MOST_CELLS)
        && let Some(place) = section.place()
    {
        let message = format!("the grid has more than {MOST_CELLS} cells");
        section.reading().report(
            Diagnostic::at(place, message).help("take fewer values, or `search: random` with `cells`"),
        );
    }
}

/// The cells, each once.
pub(super) fn cells(search: Search, axes: &[Axis]) -> Vec<Cell<'_>> {
    match search {
        Search::Grid => axes.iter().fold(vec![Vec::new()], crossed),
        Search::Random { cells, seed } => drawn(cells, axes, |cell, axis| unit(seed, cell, axis)),
        Search::Sobol { cells, seed } => {
            drawn(cells, axes, |cell, axis| f64::from(sobol_burley::sample(cell, axis, seed)))
        }
    }
}

fn drawn(cells: u32, axes: &[Axis], draw: impl Fn(u32, u32) -> f64) -> Vec<Cell<'_>> {
    let mut known = BTreeSet::new();
    (0..cells)
        .map(|number| at(axes, |axis| draw(number, axis)))
        .filter(|cell| {
            known.insert(
                cell.iter().map(|(axis, node)| (axis.key.as_str(), node.inline())).collect::<Vec<_>>(),
            )
        })
        .collect()
}

/// The cell where each axis has its value at `place` of it, of [0, 1).
fn at(axes: &[Axis], place: impl Fn(u32) -> f64) -> Cell<'_> {
    axes.iter().zip(0..).fold(Vec::new(), |mut cell, (axis, number)| {
        if axis.counts(&cell) {
            cell.push((axis, axis.at(place(number))));
        }
        cell
    })
}

/// Each cell with each value of `axis`, where it counts.
fn crossed<'a>(cells: Vec<Cell<'a>>, axis: &'a Axis) -> Vec<Cell<'a>> {
    let values = axis.grid();
    cells
        .into_iter()
        .flat_map(|cell| {
            if !axis.counts(&cell) {
                return vec![cell];
            }
            values
                .iter()
                .map(|value| {
                    let mut cell = cell.clone();
                    cell.push((axis, value.clone()));
                    cell
                })
                .collect()
        })
        .collect()
}

/// A number of [0, 1) by (seed, cell, axis).
fn unit(seed: u32, cell: u32, axis: u32) -> f64 {
    let bytes: Vec<u8> = [seed, cell, axis].iter().flat_map(|number| number.to_le_bytes()).collect();
    let hash = blake3::hash(&bytes);
    let first = hash.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (first >> 11) as f64 / (1_u64 << 53) as f64
}
