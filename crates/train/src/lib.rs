//! One plan to a trained model, scores and events: the library of the program `arclab-worker`.
//!
//! It never opens the database. What it is told stands in a run's `plan.json`, and what it says goes to
//! `events.jsonl` beside it.

mod abilities;
mod checkpoints;
mod data;
mod device;
mod embedding;
mod makers;
mod model_card;
mod request;
mod run;
mod settings;
mod start;
mod training;
mod verification;
mod weights_test;

pub use abilities::{Abilities, LibraryState};
pub use checkpoints::check_checkpoints;
pub use embedding::embed;
pub use run::{Stop, run};
pub use start::check_weights;
pub use weights_test::test;
