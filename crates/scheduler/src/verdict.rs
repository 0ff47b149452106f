//! What becomes of a run whose worker is gone. Pure.

use arclab_spec::{FailureKind, ProtocolName, run_folder::exit};
use arclab_store::{
    Ask, Hold,
    records::{Exit, Failure, Outcome, Reported},
};

/// What is known of an attempt whose worker is gone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Its last word.
    pub reported: Option<Reported>,
    /// Why it failed, in its words.
    pub failure: Option<Failure>,
    /// How the process ended.
    pub exit: Exit,
    /// Why it was never started.
    pub launch_error: Option<String>,
    /// Protocols of the plan without a result.
    pub missing: Vec<ProtocolName>,
    /// Whether it was told to stop, or nobody waits for it.
    pub stopping: bool,
    /// What a person asked of it.
    pub asked: Option<Ask>,
    /// Its time limit in seconds, where it went beyond.
    pub overdue_secs: Option<u64>,
    /// For how long it had given no sign of life when it was killed for that, in seconds.
    pub silent_secs: Option<u64>,
    /// What follows where it stopped after the epochs that it was to do, and not at the end.
    pub at_limit: Option<Next>,
    /// Whether memory ran out, and its batches can be cut in two.
    pub can_split: bool,
    /// Attempts that may still follow.
    pub tries_left: u32,
    /// What its process was to the scheduler.
    pub kinship: Kinship,
}

/// What a worker's process is to the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kinship {
    /// Started by it, or never seen.
    #[default]
    Own,
    /// Found at work: nobody is told how such a process ends.
    Adopted,
}

/// How an attempt is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// In which way.
    pub outcome: Outcome,
    /// Why, where it failed or died.
    pub failure: Option<Failure>,
    /// What becomes of the run.
    pub next: Next,
}

/// What becomes of a run once an attempt is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It has ended, or waits in its place.
    Stays,
    /// It is called off.
    Cancelled,
    /// It waits until it is let go.
    Held(Hold),
    /// It goes on at once.
    Further,
    /// Another attempt follows after a while.
    Again,
    /// Another attempt follows, with batches in twice as many parts.
    InParts,
}

impl Verdict {
    fn stopped(next: Next) -> Self {
        Self { outcome: Outcome::Interrupted, failure: None, next }
    }

    fn failed(failure: Failure) -> Self {
        Self { outcome: Outcome::Failed, failure: Some(failure), next: Next::Stays }
    }
}

/// What becomes of the attempt. Only what it reported itself makes it finished or failed for good at once; what a person
/// asked comes next; all else is a death, worth another try.
pub fn verdict(evidence: &Evidence) -> Verdict {
    match (evidence.reported, &evidence.failure, evidence.asked) {
        (Some(Reported::Finished), ..) if evidence.missing.is_empty() => {
            return Verdict { outcome: Outcome::Finished, failure: None, next: Next::Stays };
        }
        (_, _, Some(Ask::Cancel)) => return Verdict::stopped(Next::Cancelled),
        (Some(Reported::Failed), Some(failure), _) if failure.kind == FailureKind::Run => {
            let failure = failure.clone();
            if !evidence.can_split {
                return Verdict::failed(failure);
            }
            return Verdict { outcome: Outcome::Retried, failure: Some(failure), next: Next::InParts };
        }
        (_, _, Some(Ask::Pause)) => return Verdict::stopped(Next::Held(Hold::Person)),
        _ => {}
    }
    if evidence.stopping {
        return Verdict::stopped(Next::Stays);
    }
    if let Some(secs) = evidence.overdue_secs {
        return Verdict::failed(Failure { kind: FailureKind::Run, message: overdue(secs) });
    }
    if let (Some(next), Some(Reported::Interrupted)) = (evidence.at_limit, evidence.reported) {
        return Verdict::stopped(next);
    }
    again(evidence)
}

/// Of an attempt that died.
fn again(evidence: &Evidence) -> Verdict {
    let failure = Failure { kind: FailureKind::Infrastructure, message: death(evidence) };
    let (outcome, next) = match (evidence.tries_left, evidence.reported) {
        // Stopped by someone else, time and again: it can be gone on with, so it has not failed.
        (0, Some(Reported::Interrupted)) => (Outcome::Interrupted, Next::Stays),
        (0, _) => return Verdict::failed(failure),
        _ => (Outcome::Retried, Next::Again),
    };
    Verdict { outcome, failure: Some(failure), next }
}

fn overdue(secs: u64) -> String {
    format!(
        "it took longer than its time limit of {} (`resources.time_limit`); asked for again, it goes on from its last checkpoint",
        in_words(secs)
    )
}

/// `2 h`, `90 min`, `45 s`.
fn in_words(secs: u64) -> String {
    match secs {
        _ if secs >= 3_600 && secs.is_multiple_of(3_600) => format!("{} h", secs / 3_600),
        _ if secs >= 60 && secs.is_multiple_of(60) => format!("{} min", secs / 60),
        _ => format!("{secs} s"),
    }
}

/// Why the attempt died, in words.
fn death(evidence: &Evidence) -> String {
    if let Some(error) = &evidence.launch_error {
        return error.clone();
    }
    match (evidence.reported, &evidence.failure) {
        (Some(Reported::Failed), Some(failure)) => failure.message.clone(),
        (Some(Reported::Finished), _) => {
            let missing: Vec<&str> = evidence.missing.iter().map(ProtocolName::as_str).collect();
            format!("the worker finished without a readable result of {}", missing.join(", "))
        }
        (Some(Reported::Interrupted), _) => "the worker was stopped by another program".to_owned(),
        _ if let Some(secs) = evidence.silent_secs => {
            format!("the worker hung: it gave no sign of life for {} and was killed", in_words(secs))
        }
        _ => silent_death(evidence),
    }
}

fn silent_death(evidence: &Evidence) -> String {
    let Exit { signal, code } = evidence.exit;
    match (signal, code) {
        // The kernel's way when memory runs out.
        (Some(9), _) => "the worker was killed (SIGKILL): by a person, or because memory ran out".to_owned(),
        (Some(signal), _) => format!("the worker was ended by signal {signal}"),
        (None, Some(code)) if code == i32::from(exit::LOCKED) => {
            "another worker holds the run's folder".to_owned()
        }
        (None, Some(101)) => "the worker panicked".to_owned(),
        (None, Some(code)) => format!("the worker exited with code {code} and did not say why"),
        (None, None) if evidence.kinship == Kinship::Adopted => {
            "the worker died without a word; an earlier scheduler had started it, so that how it ended is not known".to_owned()
        }
        (None, None) => "the worker died without a word while no scheduler watched it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(evidence: &Evidence) -> Outcome {
        verdict(evidence).outcome
    }

    fn failed(kind: FailureKind) -> Evidence {
        let failure = Failure { kind, message: "the loss is not finite at step 7".to_owned() };
        Evidence {
            reported: Some(Reported::Failed),
            failure: Some(failure),
            tries_left: 2,
            ..Evidence::default()
        }
    }

    #[test]
    fn a_worker_that_says_so_and_has_all_results_has_finished() {
        let done = Evidence { reported: Some(Reported::Finished), ..Evidence::default() };
        assert_eq!(outcome(&done), Outcome::Finished);
        // It may have been told to stop when it was already done, and its exit code may be lost.
        assert_eq!(outcome(&Evidence { stopping: true, ..done.clone() }), Outcome::Finished);
        let lacking = Evidence { missing: vec![ProtocolName::new("open").unwrap()], tries_left: 1, ..done };
        let verdict = verdict(&lacking);
        assert_eq!(verdict.outcome, Outcome::Retried);
        assert_eq!(verdict.failure.unwrap().message, "the worker finished without a readable result of open");
    }

    #[test]
    fn an_exit_code_alone_finishes_nothing() {
        let exit = Exit { code: Some(0), signal: None };
        assert_eq!(outcome(&Evidence { exit, tries_left: 1, ..Evidence::default() }), Outcome::Retried);
    }

    #[test]
    fn a_run_that_fails_by_itself_is_not_tried_again() {
        assert_eq!(outcome(&failed(FailureKind::Run)), Outcome::Failed);
        assert_eq!(outcome(&failed(FailureKind::Infrastructure)), Outcome::Retried);
    }

    #[test]
    fn a_death_is_retried_until_no_try_is_left() {
        let exit = Exit { code: None, signal: Some(9) };
        assert_eq!(outcome(&Evidence { exit, tries_left: 1, ..Evidence::default() }), Outcome::Retried);
        let last = verdict(&Evidence { exit, ..Evidence::default() });
        assert_eq!(last.outcome, Outcome::Failed);
        assert!(last.failure.unwrap().message.contains("SIGKILL"));
    }

    #[test]
    fn whatever_ends_while_stopping_waits_again() {
        let exit = Exit { code: None, signal: Some(9) };
        assert_eq!(outcome(&Evidence { exit, stopping: true, ..Evidence::default() }), Outcome::Interrupted);
        let reported = Some(Reported::Interrupted);
        assert_eq!(
            outcome(&Evidence { reported, stopping: true, ..Evidence::default() }),
            Outcome::Interrupted
        );
    }

    #[test]
    fn what_a_person_asked_is_done_unless_the_run_was_quicker() {
        let asked = |asked| Evidence { asked: Some(asked), ..Evidence::default() };
        assert_eq!(verdict(&asked(Ask::Cancel)).next, Next::Cancelled);
        assert_eq!(verdict(&asked(Ask::Pause)).next, Next::Held(Hold::Person));
        let quick = Evidence { reported: Some(Reported::Finished), ..asked(Ask::Cancel) };
        assert_eq!(outcome(&quick), Outcome::Finished);
        let failed = Evidence { asked: Some(Ask::Pause), ..failed(FailureKind::Run) };
        assert_eq!(outcome(&failed), Outcome::Failed);
    }

    #[test]
    fn a_run_that_takes_too_long_has_failed_and_one_that_hung_is_tried_again() {
        let late = verdict(&Evidence { overdue_secs: Some(5_400), tries_left: 2, ..Evidence::default() });
        assert_eq!((late.outcome, late.next), (Outcome::Failed, Next::Stays));
        assert!(late.failure.unwrap().message.starts_with("it took longer than its time limit of 90 min"));
        let hung = verdict(&Evidence { silent_secs: Some(120), tries_left: 2, ..Evidence::default() });
        assert_eq!((hung.outcome, hung.next), (Outcome::Retried, Next::Again));
        assert!(hung.failure.unwrap().message.contains("no sign of life for 2 min"));
    }

    #[test]
    fn a_batch_that_does_not_fit_is_tried_in_two_parts_once() {
        let full = Evidence { can_split: true, ..failed(FailureKind::Run) };
        assert_eq!((outcome(&full), verdict(&full).next), (Outcome::Retried, Next::InParts));
        assert_eq!(outcome(&Evidence { can_split: false, ..full }), Outcome::Failed);
    }

    #[test]
    fn a_run_that_stopped_where_it_was_to_stop_is_held_for_its_search() {
        let rung = |next| Evidence {
            reported: Some(Reported::Interrupted),
            at_limit: Some(next),
            ..Evidence::default()
        };
        let held = rung(Next::Held(Hold::Search));
        assert_eq!(verdict(&held).next, Next::Held(Hold::Search));
        let further = verdict(&rung(Next::Further));
        assert_eq!((further.outcome, further.next), (Outcome::Interrupted, Next::Further));
        assert_eq!(verdict(&Evidence { stopping: true, ..held }).next, Next::Stays);
    }

    #[test]
    fn a_worker_stopped_by_others_is_resumed_and_never_counts_as_failed() {
        let stopped = Evidence { reported: Some(Reported::Interrupted), ..Evidence::default() };
        assert_eq!(outcome(&Evidence { tries_left: 1, ..stopped.clone() }), Outcome::Retried);
        assert_eq!(outcome(&stopped), Outcome::Interrupted);
    }
}
