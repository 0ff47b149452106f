//! Losses without a golden file of another library, against their papers' formulas as PyTorch differentiates them
//! (`losses.py`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;

use arclab_nn::heads::{
    AdaCos, AdaFace, CrossEntropy, CurricularFace, Head, HeadOutput, Loss, MagFace, NormFace, PastTurn,
    Scaling,
};
use candle_core::{Device, Tensor};
use serde_json::Value;

mod support;
use support::{fill, norm};

const CLASSES: usize = 5;
const WIDTH: usize = 16;

/// What `losses.py` calls so.
fn head(name: &str) -> Head {
    let (loss, cross_entropy) = match name {
        "curricularface" => (Loss::CurricularFace(CurricularFace::new(64.0, 0.5, 0.3)), CrossEntropy::Plain),
        "magface" => {
            let (margins, norms, past_turn) = ([0.45, 0.8], [10.0, 50.0], PastTurn::Linear);
            let loss = MagFace { scale: 64.0, margins, norms, norm_weight: 35.0, past_turn };
            (Loss::MagFace(loss), CrossEntropy::Plain)
        }
        "adaface" => (Loss::AdaFace(AdaFace::new(64.0, 0.4, 0.333, 0.3)), CrossEntropy::Plain),
        "adacos.fixed" => (Loss::AdaCos(AdaCos::new(Scaling::Fixed, CLASSES)), CrossEntropy::Plain),
        "adacos.dynamic" => (Loss::AdaCos(AdaCos::new(Scaling::Dynamic, CLASSES)), CrossEntropy::Plain),
        "normface.smoothed" => {
            (Loss::NormFace(NormFace { scale: 16.0 }), CrossEntropy::Smoothed { share: 0.1 })
        }
        "normface.focal" => (Loss::NormFace(NormFace { scale: 16.0 }), CrossEntropy::Focal { gamma: 2.0 }),
        other => panic!("no loss is known for {other}"),
    };
    Head::new(loss, CLASSES, WIDTH, 0).with_cross_entropy(cross_entropy)
}

fn with_centres(mut head: Head, centres: &[f32]) -> Head {
    let mut state: BTreeMap<String, Tensor> = head.state().into_iter().collect();
    let centres = Tensor::from_slice(centres, (CLASSES, WIDTH), &Device::Cpu).unwrap();
    *state.get_mut("head.centres").unwrap() = centres;
    head.load_state(&state).unwrap();
    head
}

/// The embeddings of batch `number`: the first two much like their own classes.
fn embeddings(number: usize, labels: &[u32], centres: &[f32]) -> Vec<f32> {
    let mut all = fill(&format!("losses.embeddings.{number}"), labels.len() * WIDTH);
    for (index, (row, label)) in all.chunks_exact_mut(WIDTH).zip(labels).enumerate() {
        let own = &centres[*label as usize * WIDTH..][..WIDTH];
        for (value, own) in row.iter_mut().zip(own) {
            *value = if index < 2 { 15.0 * own + 0.2 * 20.0 * *value } else { 20.0 * *value };
        }
    }
    all
}

fn assert_close(found: &[f32], expected: &Value, what: &str) {
    let expected: Vec<f32> = serde_json::from_value(expected.clone()).unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    let difference: Vec<f32> =
        found.iter().zip(&expected).map(|(found, expected)| found - expected).collect();
    let (error, length) = (norm(&difference), norm(&expected));
    assert!(error <= 1e-5 * length, "{what}: an error of {error} in {length}");
}

#[test]
fn losses_and_gradients_are_those_of_the_papers_formulas() {
    let file: BTreeMap<String, Vec<Value>> = serde_json::from_str(include_str!("data/losses.json")).unwrap();
    assert_eq!(file.len(), 7);
    for (name, batches) in file {
        let centres = fill("losses.centres", CLASSES * WIDTH);
        let mut head = with_centres(head(&name), &centres);
        for (number, expected) in batches.iter().enumerate() {
            let what = format!("{name}, batch {number}");
            let labels: Vec<u32> = serde_json::from_value(expected["labels"].clone()).unwrap();
            let embeddings = embeddings(number, &labels, &centres);
            let HeadOutput { loss, d_embeddings, .. } =
                head.forward_backward(&embeddings, &labels, number as u64);
            let wanted = expected["loss"].as_f64().unwrap();
            assert!((loss / wanted - 1.0).abs() < 1e-5, "{what}: {loss} for {wanted}");
            assert_close(&d_embeddings, &expected["embeddings"], &what);
            assert_close(head.weight().gradient, &expected["centres"], &what);
        }
    }
}
