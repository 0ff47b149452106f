//! The queue: which runs were asked for, in which order they go, and what people ask of them. Requests are rows, so that
//! whoever makes them needs no scheduler; the scheduler acts on them.

mod line;
mod requests;
pub(crate) mod submit;
mod watch;

pub use line::{Due, QueueRecord, Scope, Spot};
pub use requests::{Ask, Asked, Move, Wish};
pub use submit::{Asker, Reach, Submission};
pub use watch::Watch;

/// What a level of priority is worth: so much waiting.
pub const PRIORITY_LEVEL_MS: f64 = 3_600_000.0;

/// The place in line of what was submitted then: the smaller goes first. All that wait age at one pace, so that their order
/// does not change while they do, and what comes much later goes behind them whatever its priority.
pub fn place(submitted_ms: u64, priority: f64) -> f64 {
    submitted_ms as f64 - priority * PRIORITY_LEVEL_MS
}

/// Why a run that was submitted is not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hold {
    /// A person paused it.
    Person,
    /// A search stopped it early, or waits for others before it goes on.
    Search,
}

impl Hold {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Search => "search",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_of_priority_is_worth_an_hour_of_waiting_and_no_more() {
        let hour = PRIORITY_LEVEL_MS as u64;
        let old = place(1_000_000, 0.0);
        assert!(place(1_000_000 + hour - 1, 1.0) < old, "it goes before what came within the hour");
        assert!(place(1_000_000 + hour + 1, 1.0) > old, "and not before what has waited for longer");
    }
}
