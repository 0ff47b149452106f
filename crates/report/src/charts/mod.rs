//! Figures: charts in a page's colours, and the same in print.

mod curves;
mod det;
mod figure;
mod forest;
mod histogram;
mod palette;
mod precision_recall;
mod rates;
mod roc;
mod slices;
mod sweep;
mod ticks;

pub use figure::Figure;
pub use precision_recall::precision_recall;

pub(crate) use curves::{loss, validation_accuracy};
pub(crate) use det::det;
pub(crate) use figure::Chart;
pub(crate) use forest::forest;
pub(crate) use histogram::{ScoreRange, scores};
pub(crate) use palette::{Colour, Palette, VARIANT_COLOURS};
pub(crate) use rates::{RateCurve, rate_curves};
pub(crate) use roc::roc;
pub(crate) use sweep::cells;
pub(crate) use ticks::Ticks;
