use serde_json::Value;

use super::*;

#[expect(dead_code, reason = "no length is needed here")]
#[path = "../../tests/support/mod.rs"]
mod support;
use support::fill;

const DIM: usize = 16;
const CLASSES: usize = 5;

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        // The reference is float32 throughout: a few units in the last place of its largest numbers.
        assert!(error <= 2e-6 * largest, "{what} [{index}]: {found} for {expected}, largest {largest}");
    }
}

fn arcface(scale: f64, margin: f64, gradient: MarginGradient) -> Loss {
    Loss::ArcFace(ArcFace { scale, margin, gradient })
}

fn reference_loss(case: &Value) -> Loss {
    let gradient = match case["gradient"].as_str().unwrap() {
        "exact" => MarginGradient::Exact,
        "straight_through" => MarginGradient::StraightThrough,
        other => panic!("no gradient is called {other}"),
    };
    arcface(case["scale"].as_f64().unwrap(), case["margin"].as_f64().unwrap(), gradient)
}

/// Loss and gradients of the reference's eight embeddings.
#[test]
fn losses_and_gradients_are_those_of_insightface_and_pytorch() {
    let file: Value = serde_json::from_str(include_str!("arcface_reference.json")).unwrap();
    let labels: Vec<u32> = serde_json::from_value(file["labels"].clone()).unwrap();
    let embeddings = fill("heads.embeddings", labels.len() * DIM);
    let cases = file["cases"].as_object().unwrap();
    assert_eq!(cases.len(), 10);
    for (name, case) in cases {
        let mut head = Head::new(reference_loss(case), CLASSES, DIM, 0);
        head.centres = fill("heads.weight", CLASSES * DIM);
        let output = head.forward_backward(&embeddings, &labels);
        let expected = case["loss"].as_f64().unwrap();
        assert!((output.loss - expected).abs() < 1e-6 * expected, "{name}: {} for {expected}", output.loss);
        assert_close(&output.d_embeddings, &numbers(&case["grad_embeddings"]), &format!("{name} embeddings"));
        assert_close(&head.gradient, &numbers(&case["grad_weight"]), &format!("{name} centres"));
    }
}

/// Mean loss of two samples of three classes, in float64 from the definition, with the arccosine written out.
fn loss_by_definition(embeddings: &[f64], centres: &[f64], labels: &[usize], scale: f64, margin: f64) -> f64 {
    let unit = |row: &[f64]| {
        let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        row.iter().map(|x| x / length).collect::<Vec<_>>()
    };
    let losses = embeddings.chunks(4).zip(labels).map(|(row, &label)| {
        let e = unit(row);
        let logits: Vec<f64> = centres
            .chunks(4)
            .enumerate()
            .map(|(class, centre)| {
                let cosine: f64 = e.iter().zip(unit(centre)).map(|(a, b)| a * b).sum();
                scale * if class == label { (cosine.acos() + margin).cos() } else { cosine }
            })
            .collect();
        logits.iter().map(|logit| logit.exp()).sum::<f64>().ln() - logits[label]
    });
    losses.sum::<f64>() / labels.len() as f64
}

#[test]
fn exact_gradients_are_difference_quotients_of_the_definition() {
    let (embeddings, centres) = (fill("e", 8), fill("c", 12));
    let labels = [2_usize, 0];
    let mut head = Head::new(arcface(8.0, 0.5, MarginGradient::Exact), 3, 4, 0);
    head.centres.clone_from(&centres);
    let output = head.forward_backward(&embeddings, &labels.map(|label| label as u32));
    let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let loss = |e: &[f64], c: &[f64]| loss_by_definition(e, c, &labels, 8.0, 0.5);
    let (e, c) = (wide(&embeddings), wide(&centres));
    assert!((output.loss - loss(&e, &c)).abs() < 1e-5);
    let nudged = |values: &[f64], index: usize, by: f64| {
        let mut values = values.to_vec();
        values[index] += by;
        values
    };
    for (index, found) in output.d_embeddings.iter().enumerate() {
        let quotient = (loss(&nudged(&e, index, 1e-5), &c) - loss(&nudged(&e, index, -1e-5), &c)) / 2e-5;
        assert!((f64::from(*found) - quotient).abs() < 1e-5, "embedding [{index}]: {found} for {quotient}");
    }
    for (index, found) in head.gradient.iter().enumerate() {
        let quotient = (loss(&e, &nudged(&c, index, 1e-5)) - loss(&e, &nudged(&c, index, -1e-5))) / 2e-5;
        assert!((f64::from(*found) - quotient).abs() < 1e-5, "centre [{index}]: {found} for {quotient}");
    }
}

#[test]
fn without_a_margin_both_gradients_are_the_same() {
    let embeddings = fill("e", 3 * DIM);
    let outputs = [MarginGradient::Exact, MarginGradient::StraightThrough].map(|gradient| {
        let mut head = Head::new(arcface(30.0, 0.0, gradient), CLASSES, DIM, 1);
        head.forward_backward(&embeddings, &[0, 4, 2])
    });
    assert_close(&outputs[0].d_embeddings, &outputs[1].d_embeddings, "embeddings");
}

#[test]
fn accuracy_leaves_the_margin_out() {
    let mut head = Head::new(arcface(64.0, 0.8, MarginGradient::Exact), 2, 2, 0);
    head.centres = vec![1.0, 0.0, 0.0, 1.0];
    // Nearer to its own class by a little: right without the margin, though far from right with it.
    let output = head.forward_backward(&[1.0, 0.9, 1.0, 0.9], &[0, 1]);
    assert_eq!(output.correct, 1);
    assert!(output.loss > 10.0, "{}", output.loss);
    // A tie is no hit: untrained embeddings that are all zero must not look learnt.
    assert_eq!(head.forward_backward(&[0.0, 0.0], &[0]).correct, 0);
}

#[test]
fn targets_past_the_turn_are_counted() {
    let mut head = Head::new(arcface(64.0, 0.5, MarginGradient::Exact), 2, 2, 0);
    head.centres = vec![1.0, 0.0, 0.0, 1.0];
    assert_eq!(head.forward_backward(&[-1.0, 0.05, 1.0, 0.0], &[0, 0]).past_turn, 1);
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
