//! Two activations side by side, as ghost modules put theirs.
//!
//! - z\[·, c\] = f(a)\[·, c\] for c < A, else g(b)\[·, c - A\], with A the channels of a
//! - da = dz\[·, ..A\], db = dz\[·, A..\], both gradients to the normalised activations

use rayon::prelude::*;

use pulp::{Simd, WithSimd};

use super::{
    elementwise::{POSITIONS, value, vectors},
    source::Source,
};
use crate::{
    backend::{Activation, MapShape, Maps},
    cpu::{Cpu, each_vector},
};

/// See [`crate::Backend::join`].
pub(crate) fn forward(cpu: &Cpu, a: &Activation<Cpu>, b: &Activation<Cpu>) -> Maps<Cpu> {
    let (first, second) = (a.shape().channels, b.shape().channels);
    assert_eq!(
        a.shape(),
        MapShape { channels: first, ..b.shape() },
        "what is joined differs in channels alone"
    );
    let mut maps = cpu.take_maps(MapShape { channels: first + second, ..a.shape() });
    let (a, b) = (Source::from(a), Source::from(b));
    let inputs = a.data.par_chunks(POSITIONS * first).zip(b.data.par_chunks(POSITIONS * second));
    let tasks = maps.data.par_chunks_mut(POSITIONS * (first + second)).zip(inputs);
    tasks.for_each(|(out, (of_a, of_b))| {
        cpu.kernels().run(Place {
            source: Source { data: of_a, ..a },
            out: &mut *out,
            at: 0,
            width: first + second,
        });
        cpu.kernels().run(Place {
            source: Source { data: of_b, ..b },
            out,
            at: first,
            width: first + second,
        });
    });
    maps
}

/// See [`crate::Backend::split`].
pub(crate) fn backward(cpu: &Cpu, d_output: &Maps<Cpu>, first: usize) -> [Maps<Cpu>; 2] {
    let MapShape { channels, .. } = d_output.shape;
    let widths = [first, channels - first];
    let [mut a, mut b] = widths.map(|channels| cpu.take_maps(MapShape { channels, ..d_output.shape }));
    let outputs =
        a.data.par_chunks_mut(POSITIONS * widths[0]).zip(b.data.par_chunks_mut(POSITIONS * widths[1]));
    d_output.data.par_chunks(POSITIONS * channels).zip(outputs).for_each(|(d, (a, b))| {
        let places = a.chunks_exact_mut(widths[0]).zip(b.chunks_exact_mut(widths[1]));
        for (d, (a, b)) in d.chunks_exact(channels).zip(places) {
            a.copy_from_slice(&d[..first]);
            b.copy_from_slice(&d[first..]);
        }
    });
    [a, b]
}

/// Writes a normalised source into channels `at..` of `width`.
struct Place<'a> {
    source: Source<'a>,
    out: &'a mut [f32],
    at: usize,
    width: usize,
}

impl WithSimd for Place<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { source, out, at, width } = self;
        let channels = source.shape.channels;
        each_vector!(S, channels, lanes => {
            let affine = vectors(simd, source.affine, lanes);
            for (index, start) in (0..source.data.len()).step_by(channels).enumerate() {
                let z = value(simd, affine, lanes.load(simd, source.data, start));
                lanes.store(simd, out, index * width + at, z);
            }
        });
    }
}
