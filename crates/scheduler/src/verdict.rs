//! What becomes of a run whose worker is gone. Pure.

use arclab_spec::{FailureKind, ProtocolName, run_folder::exit};
use arclab_store::records::{Exit, Failure, Outcome, Reported};

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
    /// Attempts that may still follow.
    pub tries_left: u32,
}

/// How an attempt is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// In which way.
    pub outcome: Outcome,
    /// Why, where it failed or died.
    pub failure: Option<Failure>,
}

/// What becomes of the attempt. Only what it reported itself makes it finished or failed for good at once; all else
/// is a death, worth another try.
pub fn verdict(evidence: &Evidence) -> Verdict {
    match (evidence.reported, &evidence.failure) {
        (Some(Reported::Finished), _) if evidence.missing.is_empty() => {
            return Verdict { outcome: Outcome::Finished, failure: None };
        }
        (Some(Reported::Failed), Some(failure)) if failure.kind == FailureKind::Run => {
            return Verdict { outcome: Outcome::Failed, failure: Some(failure.clone()) };
        }
        _ => {}
    }
    if evidence.stopping {
        return Verdict { outcome: Outcome::Interrupted, failure: None };
    }
    let outcome = match (evidence.tries_left, evidence.reported) {
        // Stopped by someone else, time and again: it can be gone on with, so it has not failed.
        (0, Some(Reported::Interrupted)) => Outcome::Interrupted,
        (0, _) => Outcome::Failed,
        _ => Outcome::Retried,
    };
    let failure = Failure { kind: FailureKind::Infrastructure, message: death(evidence) };
    Verdict { outcome, failure: Some(failure) }
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
        _ => silent_death(evidence.exit),
    }
}

fn silent_death(ended: Exit) -> String {
    match (ended.signal, ended.code) {
        // The kernel's way when memory runs out.
        (Some(9), _) => "the worker was killed (SIGKILL): by a person, or because memory ran out".to_owned(),
        (Some(signal), _) => format!("the worker was ended by signal {signal}"),
        (None, Some(code)) if code == i32::from(exit::LOCKED) => {
            "another worker holds the run's folder".to_owned()
        }
        (None, Some(101)) => "the worker panicked".to_owned(),
        (None, Some(code)) => format!("the worker exited with code {code} and did not say why"),
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
    fn a_worker_stopped_by_others_is_resumed_and_never_counts_as_failed() {
        let stopped = Evidence { reported: Some(Reported::Interrupted), ..Evidence::default() };
        assert_eq!(outcome(&Evidence { tries_left: 1, ..stopped.clone() }), Outcome::Retried);
        assert_eq!(outcome(&stopped), Outcome::Interrupted);
    }
}
