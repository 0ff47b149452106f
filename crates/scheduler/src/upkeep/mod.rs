//! Looking after a store: what in it contradicts itself, what nothing refers to, and putting either right.
//!
//! What is there is gathered first ([`Look`]); what is wrong with it ([`faults`]) and what can go ([`waste`]) are pure
//! functions of that. Repairing and removing come last, and only where no scheduler can be in the way.

mod fault;
mod look;
mod remove;
mod repair;
mod stock;
mod waste;

pub use fault::{Fault, Remedy, faults};
pub use look::{FolderFacts, Look, LookError, PlanFile, RunFacts, WeightsFile, look};
pub use remove::{RemoveError, remove};
pub use repair::RepairError;
pub use stock::{Cached, Stock, stock};
pub use waste::{Waste, Wasted, waste};
