//! Figures: charts in a page's colours, and the same in print.

mod curves;
mod figure;
mod histogram;
mod palette;

pub use figure::Figure;

pub(crate) use curves::{loss, validation_accuracy};
pub(crate) use figure::Chart;
pub(crate) use histogram::{ScoreRange, scores};
pub(crate) use palette::{Colour, Palette, VARIANT_COLOURS};
