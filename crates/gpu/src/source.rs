//! The kernels' source: the prelude, and each operator's file.

use crate::Element;

const PRELUDE: &str = include_str!("ops/prelude.cuh");

/// In the order of `ops/mod.rs`.
const KERNELS: &[&str] = &[
    include_str!("ops/convolution/sizes.cuh"),
    include_str!("ops/convolution/depthwise.cu"),
    include_str!("ops/convolution/direct.cu"),
    include_str!("ops/convolution/pack.cu"),
    include_str!("ops/elementwise.cu"),
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
const MARK: &str = "extern \"C\" __global__ void ";
