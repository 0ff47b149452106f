//! The nouns: spec, plan, run state and event. No I/O beyond reading YAML.

mod checkpoints_request;
pub mod config;
mod embed_request;
mod event;
mod expectation;
mod lineage;
mod names;
mod plan;
mod read;
mod run;
pub mod run_folder;
mod source;
mod spec;
mod sweep;
mod test_request;
mod weights_request;

pub use checkpoints_request::{CheckedCheckpoints, CheckpointsReport, CheckpointsRequest};
pub use embed_request::{EmbedReport, EmbedRequest};
pub use event::{Event, Heartbeat, JOURNAL_VERSION, JournalLine, Position, Started, Usage};
pub use expectation::{Direction, Expectation, Number};
pub use lineage::{Lineage, precedence};
pub use names::{ExperimentName, Fingerprint, InvalidName, ProtocolName, RunId, VariantName};
pub use plan::{Assignment, ListPeople, PLAN_VERSION, Plan, PlanHash, SharedPeople, TRAINER_VERSION};
pub use read::{
    BackboneDescription, Catalogue, CatalogueEntry, InvalidOverride, LossDescription, Override,
    ParameterDescription, PublicFile, PublicSet, backbones, json_schema, losses,
    parameters_of_losses_on_centres, read_specs, read_sweep, refuse_same_names,
};
pub use run::{Attempt, FailureKind, IllegalTransition, RunEvent, RunState};
pub use source::{Diagnostic, SpecErrors};
pub use spec::{Change, Spec, Written};
pub use sweep::{Cell, Membership, Search, StopRule, Sweep, SweepAxis};
pub use test_request::{TestReport, TestRequest};
pub use weights_request::{WeightsReport, WeightsRequest};
