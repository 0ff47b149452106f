//! A head on the network's device.
//!
//! The margin softmaxes are computed by the GPU itself, with centres that stay there. Any other loss is computed on the CPU:
//! the head's own copy of its centres is brought up to date before, and the gradients are taken to the device after. Beside
//! candle's tensors all losses are.

use arclab_gpu::{
    Buffer, Element,
    ops::{
        elementwise, head as on_gpu,
        margin::{self, Margin},
        margin_softmax::Judgement,
    },
};

use super::{
    ArcFace, Combined, CosFace, CrossEntropy, Head, HeadOutput, Loss, MarginGradient, NormFace, PairHead,
    PairOutput, PastTurn,
};
use crate::{
    backend::{Backend, Maps},
    candle::Candle,
    cpu::Cpu,
    cuda::Cuda,
    optim::Weight,
};

/// A device that can hold what a head learns.
pub trait HeadMemory: Backend {
    /// What a head learns, and its gradient, on the device; nothing before it is first asked for.
    type Mirror: std::fmt::Debug + Default + Send;

    /// What a head says of a batch, as long as it need not be known.
    type Judged: std::fmt::Debug;

    /// As [`Head::forward_backward_part`] after so many steps and samples, of embeddings on the device, with the gradient to
    /// them there, too, and not in the output.
    fn judge(
        &self,
        mirror: &mut Self::Mirror,
        head: &mut Head,
        embeddings: &Maps<Self>,
        labels: &[u32],
        at: (u64, u64),
    ) -> (Self::Judged, Maps<Self>);

    /// What the head said, once the device has come so far.
    fn output(&self, judged: Self::Judged) -> HeadOutput;

    /// As [`PairHead::forward_backward`].
    fn judge_pairs(
        &self,
        mirror: &mut Self::Mirror,
        head: &mut PairHead,
        embeddings: &Maps<Self>,
        labels: &[u32],
    ) -> (PairOutput, Maps<Self>);

    /// Brings the head's own copy up to date.
    fn pull(&self, mirror: &Self::Mirror, host: Weight<'_>);

    /// Takes the gradient of the head's own copy to the device.
    fn push(&self, mirror: &mut Self::Mirror, host: Weight<'_>);

    /// What the optimiser changes.
    fn weight<'a>(&self, mirror: &'a mut Self::Mirror, host: Weight<'a>) -> Weight<'a, Self::Numbers>;
}

impl HeadMemory for Cpu {
    /// The head's own memory is the device's.
    type Mirror = ();
    type Judged = HeadOutput;

    fn judge(
        &self,
        (): &mut (),
        head: &mut Head,
        embeddings: &Maps<Self>,
        labels: &[u32],
        (step, first): (u64, u64),
    ) -> (HeadOutput, Maps<Self>) {
        let output = self.run(|| head.forward_backward_part(&embeddings.data, labels, step, first));
        let d_embeddings = self.maps(embeddings.shape, &output.d_embeddings);
        (output, d_embeddings)
    }

    fn judge_pairs(
        &self,
        (): &mut (),
        head: &mut PairHead,
        embeddings: &Maps<Self>,
        labels: &[u32],
    ) -> (PairOutput, Maps<Self>) {
        let output = self.run(|| head.forward_backward(&embeddings.data, labels));
        let d_embeddings = self.maps(embeddings.shape, &output.d_embeddings);
        (output, d_embeddings)
    }

    fn output(&self, judged: HeadOutput) -> HeadOutput {
        judged
    }

    fn pull(&self, (): &(), _host: Weight<'_>) {}

    fn push(&self, (): &mut (), _host: Weight<'_>) {}

    fn weight<'a>(&self, (): &'a mut (), host: Weight<'a>) -> Weight<'a> {
        host
    }
}

/// What a head learns on another device than the CPU, float32.
#[derive(Debug)]
pub struct Mirrored<V> {
    value: V,
    /// None before the first step.
    gradient: Option<V>,
}

/// What a head said of a batch: on the CPU, or numbers that the GPU has or will have.
#[derive(Debug)]
pub enum Judged {
    /// Known.
    Here(HeadOutput),
    /// Four numbers of each sample, then the embeddings' lengths.
    There(Buffer),
}

impl HeadMemory for Cuda {
    type Mirror = Option<Mirrored<Self::Buffer>>;
    type Judged = Judged;

    fn judge(
        &self,
        mirror: &mut Self::Mirror,
        head: &mut Head,
        embeddings: &Maps<Self>,
        labels: &[u32],
        at: (u64, u64),
    ) -> (Judged, Maps<Self>) {
        if let Some(judgement) = judgement(head, f64::from(self.loss_scale())) {
            return self.judge_here(mirror, head, judgement, embeddings, labels, at.0);
        }
        let beside = Beside { device: self, mirror, scale: self.loss_scale() };
        let (output, d_embeddings) = beside.judge(head, embeddings, labels, at);
        (Judged::Here(output), d_embeddings)
    }

    fn output(&self, judged: Judged) -> HeadOutput {
        match judged {
            Judged::Here(output) => output,
            Judged::There(numbers) => output(&self.download(&numbers)),
        }
    }

    fn judge_pairs(
        &self,
        mirror: &mut Self::Mirror,
        head: &mut PairHead,
        embeddings: &Maps<Self>,
        labels: &[u32],
    ) -> (PairOutput, Maps<Self>) {
        Beside { device: self, mirror, scale: self.loss_scale() }.judge_pairs(head, embeddings, labels)
    }

    fn pull(&self, mirror: &Self::Mirror, host: Weight<'_>) {
        pull(self, mirror.as_ref(), host.value);
    }

    fn push(&self, mirror: &mut Self::Mirror, host: Weight<'_>) {
        Beside { device: self, mirror, scale: self.loss_scale() }.push(&host);
    }

    fn weight<'a>(&self, mirror: &'a mut Self::Mirror, host: Weight<'a>) -> Weight<'a, Self::Buffer> {
        weight(self, mirror, host)
    }
}

impl HeadMemory for Candle {
    type Mirror = Option<Mirrored<Self::Buffer>>;
    type Judged = HeadOutput;

    fn judge(
        &self,
        mirror: &mut Self::Mirror,
        head: &mut Head,
        embeddings: &Maps<Self>,
        labels: &[u32],
        at: (u64, u64),
    ) -> (HeadOutput, Maps<Self>) {
        Beside { device: self, mirror, scale: 1.0 }.judge(head, embeddings, labels, at)
    }

    fn output(&self, judged: HeadOutput) -> HeadOutput {
        judged
    }

    fn judge_pairs(
        &self,
        mirror: &mut Self::Mirror,
        head: &mut PairHead,
        embeddings: &Maps<Self>,
        labels: &[u32],
    ) -> (PairOutput, Maps<Self>) {
        Beside { device: self, mirror, scale: 1.0 }.judge_pairs(head, embeddings, labels)
    }

    fn pull(&self, mirror: &Self::Mirror, host: Weight<'_>) {
        pull(self, mirror.as_ref(), host.value);
    }

    fn push(&self, mirror: &mut Self::Mirror, host: Weight<'_>) {
        Beside { device: self, mirror, scale: 1.0 }.push(&host);
    }

    fn weight<'a>(&self, mirror: &'a mut Self::Mirror, host: Weight<'a>) -> Weight<'a, Self::Buffer> {
        weight(self, mirror, host)
    }
}

/// A loss on the CPU beside a device that has the rest.
struct Beside<'a, B: Backend> {
    device: &'a B,
    mirror: &'a mut Option<Mirrored<B::Buffer>>,
    /// By what the device scales the loss.
    scale: f32,
}

impl<B: Backend> Beside<'_, B> {
    fn judge(
        self,
        head: &mut Head,
        embeddings: &Maps<B>,
        labels: &[u32],
        (step, first): (u64, u64),
    ) -> (HeadOutput, Maps<B>) {
        let device = self.device;
        pull(device, self.mirror.as_ref(), head.weight().value);
        let output = head.forward_backward_part(&device.values(embeddings), labels, step, first);
        let d_embeddings = device.maps(embeddings.shape, &self.scaled(&output.d_embeddings));
        self.push(&head.weight());
        (output, d_embeddings)
    }

    fn judge_pairs(self, head: &mut PairHead, embeddings: &Maps<B>, labels: &[u32]) -> (PairOutput, Maps<B>) {
        let device = self.device;
        if let Some(host) = head.weight() {
            pull(device, self.mirror.as_ref(), host.value);
        }
        let output = head.forward_backward(&device.values(embeddings), labels);
        let d_embeddings = device.maps(embeddings.shape, &self.scaled(&output.d_embeddings));
        if let Some(host) = head.weight() {
            self.push(&host);
        }
        (output, d_embeddings)
    }

    /// Gradients of the loss as it is scaled.
    fn scaled(&self, gradient: &[f32]) -> Vec<f32> {
        gradient.iter().map(|value| value * self.scale).collect()
    }

    /// Takes the head's gradient to the device.
    fn push(self, host: &Weight<'_>) {
        let gradient = self.device.upload(&self.scaled(host.gradient));
        mirrored(self.device, self.mirror, host.value).gradient = Some(gradient);
    }
}

/// What a device has of a head, from the head's own copy where it has nothing yet.
fn mirrored<'a, B: Backend>(
    device: &B,
    mirror: &'a mut Option<Mirrored<B::Buffer>>,
    value: &[f32],
) -> &'a mut Mirrored<B::Buffer> {
    mirror.get_or_insert_with(|| Mirrored { value: device.upload(value), gradient: None })
}

fn pull<B: Backend>(device: &B, mirror: Option<&Mirrored<B::Buffer>>, host: &mut [f32]) {
    if let Some(mirror) = mirror {
        host.copy_from_slice(&device.download(B::numbers(&mirror.value)));
    }
}

fn weight<'a, B: Backend>(
    device: &B,
    mirror: &'a mut Option<Mirrored<B::Buffer>>,
    host: Weight<'a>,
) -> Weight<'a, B::Numbers> {
    let Weight { name, value, gradient, rows } = host;
    let Mirrored { value, gradient: mirrored } = mirrored(device, mirror, value);
    let gradient = mirrored.get_or_insert_with(|| device.upload(gradient));
    Weight { name, value: B::numbers_mut(value), gradient: B::numbers(gradient), rows }
}

/// What the GPU can judge by itself; nothing where a loss or its cross-entropy is another one.
fn judgement(head: &Head, factor: f64) -> Option<Judgement> {
    let (scale, margin) = match head.loss {
        Loss::ArcFace(loss) => (loss.scale, arc(&loss)),
        Loss::CosFace(CosFace { scale, margin }) => (scale, Margin::Cosine { margin }),
        Loss::NormFace(NormFace { scale }) => (scale, Margin::Cosine { margin: 0.0 }),
        Loss::Combined(loss) => {
            let Combined { scale, multiplier, margin, cosine_margin } = loss;
            (scale, Margin::Combined { multiplier, margin, cosine_margin })
        }
        Loss::SubCentre(_)
        | Loss::SphereFace(_)
        | Loss::CurricularFace(_)
        | Loss::MagFace(_)
        | Loss::AdaFace(_)
        | Loss::ElasticFace(_)
        | Loss::AdaCos(_) => return None,
    };
    (head.cross_entropy == CrossEntropy::Plain).then_some(Judgement { scale, margin, factor })
}

fn arc(loss: &ArcFace) -> Margin {
    let past_turn = match loss.past_turn {
        PastTurn::Plain => margin::PastTurn::Plain,
        PastTurn::Linear => margin::PastTurn::Linear,
        PastTurn::Easy => margin::PastTurn::Easy,
        PastTurn::Clip => margin::PastTurn::Clip,
    };
    let straight_through = loss.gradient == MarginGradient::StraightThrough;
    Margin::Arc { margin: loss.margin, past_turn, straight_through }
}

impl Cuda {
    fn judge_here(
        &self,
        mirror: &mut <Self as HeadMemory>::Mirror,
        head: &mut Head,
        judgement: Judgement,
        embeddings: &Maps<Self>,
        labels: &[u32],
        step: u64,
    ) -> (Judged, Maps<Self>) {
        head.draw(labels, step);
        let labels = head.labels_of_step(labels);
        let mirror = mirrored(self, mirror, &head.centres);
        // The next one takes its place: of very many classes there is no room for two.
        let d_centres = mirror.gradient.take();
        let floats = elementwise::convert(self.gpu(), &embeddings.data, Element::Float32);
        let batch = on_gpu::Batch {
            embeddings: floats.as_ref().unwrap_or(&embeddings.data),
            labels: &labels,
            centres: &mirror.value,
            sampled: head.sampling.map(|_| &*head.sampled),
            width: head.embedding_size,
        };
        let outcome = on_gpu::forward_backward_in(self.gpu(), batch, judgement, self.head, d_centres);
        let on_gpu::Outcome { d_embeddings, d_centres, samples, lengths } = outcome;
        mirror.gradient = Some(d_centres);
        let converted = elementwise::convert(self.gpu(), &d_embeddings, self.gpu().element());
        let data = converted.unwrap_or(d_embeddings);
        // In one piece, so that the program waits for the GPU once.
        (Judged::There(self.gpu().joined(&[&samples, &lengths])), Maps { shape: embeddings.shape, data })
    }
}

/// Four numbers of each sample, then the embeddings' lengths, put together.
fn output(numbers: &[f32]) -> HeadOutput {
    let (samples, lengths) = numbers.split_at(numbers.len() / 5 * 4);
    let samples = samples.as_chunks::<4>().0;
    let sum = |of: fn(&[f32; 4]) -> f64| samples.iter().map(of).sum::<f64>();
    HeadOutput {
        loss: sum(|sample| f64::from(sample[0])) / samples.len() as f64,
        d_embeddings: Vec::new(),
        correct: sum(|sample| f64::from(sample[1])) as usize,
        past_turn: sum(|sample| f64::from(sample[2])) as usize,
        angles: sum(|sample| f64::from(sample[3])),
        squared_angles: sum(|sample| f64::from(sample[3]).powi(2)),
        norms: lengths.iter().map(|length| f64::from(*length)).sum(),
    }
}
