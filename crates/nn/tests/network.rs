//! Networks as training and evaluation use them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{collections::BTreeMap, sync::Arc};

use arclab_nn::{BackboneKind, Cpu, Images, Kernels, Network, ShapeError, optim::Kind};
use candle_core::{Device, Tensor};

mod support;
use support::{fill, norm};

const KINDS: [BackboneKind; 3] = [BackboneKind::Small, BackboneKind::MobileFaceNet, BackboneKind::IResNet18];

fn network(kind: BackboneKind, threads: usize, seed: u64) -> Network {
    network_on(Cpu::new(threads), kind, seed)
}

fn network_on(cpu: Cpu, kind: BackboneKind, seed: u64) -> Network {
    Network::new(Arc::new(cpu), kind, 24, 32, seed).unwrap()
}

fn pixels(count: usize) -> Vec<u8> {
    fill("pixels", count * 32 * 32 * 3).into_iter().map(|u| (127.5 * (u + 1.0)) as u8).collect()
}

fn images(pixels: &[u8]) -> Images<'_> {
    Images { pixels, count: pixels.len() / (32 * 32 * 3), size: 32 }
}

fn state(network: &Network) -> BTreeMap<String, Tensor> {
    network.state().into_iter().collect()
}

/// Everything that a training step computes, in bits.
fn step(network: &mut Network, pixels: &[u8]) -> Vec<Vec<u32>> {
    let embeddings = network.train_forward(&images(pixels));
    network.backward(&fill("d", embeddings.len()));
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    let mut all = vec![bits(&embeddings), bits(&network.embed(&images(pixels)))];
    all.extend(network.params().iter().map(|param| bits(&param.grad)));
    all
}

#[test]
fn numbers_do_not_depend_on_the_number_of_threads() {
    let pixels = pixels(11);
    // IResNet-18 runs the same code as the small network.
    let kinds = [BackboneKind::Small, BackboneKind::MobileFaceNet].into_iter();
    for (kind, kernels) in kinds.flat_map(|kind| Kernels::all().into_iter().map(move |k| (kind, k))) {
        let step = |threads| step(&mut network_on(Cpu::with_kernels(threads, kernels), kind, 0), &pixels);
        let alone = step(1);
        for threads in [2, 4] {
            assert_eq!(alone, step(threads), "{kind:?} on {threads} threads ({})", kernels.name());
        }
    }
}

#[test]
fn a_step_does_not_depend_on_the_steps_before_it_but_through_running_statistics() {
    let pixels = pixels(5);
    for kind in KINDS {
        let mut network = network(kind, 2, 0);
        let first = step(&mut network, &pixels);
        let second = step(&mut network, &pixels);
        assert_eq!(first[0], second[0], "embeddings of {kind:?} in training");
        assert_eq!(first[2..], second[2..], "gradients of {kind:?}");
        assert_ne!(first[1], second[1], "embeddings of {kind:?} in evaluation");
    }
}

#[test]
fn norms_biases_and_slopes_are_told_apart_from_kernels() {
    for kind in KINDS {
        let mut network = network(kind, 1, 0);
        let state = state(&network);
        // What has running statistics beside it is a batch norm.
        let is_norm = |name: &str| {
            name.rsplit_once('.').is_some_and(|(part, _)| state.contains_key(&format!("{part}.running_mean")))
        };
        let mut kernels = 0;
        for param in network.params_mut() {
            let of_channel = is_norm(&param.name) || param.name.ends_with("bias") || param.shape.len() == 1;
            let (found, weight) = param.weight();
            assert_eq!(found == Kind::Channel, of_channel, "{}", weight.name);
            kernels += usize::from(found == Kind::Kernel);
        }
        assert!(kernels > 5, "{kind:?}: {kernels}");
    }
}

#[test]
fn an_embedding_does_not_depend_on_its_batch() {
    let pixels = pixels(9);
    for kind in KINDS {
        let network = network(kind, 2, 0);
        let together = network.embed(&images(&pixels));
        for (pixels, expected) in pixels.chunks_exact(32 * 32 * 3).zip(together.chunks_exact(24)) {
            assert_eq!(network.embed(&images(pixels)), expected, "{kind:?}");
        }
    }
}

#[test]
fn bytes_and_the_numbers_they_stand_for_give_the_same_embedding() {
    let pixels = pixels(2);
    let places = 32 * 32;
    let value = |at: usize| {
        let (image, rest) = (at / (3 * places), at % (3 * places));
        let pixel = pixels[image * 3 * places + rest % places * 3 + rest / places];
        f32::from(pixel) / 127.5 - 1.0
    };
    let values: Vec<f32> = (0..2 * 3 * places).map(value).collect();
    let network = network(BackboneKind::Small, 1, 0);
    assert_eq!(network.embed(&images(&pixels)), network.embed_floats(&values, 2));
}

/// The derivative along a direction is the gradient's component in it.
#[test]
fn the_small_network_s_gradient_is_the_slope_of_its_output() {
    let pixels = pixels(4);
    let mut network = network(BackboneKind::Small, 2, 3);
    let weights = fill("d", 4 * 24);
    let output = |network: &mut Network| {
        let embeddings = network.train_forward(&images(&pixels));
        embeddings.iter().zip(&weights).map(|(a, b)| f64::from(a * b)).sum::<f64>()
    };
    output(&mut network);
    network.backward(&weights);
    let mut checked = 0;
    for index in 0..network.params().len() {
        let param = network.params()[index];
        let (name, gradient) = (param.name.clone(), param.grad.to_vec());
        let length = norm(&gradient);
        if length < 1e-3 {
            // Biases whose effect a later batch norm removes.
            assert!(name.ends_with("bias"), "{name} is without effect");
            continue;
        }
        checked += 1;
        // Along the gradient itself the slope is its length.
        let step = 2e-4 * norm(&param.value).max(1.0) / length;
        let mut moved = |factor: f64| {
            for (value, gradient) in network.params_mut()[index].value.iter_mut().zip(&gradient) {
                *value += (factor * step) as f32 * gradient;
            }
            output(&mut network)
        };
        let (up, down) = (moved(1.0), moved(-2.0));
        moved(1.0);
        let slope = (up - down) / (2.0 * step * length);
        assert!((slope / length - 1.0).abs() < 0.03, "{name}: slope {slope} for {length}");
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn a_state_that_is_saved_and_loaded_gives_the_same_network() {
    for kind in KINDS {
        let mut first = network(kind, 1, 0);
        let pixels = pixels(3);
        first.train_forward(&images(&pixels));
        let mut second = network(kind, 1, 1);
        assert_ne!(first.embed(&images(&pixels)), second.embed(&images(&pixels)));
        second.load_state(&state(&first)).unwrap();
        assert_eq!(first.embed(&images(&pixels)), second.embed(&images(&pixels)), "{kind:?}");
        for ((name, a), (_, b)) in first.state().iter().zip(second.state()) {
            let difference = |a: &Tensor, b: &Tensor| a.ne(b)?.sum_all()?.to_scalar::<u8>();
            assert_eq!(difference(a, &b).unwrap(), 0, "{name}");
        }
    }
}

#[test]
fn a_state_of_another_network_is_refused_with_every_mismatch_and_changes_nothing() {
    let mut network = network(BackboneKind::Small, 1, 0);
    let pixels = pixels(1);
    let before = network.embed(&images(&pixels));
    let mut other = state(&network);
    other.insert(
        "conv1.weight".into(),
        Tensor::zeros((8, 3, 3, 3), candle_core::DType::F32, &Device::Cpu).unwrap(),
    );
    other.insert("bn2.bias".into(), Tensor::ones(128, candle_core::DType::F32, &Device::Cpu).unwrap());
    let prelu = other.remove("prelu.weight").unwrap();
    other.insert("relu.weight".into(), prelu);
    let error = network.load_state(&other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the weights do not fit the network: tensor `conv1.weight` has shape [8, 3, 3, 3] and should have \
         [32, 3, 3, 3]; tensor `prelu.weight` is missing; tensor `relu.weight` belongs to nothing here"
    );
    assert_eq!(network.embed(&images(&pixels)), before);
}

#[test]
fn counters_may_be_missing() {
    let mut network = network(BackboneKind::Small, 1, 0);
    let mut state = state(&network);
    state.retain(|name, _| !name.ends_with("num_batches_tracked"));
    network.load_state(&state).unwrap();
}

#[test]
fn initial_values_depend_on_the_seed_alone() {
    let values = |seed| network(BackboneKind::Small, 1, seed).params()[0].value.to_vec();
    assert_eq!(values(1), values(1));
    assert_ne!(values(1), values(2));
}

#[test]
fn iresnet_s_convolutions_start_with_a_deviation_of_a_tenth_and_its_embedding_s_scale_is_frozen() {
    let network = network(BackboneKind::IResNet18, 1, 0);
    let weight = network.params().into_iter().find(|param| param.name == "layer4.1.conv2.weight").unwrap();
    let deviation = norm(&weight.value) / (weight.value.len() as f64).sqrt();
    assert!((deviation - 0.1).abs() < 1e-3, "{deviation}");
    assert!(network.params().iter().all(|param| param.name != "features.weight"));
    let scale = state(&network)["features.weight"].to_vec1::<f32>().unwrap();
    assert_eq!(scale, [1.0; 24]);
}

#[test]
fn sizes_that_do_not_suit_are_refused_with_those_that_do() {
    let new =
        |embedding, image| Network::new(Arc::new(Cpu::new(1)), BackboneKind::Small, embedding, image, 0);
    let error = new(24, 60).err().unwrap();
    assert_eq!(
        error.to_string(),
        "small takes square images of 32 to 512 pixels, in multiples of 16; these have 60"
    );
    assert_eq!(new(0, 64).err().unwrap(), ShapeError::Embedding);
    for size in [32, 48, 64, 96] {
        assert!(new(24, size).is_ok(), "{size}");
    }
}
