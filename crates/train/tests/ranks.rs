//! Runs of several ranks on the CPU: they end as any run does, come back after a kill, and leave what one rank leaves.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::path::Path;

use arclab_nn::checkpoint::load_tensors;
use arclab_spec::{
    Event,
    config::{Config, DeviceRequest},
    run_folder::{WEIGHTS, exit},
};
use support::{RunFolder, assert_comes_back, assert_same_results, epoch_numbers, with_all_of_a_step};

fn with_ranks(change: impl FnOnce(&mut Config)) -> RunFolder {
    let run = RunFolder::with(|config| {
        config.training.ranks = 2;
        change(config);
    });
    assert_eq!(run.assignment.device, DeviceRequest::Auto);
    run
}

/// Names and shapes of what a file holds.
fn form(path: &Path) -> Vec<(String, Vec<usize>)> {
    let (tensors, _) = load_tensors(path).unwrap();
    tensors.into_iter().map(|(name, tensor)| (name, tensor.dims().to_vec())).collect()
}

#[test]
fn a_run_of_two_ranks_trains_and_leaves_what_one_rank_leaves() {
    let (two, one) = (with_ranks(|_| {}), RunFolder::new());
    for run in [&two, &one] {
        assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    }
    let started = two
        .events()
        .into_iter()
        .find_map(|event| if let Event::Started(started) = event { Some(started) } else { None });
    assert_eq!(started.unwrap().device, "cpu, 2 ranks");
    let epochs = epoch_numbers(&two.events());
    assert!(epochs[1]["loss"] < epochs[0]["loss"], "{epochs:?}");
    assert_eq!(form(&two.file(WEIGHTS)), form(&one.file(WEIGHTS)));
    let newest = |run: &RunFolder| form(&run.checkpoints().pop().unwrap());
    assert_eq!(newest(&two), newest(&one));
    assert!(newest(&two).iter().any(|(name, shape)| name == "head/head.centres" && shape == &[6, 32]));
    // Each half of a batch has its own statistics.
    assert_ne!(two.results()[WEIGHTS], one.results()[WEIGHTS]);
}

#[test]
fn ranks_come_back_to_the_bit_after_a_stop_and_a_kill_on_any_number_of_threads() {
    let begun = || {
        with_ranks(|config| {
            with_all_of_a_step(config);
            config.training.epochs = 4;
        })
    };
    let undisturbed = begun();
    assert_eq!(undisturbed.finish(), i32::from(exit::FINISHED), "{}", undisturbed.log());
    assert_comes_back(begun(), &undisturbed);
}

#[test]
fn sampled_classes_of_ranks_come_back_to_the_bit_and_threads_change_nothing() {
    let begun = || {
        with_ranks(|config| {
            config.sample_rate = Some(0.7);
            config.training.epochs = 4;
        })
    };
    let (one, mut many) = (begun(), begun());
    many.assignment.threads = 4;
    many.write_plan();
    for run in [&one, &many] {
        assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
    }
    assert_same_results(&one, &many);
    assert_comes_back(begun(), &one);
}

#[test]
fn a_loss_that_is_not_finite_ends_all_ranks_with_the_words_of_one() {
    let run = with_ranks(|config| {
        config.optimizer = arclab_spec::config::OptimizerConfig::Sgd {
            learning_rate: 1e30,
            momentum: 0.9,
            weight_decay: 5e-4,
            clip_norm: None,
            nesterov: false,
            layers: arclab_spec::config::LayerOptions::default(),
        };
    });
    assert_eq!(run.finish(), i32::from(exit::FAILED), "{}", run.log());
    let Some(Event::Failed { message, .. }) = run.events().pop() else { panic!("{}", run.log()) };
    assert!(message.contains("is not finite, at a learning rate of"), "{message}");
}
