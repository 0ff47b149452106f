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
mod decided;
mod difference;
mod document;
mod errors;
mod format;
mod history;
mod hypotheses;
mod notes;
mod options;
mod page;
mod pairs;
mod provenance;
mod queue;
mod rates;
mod reported;
mod results;
mod sections;
mod slices;
mod stored;
mod sweep;
mod table;
mod time;

pub use audit::{SuspectImage, SuspectPair, suspect_images_table, suspect_pairs_table, truth_table};
pub use cell::Cell;
pub use charts::{Figure, precision_recall};
pub use comparison::{Comparison, title as protocol_title};
pub use decided::{ErrorKind, Held};
pub use difference::{Basis, Differences, Disagreement, Incomparable, Tested};
pub use document::{Document, Part, Section};
pub use format::{Format, render, render_experiments};
pub use history::{history_table, run_word};
pub use hypotheses::{Answer, Stated};
pub use options::TableOptions;
pub use pairs::{
    Album, AttributeColumn, Change, Photo, PhotoGroup, Picture, WrongPair, changed_pairs, contact_sheet,
    errors_listing, errors_page, photo_groups, wrong_pairs,
};
pub use provenance::RunProvenance;
pub use queue::{queue_table, queue_word, share_done};
pub use reported::{REPORTED, Reported};
pub use results::{PairList, PairLists, ProtocolResult, RunResults, VariantResults};
pub use slices::{
    Slice, SliceError, SlicedErrors, Slices, VariantSlices, correct_trends, slices_table, trends_table,
};
pub use stored::curve;
pub use sweep::{CellResults, Stands, SweepResults};
pub use table::{Better, Column, Kind, Table};
pub use time::{shown_seconds, shown_time};
