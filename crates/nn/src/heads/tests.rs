use serde_json::Value;

use super::*;

pub(super) mod gradients;
#[path = "../../tests/support/mod.rs"]
pub(super) mod support;
use support::fill;

const DIM: usize = 16;
const CLASSES: usize = 5;

pub(super) fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

pub(super) fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        // The reference is float32 throughout: a few units in the last place of its largest numbers.
        assert!(error <= 2e-6 * largest, "{what} [{index}]: {found} for {expected}, largest {largest}");
    }
}

fn arcface(scale: f64, margin: f64, gradient: MarginGradient) -> Loss {
    Loss::ArcFace(ArcFace { scale, margin, past_turn: PastTurn::Plain, gradient })
}

/// The loss that a case of the reference stands for, in our words where the other implementation has words of its own.
fn reference_loss(name: &str, case: &Value) -> Loss {
    let number = |of: &Value, key: &str| of[key].as_f64().unwrap_or_else(|| panic!("{name} has no {key}"));
    let arguments = &case["arguments"];
    let (arc, straight) = (MarginGradient::Exact, MarginGradient::StraightThrough);
    // Degrees, and the linear form past π - m.
    let pml = |degrees: f64, scale| ArcFace {
        scale,
        margin: degrees.to_radians(),
        past_turn: PastTurn::Linear,
        gradient: arc,
    };
    match name.split(".s16").next().and_then(|name| name.split(".s64").next()).unwrap() {
        "insightface.arcface" => arcface(number(case, "scale"), number(case, "margin"), straight),
        "exact.arcface" => arcface(number(case, "scale"), number(case, "margin"), arc),
        "insightface.cosface" => {
            Loss::CosFace(CosFace { scale: number(case, "scale"), margin: number(case, "margin") })
        }
        "insightface.combined" => {
            Loss::Combined(Combined { scale: 64.0, multiplier: 1.0, margin: 0.0, cosine_margin: 0.4 })
        }
        "softmax.normalised" => Loss::NormFace(NormFace { scale: 16.0 }),
        "pml.arcface" => Loss::ArcFace(pml(number(arguments, "margin"), number(arguments, "scale"))),
        "pml.cosface" => {
            Loss::CosFace(CosFace { scale: number(arguments, "scale"), margin: number(arguments, "margin") })
        }
        // Not annealed: λ is 0 throughout.
        "pml.sphereface" => Loss::SphereFace(SphereFace {
            multiplier: number(arguments, "margin") as u32,
            annealing_start: 0.0,
            annealing_end: 0.0,
            annealing_rate: 0.0,
        }),
        "pml.normalized_softmax" => {
            Loss::NormFace(NormFace { scale: 1.0 / number(arguments, "temperature") })
        }
        "pml.subcenter_arcface" => Loss::SubCentre(SubCentre { arcface: pml(28.6, 64.0), centres: 3 }),
        other => panic!("no loss is known for {other}"),
    }
}

/// Loss and gradients of the reference's eight embeddings.
#[test]
fn losses_and_gradients_are_those_of_insightface_and_pytorch_metric_learning() {
    let file: Value = serde_json::from_str(include_str!("reference.json")).unwrap();
    let labels: Vec<u32> = serde_json::from_value(file["labels"].clone()).unwrap();
    let embeddings = fill("heads.embeddings", labels.len() * DIM);
    let cases = file["cases"].as_object().unwrap();
    assert_eq!(cases.len(), 25);
    for (name, case) in cases {
        if let Some(loss) = pairs::tests::reference_loss(name) {
            pairs::tests::assert_reference(loss, &embeddings, &labels, name, case);
            continue;
        }
        let mut head = Head::new(reference_loss(name, case), CLASSES, DIM, 0);
        let centres = if name == "pml.subcenter_arcface" { "heads.subcenters" } else { "heads.weight" };
        head.centres = fill(centres, head.centres.len());
        let output = head.forward_backward(&embeddings, &labels, 0);
        let expected = case["loss"].as_f64().unwrap();
        assert!((output.loss - expected).abs() < 1e-6 * expected, "{name}: {} for {expected}", output.loss);
        assert_close(&output.d_embeddings, &numbers(&case["grad_embeddings"]), &format!("{name} embeddings"));
        assert_close(&head.gradient, &numbers(&case["grad_weight"]), &format!("{name} centres"));
    }
}

#[test]
fn without_a_margin_both_gradients_are_the_same() {
    let embeddings = fill("e", 3 * DIM);
    let outputs = [MarginGradient::Exact, MarginGradient::StraightThrough].map(|gradient| {
        let mut head = Head::new(arcface(30.0, 0.0, gradient), CLASSES, DIM, 1);
        head.forward_backward(&embeddings, &[0, 4, 2], 0)
    });
    assert_close(&outputs[0].d_embeddings, &outputs[1].d_embeddings, "embeddings");
}

#[test]
fn accuracy_leaves_the_margin_out() {
    let mut head = Head::new(arcface(64.0, 0.8, MarginGradient::Exact), 2, 2, 0);
    head.centres = vec![1.0, 0.0, 0.0, 1.0];
    // Nearer to its own class by a little: right without the margin, though far from right with it.
    let output = head.forward_backward(&[1.0, 0.9, 1.0, 0.9], &[0, 1], 0);
    assert_eq!(output.correct, 1);
    assert!(output.loss > 10.0, "{}", output.loss);
    // A tie is no hit: untrained embeddings that are all zero must not look learnt.
    assert_eq!(head.forward_backward(&[0.0, 0.0], &[0], 0).correct, 0);
}

#[test]
fn targets_past_the_turn_are_counted() {
    let mut head = Head::new(arcface(64.0, 0.5, MarginGradient::Exact), 2, 2, 0);
    head.centres = vec![1.0, 0.0, 0.0, 1.0];
    assert_eq!(head.forward_backward(&[-1.0, 0.05, 1.0, 0.0], &[0, 0], 0).past_turn, 1);
}

#[test]
fn centres_depend_on_the_seed_alone() {
    let centres = |seed| Head::new(arcface(64.0, 0.5, MarginGradient::Exact), CLASSES, DIM, seed).centres;
    assert_eq!(centres(3), centres(3));
    assert_ne!(centres(3), centres(4));
}

#[test]
fn a_restored_head_has_the_same_centres_and_another_shape_is_refused() {
    let loss = arcface(64.0, 0.5, MarginGradient::Exact);
    let state = Head::new(loss, CLASSES, DIM, 3).state();
    let mut restored = Head::new(loss, CLASSES, DIM, 4);
    restored.load_state(&state).unwrap();
    assert_eq!(restored.centres, Head::new(loss, CLASSES, DIM, 3).centres);
    let error = Head::new(loss, CLASSES + 1, DIM, 4).load_state(&state).unwrap_err();
    assert_eq!(error.to_string(), "tensor `head.centres` has shape [5, 16] and should have [6, 16]");
}

/// Every loss that remembers something, or draws.
fn moving() -> [Loss; 4] {
    [
        Loss::CurricularFace(CurricularFace::new(16.0, 0.5, 0.3)),
        Loss::AdaFace(AdaFace::new(16.0, 0.4, 0.333, 0.3)),
        Loss::AdaCos(AdaCos::new(Scaling::Dynamic, CLASSES)),
        Loss::ElasticFace(ElasticFace::new(16.0, 0.5, 0.1, 7)),
    ]
}

/// The outputs of steps `from` to `to`, each on a batch of its own.
fn steps(head: &mut Head, from: u64, to: u64) -> Vec<HeadOutput> {
    let batch = |step| fill(&format!("batch {step}"), 3 * DIM);
    (from..to).map(|step| head.forward_backward(&batch(step), &[4, 0, 2], step)).collect()
}

#[test]
fn a_restored_head_goes_on_with_the_same_bits() {
    for loss in moving() {
        let mut through = Head::new(loss, CLASSES, DIM, 3);
        steps(&mut through, 0, 3);
        let state = through.state();
        let mut restored = Head::new(loss, CLASSES, DIM, 4);
        restored.load_state(&state).unwrap();
        assert_eq!(steps(&mut restored, 3, 6), steps(&mut through, 3, 6), "{loss:?}");
        // What it remembers, or the number of the step, does count: the first batch costs something else by now.
        let again = through.forward_backward(&fill("batch 0", 3 * DIM), &[4, 0, 2], 6);
        let first = steps(&mut Head::new(loss, CLASSES, DIM, 3), 0, 1).remove(0);
        assert_ne!(again.loss, first.loss, "{loss:?}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for loss in moving() {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| steps(&mut Head::new(loss, CLASSES, DIM, 3), 0, 4))
        };
        let one = on(1);
        assert!(on(2) == one && on(4) == one, "{loss:?}");
    }
}

#[test]
fn memory_of_another_loss_is_refused_by_name() {
    let [curricular, adaface, ..] = moving();
    let state = Head::new(curricular, CLASSES, DIM, 3).state();
    let refused = |loss| Head::new(loss, CLASSES, DIM, 3).load_state(&state).unwrap_err().to_string();
    assert_eq!(refused(adaface), "tensor `head.norm_mean` is missing");
    let arcface = arcface(64.0, 0.5, MarginGradient::Exact);
    assert_eq!(refused(arcface), "tensor `head.curriculum` belongs to nothing here");
}

#[test]
fn angles_and_lengths_are_summed_over_the_batch() {
    let mut head = Head::new(Loss::NormFace(NormFace { scale: 8.0 }), 2, 2, 0);
    head.centres = vec![1.0, 0.0, 0.0, 1.0];
    // Right angles to the own centre, and 45°; lengths 3 and √2.
    let output = head.forward_backward(&[3.0, 0.0, 1.0, 1.0], &[1, 1], 0);
    let (right, half) = (std::f64::consts::FRAC_PI_2, std::f64::consts::FRAC_PI_4);
    assert!((output.angles - (right + half)).abs() < 1e-6, "{output:?}");
    assert!((output.squared_angles - (right * right + half * half)).abs() < 1e-6, "{output:?}");
    assert!((output.norms - (3.0 + 2.0_f64.sqrt())).abs() < 1e-6, "{output:?}");
}
