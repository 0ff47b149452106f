//! What a sweep does next, and what it has shown. Pure: no clock, no store, and chance comes from a seed.
//!
//! A trial is a cell of a sweep with all of its seeds: it is judged by their mean, and all of them go on or none does. So the best
//! cell is not the one with the luckiest seed among several, and has as many seeds as any that it is held against.

mod chance;
mod importance;
mod luck;
mod stop;
mod tpe;

pub use importance::importance;
pub use luck::{Luck, luck};
pub use stop::{Advice, Trial, advise, rungs};
pub use tpe::{Axis, Told, propose};
