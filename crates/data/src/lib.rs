//! Files and rendered faces to augmented batches and pair lists.
//!
//! [`prepare()`] turns a configuration into decoded images, labels and pair lists, and [`Loader`] turns these into
//! the batches of a training run. Nothing here knows networks, runs or the store.

pub mod augment;
mod cache;
mod cached;
mod check;
mod container;
mod decode;
mod evaluation;
mod export;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gallery;
mod held_out;
mod images;
mod inspect;
mod labels;
mod leak;
mod loader;
mod measure;
mod pairs;
mod prepare;
mod preview;
mod progress;
mod random;
mod replace;
mod resize;
mod resolved;
mod split;
mod srgb;
pub mod synthetic;
mod table;

pub use cache::{CacheError, stale};
pub use cached::cached;
pub use check::{
    Balance, Case, CheckError, CheckRequest, Checked, Problem, SizeCount, TestList, TestedOn, check,
};
pub use container::{FolderError, Form, LeftOut, holds_its_images};
pub use evaluation::EvaluationBatches;
pub use export::{
    Encoding, ExportError, ExportForm, ExportRequest, Exported, Lossy, Made, Make, MakeRequest, Making,
    Pixels, export,
};
pub use held_out::{KeepSplitError, deal};
pub use images::Images;
pub use inspect::{Inspection, PairCounts, ProblemKind, Sort, by_kind, inspect, inspect_pairs};
pub use leak::{Leak, LeakedImage};
pub use loader::{Batch, Loader, LoaderError, Recipe};
pub use measure::{Attribute, Measures, UnknownAttribute};
pub use pairs::{Pair, PairList, PairProblem, PairsError, PeopleCounts, Supply};
pub use prepare::{
    FindError, PrepareError, Prepared, TestPairs, Unjudgeable, find_images, prepare, prepare_test,
};
pub use preview::Preview;
pub use progress::{Progress, Silent};
pub use resolved::resolved;
pub use split::{Sample, SplitError, SplitProblem};
pub use table::TableError;
