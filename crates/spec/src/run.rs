//! The states of a run, and the one function that moves it.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// The n-th execution of a run, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(pub NonZeroU32);

impl Attempt {
    /// The first execution.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The execution after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Why an attempt failed, as far as a retry depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The worker died: a signal, a full disk. Worth another attempt.
    Infrastructure,
    /// The run itself: a loss that is not finite, data that cannot be used. The same again would fail again.
    Run,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// Waits for a slot; `next` will carry it out.
    Queued {
        /// The attempt that will carry it out.
        next: Attempt,
    },
    /// A worker is on it.
    Running {
        /// The attempt on it.
        attempt: Attempt,
    },
    /// Done.
    Succeeded {
        /// The attempt that finished it.
        attempt: Attempt,
    },
    /// Given up.
    Failed {
        /// The last attempt.
        attempt: Attempt,
        /// Why.
        kind: FailureKind,
    },
    /// Called off by a person.
    Cancelled,
}

/// What moves a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEvent {
    /// A worker was started.
    Started(Attempt),
    /// The attempt's worker finished the plan.
    Finished(Attempt),
    /// The attempt stopped on request after a checkpoint, or lost its scheduler: it waits for the next.
    Interrupted(Attempt),
    /// The attempt died and is to be tried again.
    Retried(Attempt),
    /// The attempt failed for good.
    Failed(Attempt, FailureKind),
    /// A person asks for it again.
    Requeued {
        /// The attempt that will carry it out.
        next: Attempt,
    },
    /// A person calls it off.
    Cancelled,
}

/// An event that cannot happen in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a run that is {state:?} cannot take {event:?}")]
pub struct IllegalTransition {
    /// The state it is in.
    pub state: RunState,
    /// The event that came.
    pub event: RunEvent,
}

impl RunState {
    /// The state after `event`: the only way from one state to another. A report of an attempt that is not the
    /// current one is illegal, so that late reports of dead workers change nothing.
    pub fn after(self, event: RunEvent) -> Result<Self, IllegalTransition> {
        match (self, event) {
            (Self::Queued { next }, RunEvent::Started(attempt)) if attempt == next => {
                Ok(Self::Running { attempt })
            }
            (Self::Running { attempt }, RunEvent::Finished(by)) if by == attempt => {
                Ok(Self::Succeeded { attempt })
            }
            (Self::Running { attempt }, RunEvent::Interrupted(by) | RunEvent::Retried(by))
                if by == attempt =>
            {
                Ok(Self::Queued { next: attempt.next() })
            }
            (Self::Running { attempt }, RunEvent::Failed(by, kind)) if by == attempt => {
                Ok(Self::Failed { attempt, kind })
            }
            (Self::Failed { attempt, .. } | Self::Succeeded { attempt }, RunEvent::Requeued { next })
                if next == attempt.next() =>
            {
                Ok(Self::Queued { next })
            }
            (Self::Cancelled, RunEvent::Requeued { next }) => Ok(Self::Queued { next }),
            (Self::Queued { .. } | Self::Running { .. }, RunEvent::Cancelled) => Ok(Self::Cancelled),
            (state, event) => Err(IllegalTransition { state, event }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_from_the_queue_to_success() {
        let state = RunState::Queued { next: Attempt::FIRST };
        let state = state.after(RunEvent::Started(Attempt::FIRST)).unwrap();
        let state = state.after(RunEvent::Finished(Attempt::FIRST)).unwrap();
        assert_eq!(state, RunState::Succeeded { attempt: Attempt::FIRST });
    }

    #[test]
    fn a_late_report_from_an_earlier_attempt_is_refused() {
        let state = RunState::Running { attempt: Attempt::FIRST.next() };
        state.after(RunEvent::Finished(Attempt::FIRST)).unwrap_err();
    }
}
