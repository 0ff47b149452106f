//! What moves a run from one state to another, and what may not.

use arclab_spec::{Attempt, FailureKind, RunEvent, RunState};

const FIRST: Attempt = Attempt::FIRST;

fn second() -> Attempt {
    FIRST.next()
}

fn states() -> [RunState; 5] {
    [
        RunState::Queued { next: FIRST },
        RunState::Running { attempt: FIRST },
        RunState::Succeeded { attempt: FIRST },
        RunState::Failed { attempt: FIRST, kind: FailureKind::Run },
        RunState::Cancelled,
    ]
}

fn events_of(attempt: Attempt) -> [RunEvent; 5] {
    [
        RunEvent::Started(attempt),
        RunEvent::Finished(attempt),
        RunEvent::Interrupted(attempt),
        RunEvent::Retried(attempt),
        RunEvent::Failed(attempt, FailureKind::Infrastructure),
    ]
}

#[test]
fn a_run_that_is_interrupted_or_retried_waits_for_its_next_attempt() {
    for event in [RunEvent::Interrupted(FIRST), RunEvent::Retried(FIRST)] {
        let state = RunState::Running { attempt: FIRST }.after(event).unwrap();
        assert_eq!(state, RunState::Queued { next: second() });
        assert_eq!(
            state.after(RunEvent::Started(second())).unwrap(),
            RunState::Running { attempt: second() }
        );
    }
}

#[test]
fn a_failure_keeps_its_kind_and_attempt() {
    let event = RunEvent::Failed(second(), FailureKind::Infrastructure);
    let state = RunState::Running { attempt: second() }.after(event).unwrap();
    assert_eq!(state, RunState::Failed { attempt: second(), kind: FailureKind::Infrastructure });
}

#[test]
fn what_has_ended_can_be_asked_for_again_with_a_new_attempt() {
    for ended in [
        RunState::Succeeded { attempt: FIRST },
        RunState::Failed { attempt: FIRST, kind: FailureKind::Infrastructure },
    ] {
        assert_eq!(
            ended.after(RunEvent::Requeued { next: second() }).unwrap(),
            RunState::Queued { next: second() }
        );
    }
    for going_on in [RunState::Queued { next: FIRST }, RunState::Running { attempt: FIRST }] {
        going_on.after(RunEvent::Requeued { next: second() }).unwrap_err();
    }
}

#[test]
fn only_what_has_not_ended_can_be_called_off() {
    let may: Vec<bool> = states().map(|state| state.after(RunEvent::Cancelled).is_ok()).to_vec();
    assert_eq!(may, [true, true, false, false, false]);
}

#[test]
fn only_the_current_attempt_moves_a_run() {
    for state in states() {
        for event in events_of(second()) {
            assert!(state.after(event).is_err(), "{state:?} took {event:?} of another attempt");
        }
    }
}

#[test]
fn of_an_attempts_reports_a_queued_run_takes_the_start_and_a_running_one_all_others() {
    let taken = |state: RunState| events_of(FIRST).map(|event| state.after(event).is_ok());
    let [queued, running, succeeded, failed, cancelled] = states();
    assert_eq!(taken(queued), [true, false, false, false, false]);
    assert_eq!(taken(running), [false, true, true, true, true]);
    for ended in [succeeded, failed, cancelled] {
        assert_eq!(taken(ended), [false; 5], "{ended:?}");
    }
}

#[test]
fn a_transition_that_cannot_be_names_the_state_and_the_event() {
    let error = RunState::Cancelled.after(RunEvent::Finished(FIRST)).unwrap_err();
    let printed = error.to_string();
    assert!(printed.contains("Cancelled") && printed.contains("Finished"), "{printed}");
}

#[test]
fn states_read_back_as_they_were_written() {
    for state in states() {
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<RunState>(&json).unwrap(), state, "{json}");
    }
}
