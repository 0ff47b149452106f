//! A head: embeddings and class centres to length 1, their cosines, a loss on these, and all gradients.

use super::{
    margin_softmax::{self, Judgement},
    matmul::{Factor, Product},
    normalise::Units,
};
use crate::{Buffer, Element, Gpu};

/// A batch before a head.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// N × E, float32, not normalised.
    pub embeddings: &'a Buffer,
    /// The class of each; where classes are sampled, its place among these.
    pub labels: &'a [u32],
    /// C × E, float32, not normalised.
    pub centres: &'a Buffer,
    /// The classes that take part; none: all.
    pub sampled: Option<&'a [u32]>,
    /// E.
    pub width: usize,
}

/// What a head says of a batch; all float32.
#[derive(Debug)]
pub struct Outcome {
    /// N × E.
    pub d_embeddings: Buffer,
    /// C × E, or of the sampled classes alone.
    pub d_centres: Buffer,
    /// N × 4: see [`margin_softmax::forward_backward`].
    pub samples: Buffer,
    /// The embeddings' lengths.
    pub lengths: Buffer,
}

/// The loss of a batch and all gradients. Rows of length 1 and cosines are kept as `element`: float32, or what feature
/// maps are kept as, which halves the memory of a head of very many classes.
///
/// # Panics
/// Where sizes do not fit, or a label or a sampled class is none of the classes.
pub fn forward_backward(gpu: &Gpu, batch: Batch<'_>, judgement: Judgement, element: Element) -> Outcome {
    forward_backward_in(gpu, batch, judgement, element, None)
}

/// The same, with the gradient to the centres where an earlier step's was, if that is as long: whoever reads it finds it in
/// one place then.
pub fn forward_backward_in(
    gpu: &Gpu,
    batch: Batch<'_>,
    judgement: Judgement,
    element: Element,
    d_centres: Option<Buffer>,
) -> Outcome {
    let Batch { embeddings, labels, centres, sampled, width } = batch;
    assert_eq!(embeddings.len(), labels.len() * width, "one embedding a label");
    let all = centres.len() / width;
    assert!(
        sampled.is_none_or(|sampled| sampled.iter().all(|&class| (class as usize) < all)),
        "a sampled class is one of {all}"
    );
    let indices = |values: &[u32]| gpu.upload_bytes(bytemuck::cast_slice(values));
    let picked = sampled.map(|sampled| (indices(sampled), sampled.len()));
    let picked = picked.as_ref().map(|(indices, count)| (indices, *count));
    let samples = Units::new(gpu, embeddings, width, None, element);
    let classes = Units::new(gpu, centres, width, picked, element);
    let (n, c) = (samples.count(), classes.count());
    assert!(labels.iter().all(|&label| (label as usize) < c), "a label is one of {c} classes");
    let [u, v] = [&samples.rows, &classes.rows];
    let between = [Factor::plain(u, width), Factor::transposed(v, width)];
    let stride = margin_softmax::stride(c);
    let cosines = Product { stride, ..Product::new(between, [n, c, width]) };
    let mut cosines = cosines.take(gpu, element);
    let outcomes = margin_softmax::forward_backward(gpu, &mut cosines, c, &indices(labels), judgement);
    let to_samples = [Factor::plain(&cosines, stride), Factor::plain(v, width)];
    let to_classes = [Factor::transposed(&cosines, stride), Factor::plain(u, width)];
    let to_samples = Product::new(to_samples, [n, width, c]).take(gpu, Element::Float32);
    let d_centres = d_centres.filter(|known| known.len() == c * width);
    let mut d_centres = d_centres.unwrap_or_else(|| gpu.take(c * width, Element::Float32));
    Product::new(to_classes, [c, width, n]).write(gpu, &mut d_centres);
    Outcome {
        d_embeddings: samples.backward(gpu, to_samples),
        d_centres: classes.backward(gpu, d_centres),
        samples: outcomes,
        lengths: samples.lengths,
    }
}
