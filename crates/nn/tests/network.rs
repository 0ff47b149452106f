//! Networks as training and evaluation use them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{collections::BTreeMap, sync::Arc};

use arclab_nn::{
    BackboneKind, Cpu, Design, Images, Input, Kernels, Network, ShapeError, checkpoint::Tensors, optim::Kind,
    to_grey,
};
use candle_core::{Device, Tensor};

mod support;
use support::{fill, norm};

const KINDS: [BackboneKind; 5] = [
    BackboneKind::Small,
    BackboneKind::MobileFaceNet,
    BackboneKind::MobileFaceNetScale1,
    BackboneKind::GhostFaceNetV1Stride2,
    BackboneKind::IResNet18,
];

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
    let kinds = KINDS.into_iter().filter(|kind| *kind != BackboneKind::IResNet18);
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
        for (found, weight) in network.weights() {
            let (name, shape) = (weight.name, state[weight.name].dims());
            let of_channel = is_norm(name) || name.ends_with("bias") || shape.len() == 1;
            assert_eq!(found == Kind::Channel, of_channel, "{name}");
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
    for embedding in [0, 4097, 4_000_000_000] {
        assert_eq!(new(embedding, 64).err().unwrap(), ShapeError::Embedding);
    }
    for size in [32, 48, 64, 96] {
        assert!(new(24, size).is_ok(), "{size}");
    }
}

fn of(design: Design, threads: usize) -> Network {
    Network::of(Arc::new(Cpu::new(threads)), &design, 5).unwrap()
}

fn grey(kind: BackboneKind) -> Design {
    Design { input: Input::Grey, ..Design::new(kind, 24, 32) }
}

#[test]
fn a_network_adapted_to_grey_computes_of_grey_images_what_it_did_in_colours() {
    // Three equal channels.
    let pixels: Vec<u8> = pixels(3).chunks_exact(3).flat_map(|pixel| [pixel[0]; 3]).collect();
    for kind in KINDS {
        let colours = network(kind, 1, 7);
        let mut state = state(&colours);
        assert!(to_grey(kind, &mut state));
        let mut network = of(grey(kind), 1);
        network.load_state(&state).unwrap();
        let (found, expected) = (network.embed(&images(&pixels)), colours.embed(&images(&pixels)));
        let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            // Without running statistics of its own a deep network multiplies rounding, too.
            assert!((found - expected).abs() < 1e-3 * largest, "{kind:?}: {found} for {expected}");
        }
    }
}

#[test]
fn only_weights_that_read_colours_are_adapted_to_grey() {
    let mut once: Tensors = state(&network(BackboneKind::Small, 1, 0));
    assert!(to_grey(BackboneKind::Small, &mut once));
    let weight = |state: &Tensors| state["conv1.weight"].flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let before = weight(&once);
    assert!(!to_grey(BackboneKind::Small, &mut once), "it reads one channel by now");
    assert_eq!(weight(&once), before);
    assert!(!to_grey(BackboneKind::Small, &mut Tensors::new()));
}

#[test]
fn a_grey_network_reads_the_luma_alone() {
    let network = of(grey(BackboneKind::Small), 1);
    // 0.299 of 255 is 76.245.
    let filled = |pixel: [u8; 3]| network.embed(&images(&pixel.repeat(32 * 32)));
    assert_eq!(filled([255, 0, 0]), filled([76; 3]));
    assert_ne!(filled([255, 0, 0]), filled([0, 255, 0]));
    let value = 76.0 / 127.5 - 1.0;
    assert_eq!(filled([76; 3]), network.embed_floats(&[value; 32 * 32], 1));
}

fn dropping(threads: usize) -> Network {
    of(Design { dropout: 0.4, ..Design::new(BackboneKind::GhostFaceNetV1Stride2, 24, 32) }, threads)
}

#[test]
fn what_dropout_drops_is_the_same_on_any_threads_and_after_going_on() {
    let pixels = pixels(6);
    let alone = step(&mut dropping(1), &pixels);
    assert_eq!(alone, step(&mut dropping(3), &pixels));
    let mut through = dropping(1);
    through.train_forward(&images(&pixels));
    let second = through.train_forward(&images(&pixels));
    let mut resumed = dropping(2);
    resumed.seek(6);
    assert_eq!(resumed.train_forward(&images(&pixels)), second);
    resumed.seek(0);
    assert_ne!(resumed.train_forward(&images(&pixels)), second);
}

#[test]
fn dropout_is_refused_where_there_is_none_and_where_it_leaves_nothing() {
    let new = |kind, dropout| {
        let design = Design { dropout, ..Design::new(kind, 24, 32) };
        Network::of(Arc::new(Cpu::new(1)), &design, 0).map(|_| ()).map_err(|error| error.to_string())
    };
    for kind in KINDS {
        assert_eq!(new(kind, 0.4).is_ok(), kind.has_dropout(), "{kind:?}");
    }
    assert_eq!(
        new(BackboneKind::MobileFaceNet, 0.1).unwrap_err(),
        "mobilefacenet has no dropout; leave it at 0"
    );
    assert_eq!(new(BackboneKind::Small, 1.0).unwrap_err(), "dropout is a share in [0, 1), not 1");
}

/// Its stem: a convolution, a batch norm and a PReLU.
fn stem(kind: BackboneKind) -> (&'static [&'static str], &'static str) {
    match kind {
        BackboneKind::MobileFaceNet | BackboneKind::MobileFaceNetScale1 => {
            (&["layers.0"], "layers.0.layers.1.running_mean")
        }
        BackboneKind::GhostFaceNetV1Stride1 | BackboneKind::GhostFaceNetV1Stride2 => {
            (&["conv_stem"], "conv_stem.bn.running_mean")
        }
        BackboneKind::Small
        | BackboneKind::IResNet18
        | BackboneKind::IResNet34
        | BackboneKind::IResNet50
        | BackboneKind::IResNet100
        | BackboneKind::IResNet200 => (&["conv1", "bn1", "prelu"], "bn1.running_mean"),
    }
}

#[test]
fn layers_frozen_at_the_beginning_stay_as_they_are_and_have_no_gradient() {
    let pixels = pixels(4);
    for kind in KINDS {
        let (mut network, (names, statistics)) = (network(kind, 1, 0), stem(kind));
        network.freeze(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        let before = state(&network);
        step(&mut network, &pixels);
        let after = state(&network);
        let same =
            |name: &str| before[name].to_vec1::<f32>().unwrap() == after[name].to_vec1::<f32>().unwrap();
        assert!(same(statistics), "{kind:?}");
        assert!(!same(after.keys().rfind(|name| name.ends_with("running_mean")).unwrap()), "{kind:?}");
        let (frozen, learning): (Vec<_>, Vec<_>) =
            network.params().into_iter().partition(|param| param.frozen);
        assert_eq!(frozen.len(), 4, "{kind:?}");
        assert!(frozen.iter().all(|param| param.grad.iter().all(|gradient| *gradient == 0.0)), "{kind:?}");
        assert!(learning.iter().any(|param| norm(&param.grad) > 0.0), "{kind:?}");
    }
}

#[test]
fn a_network_that_is_frozen_whole_embeds_in_training_as_in_evaluation() {
    let pixels = pixels(4);
    for dropout in [0.0, 0.4] {
        let mut network = of(Design { dropout, ..Design::new(BackboneKind::Small, 24, 32) }, 1);
        network.freeze(&["*".to_owned()]).unwrap();
        let before = state(&network);
        let embeddings = network.train_forward(&images(&pixels));
        assert_eq!(embeddings, network.embed(&images(&pixels)));
        network.backward(&fill("d", embeddings.len()));
        assert!(network.params().iter().all(|param| param.frozen && param.grad.iter().all(|g| *g == 0.0)));
        let last = "features.running_mean";
        let statistics = |state: &Tensors| state[last].to_vec1::<f32>().unwrap();
        assert_eq!(statistics(&before), statistics(&state(&network)));
    }
}

#[test]
fn dropout_before_what_learns_drops_though_all_before_it_is_frozen() {
    let pixels = pixels(4);
    let mut network = of(Design { dropout: 0.4, ..Design::new(BackboneKind::Small, 24, 32) }, 1);
    let frozen = ["conv1", "bn1", "prelu", "layer*", "bn2"].map(str::to_owned);
    network.freeze(&frozen).unwrap();
    let first = network.train_forward(&images(&pixels));
    network.seek(100);
    assert_ne!(first, network.train_forward(&images(&pixels)));
}

#[test]
fn a_pattern_that_names_nothing_is_refused_with_names_near_it() {
    let error = network(BackboneKind::Small, 1, 0).freeze(&["conv1".into(), "layr1".into()]).unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("`layr1` is no parameter and no part of small: nearest are `layer1`, `layer2`"),
        "{said}"
    );
}
