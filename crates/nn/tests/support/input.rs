//! What operators read: maps, with or without a normalisation that they apply.

use std::sync::Arc;

use arclab_nn::{Activation, Affine, Backend, Cpu, MapShape, Maps};

use crate::support::fill;

pub(crate) struct Input {
    pub(crate) shape: MapShape,
    pub(crate) x: Vec<f32>,
    /// Scale, shift and slope of each channel.
    pub(crate) factors: Option<[Vec<f32>; 3]>,
}

impl Input {
    pub(crate) fn new(name: &str, shape: MapShape, affine: bool) -> Self {
        let factor = |factor: &str| fill(&format!("{name}.{factor}"), shape.channels);
        let factors = affine.then(|| ["scale", "shift", "slope"].map(factor));
        Self { shape, x: fill(name, shape.len()), factors }
    }

    pub(crate) fn activation(&self, cpu: &Cpu) -> Activation<Cpu> {
        let affine = self.factors.as_ref().map(|factors| {
            let [scale, shift, slope] = factors.each_ref().map(|values| cpu.upload(values));
            Arc::new(Affine { scale, shift, slope: Some(Arc::new(slope)) })
        });
        Activation { maps: Arc::new(Maps { shape: self.shape, data: cpu.upload(&self.x) }), affine }
    }
}
