//! What training minimises: a loss on class centres, or one on the pairs of a batch.

use arclab_nn::{
    Maps,
    checkpoint::{Mismatch, Tensors},
    heads::{Head, HeadMemory, HeadOutput, PairHead, PairOutput, SplitHead, sampled_classes},
    optim::{Kind, Weight},
    ranks::{Exchange, Place, gather_maps, own_maps},
};
use arclab_spec::config::Config;

use super::meters::{ClassNumbers, Measured, PairNumbers};
use crate::settings::{self, Minimised};

/// A head, with what it learns on the network's device.
#[derive(Debug)]
pub(super) struct Objective<B: HeadMemory> {
    head: AnyHead,
    mirror: B::Mirror,
}

/// A head of either sort.
#[derive(Debug)]
enum AnyHead {
    Classes(Head),
    Pairs(PairHead),
    /// Some of the classes: the other ranks have the others.
    Split(SplitHead),
}

/// A word on a share of classes that has little to say, as the batch's own are always among them.
pub(super) fn sampling_note(config: &Config, classes: usize) -> Option<String> {
    let rate = config.sample_rate?;
    let (sampled, training) = (sampled_classes(rate, classes), config.training);
    let images = training.batch_size / training.accumulate;
    let each = training.sampler.map_or(1, |sampler| sampler.images_each);
    let own = classes.min(images.min(training.batch_size / each) as usize);
    (sampled <= own && sampled < classes).then(|| {
        format!(
            "`loss.sample_rate` {rate} of {classes} classes is {sampled}, and {images} images at once have up to {own} \
             classes of their own, which are always in the softmax: a smaller rate changes nothing more"
        )
    })
}

/// What it says of a batch, or of a part of one.
pub(super) struct Judged {
    pub(super) loss: f64,
    /// Sum of the embeddings' lengths.
    pub(super) norms: f64,
    pub(super) measured: Measured,
}

/// What is said of a batch, as long as the device need not have come so far.
pub(super) enum Unread<B: HeadMemory> {
    Classes(B::Judged),
    Pairs(PairOutput),
    /// Known already.
    Split(HeadOutput),
}

impl<B: HeadMemory> Unread<B> {
    /// Waits for the device.
    pub(super) fn read(self, device: &B) -> Judged {
        match self {
            Self::Classes(judged) => of_classes(&device.output(judged)),
            Self::Split(output) => of_classes(&output),
            Self::Pairs(output) => {
                let numbers =
                    PairNumbers { same: output.same, different: output.different, hinges: output.hinges };
                Judged { loss: output.loss, norms: output.norms, measured: Measured::Pairs(numbers) }
            }
        }
    }
}

fn of_classes(output: &HeadOutput) -> Judged {
    let measured = Measured::Classes(ClassNumbers {
        correct: output.correct,
        past_turn: output.past_turn,
        angles: output.angles,
        squared_angles: output.squared_angles,
    });
    Judged { loss: output.loss, norms: output.norms, measured }
}

impl<B: HeadMemory> Objective<B> {
    /// As it begins, with random weights where it has some.
    pub(super) fn new(config: &Config, classes: usize, seed: u64) -> Self {
        Self { head: AnyHead::new(config, classes, seed), mirror: B::Mirror::default() }
    }

    /// A rank's part of it, where it can be split; otherwise each rank has all of it.
    pub(super) fn split(mut self, place: Place) -> Self {
        self.head = match self.head {
            AnyHead::Classes(head) => {
                head.split(place).map_or_else(|whole| AnyHead::Classes(*whole), AnyHead::Split)
            }
            whole @ (AnyHead::Pairs(_) | AnyHead::Split(_)) => whole,
        };
        self
    }

    /// How many classes there are, where they are split over ranks.
    pub(super) fn split_classes(&self) -> Option<usize> {
        if let AnyHead::Split(head) = &self.head { Some(head.classes().1) } else { None }
    }

    /// As [`Self::judge`], of the embeddings of this rank's images and the labels of all ranks'. A head that is not split
    /// is judged by each rank for all, with the same bits.
    pub(super) fn judge_among(
        &mut self,
        exchange: &dyn Exchange<B>,
        device: &B,
        embeddings: &Maps<B>,
        labels: &[u32],
        (step, first): (u64, u64),
    ) -> (Unread<B>, Maps<B>) {
        if let Self { head: AnyHead::Split(head), mirror } = self {
            let (output, d_embeddings) = head.judge(exchange, device, mirror, embeddings, labels, step);
            return (Unread::Split(output), d_embeddings);
        }
        let all = gather_maps(exchange, device, embeddings);
        let (unread, d_embeddings) = self.judge(device, &all, labels, step, first);
        (unread, own_maps(exchange.place(), device, &d_embeddings))
    }

    /// Gradients of a part of a step's batch, that to the embeddings on the device, with what is to be said of it; `first`
    /// counts the images of all steps before it.
    pub(super) fn judge(
        &mut self,
        device: &B,
        embeddings: &Maps<B>,
        labels: &[u32],
        step: u64,
        first: u64,
    ) -> (Unread<B>, Maps<B>) {
        let Self { head, mirror } = self;
        match head {
            AnyHead::Classes(head) => {
                let (judged, d_embeddings) = device.judge(mirror, head, embeddings, labels, (step, first));
                (Unread::Classes(judged), d_embeddings)
            }
            AnyHead::Pairs(head) => {
                let (output, d_embeddings) = device.judge_pairs(mirror, head, embeddings, labels);
                (Unread::Pairs(output), d_embeddings)
            }
            AnyHead::Split(_) => unreachable!("a part of a head is judged among ranks"),
        }
    }

    /// What the optimiser changes of it: class centres or proxies, where there are some.
    pub(super) fn weight(&mut self, device: &B) -> Option<(Kind, Weight<'_, B::Numbers>)> {
        let Self { head, mirror } = self;
        head.weight().map(|host| (Kind::Head, device.weight(mirror, host)))
    }

    /// All of it, for a checkpoint.
    pub(super) fn state(&mut self, device: &B) -> Tensors {
        let Self { head, mirror } = self;
        if let Some(host) = head.weight() {
            device.pull(mirror, host);
        }
        match head {
            AnyHead::Classes(head) => head.state(),
            AnyHead::Pairs(head) => head.state(),
            AnyHead::Split(head) => head.state(),
        }
    }

    /// Brings all of it back.
    pub(super) fn load_state(&mut self, state: &Tensors) -> Result<(), Mismatch> {
        match &mut self.head {
            AnyHead::Classes(head) => head.load_state(state)?,
            AnyHead::Pairs(head) => head.load_state(state)?,
            AnyHead::Split(head) => head.load_state(state)?,
        }
        self.mirror = B::Mirror::default();
        Ok(())
    }
}

impl AnyHead {
    fn new(config: &Config, classes: usize, seed: u64) -> Self {
        let size = config.model.embedding_size as usize;
        let in_softmax = config.sample_rate.map_or(classes, |rate| sampled_classes(rate, classes));
        match settings::loss(config.loss, in_softmax, seed) {
            Minimised::Classes(loss) => {
                let entropy = settings::cross_entropy(config.cross_entropy);
                let head = Head::new(loss, classes, size, seed).with_cross_entropy(entropy);
                Self::Classes(match config.sample_rate {
                    Some(rate) => head.with_sampled_classes(rate, seed),
                    None => head,
                })
            }
            Minimised::Pairs(loss) => Self::Pairs(PairHead::new(loss, classes, size, seed)),
        }
    }

    fn weight(&mut self) -> Option<Weight<'_>> {
        match self {
            Self::Classes(head) => Some(head.weight()),
            Self::Pairs(head) => head.weight(),
            Self::Split(head) => Some(head.weight()),
        }
    }
}
