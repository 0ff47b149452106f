//! Which cells of the axes' product a sweep has.
//!
//! - `grid`: all.
//! - `random`: so many, each value drawn evenly from its axis by a counter-based hash of (seed, cell, key), so that a cell is the same
//!   whatever other cells or axes there are.
//! - `sobol`: so many, of the Sobol sequence with Owen's scrambling (Burley, Practical Hash-based Owen Scrambling, Journal of Computer
//!   Graphics Techniques 9(4), 2020), which fills the product more evenly than chance; best with a power of two.
//! - `tpe`: a first round of Sobol's, and then what somebody who knows the results proposes.

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

/// A cell: what the axes that count in it have there, in their order.
pub(super) type Cell<'a> = Vec<Taken<'a>>;

/// What an axis has in a cell.
#[derive(Debug, Clone)]
pub(super) struct Taken<'a> {
    pub(super) axis: &'a Axis,
    pub(super) node: Node,
    /// Where on the axis that is, of [0, 1).
    pub(super) place: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Grid,
    Random,
    Sobol,
    Tpe,
}

/// Axes that Sobol's sequence has directions for.
const MOST_DIMENSIONS: usize = sobol_burley::NUM_DIMENSIONS as usize;
const METHODS: [(&str, Method); 4] =
    [("grid", Method::Grid), ("random", Method::Random), ("sobol", Method::Sobol), ("tpe", Method::Tpe)];

/// `runs` are those that the budget has.
pub(super) fn search(section: &mut Section<'_>, runs: Option<u32>) -> Search {
    let doc = "How cells are chosen from the axes: all; by chance; by Sobol's sequence, which is more even; or in rounds, by what \
               earlier cells have shown on validation pairs (a tree of Parzen estimators).";
    let method = section.word("search", doc, "grid", &METHODS);
    let most = Counts::from(1, MOST_CELLS);
    let cells = section.optional_count("cells", "Cells of a search that is no grid.", 16, most);
    let doc =
        "Of `tpe`: cells that are chosen at once, when all of those before them have shown what they can.";
    let round = section.optional_count("round", doc, 8, most);
    let seed = section.count("seed", "Seed of the search.", 0, Counts::from(0, u64::from(u32::MAX))) as u32;
    if method == Method::Grid {
        for key in ["cells", "seed"] {
            section.no_effect(key, "search: grid", "a grid has all cells");
        }
    }
    if method != Method::Tpe {
        section.no_effect("round", "another search than `tpe`", "leave it out");
    }
    if method != Method::Grid
        && cells.is_none()
        && runs.is_none()
        && let Some(place) = section.place()
    {
        let found = Diagnostic::at(place, "a search that is no grid needs `cells`");
        section.reading().report(found.help("write how many, such as `cells: 16`"));
    }
    // What is beyond the budget is cut off once it is known how many runs a cell has.
    let cells = cells.map_or(runs.unwrap_or(1).min(MOST_CELLS as u32), |cells| cells as u32);
    match method {
        Method::Grid => Search::Grid,
        Method::Random => Search::Random { cells, seed },
        Method::Sobol => Search::Sobol { cells, seed },
        Method::Tpe => Search::Tpe { cells, round: round.unwrap_or(8) as u32, seed },
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
        let Some((key, value)) = &axis.when else { continue };
        match axes[..place].iter().find(|axis| axis.key == *key) {
            None => complain(
                format!("`{}` waits for `{key}`, which is no axis before it", axis.key),
                "put that axis first",
            ),
            Some(other) if !other.takes(value) => complain(
                format!("`{}` waits for `{key}` to be `{value}`, which it never is", axis.key),
                "write a value that the other axis has",
            ),
            Some(_) => {}
        }
    }
    if matches!(search, Search::Sobol { .. } | Search::Tpe { .. })
        && axes.len() > MOST_DIMENSIONS
        && let Some(place) = section.place()
    {
        let message = format!("a search by Sobol's sequence has at most {MOST_DIMENSIONS} axes");
        section.reading().report(Diagnostic::at(place, message).help("take `search: random`"));
    }
    if is_too_large(search, axes)
        && let Some(place) = section.place()
    {
        let message = format!("the grid has more than {MOST_CELLS} cells");
        section.reading().report(
            Diagnostic::at(place, message).help("take fewer values, or `search: random` with `cells`"),
        );
    }
}

/// Whether a grid has more cells than can be meant.
pub(super) fn is_too_large(search: Search, axes: &[Axis]) -> bool {
    let product =
        || axes.iter().map(|axis| axis.grid().len().max(1) as u64).try_fold(1_u64, u64::checked_mul);
    search == Search::Grid && product().is_none_or(|cells| cells > MOST_CELLS)
}

/// The cells, each once. `later` are the points of cells that were chosen by results.
pub(super) fn cells<'a>(search: Search, axes: &'a [Axis], later: &[Vec<f64>]) -> Vec<Cell<'a>> {
    let sobol = |seed| move |cell, axis| f64::from(sobol_burley::sample(cell, axis, seed));
    let drawn = |cells: u32, place: &dyn Fn(u32, u32) -> f64| -> Vec<Cell<'a>> {
        (0..cells).map(|cell| at(axes, |axis| place(cell, axis))).collect()
    };
    let found = match search {
        Search::Grid => axes.iter().fold(vec![Vec::new()], crossed),
        Search::Random { cells, seed } => {
            drawn(cells, &|cell, axis| unit(seed, cell, &axes[axis as usize].key))
        }
        Search::Sobol { cells, seed } => drawn(cells, &sobol(seed)),
        Search::Tpe { cells, round, seed } => {
            let chosen =
                later.iter().map(|point| at(axes, |axis| point.get(axis as usize).copied().unwrap_or(0.5)));
            drawn(round.min(cells), &sobol(seed)).into_iter().chain(chosen).take(cells as usize).collect()
        }
    };
    let mut known = BTreeSet::new();
    let is_new = |cell: &Cell<'_>| {
        known.insert(
            cell.iter().map(|taken| (taken.axis.key.clone(), taken.node.inline())).collect::<Vec<_>>(),
        )
    };
    found.into_iter().filter(is_new).collect()
}

/// The cell where each axis has its value at `place` of it, of [0, 1).
fn at(axes: &[Axis], place: impl Fn(u32) -> f64) -> Cell<'_> {
    axes.iter().zip(0..).fold(Vec::new(), |mut cell: Cell<'_>, (axis, number)| {
        if axis.counts(&cell) {
            let place = axis.settled(place(number));
            cell.push(Taken { axis, node: axis.at(place), place });
        }
        cell
    })
}

/// Each cell with each value of `axis`, where it counts.
fn crossed<'a>(cells: Vec<Cell<'a>>, axis: &'a Axis) -> Vec<Cell<'a>> {
    let values = axis.grid();
    let with = |cell: &Cell<'a>, number: usize, node: &Node| {
        let place = (number as f64 + 0.5) / values.len() as f64;
        let taken = Taken { axis, node: node.clone(), place };
        cell.iter().cloned().chain([taken]).collect()
    };
    let crossed = cells.into_iter().flat_map(|cell| {
        if !axis.counts(&cell) {
            return vec![cell];
        }
        values.iter().enumerate().map(|(number, node)| with(&cell, number, node)).collect()
    });
    crossed.collect()
}

/// A number of [0, 1) by (seed, cell, key).
fn unit(seed: u32, cell: u32, key: &str) -> f64 {
    let numbers = [seed, cell].into_iter().flat_map(u32::to_le_bytes);
    let hash = blake3::hash(&numbers.chain(key.bytes()).collect::<Vec<u8>>());
    let first = hash.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (first >> 11) as f64 / (1_u64 << 53) as f64
}
