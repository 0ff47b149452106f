//! Where a step's time goes. Of the emulator times mean nothing, but for being there.

use std::{collections::BTreeSet, sync::Arc};

use arclab_gpu::{
    Precision, Timed, Work,
    ops::{convolution, roofline::Roofline},
};
use arclab_nn::{
    BackboneKind, Backend, Cpu, Design,
    optim::{Rule, Sgd},
};

use crate::{
    devices::{gpu, maps, shape},
    network::{design, train},
};

fn step(design: &Design) -> (Vec<Timed>, BTreeSet<&'static str>) {
    let (on_gpu, on_cpu) = (Arc::new(gpu(Precision::Bfloat16)), Arc::new(Cpu::new(2)));
    on_gpu.gpu().keep_times();
    train(&on_gpu, design, Rule::Sgd(Sgd::new(0.9, false)), 1);
    train(&on_cpu, design, Rule::Sgd(Sgd::new(0.9, false)), 1);
    (on_gpu.gpu().take_times(), on_cpu.take_times().into_keys().collect())
}

#[test]
fn every_operator_of_a_step_is_timed_under_the_cpu_s_name_and_knows_its_work() {
    let kinds = [BackboneKind::Small, BackboneKind::MobileFaceNet, BackboneKind::GhostFaceNetV1Stride2];
    for kind in kinds {
        let (runs, on_cpu) = step(&design(kind));
        let found: BTreeSet<&str> = runs.iter().map(|run| run.operator).collect();
        assert!(on_cpu.is_subset(&found), "{kind:?}: {:?}", on_cpu.difference(&found));
        for beyond in ["gradient's norm", "SGD", "product", "head, margin softmax", "batch norm, statistics"]
        {
            assert!(found.contains(beyond), "{kind:?}: {beyond}");
        }
        // A kernel that no operator launched would know of no work.
        for run in &runs {
            assert!(run.work.bytes > 0 && run.seconds >= 0.0, "{kind:?}: {run:?}");
        }
    }
}

#[test]
fn a_convolution_s_work_is_what_is_computed_by_hand() {
    let gpu = gpu(Precision::Bfloat16);
    let sizes = convolution::Convolution {
        count: 2,
        input: (6, 6),
        output: (3, 3),
        inputs: 4,
        outputs: 8,
        kernel: (3, 3),
        stride: 2,
        padding: 1,
        groups: 1,
    };
    let [x, d] = [maps(&gpu, "x", shape(2, 6, 6, 4)).data, maps(&gpu, "d", shape(2, 3, 3, 8)).data];
    let (weight, mut d_weight) = (gpu.upload(&[0.5; 288]), gpu.upload(&[0.0; 288]));
    gpu.gpu().keep_times();
    convolution::forward(gpu.gpu(), &x, &weight, &sizes);
    let also = gpu.copy(&x);
    convolution::backward_input(gpu.gpu(), &d, &weight, &sizes, Some(also));
    convolution::backward_weight(gpu.gpu(), &x, &d, &sizes, &mut d_weight);
    // 288 numbers of two bytes in x and 144 in d, and 288 of four bytes in the weight.
    let (bytes, x_bytes) = (2 * (288 + 144) + 4 * 288, 2 * 288);
    // 36 products a number of the output, of which there are 144.
    let flops = 2 * 36 * 144;
    let found: Vec<_> = gpu.gpu().take_times().into_iter().map(|run| (run.operator, run.work)).collect();
    let expected = [
        ("conv 3×3", Work { bytes, flops }),
        ("copy", Work { bytes: 2 * x_bytes, flops: 0 }),
        ("conv 3×3, to input", Work { bytes: bytes + x_bytes, flops }),
        ("conv 3×3, to weight", Work { bytes, flops }),
    ];
    assert_eq!(found, expected);
    assert!(gpu.gpu().take_times().is_empty(), "what was taken is told again");
}

#[test]
fn times_that_nobody_asked_for_are_not_kept() {
    let gpu = gpu(Precision::Float32);
    maps(&gpu, "x", shape(1, 2, 2, 3));
    gpu.copy(&gpu.upload(&[1.0]));
    assert!(gpu.gpu().take_times().is_empty());
}

#[test]
fn work_takes_as_long_as_the_slower_of_its_memory_and_its_computations() {
    let roofline = Roofline { flops_per_second: 100.0, bytes_per_second: 10.0 };
    assert_eq!(roofline.seconds(Work { bytes: 20, flops: 100 }), 2.0);
    assert_eq!(roofline.seconds(Work { bytes: 20, flops: 300 }), 3.0);
    for precision in [Precision::Float32, Precision::Bfloat16] {
        let measured = Roofline::measure(gpu(precision).gpu(), 24, 4096).unwrap();
        assert!(measured.flops_per_second > 0.0 && measured.flops_per_second.is_finite(), "{measured:?}");
        assert!(measured.bytes_per_second > 0.0 && measured.bytes_per_second.is_finite(), "{measured:?}");
    }
}
