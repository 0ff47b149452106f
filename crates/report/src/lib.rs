//! Stored records to tables, figures and pages.
//!
//! Pure: what goes in are numbers that the store has kept, what comes out is text. No number is typed here but the
//! figures of the course report that arclab grew out of: [`REPORTED`].

mod accuracy;
mod audit;
mod cell;
mod chance;
mod charts;
mod comparison;
mod difference;
mod errors;
mod format;
mod history;
mod hypotheses;
mod notes;
mod options;
mod page;
mod reported;
mod results;
mod stored;
mod table;
mod time;

pub use audit::{SuspectImage, SuspectPair, suspect_images_table, suspect_pairs_table, truth_table};
pub use cell::Cell;
pub use charts::{Figure, precision_recall};
pub use comparison::Comparison;
pub use difference::{Basis, Differences, Disagreement, Incomparable, Tested};
pub use format::{Format, render, render_experiments};
pub use history::{history_table, state_word};
pub use hypotheses::{Answer, Stated};
pub use options::TableOptions;
pub use reported::{REPORTED, Reported};
pub use results::{PairList, PairLists, ProtocolResult, RunResults, VariantResults};
pub use stored::curve;
pub use table::{Better, Column, Kind, Table};
pub use time::{shown_seconds, shown_time};
