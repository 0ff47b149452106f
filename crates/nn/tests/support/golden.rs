//! Backbones against InsightFace's and against the papers', both run by PyTorch (`data/README.md`), on any device.

use std::{collections::BTreeMap, sync::Arc};

use arclab_nn::{
    BackboneKind, Backend, MapShape, Network, Param,
    heads::{ArcFace, Head, HeadMemory, Loss, MarginGradient, PastTurn},
};
use candle_core::{Device, Tensor};
use serde_json::Value;

use crate::support::{fill, norm};

pub(crate) const EMBEDDING: usize = 512;
const CLASSES: usize = 10;

/// What a file says of `model`, and the size of its images.
pub(crate) fn reference(model: &str) -> (Value, usize) {
    let files = [include_str!("../data/backbones.json"), include_str!("../data/zoo.json")];
    let all: Vec<Value> = files.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let of_model = all.iter().find_map(|all| all.get(model)).unwrap().clone();
    let size = of_model["size"].as_u64().unwrap_or(112) as usize;
    (of_model, size)
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

/// The reference's weights, by kind of entry.
fn weight(model: &str, name: &str, shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    let u = fill(&format!("{model}.{name}"), count).into_iter();
    let prelu = name.ends_with("prelu.weight")
        || (model.starts_with("mobilefacenet") && name.ends_with("layers.2.weight"));
    let values: Vec<f32> = match shape {
        [] => return Tensor::new(0_i64, &Device::Cpu).unwrap(),
        [_, fan_in @ ..] if !fan_in.is_empty() => {
            let bound = (3.0 / fan_in.iter().product::<usize>() as f64).sqrt() as f32;
            u.map(|u| u * bound).collect()
        }
        _ if name.ends_with("running_mean") || name.ends_with("bias") => u.map(|u| 0.1 * u).collect(),
        _ if name.ends_with("running_var") => u.map(|u| 1.0 + 0.5 * u).collect(),
        _ if prelu => u.map(|u| 0.25 + 0.1 * u).collect(),
        _ => u.map(|u| 1.0 + 0.1 * u).collect(),
    };
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn network<B: Backend>(device: &Arc<B>, kind: BackboneKind, size: usize) -> Network<B> {
    let mut network = Network::new(Arc::clone(device), kind, EMBEDDING, size, 0).unwrap();
    let model = kind.name();
    let named = network.state().into_iter();
    let state: BTreeMap<String, Tensor> = named
        .map(|(name, tensor)| {
            let value = weight(model, &name, tensor.dims());
            (name, value)
        })
        .collect();
    network.load_state(&state).unwrap();
    network
}

fn assert_close(found: &[f32], expected: &[f32], scale: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = f64::from(found - expected).abs();
        assert!(error <= 1e-3 * scale, "{what} [{index}]: {found} for {expected}, at a scale of {scale}");
    }
}

/// Names and shapes; two images in evaluation, six in training, forward and backward.
pub(crate) fn check_on<B: HeadMemory>(device: &Arc<B>, kind: BackboneKind) {
    let model = kind.name();
    let (reference, size) = reference(model);
    let mut network = network(device, kind, size);
    check_state(&network, &reference);
    let input = fill(&format!("{model}.input"), 6 * 3 * size * size);
    let embeddings = network.embed_floats(&input[..2 * 3 * size * size], 2);
    check_embeddings(&embeddings, &reference["eval_embedding"], "embedding in evaluation");

    let embeddings = network.train_forward_floats(&input, 6);
    check_embeddings(
        &embeddings[..EMBEDDING],
        &reference["train_embedding_first_row"],
        "embedding in training",
    );
    let (mut head, mut mirror) = (head(model), B::Mirror::default());
    let shape = MapShape { count: 6, height: 1, width: 1, channels: EMBEDDING };
    let embeddings = device.maps(shape, &embeddings);
    let (output, d) = device.judge(&mut mirror, &mut head, &embeddings, &[3, 7, 0, 9, 3, 5], (0, 0));
    let (expected, output) =
        (numbers(&reference["train_loss_arcface_s16_m0.5_exact"])[0], device.output(output));
    assert!((output.loss - f64::from(expected)).abs() < 1e-3, "loss {} for {expected}", output.loss);
    network.backward_maps(d);
    device.check().unwrap();
    let gradient = device.download(device.weight(&mut mirror, head.weight()).gradient);
    check_gradients(&network, &gradient, &reference);
    check_running(&network, &reference);
}

/// ArcFace with the reference's centres.
fn head(model: &str) -> Head {
    let (past_turn, gradient) = (PastTurn::Plain, MarginGradient::Exact);
    let loss = Loss::ArcFace(ArcFace { scale: 16.0, margin: 0.5, past_turn, gradient });
    let mut head = Head::new(loss, CLASSES, EMBEDDING, 0);
    let centres = fill(&format!("{model}.head"), CLASSES * EMBEDDING);
    let centres = Tensor::from_vec(centres, (CLASSES, EMBEDDING), &Device::Cpu).unwrap();
    let name = head.state().into_keys().next().unwrap();
    head.load_state(&BTreeMap::from([(name, centres)])).unwrap();
    head
}

/// Deviations of single numbers are measured against their usual size.
pub(crate) fn check_embeddings(found: &[f32], expected: &Value, what: &str) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.chunks_exact(EMBEDDING).zip(expected.chunks_exact(EMBEDDING)) {
        let length = norm(expected);
        assert!((norm(found) / length - 1.0).abs() < 1e-3, "length {} for {length}", norm(found));
        assert_close(found, expected, length / (EMBEDDING as f64).sqrt(), what);
    }
}

fn check_gradients<B: Backend>(network: &Network<B>, head: &[f32], reference: &Value) {
    let params = network.params();
    let gradient = |param: &Param<B>| network.device().download(B::numbers(&param.grad));
    let expected = reference["grad"].as_object().unwrap();
    assert!(expected.len() >= 5, "{expected:?}");
    for (name, expected) in expected {
        let param = params.iter().find(|param| param.name == *name).unwrap();
        check_gradient(name, &gradient(param), expected);
    }
    check_gradient("head", head, &reference["grad_head"]);
    let squares = params.iter().map(|param| norm(&gradient(param)).powi(2)).sum::<f64>() + norm(head).powi(2);
    let wanted = f64::from(numbers(&reference["grad_total_norm"])[0]);
    assert!((squares.sqrt() / wanted - 1.0).abs() < 1e-3, "norm of all {} for {wanted}", squares.sqrt());
}

/// Its norm and its first numbers.
fn check_gradient(name: &str, gradient: &[f32], expected: &Value) {
    let (found, wanted) = (norm(gradient), f64::from(numbers(&expected["norm"])[0]));
    if wanted < 1e-6 {
        // A bias before a batch norm has no gradient but rounding.
        assert!(found < 1e-6, "norm of {name}: {found}");
        return;
    }
    assert!((found / wanted - 1.0).abs() < 1e-3, "norm of {name}: {found} for {wanted}");
    let scale = wanted / (gradient.len() as f64).sqrt();
    assert_close(&gradient[..4], &numbers(&expected["first"]), 10.0 * scale, name);
}

fn check_running<B: Backend>(network: &Network<B>, reference: &Value) {
    let state: BTreeMap<String, Tensor> = network.state().into_iter().collect();
    for (name, expected) in reference["running_after_one_train_forward"].as_object().unwrap() {
        let found = state[name].to_vec1::<f32>().unwrap();
        assert_close(&found[..4], &numbers(expected), 1.0, name);
    }
    let counters = state.iter().filter(|(name, _)| name.ends_with("num_batches_tracked"));
    counters.for_each(|(name, tensor)| assert_eq!(tensor.to_scalar::<i64>().unwrap(), 1, "{name}"));
}

/// Names and shapes in their order, and the number of parameters; PyTorch counts a frozen scale as one.
fn check_state<B: Backend>(network: &Network<B>, reference: &Value) {
    let expected: Vec<(String, Vec<usize>)> = reference["state_dict"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, shape)| (name.clone(), serde_json::from_value(shape.clone()).unwrap()))
        .collect();
    let found: Vec<_> =
        network.state().into_iter().map(|(name, tensor)| (name, tensor.dims().to_vec())).collect();
    assert_eq!(found, expected);
    let learned: usize =
        network.params().iter().map(|param| network.device().count(B::numbers(&param.value))).sum();
    let is_frozen = network.params().iter().all(|param| param.name != "features.weight");
    let frozen =
        if is_frozen && found.iter().any(|(name, _)| name == "features.weight") { EMBEDDING } else { 0 };
    assert_eq!((learned + frozen) as u64, reference["parameters"].as_u64().unwrap());
}
