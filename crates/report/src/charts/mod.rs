//! Figures: charts in a page's colours, and the same in print.

mod curves;
mod figure;
mod histogram;
mod palette;
mod precision_recall;
mod slices;

pub use figure::Figure;
pub use precision_recall::precision_recall;

pub(crate) use curves::{loss, validation_accuracy};
pub(crate) use figure::Chart;
pub(crate) use histogram::{ScoreRange, scores};
pub(crate) use palette::{Colour, Palette, VARIANT_COLOURS};
