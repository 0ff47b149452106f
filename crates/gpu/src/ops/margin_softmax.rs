//! Margin, softmax and cross-entropy over rows of cosines, without a stored matrix of probabilities.
//!
//! With zⱼ = s·cos θⱼ of another class, z that of the margin for the own class, and L = ln Σ over others of exp zⱼ, summed
//! in one pass that rescales whenever a larger logit appears (Milakov and Gimelshein 2018):
//!
//! - loss = ln(1 + exp(L - z)); q = 1 / (1 + exp(z - L))
//! - d loss / d cos θⱼ = s·q·exp(zⱼ - L), for the own class -s·q·(d margin / d cos θ)

use super::margin::Margin;
use crate::{Buffer, Element, Gpu, gpu::Arg, runtime::Grid};

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

/// Turns N × C cosines into `factor`·d (mean loss) / d cosine in place. Gives four numbers a sample, float32: its loss, 1
/// where the own class has the largest cosine, 1 where it is past the margin's turn, and the angle to the own class.
/// `labels` has N bytes of u32.
pub fn forward_backward(gpu: &Gpu, cosines: &mut Buffer, labels: &Buffer, judgement: Judgement) -> Buffer {
    let Judgement { scale, margin, factor } = judgement;
    let count = labels.len();
    let classes = cosines.len() / count;
    let pieces = classes.div_ceil(PIECE);
    let float32 = |len| gpu.take(len, Element::Float32);
    let (partials, own, samples, by) =
        (float32(2 * count * pieces), float32(count), float32(4 * count), float32(3 * count));
    let is_float32 = cosines.element() == Element::Float32;
    let [sums, gradients] = if is_float32 {
        ["class_sums_floats", "class_gradients_floats"]
    } else {
        ["class_sums_maps", "class_gradients_maps"]
    };
    let grid = Grid { blocks: [count as u32, pieces as u32], ..gpu.blocks(1) };
    let [all, labels] = [Arg::Buffer(cosines), Arg::Buffer(labels)];
    let sizes = [Arg::Int(classes as i32), Arg::Float(scale as f32)];
    let [partials, own_cosines, by_row] = [Arg::Buffer(&partials), Arg::Buffer(&own), Arg::Buffer(&by)];
    gpu.launch(sums, grid, &[all, labels, partials, own_cosines, sizes[0], sizes[1]]);
    let (number, straight_through, [m1, m2, m3]) = margin.numbers();
    let rows = [
        partials,
        own_cosines,
        Arg::Buffer(&samples),
        by_row,
        Arg::Int(count as i32),
        Arg::Int(pieces as i32),
        Arg::Double(scale),
        Arg::Double(factor / count as f64),
        Arg::Int(number),
        Arg::Int(i32::from(straight_through)),
        Arg::Double(m1),
        Arg::Double(m2),
        Arg::Double(m3),
    ];
    gpu.launch("margins", gpu.over(count), &rows);
    gpu.launch(gradients, grid, &[all, labels, by_row, sizes[0], sizes[1]]);
    samples
}
