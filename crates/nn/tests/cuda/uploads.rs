//! What a step of training takes to the GPU: its batch, and nothing that is there already.

use std::sync::Arc;

use arclab_gpu::Buffer;
use arclab_nn::{
    BackboneKind, Backend, Cuda, Design, ImageChange, Images,
    heads::{Head, HeadMemory},
    optim::{AdamW, Kind, Rule, Sgd},
};

use crate::{
    devices::{float32, is_real},
    network::{COUNT, LABELS, SIZE, design, head, network, optimizer, pixels},
};

const TABLES: [[u8; 256]; 3] = [[7; 256]; 3];

/// Bytes of each upload of some steps, at a learning rate that moves.
fn uploads(gpu: Cuda, design: &Design, mut head: Head, rule: Rule<Buffer>) -> Vec<Vec<usize>> {
    let device = Arc::new(gpu);
    let (mut network, mut optimizer) = (network(&device, design), optimizer(rule));
    let (mut mirror, mut all) = (<Cuda as HeadMemory>::Mirror::default(), Vec::new());
    let changes = [ImageChange { light: Some(&TABLES), grey: false, flip: true }; COUNT];
    for step in 0..3 {
        device.gpu().take_uploads();
        let pixels = pixels(step);
        let images = Images { pixels: &pixels, count: COUNT, size: SIZE };
        let ahead = device.hand_over(&images, &changes).unwrap();
        let embeddings = network.train_forward_ahead(&ahead, 0, COUNT);
        let (output, d) = device.judge(&mut mirror, &mut head, &embeddings, &LABELS, (step as u64, 0));
        network.backward_maps(d);
        let mut weights = network.weights();
        weights.push((Kind::Head, device.weight(&mut mirror, head.weight())));
        optimizer.step(&*device, weights, 0.02 / (step + 1) as f64);
        assert!(device.output(output).loss.is_finite());
        let mut uploads = device.gpu().take_uploads();
        uploads.sort_unstable_by(|a, b| b.cmp(a));
        all.push(uploads);
    }
    device.check().unwrap();
    all
}

fn sgd() -> Rule<Buffer> {
    Rule::Sgd(Sgd::new(0.9, false))
}

fn adamw() -> Rule<Buffer> {
    Rule::AdamW(AdamW::new([0.9, 0.999], 1e-8))
}

/// Pixels, tables of light, a word of changes an image, and labels.
const BATCH: [usize; 4] = [3 * SIZE * SIZE * COUNT, COUNT * 768, 4 * COUNT, 4 * COUNT];

#[test]
fn after_the_first_steps_a_step_uploads_its_images_and_labels_alone() {
    if is_real() {
        return;
    }
    // The second one with squeeze and excitation.
    let cases = [(BackboneKind::Small, adamw()), (BackboneKind::GhostFaceNetV1Stride2, sgd())];
    for (kind, rule) in cases {
        let all = uploads(float32(), &design(kind), head(), rule);
        for later in &all[2..] {
            assert_eq!(later[..], BATCH, "{kind:?}");
        }
    }
}

#[test]
fn a_head_of_sampled_classes_uploads_these_too() {
    if is_real() {
        return;
    }
    let (design, head) = (design(BackboneKind::Small), head().with_sampled_classes(0.8, 3));
    let weights = network(&Arc::new(float32()), &design).weights().len() + 1;
    for later in &mut uploads(float32(), &design, head, sgd())[2..] {
        // The table of all weights has the rows' place, which may be another one in each step.
        later.retain(|bytes| *bytes != 64 * weights);
        // Four of five classes: as rows of centres to read, and to step.
        let expected = [BATCH[0], BATCH[1], 16, 16, BATCH[2], BATCH[3]];
        assert_eq!(later[..], expected);
    }
}
