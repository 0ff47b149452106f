//! Stored records to tables, figures and pages.
//!
//! Pure: what goes in are numbers that the store has kept, what comes out is text. No number is typed here but the
//! figures of the course report that arclab grew out of, which stand in [`reported`].

mod cell;
mod format;
mod table;
mod time;

pub use cell::Cell;
pub use format::{Format, render};
pub use table::{Better, Column, Kind, Table};
