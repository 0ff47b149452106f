//! A head in parts says and learns what the whole one does.

use std::{collections::BTreeSet, thread};

use super::{super::tests::support::fill, *};
use crate::{
    backend::MapShape,
    cpu::Cpu,
    heads::{
        AdaFace, ArcFace, Combined, CosFace, MarginGradient, NormFace, PastTurn, sampled_classes,
        sampling::{gather, places},
    },
    ranks::Threads,
};

const WIDTH: usize = 8;
/// Neither 2 nor 3 ranks have equally many.
const CLASSES: usize = 11;
const LABELS: [u32; 6] = [10, 3, 7, 3, 0, 5];
const STEP: u64 = 4;

fn losses() -> [Loss; 4] {
    let arcface = ArcFace {
        scale: 16.0,
        margin: 0.5,
        past_turn: PastTurn::Linear,
        gradient: MarginGradient::StraightThrough,
    };
    [
        Loss::ArcFace(arcface),
        Loss::CosFace(CosFace { scale: 64.0, margin: 0.4 }),
        Loss::Combined(Combined { scale: 32.0, multiplier: 0.9, margin: 0.3, cosine_margin: 0.2 }),
        Loss::NormFace(NormFace { scale: 20.0 }),
    ]
}

fn head(loss: Loss, classes: usize) -> Head {
    Head::new(loss, classes, WIDTH, 1)
}

fn embeddings() -> Vec<f32> {
    fill("embeddings", LABELS.len() * WIDTH)
}

/// What a rank says, its gradient to its own embeddings, and its head after.
type Said = (HeadOutput, Vec<f32>, SplitHead);

/// What each of `count` ranks says of the batch.
fn judged(whole: &Head, count: usize) -> Vec<Said> {
    let one = |ranks: Threads| {
        let (cpu, place) = (Cpu::new(1), Exchange::<Cpu>::place(&ranks));
        let mut split = whole.clone().split(place).unwrap();
        let own = place.share(LABELS.len());
        let shape = MapShape { count: own.len(), height: 1, width: 1, channels: WIDTH };
        let maps = cpu.maps(shape, &embeddings()[own.start * WIDTH..own.end * WIDTH]);
        let (output, d_embeddings) = split.judge(&ranks, &cpu, &mut (), &maps, &LABELS, STEP);
        (output, d_embeddings.data.to_vec(), split)
    };
    thread::scope(|scope| {
        let started: Vec<_> =
            Threads::new(count).into_iter().map(|ranks| scope.spawn(move || one(ranks))).collect();
        started.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3_f32, |most, value| most.max(value.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-5 * largest, "{what}: {found} for {expected}");
    }
}

fn assert_says_the_same(found: &HeadOutput, expected: &HeadOutput, what: &str) {
    let counts = |output: &HeadOutput| (output.correct, output.past_turn);
    assert_eq!(counts(found), counts(expected), "{what}");
    let sums = |output: &HeadOutput| [output.loss, output.angles, output.squared_angles, output.norms];
    for (found, expected) in sums(found).into_iter().zip(sums(expected)) {
        assert!((found - expected).abs() <= 1e-5 * expected.abs(), "{what}: {found} for {expected}");
    }
}

#[test]
fn a_head_in_parts_says_what_the_whole_one_says_and_has_its_gradients() {
    for loss in losses() {
        let mut whole = head(loss, CLASSES);
        let expected = whole.forward_backward(&embeddings(), &LABELS, STEP);
        for count in [1, 2, 3, 6] {
            let (what, mut said) = (format!("{loss:?} on {count}"), judged(&whole, count));
            for (output, ..) in &said {
                assert_says_the_same(output, &expected, &what);
            }
            let to_embeddings: Vec<f32> = said.iter().flat_map(|(_, own, _)| own.clone()).collect();
            assert_near(&to_embeddings, &expected.d_embeddings, &format!("{what}, embeddings"));
            let to_centres: Vec<f32> =
                said.iter_mut().flat_map(|(.., split)| split.weight().gradient.to_vec()).collect();
            assert_near(&to_centres, whole.weight().gradient, &format!("{what}, centres"));
        }
    }
}

#[test]
fn all_ranks_say_the_same_to_the_bit() {
    let said = judged(&head(losses()[0], CLASSES), 3);
    for (output, ..) in &said[1..] {
        assert_eq!(*output, said[0].0);
    }
}

#[test]
fn a_rank_without_classes_takes_part() {
    let mut whole = head(losses()[0], 2);
    let labels = [1, 0, 1];
    let embeddings = fill("few", labels.len() * WIDTH);
    let expected = whole.forward_backward(&embeddings, &labels, STEP);
    let one = |ranks: Threads| {
        let (cpu, place) = (Cpu::new(1), Exchange::<Cpu>::place(&ranks));
        let mut split = whole.clone().split(place).unwrap();
        let shape = MapShape { count: 1, height: 1, width: 1, channels: WIDTH };
        let maps = cpu.maps(shape, &embeddings[place.rank * WIDTH..][..WIDTH]);
        split.judge(&ranks, &cpu, &mut (), &maps, &labels, STEP).0
    };
    let (one, ranks) = (&one, Threads::new(3));
    thread::scope(|scope| {
        let started: Vec<_> = ranks.into_iter().map(|ranks| scope.spawn(move || one(ranks))).collect();
        for rank in started {
            assert_says_the_same(&rank.join().unwrap(), &expected, "two classes on three ranks");
        }
    });
}

#[test]
fn each_rank_draws_its_share_of_its_own_classes_and_all_judge_by_what_was_drawn() {
    const MANY: usize = 40;
    let rate = 0.2;
    let whole = head(losses()[0], MANY).with_sampled_classes(rate, 9);
    let mut said = judged(&whole, 3);
    let mut drawn = Vec::new();
    for (.., split) in &said {
        let (classes, all) = split.classes();
        assert_eq!(all, MANY);
        let here: BTreeSet<u32> =
            LABELS.into_iter().filter(|&label| classes.contains(&(label as usize))).collect();
        let sampled: Vec<u32> = split.head.sampled.iter().map(|class| class + classes.start as u32).collect();
        assert_eq!(sampled.len(), sampled_classes(rate, classes.len()).max(here.len()));
        assert!(here.iter().all(|own| sampled.contains(own)), "{here:?} {sampled:?}");
        drawn.extend(sampled);
    }
    let mut small = head(losses()[0], drawn.len());
    small.centres = gather(&whole.centres, &drawn, WIDTH);
    let expected = small.forward_backward(&embeddings(), &places(&LABELS, &drawn), STEP);
    for (output, ..) in &said {
        assert_says_the_same(output, &expected, "sampled");
    }
    let to_centres: Vec<f32> =
        said.iter_mut().flat_map(|(.., split)| split.weight().gradient.to_vec()).collect();
    assert_near(&to_centres, small.weight().gradient, "sampled centres");
}

#[test]
fn ranks_do_not_draw_alike() {
    let whole = head(losses()[0], 200).with_sampled_classes(0.2, 9);
    let said = judged(&whole, 2);
    assert_ne!(said[0].2.head.sampled, said[1].2.head.sampled);
}

#[test]
fn the_parts_of_a_head_are_its_rows() {
    let whole = head(losses()[0], CLASSES);
    let parts = [0, 1, 2].map(|rank| whole.clone().split(Place { rank, count: 3 }).unwrap().head.centres);
    assert_eq!(parts.concat(), whole.centres);
}

#[test]
fn a_loss_that_needs_all_logits_in_one_place_is_not_split() {
    let place = Place { rank: 0, count: 2 };
    let adaface = head(Loss::AdaFace(AdaFace::new(64.0, 0.4, 0.333, 0.01)), CLASSES);
    assert!(adaface.split(place).is_err());
    let smoothed = head(losses()[1], CLASSES).with_cross_entropy(CrossEntropy::Smoothed { share: 0.1 });
    assert!(smoothed.split(place).is_err());
}

#[test]
fn an_embedding_that_is_not_a_number_makes_the_loss_so() {
    let mut whole = head(losses()[1], CLASSES);
    whole.centres[0] = f32::NAN;
    for (output, ..) in judged(&whole, 2) {
        assert!(output.loss.is_nan(), "{output:?}");
    }
}
