//! One file a command.

pub(crate) mod audit;
pub(crate) mod backbones;
pub(crate) mod backup;
pub(crate) mod compare;
pub(crate) mod daemon;
pub(crate) mod data;
pub(crate) mod doctor;
pub(crate) mod errors;
pub(crate) mod fsck;
pub(crate) mod gc;
pub(crate) mod history;
pub(crate) mod losses;
pub(crate) mod plan;
pub(crate) mod queue;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod slices;
pub(crate) mod submit;
pub(crate) mod test;
pub(crate) mod watch;
