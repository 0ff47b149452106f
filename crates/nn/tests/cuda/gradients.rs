//! Whole networks: the gradient of every parameter.

use std::sync::Arc;

use arclab_nn::{BackboneKind, Backend, Images, Network};

use crate::{
    devices::{cpu, float32},
    support::fill,
};

const SIZE: usize = 32;
const COUNT: usize = 4;

/// Embeddings, and the gradient of every parameter, with its name.
fn step<B: Backend>(device: B, kind: BackboneKind) -> Vec<(String, Vec<f32>)> {
    let mut network = Network::new(Arc::new(device), kind, 24, SIZE, 0).unwrap();
    let fill_bytes = fill("pixels", COUNT * SIZE * SIZE * 3);
    let pixels: Vec<u8> = fill_bytes.into_iter().map(|u| (127.5 * (u + 1.0)) as u8).collect();
    let embeddings = network.train_forward(&Images { pixels: &pixels, count: COUNT, size: SIZE });
    network.backward(&fill("d", embeddings.len()));
    let device = network.device();
    let gradient =
        |param: &arclab_nn::Param<B>| (param.name.clone(), device.download(B::numbers(&param.grad)));
    let gradients: Vec<_> = network.params().into_iter().map(gradient).collect();
    [("embeddings".to_owned(), embeddings)].into_iter().chain(gradients).collect()
}

#[test]
fn networks_compute_on_a_gpu_what_they_compute_on_the_cpu() {
    for kind in [BackboneKind::Small, BackboneKind::MobileFaceNet, BackboneKind::GhostFaceNetV1Stride2] {
        let [found, expected] = [step(float32(), kind), step(cpu(), kind)];
        assert_eq!(found.len(), expected.len());
        let largest = |values: &[f32]| values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        // Some gradients are 0 but for rounding: those to shifts that the next batch norm takes away.
        let least = 1e-2 * expected.iter().map(|(_, values)| largest(values)).fold(0.0, f32::max);
        for ((name, found), (same, expected)) in found.iter().zip(&expected) {
            assert_eq!(name, same);
            let differences: Vec<f32> = found.iter().zip(expected).map(|(a, b)| a - b).collect();
            let error = largest(&differences) / largest(expected).max(least);
            assert!(error < 2e-3, "{name} of {kind:?}: {error}");
        }
    }
}
