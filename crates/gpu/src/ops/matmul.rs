//! Matrix products, summed in float32: cuBLAS's on a GPU, and a plain kernel's in the emulator.

use crate::{Buffer, Element, Gpu, gpu::Arg, times::Work};

/// A matrix, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Factor<'a> {
    /// Its numbers: float32, or as feature maps are kept.
    pub values: &'a Buffer,
    /// Numbers from the beginning of one row, as it is stored, to that of the next.
    pub stride: usize,
    /// Whether the product is of its transpose.
    pub transposed: bool,
}

/// out ← alpha·a·b + beta·out.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    /// Rows × inner; both factors are kept alike.
    pub a: Factor<'a>,
    /// Inner × columns.
    pub b: Factor<'a>,
    /// Of the outcome.
    pub rows: usize,
    /// Of the outcome.
    pub columns: usize,
    /// Products that a number of the outcome is the sum of.
    pub inner: usize,
    /// Numbers from the beginning of one row of the outcome to that of the next.
    pub stride: usize,
    /// What the product is multiplied by.
    pub alpha: f32,
    /// What remains of the outcome as it was; at 0 it need not be numbers.
    pub beta: f32,
    /// Whether factors of float32 may be rounded to 10 bits of mantissa.
    pub is_tf32: bool,
}

impl<'a> Factor<'a> {
    /// A matrix as it is.
    pub fn plain(values: &'a Buffer, stride: usize) -> Self {
        Self { values, stride, transposed: false }
    }

    /// The transpose of a matrix.
    pub fn transposed(values: &'a Buffer, stride: usize) -> Self {
        Self { values, stride, transposed: true }
    }

    /// Whether it is a matrix of so many rows and columns once it is transposed, if it is.
    fn is_of(&self, rows: usize, columns: usize) -> bool {
        let [rows, columns] = if self.transposed { [columns, rows] } else { [rows, columns] };
        self.stride >= columns && self.values.len() == rows * self.stride
    }
}

impl<'a> Product<'a> {
    /// a·b, whose rows lie one after the other.
    pub fn new([a, b]: [Factor<'a>; 2], [rows, columns, inner]: [usize; 3]) -> Self {
        Self { a, b, rows, columns, inner, stride: columns, alpha: 1.0, beta: 0.0, is_tf32: false }
    }

    /// The outcome, kept as `element`.
    pub fn take(&self, gpu: &Gpu, element: Element) -> Buffer {
        let mut out = gpu.take(self.rows * self.stride, element);
        self.write(gpu, &mut out);
        out
    }

    /// Changes `out`, which is float32 or kept as the factors are. What is between its rows stays.
    ///
    /// # Panics
    /// Where sizes or kinds of numbers do not fit.
    pub fn write(&self, gpu: &Gpu, out: &mut Buffer) {
        let Self { a, b, rows, columns, inner, stride, .. } = *self;
        let does_fit = stride >= columns && out.len() == rows * stride;
        assert!(
            does_fit && a.is_of(rows, inner) && b.is_of(inner, columns),
            "a product's matrices fit each other"
        );
        let kernel = self.kernel(out.element());
        let _time = gpu.operator("product", || Work {
            flops: 2 * rows * columns * inner,
            ..Work::on(&[a.values, b.values, out])
        });
        match gpu.unless_failed(|| gpu.runtime.cublas()) {
            Some(Some(cublas)) => {
                gpu.unless_failed(|| cublas.multiply(self, out));
            }
            Some(None) => gpu.launch(kernel, gpu.over(rows * columns), &self.arguments(out)),
            None => {}
        }
    }

    fn kernel(&self, out: Element) -> &'static str {
        let factors = self.a.values.element();
        assert_eq!(factors, self.b.values.element(), "both factors of a product are kept alike");
        match (factors, out) {
            (Element::Float32, Element::Float32) => "multiply_floats",
            (_, Element::Float32) => "multiply_maps_to_floats",
            (_, _) => {
                assert_eq!(factors, out, "a product is float32 or kept as its factors are");
                "multiply_maps"
            }
        }
    }

    fn arguments<'b>(&'b self, out: &'b Buffer) -> [Arg<'b>; 12] {
        let turned = i32::from(self.a.transposed) + 2 * i32::from(self.b.transposed);
        [
            Arg::Buffer(self.a.values),
            Arg::Buffer(self.b.values),
            Arg::Buffer(out),
            Arg::Int(self.rows as i32),
            Arg::Int(self.columns as i32),
            Arg::Int(self.inner as i32),
            Arg::Int(self.a.stride as i32),
            Arg::Int(self.b.stride as i32),
            Arg::Int(self.stride as i32),
            Arg::Int(turned),
            Arg::Float(self.alpha),
            Arg::Float(self.beta),
        ]
    }
}
