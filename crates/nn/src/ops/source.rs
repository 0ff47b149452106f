//! Activations as kernels on the CPU read them.

use crate::{
    backend::{Activation, Affine, MapShape, Maps},
    cpu::Cpu,
};

/// Maps and what is still to be applied to them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) shape: MapShape,
    pub(super) data: &'a [f32],
    pub(super) affine: Option<AffineRef<'a>>,
}

/// See [`Affine`].
#[derive(Debug, Clone, Copy)]
pub(super) struct AffineRef<'a> {
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
    pub(super) slope: Option<&'a [f32]>,
}

impl<'a> AffineRef<'a> {
    /// That of `count` channels from `first` on.
    pub(super) fn part(self, first: usize, count: usize) -> Self {
        let part = |values: &'a [f32]| &values[first..][..count];
        Self { scale: part(self.scale), shift: part(self.shift), slope: self.slope.map(part) }
    }
}

impl<'a> From<&'a Affine<Cpu>> for AffineRef<'a> {
    fn from(affine: &'a Affine<Cpu>) -> Self {
        Self {
            scale: &affine.scale,
            shift: &affine.shift,
            slope: affine.slope.as_ref().map(|slope| &slope[..]),
        }
    }
}

impl<'a> From<&'a Activation<Cpu>> for Source<'a> {
    fn from(activation: &'a Activation<Cpu>) -> Self {
        Self { affine: activation.affine.as_deref().map(AffineRef::from), ..Self::from(&*activation.maps) }
    }
}

impl<'a> From<&'a Maps<Cpu>> for Source<'a> {
    fn from(maps: &'a Maps<Cpu>) -> Self {
        Self { shape: maps.shape, data: &maps.data, affine: None }
    }
}
