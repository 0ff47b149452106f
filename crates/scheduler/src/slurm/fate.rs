//! What becomes of a run on the cluster, from what Slurm and its journal say. Pure.

use std::time::Duration;

use arclab_spec::run_folder::exit;

use super::{TaskEnd, TaskState};

/// A journal on a shared file system may be seen so much later than it was written.
const LAG: Duration = Duration::from_secs(15);

/// A worker that Slurm knows nothing of is gone once its journal has been silent for so long: workers say something every two
/// seconds, and file systems between machines may keep it to themselves for a minute.
const SILENCE: Duration = Duration::from_secs(75);

/// Of one job. What a worker wrote counts for more than what Slurm says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts, each of which may hold beside any other")]
pub(crate) struct Sight<'a> {
    /// Where Slurm has it; none where it does not know it.
    pub(crate) state: Option<&'a TaskState>,
    /// Whether its worker has begun.
    pub(crate) begun: bool,
    /// Whether its worker has said its last word.
    pub(crate) reported: bool,
    /// Whether its worker has said anything since it was last seen waiting.
    pub(crate) spoken: bool,
    /// For how long the journal has said nothing new.
    pub(crate) silent: Duration,
    /// Whether its worker's lock is held, as far as that is seen from here.
    pub(crate) locked: bool,
    /// Whether it may be submitted once more.
    pub(crate) may_submit: bool,
}

/// What that means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It has not begun, or begins again.
    Waits,
    /// It is at work, or may be.
    Works,
    /// The same, but there is a reason why it says nothing.
    Quiet,
    /// It does not come back; none where Slurm does not say why.
    Gone(Option<TaskEnd>),
    /// Slurm has lost it before it began.
    SubmitAgain,
}

pub(crate) fn fate(sight: &Sight<'_>) -> Fate {
    match sight.state {
        Some(TaskState::Waiting(_)) => Fate::Waits,
        Some(TaskState::Over(end)) if sight.reported || !tells(*end) || sight.silent > LAG => {
            Fate::Gone(Some(*end))
        }
        Some(TaskState::Suspended) => Fate::Quiet,
        // Before its worker begins, a node may have much to prepare.
        Some(TaskState::AtWork) if !sight.spoken => Fate::Quiet,
        Some(TaskState::AtWork | TaskState::Over(_)) => Fate::Works,
        None if sight.reported && !sight.locked => Fate::Gone(None),
        None if sight.locked || (sight.begun && sight.silent <= SILENCE) => Fate::Works,
        None if sight.begun || !sight.may_submit => Fate::Gone(None),
        None => Fate::SubmitAgain,
    }
}

/// Whether a worker that ends so has said why in its journal.
fn tells(end: TaskEnd) -> bool {
    let codes = [exit::FINISHED, exit::FAILED, exit::INTERRUPTED].map(i32::from);
    matches!(end, TaskEnd::Exited(Some(code)) if codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slurm::Reason;

    const LONG: Duration = Duration::from_mins(10);

    fn sight(state: Option<&TaskState>) -> Sight<'_> {
        let silent = Duration::ZERO;
        Sight { state, begun: false, reported: false, spoken: true, silent, locked: false, may_submit: true }
    }

    #[test]
    fn while_slurm_has_it_nothing_is_begun_twice() {
        let (waits, works) = (TaskState::Waiting(Reason("BeginTime".to_owned())), TaskState::AtWork);
        for begun in [false, true] {
            // An execution that was interrupted has said its last word, and the next one follows.
            let told = Sight { begun, reported: begun, silent: LONG, ..sight(Some(&waits)) };
            assert_eq!(fate(&told), Fate::Waits);
            assert_eq!(fate(&Sight { state: Some(&works), ..told }), Fate::Works);
        }
    }

    #[test]
    fn silence_counts_from_a_workers_first_word_and_only_while_it_may_go_on() {
        let silent = Sight { silent: LONG, ..sight(Some(&TaskState::AtWork)) };
        assert_eq!(fate(&silent), Fate::Works);
        assert_eq!(fate(&Sight { spoken: false, ..silent }), Fate::Quiet);
        assert_eq!(fate(&Sight { state: Some(&TaskState::Suspended), ..silent }), Fate::Quiet);
    }

    #[test]
    fn a_job_that_slurm_lost_before_it_began_is_submitted_again_once() {
        assert_eq!(fate(&sight(None)), Fate::SubmitAgain);
        assert_eq!(fate(&Sight { may_submit: false, ..sight(None) }), Fate::Gone(None));
    }

    #[test]
    fn what_the_journal_says_of_a_job_that_slurm_forgot_is_the_first_evidence() {
        let begun = Sight { begun: true, ..sight(None) };
        assert_eq!(fate(&begun), Fate::Works);
        assert_eq!(fate(&Sight { silent: LONG, ..begun }), Fate::Gone(None));
        assert_eq!(fate(&Sight { silent: LONG, locked: true, ..begun }), Fate::Works);
        assert_eq!(fate(&Sight { reported: true, ..begun }), Fate::Gone(None));
        // It has begun here, and only its first line is still under way.
        assert_eq!(fate(&Sight { locked: true, ..sight(None) }), Fate::Works);
    }

    #[test]
    fn the_last_word_of_a_worker_that_ended_by_itself_is_waited_for() {
        let over = TaskState::Over(TaskEnd::Exited(Some(0)));
        let ended = Sight { begun: true, ..sight(Some(&over)) };
        assert_eq!(fate(&ended), Fate::Works);
        assert_eq!(fate(&Sight { reported: true, ..ended }), Fate::Gone(Some(TaskEnd::Exited(Some(0)))));
        assert_eq!(fate(&Sight { silent: LONG, ..ended }), Fate::Gone(Some(TaskEnd::Exited(Some(0)))));
        let killed = TaskState::Over(TaskEnd::Exited(Some(137)));
        assert_eq!(
            fate(&Sight { state: Some(&killed), ..ended }),
            Fate::Gone(Some(TaskEnd::Exited(Some(137))))
        );
    }
}
