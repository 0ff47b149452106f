//! Runs with what networks can be told.

mod support;

use arclab_spec::{
    Event,
    config::{Backbone, ColourMode, ModelInput},
    run_folder::exit,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{RunFolder, assert_same_results, attempt, began_at, epoch_numbers};

fn run(dropout: f64) -> RunFolder {
    RunFolder::with(|config| {
        config.data.colour = ColourMode::Grey;
        config.model.backbone = Backbone::GhostFaceNetV1Stride2;
        (config.model.input, config.model.dropout) = (ModelInput::Grey, dropout);
        config.training.epochs = 3;
        config.training.accumulate = 2;
    })
}

#[test]
fn a_grey_network_with_dropout_in_parts_goes_on_after_a_stop_as_if_undisturbed() {
    let (undisturbed, mut stopped) = (run(0.4), run(0.4));
    assert_eq!(undisturbed.finish(), i32::from(exit::FINISHED), "{}", undisturbed.log());
    let mut worker = stopped.start();
    stopped.wait_for("second step", |event| matches!(event, Event::Step { at, .. } if at.step >= 2));
    kill(Pid::from_raw(worker.0.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(worker.wait().code(), Some(i32::from(exit::INTERRUPTED)), "{}", stopped.log());
    stopped.next_attempt();
    assert_eq!(stopped.finish(), i32::from(exit::FINISHED), "{}", stopped.log());
    assert!(began_at(&stopped, attempt(2)).is_some_and(|at| at.step >= 2));
    assert_same_results(&stopped, &undisturbed);
    let without = run(0.0);
    assert_eq!(without.finish(), i32::from(exit::FINISHED), "{}", without.log());
    assert_ne!(epoch_numbers(&without.events()), epoch_numbers(&undisturbed.events()));
}
