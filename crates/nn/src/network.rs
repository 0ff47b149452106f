//! A backbone with its parameters on a device: what training and evaluation call.

use std::sync::Arc;

use crate::{
    backbones::{BackboneKind, Design, ShapeError, Sizes},
    backend::{Activation, Backend, MapShape, Maps},
    cpu::Cpu,
    layers::{Layer, Sequence},
    param::{Entry, EntryMut, Param},
    steps::Steps,
};

/// A batch of square images, N×H×W×3 in RGB. A network of grey images takes their luma (ITU-R BT.601), so that whoever
/// has images need not know which network reads them.
#[derive(Debug, Clone, Copy)]
pub struct Images<'a> {
    /// `count · size · size · 3` bytes.
    pub pixels: &'a [u8],
    /// Number of images.
    pub count: usize,
    /// Rows, and columns.
    pub size: usize,
}

/// A backbone with its parameters.
#[derive(Debug)]
pub struct Network<B: Backend = Cpu> {
    device: Arc<B>,
    kind: BackboneKind,
    sizes: Sizes,
    pub(crate) layers: Sequence<B>,
    /// Layers at the beginning that are frozen whole.
    pub(crate) fixed: usize,
    pub(crate) steps: Steps<B>,
    /// The forward pass that waits for its backward.
    pending: Option<Pending>,
    /// Images of the run before the next ones of training.
    first: u64,
}

/// A forward pass in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pending {
    input: MapShape,
    is_recorded: bool,
}

impl<B: Backend> Network<B> {
    /// A network at its initial values, which are a function of `seed`, names and shapes.
    pub fn new(
        device: Arc<B>,
        kind: BackboneKind,
        embedding_size: usize,
        image_size: usize,
        seed: u64,
    ) -> Result<Self, ShapeError> {
        Self::of(device, &Design::new(kind, embedding_size, image_size), seed)
    }

    /// As [`Network::new`], with all that can be asked of a backbone.
    pub fn of(device: Arc<B>, design: &Design, seed: u64) -> Result<Self, ShapeError> {
        let sizes = Sizes::new(design)?;
        let layers = design.kind.build(&*device, sizes, seed);
        let (kind, steps) = (design.kind, Steps::First);
        Ok(Self { device, kind, sizes, layers, fixed: 0, steps, pending: None, first: 0 })
    }

    /// Says how many images of the run went before those of the next forward in training: dropout draws by their number,
    /// so that a run that is gone on with draws what an undisturbed one would. It counts on from there.
    pub fn seek(&mut self, first: u64) {
        self.first = first;
    }

    /// The device it lives on.
    pub fn device(&self) -> &B {
        &self.device
    }

    pub(crate) fn device_arc(&self) -> &Arc<B> {
        &self.device
    }

    /// Which backbone it is.
    pub fn kind(&self) -> BackboneKind {
        self.kind
    }

    /// Whether steps are recorded by now, rather than done layer by layer.
    pub fn is_recorded(&self) -> bool {
        matches!(self.steps, Steps::Recorded(_))
    }

    /// Length of an embedding.
    pub fn embedding_size(&self) -> usize {
        self.sizes.embedding
    }

    /// Rows, and columns, of its images.
    pub fn image_size(&self) -> usize {
        self.sizes.image
    }

    /// Forward in training: embeddings, N × E, not normalised. Keeps what [`Network::backward`] needs.
    ///
    /// # Panics
    /// Where the images are of another size than the network's, or fewer than said.
    pub fn train_forward(&mut self, images: &Images<'_>) -> Vec<f32> {
        let embeddings = self.train_forward_maps(images);
        self.device.values(&embeddings)
    }

    /// The same, which stay on the device: N×1×1×E.
    pub fn train_forward_maps(&mut self, images: &Images<'_>) -> Maps<B> {
        let input = self.input(images);
        self.train_maps(input)
    }

    /// The same of `count` images that were handed over to the device, from number `first` of them on.
    pub fn train_forward_ahead(&mut self, ahead: &B::Ahead, first: usize, count: usize) -> Maps<B> {
        let input = self.device.handed_over(ahead, first, self.input_shape(count));
        self.train_maps(input)
    }

    /// As [`Network::train_forward`], on numbers of N×C×H×W, C = 3 or of grey images 1, that are used as they are.
    pub fn train_forward_floats(&mut self, values: &[f32], count: usize) -> Vec<f32> {
        let input = self.floats(values, count);
        let embeddings = self.train_maps(input);
        self.device.values(&embeddings)
    }

    /// Backward: writes the gradient of every parameter, from that of the embeddings, N × E.
    ///
    /// # Panics
    /// Where no forward in training went before, or the gradient is of another size than its embeddings.
    pub fn backward(&mut self, d_embedding: &[f32]) {
        let count = d_embedding.len() / self.sizes.embedding;
        let shape = MapShape { count, height: 1, width: 1, channels: self.sizes.embedding };
        self.backward_maps(self.device.maps(shape, d_embedding));
    }

    /// The same of a gradient on the device.
    pub fn backward_maps(&mut self, d_output: Maps<B>) {
        let MapShape { count, channels, .. } = d_output.shape;
        let pending = self.pending.take();
        assert_eq!(
            (Some(count), channels),
            (pending.map(|pending| pending.input.count), self.sizes.embedding),
            "backward takes the gradient of the last forward's embeddings"
        );
        let Self { device, layers, fixed, steps, .. } = self;
        match (pending, steps) {
            (Some(Pending { is_recorded: true, .. }), Steps::Recorded(recorded)) => {
                recorded.backward(&**device, &d_output);
            }
            (pending, steps) => {
                device.run(|| layers.backward_after(*fixed, &**device, Arc::new(d_output), None));
                if let Some(pending) = pending {
                    steps.done(pending.input);
                }
            }
        }
    }

    /// Forward in evaluation, with running statistics: embeddings, N × E, not normalised. An embedding does not
    /// depend on the other images of the batch.
    pub fn embed(&self, images: &Images<'_>) -> Vec<f32> {
        self.eval_maps(self.input(images))
    }

    /// As [`Network::embed`], on numbers of N×C×H×W that are used as they are.
    pub fn embed_floats(&self, values: &[f32], count: usize) -> Vec<f32> {
        self.eval_maps(self.floats(values, count))
    }

    /// The learnable parameters, in a fixed order.
    pub fn params(&self) -> Vec<&Param<B>> {
        let param = |entry| if let Entry::Param(param) = entry { Some(param) } else { None };
        self.entries().into_iter().filter_map(param).collect()
    }

    /// The learnable parameters, in the same order, to be changed.
    pub fn params_mut(&mut self) -> Vec<&mut Param<B>> {
        let param = |entry| if let EntryMut::Param(param) = entry { Some(param) } else { None };
        self.entries_mut().into_iter().filter_map(param).collect()
    }

    pub(crate) fn entries(&self) -> Vec<Entry<'_, B>> {
        let mut entries = Vec::new();
        self.layers.entries(&mut entries);
        entries
    }

    pub(crate) fn entries_mut(&mut self) -> Vec<EntryMut<'_, B>> {
        let mut entries = Vec::new();
        self.layers.entries_mut(&mut entries);
        entries
    }

    fn train_maps(&mut self, input: Maps<B>) -> Maps<B> {
        let Self { device, layers, fixed, steps, .. } = self;
        let shape = input.shape;
        Layer::seek(layers, self.first);
        self.first += shape.count as u64;
        let recorded = steps.recorded(&**device, layers, *fixed, &input);
        self.pending = Some(Pending { input: shape, is_recorded: recorded.is_some() });
        match recorded {
            Some(recorded) => recorded.forward(&**device, layers, &input),
            None => device.run(|| {
                let output = layers.train_after(*fixed, &**device, Activation::plain(input));
                device.apply(&output)
            }),
        }
    }

    fn eval_maps(&self, input: Maps<B>) -> Vec<f32> {
        let Self { device, layers, .. } = self;
        device.run(|| {
            let output = layers.eval(&**device, Activation::plain(input));
            device.values(&device.apply(&output))
        })
    }

    fn input(&self, images: &Images<'_>) -> Maps<B> {
        let shape = self.input_shape(images.count);
        assert_eq!(images.size, self.sizes.image, "the network was built for images of another size");
        assert_eq!(
            images.pixels.len(),
            3 * shape.positions(),
            "a batch holds another number of pixels than it says"
        );
        self.device.images(shape, images.pixels)
    }

    fn floats(&self, values: &[f32], count: usize) -> Maps<B> {
        let shape = self.input_shape(count);
        assert_eq!(values.len(), shape.len(), "a batch holds another number of values than it says");
        let places = shape.height * shape.width;
        let channels = shape.channels;
        let turned = values.chunks_exact(channels * places).flat_map(|image| {
            (0..channels * places).map(move |at| image[at % channels * places + at / channels])
        });
        self.device.maps(shape, &turned.collect::<Vec<_>>())
    }

    fn input_shape(&self, count: usize) -> MapShape {
        MapShape { count, height: self.sizes.image, width: self.sizes.image, channels: self.sizes.channels }
    }
}
