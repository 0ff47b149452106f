//! Rows of length 1: u = x / max(‖x‖, 1e-12), and dx = (du - (du · u)·u) / ‖x‖.

use crate::{Buffer, Element, Gpu, gpu::Arg, runtime::Grid, times::Work};

/// Rows of length 1, and what their lengths were.
#[derive(Debug)]
pub struct Units {
    /// Count × width, kept as asked for.
    pub rows: Buffer,
    /// Count, float32.
    pub lengths: Buffer,
    width: usize,
}

impl Units {
    /// Of a float32 matrix whose rows are `width` long; of its rows `picked` alone where there are any.
    pub fn new(
        gpu: &Gpu,
        rows: &Buffer,
        width: usize,
        picked: Option<(&Buffer, usize)>,
        element: Element,
    ) -> Self {
        let count = picked.map_or(rows.len() / width, |(_, count)| count);
        let units = gpu.take(count * width, element);
        let lengths = gpu.take(count, Element::Float32);
        let moved = || Work::moving(&[(units.len(), Element::Float32), (units.len(), element)]);
        let _time = gpu.operator("head, rows of length 1", moved);
        let kernel = if element == Element::Float32 { "normalise_floats" } else { "normalise_maps" };
        let arguments = [
            Arg::Buffer(rows),
            Arg::Maybe(picked.map(|(picked, _)| picked)),
            Arg::Buffer(&units),
            Arg::Buffer(&lengths),
            Arg::Int(count as i32),
            Arg::Int(width as i32),
        ];
        gpu.launch(kernel, over_rows(gpu, count), &arguments);
        Self { rows: units, lengths, width }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.lengths.len()
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The gradient to the rows before normalising, from that to these, float32, in place.
    pub fn backward(&self, gpu: &Gpu, gradient: Buffer) -> Buffer {
        assert_eq!(gradient.len(), self.count() * self.width, "a gradient is as long as its rows");
        let moved = || Work::on(&[&gradient, &gradient, &self.rows]);
        let _time = gpu.operator("head, rows of length 1, backward", moved);
        let kernel = if self.rows.element() == Element::Float32 { "project_floats" } else { "project_maps" };
        let arguments = [
            Arg::Buffer(&gradient),
            Arg::Buffer(&self.rows),
            Arg::Buffer(&self.lengths),
            Arg::Int(self.count() as i32),
            Arg::Int(self.width as i32),
        ];
        gpu.launch(kernel, over_rows(gpu, self.count()), &arguments);
        gradient
    }
}

/// A warp a row.
fn over_rows(gpu: &Gpu, count: usize) -> Grid {
    gpu.over(count * 32)
}
