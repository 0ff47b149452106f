//! Runs with each loss.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use arclab_spec::{
    Event,
    config::{CrossEntropy, LossConfig, MarginGradient, PastTurn, Scaling},
    run_folder::exit,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{RunFolder, assert_same_results, attempt, began_at, epoch_numbers};

/// Losses that remember something, draw, or count steps.
fn moving() -> [LossConfig; 5] {
    let (scale, margin) = (16.0, 0.3);
    [
        LossConfig::CurricularFace { scale, margin, running_share: 0.1 },
        LossConfig::AdaFace { scale, margin, concentration: 0.333, running_share: 0.1 },
        LossConfig::ElasticFace { scale, margin, margin_deviation: 0.1 },
        LossConfig::AdaCos { scaling: Scaling::Dynamic },
        LossConfig::SphereFace {
            multiplier: 2,
            annealing_start: 100.0,
            annealing_end: 5.0,
            annealing_rate: 0.5,
        },
    ]
}

fn others() -> [LossConfig; 6] {
    let (scale, margin, past_turn) = (16.0, 0.3, PastTurn::Linear);
    let gradient = MarginGradient::StraightThrough;
    [
        LossConfig::ArcFace { scale, margin, past_turn, gradient },
        LossConfig::SubCentre { scale, margin, centres: 3, past_turn, gradient },
        LossConfig::CosFace { scale, margin },
        LossConfig::Combined { scale, multiplier: 0.9, margin, cosine_margin: 0.1 },
        LossConfig::NormFace { scale },
        LossConfig::MagFace {
            scale,
            min_margin: 0.2,
            max_margin: 0.4,
            min_norm: 1.0,
            max_norm: 20.0,
            norm_weight: 5.0,
            past_turn,
        },
    ]
}

fn with(loss: LossConfig, cross_entropy: CrossEntropy) -> RunFolder {
    RunFolder::with(|config| {
        (config.loss, config.cross_entropy) = (loss, cross_entropy);
        config.training.epochs = 3;
    })
}

fn finished(loss: LossConfig, cross_entropy: CrossEntropy) -> RunFolder {
    let run = with(loss, cross_entropy);
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{loss:?}: {}", run.log());
    run
}

#[test]
fn a_run_with_any_loss_ends_and_measures_its_embeddings() {
    for loss in others() {
        for epoch in epoch_numbers(&finished(loss, CrossEntropy::Smoothed { share: 0.1 }).events()) {
            let angle = epoch["target_angle"];
            assert!((0.3..2.0).contains(&angle) && epoch["target_angle_std"] > 0.0, "{loss:?}: {epoch:?}");
            assert!(epoch["embedding_norm"] > 0.0 && epoch["loss"] > 0.0, "{loss:?}: {epoch:?}");
        }
    }
}

#[test]
fn what_a_loss_remembers_draws_and_counts_outlives_a_stop() {
    let focal = CrossEntropy::Focal { gamma: 2.0 };
    for loss in moving() {
        outlives_a_stop(loss, || with(loss, focal));
    }
}

#[test]
fn a_sample_of_the_classes_is_drawn_again_after_a_stop() {
    let loss = LossConfig::AdaCos { scaling: Scaling::Fixed };
    outlives_a_stop(loss, || {
        RunFolder::with(|config| {
            (config.loss, config.sample_rate) = (loss, Some(0.6));
            config.training.epochs = 3;
        })
    });
}

fn outlives_a_stop(loss: LossConfig, folder: impl Fn() -> RunFolder) {
    let (undisturbed, mut run) = (folder(), folder());
    assert_eq!(undisturbed.finish(), i32::from(exit::FINISHED), "{loss:?}: {}", undisturbed.log());
    let mut worker = run.start();
    run.wait_for("second step", |event| matches!(event, Event::Step { at, .. } if at.step >= 2));
    kill(Pid::from_raw(worker.0.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(worker.wait().code(), Some(i32::from(exit::INTERRUPTED)), "{loss:?}: {}", run.log());
    run.next_attempt();
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{loss:?}: {}", run.log());
    assert!(began_at(&run, attempt(2)).is_some_and(|at| at.step >= 2), "{loss:?}");
    assert_same_results(&run, &undisturbed);
    assert_eq!(epoch_numbers(&run.events()), epoch_numbers(&undisturbed.events()), "{loss:?}");
}

#[test]
fn a_share_of_classes_below_the_batchs_own_is_noted_once() {
    // Batches of 8 images of 6 classes.
    let note = "classes of their own";
    let said = |rate| {
        let run = RunFolder::with(|config| {
            config.sample_rate = Some(rate);
            config.training.epochs = 1;
        });
        assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
        run.log()
    };
    let log = said(0.00001);
    assert_eq!(log.matches(note).count(), 1, "{log}");
    assert!(
        log.contains("`loss.sample_rate` 0.00001 of 6 classes is 0, and 8 images at once have up to 6"),
        "{log}"
    );
    assert!(!said(1.0).contains(note));
}
