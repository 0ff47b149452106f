//! Workers that are killed or asked to stop: the next attempt goes on as if nothing had happened.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use arclab_spec::{Event, Position, run_folder::exit};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{
    RunFolder, Worker, assert_comes_back, assert_same_results, attempt, began_at, damage, epoch_numbers,
    with_all_of_a_step,
};

fn step_is(step: u64) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Step { at, .. } if at.step >= step)
}

fn signal(worker: &Worker, signal: Signal) {
    kill(Pid::from_raw(worker.0.id() as i32), signal).unwrap();
}

fn slow() -> RunFolder {
    RunFolder::with(|config| config.training.epochs = 4)
}

fn undisturbed() -> RunFolder {
    let run = slow();
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    run
}

/// Steps of one epoch of these runs.
fn steps_per_epoch(run: &RunFolder) -> u64 {
    let first = run
        .events()
        .into_iter()
        .find_map(|e| if let Event::Epoch { at, .. } = e { Some(at.step) } else { None });
    first.unwrap()
}

/// A run that was killed in its second epoch or a later one, and the last step that it had done. A kill that comes
/// between two epochs is no such one, and tried again.
fn killed_in_mid_epoch(per_epoch: u64) -> (RunFolder, u64) {
    for _ in 0..5 {
        let run = slow();
        let mut worker = run.start();
        run.wait_for("step in the second epoch", step_is(per_epoch + 1));
        worker.0.kill().unwrap();
        assert!(worker.wait().code().is_none(), "it had ended before the kill: {}", run.log());
        let step = |event| if let Event::Step { at, .. } = event { Some(at.step) } else { None };
        let last = run.events().into_iter().filter_map(step).next_back().unwrap();
        if !last.is_multiple_of(per_epoch) {
            return (run, last);
        }
    }
    panic!("no kill came within an epoch");
}

#[test]
fn a_run_killed_in_mid_epoch_goes_on_at_the_epoch_s_beginning_and_ends_as_an_undisturbed_one() {
    let undisturbed = undisturbed();
    let per_epoch = steps_per_epoch(&undisturbed);
    let (mut run, last) = killed_in_mid_epoch(per_epoch);
    run.next_attempt();
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    let from = began_at(&run, attempt(2)).unwrap();
    assert_eq!(from.step, last - last % per_epoch, "{}", run.log());
    assert_same_results(&run, &undisturbed);
    assert_eq!(epoch_numbers(&run.events()), epoch_numbers(&undisturbed.events()));
}

#[test]
fn a_run_stopped_on_request_goes_on_at_the_step_it_had_reached() {
    let undisturbed = undisturbed();
    let mut run = slow();
    let mut worker = run.start();
    run.wait_for("second step", step_is(2));
    signal(&worker, Signal::SIGTERM);
    assert_eq!(worker.wait().code(), Some(i32::from(exit::INTERRUPTED)), "{}", run.log());
    let last = run.events().pop().unwrap();
    let Event::Interrupted { at } = last else { panic!("{last:?}") };

    run.next_attempt();
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    let from = began_at(&run, attempt(2));
    assert_eq!(from, Some(at));
    assert_ne!(at, Position::default());
    assert_same_results(&run, &undisturbed);
    // An epoch's means are those of an undisturbed run, though two attempts shared it.
    assert_eq!(epoch_numbers(&run.events()), epoch_numbers(&undisturbed.events()));
}

#[test]
fn a_run_that_is_to_stop_after_an_epoch_goes_on_later_as_if_it_had_not() {
    let undisturbed = undisturbed();
    let per_epoch = steps_per_epoch(&undisturbed);
    let mut run = slow();
    for (until, from) in [(Some(1), 0), (Some(1), 1), (Some(3), 1), (None, 3)] {
        run.assignment.until_epoch = until;
        run.write_plan();
        let code = if until.is_some() { exit::INTERRUPTED } else { exit::FINISHED };
        assert_eq!(run.finish(), i32::from(code), "{}", run.log());
        assert_eq!(
            began_at(&run, run.assignment.attempt).unwrap(),
            Position { epoch: from, step: u64::from(from) * per_epoch }
        );
        if let Some(epoch) = until {
            let at = Position { epoch, step: u64::from(epoch) * per_epoch };
            assert_eq!(run.events().pop(), Some(Event::Interrupted { at }));
            assert!(
                !run.events().iter().any(|event| matches!(event, Event::Evaluated { .. })),
                "nothing is tested before the end"
            );
        }
        run.next_attempt();
    }
    assert_same_results(&run, &undisturbed);
    assert_eq!(epoch_numbers(&run.events()), epoch_numbers(&undisturbed.events()));
}

#[test]
fn moments_an_average_and_batches_in_parts_come_back_to_the_bit_after_a_stop_and_a_kill() {
    let begun = || {
        RunFolder::with(|config| {
            with_all_of_a_step(config);
            config.training.epochs = 4;
        })
    };
    let undisturbed = begun();
    assert_eq!(undisturbed.finish(), i32::from(exit::FINISHED), "{}", undisturbed.log());

    assert_comes_back(begun(), &undisturbed);
}

#[test]
fn many_kills_at_different_moments_change_nothing() {
    let undisturbed = undisturbed();
    let mut run = slow();
    for kill_after in [1, 3, 8, 15] {
        let mut worker = run.start();
        let reached = run.events().len();
        let began = std::time::Instant::now();
        while run.events().len() < reached + kill_after && began.elapsed().as_secs() < 60 {
            if worker.0.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        worker.0.kill().unwrap();
        worker.wait();
        run.next_attempt();
    }
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    assert_same_results(&run, &undisturbed);
}

#[test]
fn a_damaged_checkpoint_costs_the_steps_since_the_one_before_it_and_changes_nothing() {
    let undisturbed = undisturbed();
    let mut run = slow();
    let mut worker = run.start();
    run.wait_for("second checkpoint", |event| matches!(event, Event::Checkpoint { at } if at.epoch == 2));
    worker.0.kill().unwrap();
    worker.wait();
    let newest = run.checkpoints().pop().unwrap();
    damage(&newest);

    run.next_attempt();
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    let told = format!("goes on from the one before it: failed to load {}", newest.display());
    assert!(run.log().contains(&told), "{}", run.log());
    let from = began_at(&run, attempt(2)).unwrap();
    let named = newest.to_string_lossy().contains(&format!("{:010}", from.step));
    assert!(from.epoch >= 1 && !named, "it began at {from:?}: {}", run.log());
    assert_same_results(&run, &undisturbed);
}
