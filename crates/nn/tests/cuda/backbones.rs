//! Backbones on the GPU against other people's: the same numbers as on the CPU, in float32.

use std::sync::Arc;

use arclab_gpu::Precision;
use arclab_nn::BackboneKind;

use crate::{
    devices::{gpu, is_real},
    golden::check_on,
};

fn check(kinds: &[BackboneKind]) {
    let device = Arc::new(gpu(Precision::Float32));
    for &kind in kinds {
        check_on(&device, kind);
    }
}

#[test]
fn small_backbones_compute_what_pytorch_computes() {
    check(&[BackboneKind::MobileFaceNetScale1, BackboneKind::GhostFaceNetV1Stride1]);
}

/// A GPU alone is fast enough for these.
#[test]
#[ignore = "minutes in the emulator; seconds on a GPU, with ARCLAB_TEST_GPU=1"]
fn all_other_backbones_compute_what_insightface_and_pytorch_compute() {
    assert!(is_real(), "this runs on a GPU: set ARCLAB_TEST_GPU=1");
    check(&[
        BackboneKind::MobileFaceNet,
        BackboneKind::GhostFaceNetV1Stride2,
        BackboneKind::IResNet18,
        BackboneKind::IResNet34,
        BackboneKind::IResNet50,
        BackboneKind::IResNet100,
        BackboneKind::IResNet200,
    ]);
}
