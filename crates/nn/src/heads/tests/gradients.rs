//! Every loss beside its definition in float64, with the arccosine written out: values, and gradients as difference
//! quotients.

use super::{super::*, support::fill};

/// What no gradient goes through, as the head had it in the batch.
struct Fixed {
    /// What the loss remembers.
    memory: Vec<f64>,
    /// Lengths of the embeddings.
    norms: Vec<f64>,
}

/// A sample of the definition.
struct Point<'a> {
    /// To each centre, class by class.
    cosines: &'a [f64],
    label: usize,
    norm: f64,
    index: usize,
}

impl Point<'_> {
    fn theta(&self) -> f64 {
        self.cosines[self.label].acos()
    }

    /// s·cos θⱼ, and `target` for the own class.
    fn with_target(&self, scale: f64, target: f64) -> Vec<f64> {
        let logits = self.cosines.iter().enumerate();
        logits.map(|(class, cosine)| scale * if class == self.label { target } else { *cosine }).collect()
    }
}

/// Logits, and what is added to the loss.
type Definition = fn(&Point<'_>, &Fixed) -> (Vec<f64>, f64);

const STEP: u64 = 5;
const SEED: u64 = 9;
const PLAIN: CrossEntropy = CrossEntropy::Plain;

fn arcface(past_turn: PastTurn) -> ArcFace {
    ArcFace { scale: 8.0, margin: 0.5, past_turn, gradient: MarginGradient::Exact }
}

fn magface() -> Loss {
    let (margins, norms, past_turn) = ([0.3, 0.9], [0.8, 2.5], PastTurn::Plain);
    Loss::MagFace(MagFace { scale: 8.0, margins, norms, norm_weight: 3.0, past_turn })
}

fn sphereface() -> Loss {
    let annealing = (20.0, 0.5, 0.5);
    Loss::SphereFace(SphereFace {
        multiplier: 3,
        annealing_start: annealing.0,
        annealing_end: annealing.1,
        annealing_rate: annealing.2,
    })
}

/// Every loss, and its definition.
fn margins() -> Vec<(Loss, Definition)> {
    let combined = Combined { scale: 8.0, multiplier: 0.9, margin: 0.4, cosine_margin: 0.15 };
    vec![
        (Loss::ArcFace(arcface(PastTurn::Plain)), |p, _| (p.with_target(8.0, (p.theta() + 0.5).cos()), 0.0)),
        (Loss::ArcFace(arcface(PastTurn::Linear)), |p, _| {
            let is_past = p.theta() + 0.5 > std::f64::consts::PI;
            let linear = p.theta().cos() - 0.5 * 0.5_f64.sin();
            (p.with_target(8.0, if is_past { linear } else { (p.theta() + 0.5).cos() }), 0.0)
        }),
        (Loss::ArcFace(arcface(PastTurn::Easy)), |p, _| {
            let (plain, easy) = (p.theta().cos(), (p.theta() + 0.5).cos());
            (p.with_target(8.0, if plain > 0.0 { easy } else { plain }), 0.0)
        }),
        (Loss::ArcFace(arcface(PastTurn::Clip)), |p, _| {
            (p.with_target(8.0, (p.theta() + 0.5).min(std::f64::consts::PI).cos()), 0.0)
        }),
        (Loss::SubCentre(SubCentre { arcface: arcface(PastTurn::Plain), centres: 3 }), |p, _| {
            let largest = |class: &[f64]| class.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let cosines: Vec<f64> = p.cosines.chunks(3).map(largest).collect();
            let point = Point { cosines: &cosines, ..*p };
            (point.with_target(8.0, (point.theta() + 0.5).cos()), 0.0)
        }),
        (Loss::CosFace(CosFace { scale: 8.0, margin: 0.35 }), |p, _| {
            (p.with_target(8.0, p.theta().cos() - 0.35), 0.0)
        }),
        (Loss::Combined(combined), |p, _| (p.with_target(8.0, (0.9 * p.theta() + 0.4).cos() - 0.15), 0.0)),
        (Loss::NormFace(NormFace { scale: 8.0 }), |p, _| (p.with_target(8.0, p.theta().cos()), 0.0)),
        (Loss::AdaCos(AdaCos::new(Scaling::Dynamic, 7)), |p, fixed| {
            (p.with_target(fixed.memory[0], p.theta().cos()), 0.0)
        }),
        (Loss::ElasticFace(ElasticFace::new(8.0, 0.5, 0.2, SEED)), |p, fixed| {
            let number = STEP * fixed.norms.len() as u64 + p.index as u64;
            let margin = 0.5 + 0.2 * Random::new(SEED, "head.margins").normal(number);
            (p.with_target(8.0, (p.theta() + margin).cos()), 0.0)
        }),
    ]
}

/// The losses whose other classes or norms count.
fn adaptive() -> Vec<(Loss, Definition)> {
    vec![
        (sphereface(), |p, _| {
            let lambda = (20.0 / (1.0 + 0.5 * STEP as f64)).max(0.5);
            let k = (3.0 * p.theta() / std::f64::consts::PI).floor();
            let psi = (-1.0_f64).powf(k) * (3.0 * p.theta()).cos() - 2.0 * k;
            (p.with_target(p.norm, (lambda * p.theta().cos() + psi) / (1.0 + lambda)), 0.0)
        }),
        (Loss::CurricularFace(CurricularFace::new(8.0, 0.5, 0.3)), |p, fixed| {
            let (t, widened) = (fixed.memory[0], (p.theta() + 0.5).cos());
            let linear = p.theta().cos() - 0.5 * 0.5_f64.sin();
            let is_past = p.theta() + 0.5 > std::f64::consts::PI;
            let bent = |&cosine: &f64| if cosine > widened { cosine * (t + cosine) } else { cosine };
            let mut logits: Vec<f64> = p.cosines.iter().map(|cosine| 8.0 * bent(cosine)).collect();
            logits[p.label] = 8.0 * if is_past { linear } else { widened };
            (logits, 0.0)
        }),
        (magface(), |p, _| {
            let a = p.norm.clamp(0.8, 2.5);
            let margin = 0.3 + 0.6 * (a - 0.8) / 1.7;
            (p.with_target(8.0, (p.theta() + margin).cos()), 3.0 * (a / 6.25 + 1.0 / a))
        }),
        (Loss::AdaFace(AdaFace::new(8.0, 0.4, 0.9, 0.95)), |p, fixed| {
            let z = 0.9 * (fixed.norms[p.index] - fixed.memory[0]) / (fixed.memory[1] + 1e-3);
            let z = z.clamp(-1.0, 1.0);
            (p.with_target(8.0, (p.theta() - 0.4 * z).cos() - (0.4 + 0.4 * z)), 0.0)
        }),
    ]
}

fn length(row: &[f64]) -> f64 {
    row.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn judged(logits: &[f64], label: usize, entropy: CrossEntropy) -> f64 {
    let total = logits.iter().map(|logit| logit.exp()).sum::<f64>();
    let costs: Vec<f64> = logits.iter().map(|logit| total.ln() - logit).collect();
    match entropy {
        CrossEntropy::Plain => costs[label],
        CrossEntropy::Focal { gamma } => (1.0 - logits[label].exp() / total).powf(gamma) * costs[label],
        CrossEntropy::Smoothed { share } => {
            (1.0 - share) * costs[label] + share * costs.iter().sum::<f64>() / costs.len() as f64
        }
    }
}

/// A batch on which a loss is tried.
struct Trial {
    width: usize,
    labels: Vec<u32>,
    entropy: CrossEntropy,
    definition: Definition,
    fixed: Fixed,
}

impl Trial {
    fn loss(&self, embeddings: &[f64], centres: &[f64]) -> f64 {
        let losses = embeddings.chunks(self.width).enumerate().map(|(index, row)| {
            let cosine = |centre: &[f64]| {
                let dot: f64 = row.iter().zip(centre).map(|(a, b)| a * b).sum();
                dot / length(row) / length(centre)
            };
            let cosines: Vec<f64> = centres.chunks(self.width).map(cosine).collect();
            let label = self.labels[index] as usize;
            let point = Point { cosines: &cosines, label, norm: length(row), index };
            let (logits, penalty) = (self.definition)(&point, &self.fixed);
            judged(&logits, label, self.entropy) + penalty
        });
        losses.sum::<f64>() / self.labels.len() as f64
    }
}

pub(in crate::heads) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// Checks `found` against the difference quotients of `loss` at `at`.
pub(in crate::heads) fn assert_quotients(
    found: &[f32],
    at: &[f64],
    loss: impl Fn(&[f64]) -> f64,
    what: &str,
) {
    for (index, found) in found.iter().enumerate() {
        let nudged = |by: f64| {
            let mut at = at.to_vec();
            at[index] += by;
            loss(&at)
        };
        let quotient = (nudged(1e-6) - nudged(-1e-6)) / 2e-6;
        let error = (f64::from(*found) - quotient).abs();
        // The head's cosines are float32, whose rounding 1 / sin θ enlarges where an angle is small.
        assert!(error < 3e-5 * quotient.abs().max(1.0), "{what} [{index}]: {found} for {quotient}");
    }
}

fn check(loss: Loss, definition: Definition, entropy: CrossEntropy, [count, classes, width]: [usize; 3]) {
    let what = format!("{loss:?}, {entropy:?}, {count} × {classes} × {width}");
    let labels: Vec<u32> = (0..count).map(|index| (index * 2 % classes) as u32).collect();
    let embeddings = fill("e", count * width);
    let mut head = Head::new(loss, classes, width, 0).with_cross_entropy(entropy);
    head.centres = fill("c", head.centres.len());
    let output = head.forward_backward(&embeddings, &labels, STEP);
    let memory = head.loss.memory().into_iter().map(|(_, value)| f64::from(*value)).collect();
    let (e, c) = (wide(&embeddings), wide(&head.centres));
    let norms: Vec<f64> = e.chunks(width).map(length).collect();
    let trial = Trial { width, labels, entropy, definition, fixed: Fixed { memory, norms } };
    let expected = trial.loss(&e, &c);
    assert!(
        (output.loss - expected).abs() < 1e-5 * expected.max(1.0),
        "{what}: {} for {expected}",
        output.loss
    );
    assert_quotients(&output.d_embeddings, &e, |e| trial.loss(e, &c), &format!("{what}: embedding"));
    assert_quotients(&head.gradient, &c, |c| trial.loss(&e, c), &format!("{what}: centre"));
}

const SIZES: [[usize; 3]; 4] = [[1, 2, 3], [6, 3, 2], [5, 7, 17], [9, 4, 33]];

#[test]
fn losses_of_one_margin_are_their_definitions_and_gradients_its_difference_quotients() {
    for (loss, definition) in margins() {
        for sizes in SIZES {
            check(loss, definition, PLAIN, sizes);
        }
    }
}

#[test]
fn losses_that_adapt_are_their_definitions_and_gradients_its_difference_quotients() {
    for (loss, definition) in adaptive() {
        for sizes in SIZES {
            check(loss, definition, PLAIN, sizes);
        }
    }
}

#[test]
fn a_focal_and_a_smoothed_loss_are_their_definitions_whatever_the_margin() {
    for (loss, definition) in margins().into_iter().chain(adaptive()) {
        for entropy in [CrossEntropy::Focal { gamma: 2.0 }, CrossEntropy::Smoothed { share: 0.1 }] {
            check(loss, definition, entropy, [5, 7, 17]);
        }
    }
}
