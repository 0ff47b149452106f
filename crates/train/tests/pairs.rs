//! Runs with each loss on pairs, in batches of identities.

mod support;

use arclab_spec::{
    Event,
    config::{LossConfig, Miner, Sampler},
    run_folder::exit,
};
use support::{RunFolder, assert_comes_back, epoch_numbers};

const PROXY_ANCHOR: LossConfig = LossConfig::ProxyAnchor { scale: 32.0, cosine_margin: 0.1 };

fn triplet(miner: Miner) -> LossConfig {
    LossConfig::Triplet { margin: 0.2, miner }
}

/// Losses whose terms are cut off at 0.
fn hinged() -> [LossConfig; 5] {
    let (positive_margin, negative_margin) = (0.0, 1.0);
    [
        LossConfig::Contrastive { positive_margin, negative_margin },
        LossConfig::LiftedStructure { positive_margin, negative_margin },
        triplet(Miner::All),
        triplet(Miner::SemiHard),
        triplet(Miner::Hard),
    ]
}

fn smooth() -> [LossConfig; 5] {
    [
        LossConfig::MultiSimilarity { positive_scale: 2.0, negative_scale: 50.0, base: 0.5 },
        LossConfig::Circle { scale: 80.0, relaxation: 0.4 },
        LossConfig::SupCon { temperature: 0.1 },
        LossConfig::NtXent { temperature: 0.07 },
        PROXY_ANCHOR,
    ]
}

/// Two people with four photos each a step.
fn with(loss: LossConfig, epochs: u32) -> RunFolder {
    RunFolder::with(|config| {
        config.loss = loss;
        config.training.sampler = Some(Sampler { images_each: 4 });
        config.training.epochs = epochs;
    })
}

fn finish(run: &RunFolder) {
    assert_eq!(run.finish(), i32::from(exit::FINISHED), "{}", run.log());
}

#[test]
fn a_run_with_a_loss_on_pairs_measures_pairs_and_nothing_of_classes() {
    for loss in hinged().into_iter().chain(smooth()) {
        let run = with(loss, 1);
        finish(&run);
        let step = |event| if let Event::Step { metrics, .. } = event { Some(metrics) } else { None };
        let steps = run.events().into_iter().filter_map(step);
        for numbers in steps.chain(epoch_numbers(&run.events())) {
            for name in ["same_cosine", "different_cosine"] {
                assert!((-1.0..=1.0).contains(&numbers[name]), "{loss:?}: {numbers:?}");
            }
            assert!(numbers["embedding_norm"] > 0.0 && numbers["loss"] >= 0.0, "{loss:?}: {numbers:?}");
            let share = numbers.get("active_share");
            assert_eq!(share.is_some(), hinged().contains(&loss), "{loss:?}: {numbers:?}");
            assert!(share.is_none_or(|share| (0.0..=1.0).contains(share)), "{loss:?}: {numbers:?}");
            for name in ["train_accuracy", "past_turn_share", "target_angle", "target_angle_std"] {
                assert!(!numbers.contains_key(name), "{loss:?}: {numbers:?}");
            }
        }
    }
}

#[test]
fn a_loss_on_pairs_brings_people_s_photos_together() {
    let run = with(LossConfig::SupCon { temperature: 0.1 }, 8);
    finish(&run);
    let epochs = epoch_numbers(&run.events());
    let gap = |epoch: usize| epochs[epoch]["same_cosine"] - epochs[epoch]["different_cosine"];
    assert!(gap(7) > gap(0) + 0.1 && epochs[7]["loss"] < epochs[0]["loss"], "{epochs:?}");
}

#[test]
fn a_loss_on_pairs_comes_back_to_the_bit_after_a_stop_and_a_kill_on_other_threads() {
    for loss in [triplet(Miner::All), PROXY_ANCHOR] {
        let undisturbed = with(loss, 4);
        finish(&undisturbed);
        assert_comes_back(with(loss, 4), &undisturbed);
    }
}
