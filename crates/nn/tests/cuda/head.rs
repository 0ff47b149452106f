//! Margin softmax: losses and gradients of a head.

use arclab_gpu::{
    Element, Precision,
    ops::{
        Rows,
        head::{Batch, Outcome, forward_backward},
        margin::{Margin, PastTurn as Past},
        margin_softmax::Judgement,
        norm::Norm,
        sgd,
    },
};
use arclab_nn::{
    Cuda,
    heads::{ArcFace, Combined, CosFace, Head, HeadOutput, Loss, MarginGradient, NormFace, PastTurn},
    optim::{Kind, Layers, Optimizer, Rule, Sgd, global_norm},
};

use crate::{
    devices::{assert_near, cpu, every_gpu, gpu},
    support::fill,
};

const SCALE: f64 = 16.0;
const PAST_TURN: [(PastTurn, Past); 4] = [
    (PastTurn::Plain, Past::Plain),
    (PastTurn::Linear, Past::Linear),
    (PastTurn::Easy, Past::Easy),
    (PastTurn::Clip, Past::Clip),
];

/// A batch's embeddings, E numbers each, of a head with some classes.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    samples: usize,
    width: usize,
    classes: usize,
}

/// One class, batch 1, whole packs, one class beyond a pack, embeddings of no multiple of four.
const SIZES: [Sizes; 5] = [
    Sizes { samples: 2, width: 4, classes: 1 },
    Sizes { samples: 1, width: 8, classes: 16 },
    Sizes { samples: 5, width: 16, classes: 24 },
    Sizes { samples: 7, width: 8, classes: 9 },
    Sizes { samples: 3, width: 7, classes: 17 },
];
/// More classes than one block goes over, by so many that they count.
const MANY: Sizes = Sizes { samples: 2, width: 5, classes: 12_001 };

impl Sizes {
    fn embeddings(&self, step: u64) -> Vec<f32> {
        fill(&format!("embeddings {step}"), self.samples * self.width)
    }

    /// The last class is among them.
    fn labels(&self) -> Vec<u32> {
        (0..self.samples).map(|sample| ((sample * 5 + self.classes - 1) % self.classes) as u32).collect()
    }

    fn head(&self, loss: Loss) -> Head {
        Head::new(loss, self.classes, self.width, 1)
    }
}

/// Every loss as the CPU and the GPU know it. The margin is so wide that samples are past its turn.
fn losses() -> Vec<(Loss, Margin)> {
    let gradients = [(MarginGradient::Exact, false), (MarginGradient::StraightThrough, true)];
    let pairs = PAST_TURN.into_iter().flat_map(|past| gradients.map(|gradient| (past, gradient)));
    let arcfaces = pairs.map(|((on_cpu, past_turn), (gradient, straight_through))| {
        let loss = ArcFace { scale: SCALE, margin: 1.5, past_turn: on_cpu, gradient };
        (Loss::ArcFace(loss), Margin::Arc { margin: 1.5, past_turn, straight_through })
    });
    let [multiplier, margin, cosine_margin] = [0.9, 1.4, 0.2];
    arcfaces
        .chain([
            (Loss::CosFace(CosFace { scale: SCALE, margin: 0.4 }), Margin::Cosine { margin: 0.4 }),
            (Loss::NormFace(NormFace { scale: SCALE }), Margin::Cosine { margin: 0.0 }),
            (
                Loss::Combined(Combined { scale: SCALE, multiplier, margin, cosine_margin }),
                Margin::Combined { multiplier, margin, cosine_margin },
            ),
        ])
        .collect()
}

fn judgement(margin: Margin) -> Judgement {
    Judgement { scale: SCALE, margin, factor: 1.0 }
}

fn on_gpu(gpu: &Cuda, head: &mut Head, sizes: Sizes, margin: Margin, element: Element) -> Outcome {
    let (embeddings, centres) =
        (gpu.gpu().upload(&sizes.embeddings(0)), gpu.gpu().upload(head.weight().value));
    let (labels, width) = (&sizes.labels()[..], sizes.width);
    let batch = Batch { embeddings: &embeddings, labels, centres: &centres, sampled: None, width };
    forward_backward(gpu.gpu(), batch, judgement(margin), element)
}

/// A column of the four numbers that there are of each sample.
fn column(samples: &[f32], which: usize) -> impl Iterator<Item = f64> {
    samples.iter().skip(which).step_by(4).map(|&value| f64::from(value))
}

fn assert_output(gpu: &Cuda, found: &Outcome, expected: &HeadOutput, tolerance: f32, what: &str) {
    let samples = gpu.gpu().download(&found.samples);
    let lengths: f32 = gpu.gpu().download(&found.lengths).iter().sum();
    let means = [
        column(&samples, 0).sum::<f64>() / (samples.len() / 4) as f64,
        column(&samples, 3).sum(),
        column(&samples, 3).map(|angle| angle * angle).sum(),
        f64::from(lengths),
    ];
    let expected_means = [expected.loss, expected.angles, expected.squared_angles, expected.norms];
    for (found, expected) in means.into_iter().zip(expected_means) {
        assert_near(gpu, &[found as f32], &[expected as f32], tolerance, &format!("{what}: means"));
    }
    let d_embeddings = gpu.gpu().download(&found.d_embeddings);
    assert_near(gpu, &d_embeddings, &expected.d_embeddings, tolerance, &format!("{what}: embeddings"));
}

fn assert_counts(gpu: &Cuda, found: &Outcome, expected: &HeadOutput, what: &str) {
    let samples = gpu.gpu().download(&found.samples);
    let counts = [1, 2].map(|which| column(&samples, which).sum::<f64>() as usize);
    assert_eq!(counts, [expected.correct, expected.past_turn], "{what}");
}

/// All that the GPU says of a batch is what the CPU says; counts too, where numbers are near enough. Gives the samples
/// past the turn.
fn compare(
    gpu: &Cuda,
    sizes: Sizes,
    (loss, margin): (Loss, Margin),
    element: Element,
    tolerance: f32,
) -> usize {
    let mut head = sizes.head(loss);
    let expected = head.forward_backward(&sizes.embeddings(0), &sizes.labels(), 0);
    let found = on_gpu(gpu, &mut head, sizes, margin, element);
    let what = format!("{sizes:?} {margin:?}");
    assert_output(gpu, &found, &expected, tolerance, &what);
    if element == Element::Float32 {
        assert_counts(gpu, &found, &expected, &what);
    }
    let d_centres = gpu.gpu().download(&found.d_centres);
    assert_near(gpu, &d_centres, head.weight().gradient, tolerance, &format!("{what}: centres"));
    expected.past_turn
}

#[test]
fn every_margin_gives_the_cpu_s_losses_and_gradients() {
    let mut past_turn = 0;
    for gpu in every_gpu() {
        for (sizes, loss) in
            SIZES.into_iter().flat_map(|sizes| losses().into_iter().map(move |loss| (sizes, loss)))
        {
            past_turn += compare(&gpu, sizes, loss, Element::Float32, 1e-4);
        }
    }
    assert!(past_turn > 0, "no sample is past the turn");
}

#[test]
fn cosines_kept_as_feature_maps_give_the_same_within_their_rounding() {
    for (precision, tolerance) in [(Precision::Bfloat16, 0.1), (Precision::Float16, 0.01)] {
        let gpu = gpu(precision);
        for (sizes, loss) in
            SIZES.into_iter().flat_map(|sizes| losses().into_iter().map(move |loss| (sizes, loss)))
        {
            compare(&gpu, sizes, loss, gpu.gpu().element(), tolerance);
        }
    }
}

#[test]
fn more_classes_than_one_block_goes_over_are_one_softmax() {
    let loss = losses().remove(0);
    compare(&gpu(Precision::Float32), MANY, loss, Element::Float32, 1e-4);
    compare(&gpu(Precision::Float16), MANY, loss, Element::Float16, 0.01);
}

/// Centres on the GPU and on the CPU after some steps, all of them or of sampled classes.
fn several_steps(gpu: &Cuda, mut head: Head, sizes: Sizes) -> [Vec<f32>; 2] {
    let (raw, width, labels) = (gpu.gpu(), sizes.width, sizes.labels());
    let mut value = raw.upload(head.weight().value);
    let mut velocity = raw.upload(&vec![0.0; value.len()]);
    let layers = Layers { decay_norms: true, head_rate: 1.0 };
    let rule = Rule::Sgd(Sgd::new(0.9, false));
    let mut optimizer = Optimizer { rule, weight_decay: 1e-3, clip_norm: None, layers };
    for step in 0..5 {
        let embeddings = sizes.embeddings(step);
        head.forward_backward(&embeddings, &labels, step);
        let weight = head.weight();
        let indices = weight.rows.map(|rows| rows.indices.to_vec());
        optimizer.step(&cpu(), vec![(Kind::Head, weight)], 0.1);

        let places: Vec<u32> = match &indices {
            Some(indices) => {
                labels.iter().map(|label| indices.binary_search(label).unwrap() as u32).collect()
            }
            None => labels.clone(),
        };
        let (embeddings, sampled) = (raw.upload(&embeddings), indices.as_deref());
        let batch = Batch { embeddings: &embeddings, labels: &places, centres: &value, sampled, width };
        let found = forward_backward(raw, batch, judgement(Margin::Cosine { margin: 0.4 }), Element::Float32);
        let norm = Norm::new(raw, &[&found.d_centres], 1.0, None);
        let rows = sampled.map(|indices| Rows { indices, width });
        let (gradient, rate, decay) = (&found.d_centres, 0.1, 1e-3);
        let weight = sgd::Weight { value: &mut value, velocity: &mut velocity, gradient, rows, rate, decay };
        sgd::step(raw, &[weight], &norm, 0.9, false);
    }
    [raw.download(&value), head.weight().value.to_vec()]
}

#[test]
fn centres_go_the_cpu_s_way_through_several_steps_with_all_classes_or_sampled_ones() {
    let (gpu, loss) = (gpu(Precision::Float32), Loss::CosFace(CosFace { scale: SCALE, margin: 0.4 }));
    let sizes = Sizes { samples: 4, width: 6, classes: 33 };
    // One sample alone, so that the sample is one row; a few; and all.
    let one = Sizes { samples: 1, ..sizes };
    for (sizes, rate) in [(one, Some(0.01)), (sizes, Some(0.3)), (sizes, Some(1.0)), (sizes, None)] {
        let head = sizes.head(loss);
        let head = rate.into_iter().fold(head, |head, rate| head.with_sampled_classes(rate, 9));
        let [found, expected] = several_steps(&gpu, head, sizes);
        assert_near(&gpu, &found, &expected, 1e-4, &format!("{rate:?}"));
        assert_ne!(expected, sizes.head(loss).weight().value, "{rate:?}");
    }
}

#[test]
fn the_same_bits_come_out_twice() {
    let (loss, margin) = losses().remove(0);
    for gpu in every_gpu() {
        let many = (gpu.gpu().element() == Element::Float32).then_some(MANY);
        for sizes in SIZES.into_iter().chain(many) {
            let twice = [0, 1].map(|_| {
                let found = on_gpu(&gpu, &mut sizes.head(loss), sizes, margin, gpu.gpu().element());
                [&found.d_embeddings, &found.d_centres, &found.samples].map(|all| gpu.gpu().download(all))
            });
            assert_eq!(twice[0], twice[1], "{sizes:?}");
        }
    }
}

#[test]
fn a_number_that_is_none_makes_the_loss_so() {
    let gpu = gpu(Precision::Float32);
    let (sizes, labels) = (SIZES[3], [3_u32; 7]);
    // In a sample, in the own class's centre, and in another one.
    for (in_embeddings, place) in [(true, 0), (false, 3 * 8), (false, 5 * 8 + 1)] {
        let (mut embeddings, mut centres) =
            (sizes.embeddings(0), fill("centres", sizes.classes * sizes.width));
        let spoilt = if in_embeddings { &mut embeddings } else { &mut centres };
        spoilt[place] = f32::NAN;
        let (embeddings, centres) = (gpu.gpu().upload(&embeddings), gpu.gpu().upload(&centres));
        let batch =
            Batch { embeddings: &embeddings, labels: &labels, centres: &centres, sampled: None, width: 8 };
        let margin = Margin::Arc { margin: 0.5, past_turn: Past::Plain, straight_through: false };
        let found = forward_backward(gpu.gpu(), batch, judgement(margin), Element::Float32);
        assert!(gpu.gpu().download(&found.samples)[0].is_nan(), "{in_embeddings} {place}");
        assert!(global_norm([&gpu.gpu().download(&found.d_centres)[..]]).is_nan(), "{in_embeddings} {place}");
    }
}

#[test]
fn a_scaled_loss_scales_gradients_and_nothing_else() {
    let (gpu, sizes) = (gpu(Precision::Float32), SIZES[2]);
    let embeddings = gpu.gpu().upload(&sizes.embeddings(0));
    let centres = gpu.gpu().upload(&fill("centres", sizes.classes * sizes.width));
    let [plain, scaled] = [1.0, 256.0].map(|factor| {
        let labels = &sizes.labels();
        let batch =
            Batch { embeddings: &embeddings, labels, centres: &centres, sampled: None, width: sizes.width };
        let judgement = Judgement { factor, ..judgement(Margin::Cosine { margin: 0.4 }) };
        let found = forward_backward(gpu.gpu(), batch, judgement, Element::Float32);
        [&found.samples, &found.d_embeddings, &found.d_centres].map(|all| gpu.gpu().download(all))
    });
    assert_eq!(plain[0], scaled[0]);
    for (plain, scaled) in plain.iter().zip(&scaled).skip(1) {
        assert_eq!(plain.iter().map(|gradient| gradient * 256.0).collect::<Vec<_>>(), *scaled);
    }
}

#[test]
#[should_panic(expected = "a label is one of 9 classes")]
fn a_label_that_is_no_class_is_refused() {
    let (gpu, sizes) = (gpu(Precision::Float32), SIZES[3]);
    let (embeddings, centres) = (gpu.gpu().upload(&sizes.embeddings(0)), gpu.gpu().upload(&[1.0; 72]));
    let batch =
        Batch { embeddings: &embeddings, labels: &[9; 7], centres: &centres, sampled: None, width: 8 };
    forward_backward(gpu.gpu(), batch, judgement(Margin::Cosine { margin: 0.4 }), Element::Float32);
}
