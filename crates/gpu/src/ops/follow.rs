//! Moving averages of all weights, and means of gradients over a batch's parts, each in one launch.

use super::tensors::Tensors;
use crate::{Buffer, Gpu, gpu::Arg};

/// average ← average + share·(value - average) of each pair; numbers that are equal stay so to the bit.
pub fn follow(gpu: &Gpu, pairs: &[(&mut Buffer, &Buffer)], share: f32) {
    over(gpu, "follow", pairs, share);
}

/// mean ← mean + share·gradient of each pair; where it begins anew, mean ← share·gradient.
pub fn add_share(gpu: &Gpu, pairs: &[(&mut Buffer, &Buffer)], share: f32, is_first: bool) {
    over(gpu, if is_first { "share" } else { "add_share" }, pairs, share);
}

fn over(gpu: &Gpu, kernel: &'static str, pairs: &[(&mut Buffer, &Buffer)], share: f32) {
    let mut tensors = Tensors::default();
    for (to, from) in pairs {
        assert_eq!(to.len(), from.len(), "what follows a tensor is as long");
        tensors.add(&[to, from]);
    }
    let _time = gpu.operator("average", || tensors.work(3));
    tensors.launch(gpu, kernel, &[Arg::Float(share)]);
}
