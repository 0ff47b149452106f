//! Margin, softmax and cross-entropy over rows of cosines, without a stored matrix of probabilities.
//!
//! With zⱼ = s·cos θⱼ of another class, z that of the margin for the own class, and L = ln Σ over others of exp zⱼ, summed
//! in one pass that rescales whenever a larger logit appears (Milakov and Gimelshein 2018):
//!
//! - loss = ln(1 + exp(L - z)); q = 1 / (1 + exp(z - L))
//! - d loss / d cos θⱼ = s·q·exp(zⱼ - L), for the own class -s·q·(d margin / d cos θ)

use super::margin::Margin;
use crate::{Buffer, Element, Gpu, gpu::Arg, runtime::Grid, times::Work};

/// Classes of a piece: `PIECE` in `margin_softmax.cu`.
const PIECE: usize = 8192;

/// What cosines are judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// s.
    pub scale: f64,
    /// Of the own class.
    pub margin: Margin,
    /// What gradients are multiplied by, beside 1/N: what a loss is scaled by.
    pub factor: f64,
}

/// Numbers from the beginning of one row of cosines to that of the next: a whole number of memory accesses, which a row
/// of any number of classes is not.
pub fn stride(classes: usize) -> usize {
    classes.next_multiple_of(8)
}

/// Turns N rows of cosines with `classes` into `factor`·d (mean loss) / d cosine in place; what is between rows has no
/// meaning before and after. Gives four numbers a sample, float32: its loss, 1 where the own class has the largest cosine,
/// 1 where it is past the margin's turn, and the angle to the own class. `labels` are N bytes of u32.
pub fn forward_backward(
    gpu: &Gpu,
    cosines: &mut Buffer,
    classes: usize,
    labels: &Buffer,
    judgement: Judgement,
) -> Buffer {
    let (count, pieces) = (labels.len(), classes.div_ceil(PIECE));
    assert_eq!(cosines.len(), count * stride(classes), "there is one row of cosines a label");
    let float32 = |len| gpu.take(len, Element::Float32);
    let (partials, own, samples, by) =
        (float32(2 * count * pieces), float32(count), float32(4 * count), float32(3 * count));
    // Read twice: a row's sum must be known before its first gradient.
    let moved = || Work::on(&[&*cosines; 3]);
    let _time = gpu.operator("head, margin softmax", moved);
    let is_float32 = cosines.element() == Element::Float32;
    let [sums, gradients] = if is_float32 {
        ["class_sums_floats", "class_gradients_floats"]
    } else {
        ["class_sums_maps", "class_gradients_maps"]
    };
    let grid = Grid { blocks: [count as u32, pieces as u32], ..gpu.blocks(1) };
    let rows = [Arg::Buffer(cosines), Arg::Buffer(labels)];
    let sizes =
        [Arg::Int(classes as i32), Arg::Int(stride(classes) as i32), Arg::Float(judgement.scale as f32)];
    let launch = |kernel, more: &[Arg<'_>]| gpu.launch(kernel, grid, &[&rows, more, &sizes].concat());
    launch(sums, &[Arg::Buffer(&partials), Arg::Buffer(&own)]);
    judge(gpu, [&partials, &own], [&samples, &by], judgement);
    launch(gradients, &[Arg::Buffer(&by)]);
    samples
}

/// From the sums and the own cosines of rows: what is said of each sample, and what gradients are made by.
fn judge(gpu: &Gpu, [partials, own]: [&Buffer; 2], [samples, by]: [&Buffer; 2], judgement: Judgement) {
    let Judgement { scale, margin, factor } = judgement;
    let (count, (number, straight_through, [m1, m2, m3])) = (own.len(), margin.numbers());
    let arguments = [
        Arg::Buffer(partials),
        Arg::Buffer(own),
        Arg::Buffer(samples),
        Arg::Buffer(by),
        Arg::Int(count as i32),
        Arg::Int((partials.len() / (2 * count)) as i32),
        Arg::Double(scale),
        Arg::Double(factor / count as f64),
        Arg::Int(number),
        Arg::Int(i32::from(straight_through)),
        Arg::Double(m1),
        Arg::Double(m2),
        Arg::Double(m3),
    ];
    gpu.launch("margins", gpu.over(count), &arguments);
}
