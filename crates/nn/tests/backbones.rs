//! Backbones on the CPU against other people's, and weights that PyTorch saved.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::Arc;

use arclab_nn::{BackboneKind, Cpu, Kernels, Network, weight_files::load_weights};

#[path = "support/golden.rs"]
mod golden;
mod support;
use golden::{EMBEDDING, check_embeddings, check_on, reference};
use support::fill;

/// On every instruction set of this processor.
fn check(kind: BackboneKind) {
    for kernels in Kernels::all() {
        check_on(&Arc::new(Cpu::with_kernels(2, kernels)), kind);
    }
}

#[test]
fn iresnet18_computes_what_insightface_computes() {
    check(BackboneKind::IResNet18);
}

#[test]
fn mobilefacenet_computes_what_insightface_computes() {
    check(BackboneKind::MobileFaceNet);
}

#[test]
fn mobilefacenet_at_scale_1_computes_what_pytorch_computes() {
    check(BackboneKind::MobileFaceNetScale1);
}

#[test]
fn ghostfacenets_of_both_strides_compute_what_pytorch_computes() {
    check(BackboneKind::GhostFaceNetV1Stride1);
    check(BackboneKind::GhostFaceNetV1Stride2);
}

/// `python data/pth.py iresnet18 FILE` makes the file, which `ARCLAB_IRESNET18_PTH` names.
#[test]
#[ignore = "needs 96 MB that PyTorch saves"]
fn iresnet18_that_pytorch_saved_embeds_as_in_pytorch() {
    let path = std::env::var_os("ARCLAB_IRESNET18_PTH").expect("ARCLAB_IRESNET18_PTH names a file");
    let saved = load_weights(path.as_ref()).unwrap();
    let mut network =
        Network::new(Arc::new(Cpu::new(2)), BackboneKind::IResNet18, EMBEDDING, 112, 0).unwrap();
    network.load_state(&saved.tensors).unwrap();
    let (reference, size) = reference("iresnet18");
    let input = fill("iresnet18.input", 6 * 3 * size * size);
    let embeddings = network.embed_floats(&input[..2 * 3 * size * size], 2);
    check_embeddings(&embeddings, &reference["eval_embedding"], "embedding in evaluation");
}

#[test]
#[ignore = "takes 5 s, and IResNet-18 runs the same code"]
fn iresnet34_computes_what_insightface_computes() {
    check_on(&Arc::new(Cpu::new(2)), BackboneKind::IResNet34);
}

#[test]
#[ignore = "takes 5 s, and IResNet-18 runs the same code"]
fn iresnet50_computes_what_insightface_computes() {
    check_on(&Arc::new(Cpu::new(2)), BackboneKind::IResNet50);
}

#[test]
#[ignore = "takes 12 s and 1 GB, and IResNet-18 runs the same code"]
fn iresnet100_computes_what_insightface_computes() {
    check_on(&Arc::new(Cpu::new(2)), BackboneKind::IResNet100);
}

#[test]
#[ignore = "takes 10 s and 1 GB, and IResNet-18 runs the same code"]
fn iresnet200_computes_what_pytorch_computes() {
    check_on(&Arc::new(Cpu::new(2)), BackboneKind::IResNet200);
}
