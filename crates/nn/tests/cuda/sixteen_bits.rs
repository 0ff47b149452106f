//! Networks whose maps are kept in sixteen bits.

use std::{collections::BTreeMap, sync::Arc};

use arclab_gpu::Precision;
use arclab_nn::{
    BackboneKind, Backend, Cpu, Cuda, Images, Network,
    heads::HeadMemory,
    optim::{Kind, Rule, Sgd},
};
use candle_core::Tensor;

use crate::{
    devices::gpu,
    network::{
        COUNT, LABELS, SIZE, cosine, cosines, design, head, network, optimizer, pixels, train, values,
    },
};

#[test]
fn sixteen_bits_embed_nearly_as_float32_does() {
    let design = design(BackboneKind::Small);
    let rule = || Sgd::new(0.9, false);
    let expected = train(&Arc::new(Cpu::new(2)), &design, Rule::Sgd(rule()), 2);
    let (bfloat16, float16) = (Arc::new(gpu(Precision::Bfloat16)), Arc::new(gpu(Precision::Float16)));
    let found = train(&bfloat16, &design, Rule::Sgd(Sgd::new(0.9, false)), 2);
    assert!(cosines(&found.embeddings, &expected.embeddings).all(|cosine| cosine > 0.98));
    // Its first steps are left out, until the loss is scaled so that gradients fit.
    let expected = train(&Arc::new(Cpu::new(2)), &design, Rule::Sgd(rule()), 0);
    let found = train(&float16, &design, Rule::Sgd(Sgd::new(0.9, false)), 0);
    assert!(cosines(&found.embeddings, &expected.embeddings).all(|cosine| cosine > 0.9999));
}

/// One step of float16 on one batch, tried until the loss is scaled so that its gradients fit. Gives how often it was tried.
fn scaled_step(device: &Arc<Cuda>, network: &mut Network<Cuda>) -> usize {
    let (mut head, mut mirror) = (head(), None);
    let mut optimizer = optimizer(Rule::Sgd(Sgd::new(0.9, false)));
    let pixels = pixels(0);
    for tries in 1..=16 {
        let embeddings = network.train_forward_maps(&Images { pixels: &pixels, count: COUNT, size: SIZE });
        let (_, d) = device.judge(&mut mirror, &mut head, &embeddings, &LABELS, (0, 0));
        network.backward_maps(d);
        let mut weights = network.weights();
        weights.push((Kind::Head, device.weight(&mut mirror, head.weight())));
        if optimizer.step(&**device, weights, 0.02).is_finite() {
            return tries;
        }
        assert!(device.forgives_overflow());
    }
    panic!("no scale of the loss gives a finite gradient");
}

#[test]
fn a_step_of_float16_is_that_of_float32_once_its_gradients_fit() {
    let (design, device) = (design(BackboneKind::Small), Arc::new(gpu(Precision::Float16)));
    let mut found = network(&device, &design);
    let before: Vec<Vec<f32>> = found.params().iter().map(|param| device.download(&param.value)).collect();
    assert!(scaled_step(&device, &mut found) > 1, "nothing was left out");
    let on_cpu = train(&Arc::new(Cpu::new(2)), &design, Rule::Sgd(Sgd::new(0.9, false)), 1);
    let expected: BTreeMap<String, Tensor> = on_cpu.state.into_iter().collect();
    // All parameters together: of a shift that a batch norm takes away again, the gradient is nothing but rounding.
    let (mut steps, mut expected_steps) = (Vec::new(), Vec::new());
    for (param, before) in found.params().into_iter().zip(before) {
        let step =
            |values: Vec<f32>| values.into_iter().zip(before.clone()).map(|(after, before)| after - before);
        steps.extend(step(device.download(&param.value)));
        expected_steps.extend(step(values(&expected[&param.name])));
    }
    let cosine = cosine(&steps, &expected_steps);
    assert!(cosine > 0.999, "{cosine}");
}
