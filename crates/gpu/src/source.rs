//! The kernels' source: what they share, and each operator's file.

use crate::Element;

const PRELUDE: &str = concat!(include_str!("ops/prelude.cuh"), include_str!("ops/channels.cuh"));

/// What kernels share comes before them.
const KERNELS: &[&str] = &[
    include_str!("ops/elementwise.cu"),
    include_str!("ops/images.cu"),
    include_str!("ops/matmul.cu"),
    include_str!("ops/tensors.cu"),
    include_str!("ops/adamw.cu"),
    include_str!("ops/follow.cu"),
    include_str!("ops/margin.cu"),
    include_str!("ops/margin_softmax.cu"),
    include_str!("ops/norm.cu"),
    include_str!("ops/normalise.cu"),
    include_str!("ops/sgd.cu"),
    include_str!("ops/batch_norm.cu"),
    include_str!("ops/dropout.cu"),
    include_str!("ops/gate.cu"),
    include_str!("ops/hard_sigmoid.cu"),
    include_str!("ops/join.cu"),
    include_str!("ops/moments.cu"),
    include_str!("ops/prelu.cu"),
    include_str!("ops/roofline.cu"),
    include_str!("ops/sums.cu"),
    include_str!("ops/convolution/sizes.cuh"),
    include_str!("ops/convolution/depthwise.cu"),
    include_str!("ops/convolution/direct.cu"),
    include_str!("ops/convolution/pack.cu"),
];

/// All kernels for numbers of one kind, as one translation unit.
pub(crate) fn source(element: Element) -> String {
    let mut all = format!("#define ELEMENT {}\n{PRELUDE}", element.number());
    all.extend(KERNELS.iter().copied());
    all
}

/// The names of all kernels.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let declared = KERNELS.iter().flat_map(|kernels| kernels.split(MARK).skip(1));
    declared.map(|rest| rest.split('(').next().unwrap_or_default().trim())
}

/// What comes before the name of each.
const MARK: &str = " __global__ void ";
