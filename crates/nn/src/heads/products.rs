//! Products of rows, on the processor's fastest vectors: the same bits whichever these are, as no product is fused
//! with its sum and every sum has one order.

#![expect(
    clippy::inline_always,
    reason = "what kernels call must be compiled for the instruction set they run on"
)]

use pulp::{Simd, WithSimd};

use crate::cpu::{Kernels, each_vector};

/// Partial sums of a dot product: as many as the widest vector registers hold, and always the same.
const LANES: usize = 16;
/// Rows at a time: one pass over what they have in common.
const ROWS: usize = 4;

/// a · b.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut product = [0.0];
    dots(a, b, &mut product);
    product[0]
}

/// The product of `row` with each of `rows`, which lie one after the other.
pub(super) fn dots(row: &[f32], rows: &[f32], products: &mut [f32]) {
    Kernels::best().run(Dots { row, rows, products });
}

/// out ← out + Σ over j of weights\[j\]·rows\[j\], in order.
pub(super) fn add_weighted(out: &mut [f32], weights: &[f32], rows: &[f32]) {
    Kernels::best().run(AddWeighted { out, weights, rows });
}

struct Dots<'a> {
    row: &'a [f32],
    rows: &'a [f32],
    products: &'a mut [f32],
}

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { row, rows, products } = self;
        let width = row.len();
        let (whole, rest) = products.as_chunks_mut::<ROWS>();
        let (rows, last) = rows.split_at(whole.len() * ROWS * width);
        for (products, rows) in whole.iter_mut().zip(rows.chunks_exact(ROWS * width)) {
            *products = several::<S, ROWS>(simd, row, rows);
        }
        for (product, other) in rest.iter_mut().zip(last.chunks_exact(width)) {
            [*product] = several::<S, 1>(simd, row, other);
        }
    }
}

/// The products of `row` with `N` rows.
#[inline(always)]
fn several<S: Simd, const N: usize>(simd: S, row: &[f32], rows: &[f32]) -> [f32; N] {
    let vectors = row.len() / LANES * (LANES / S::F32_LANES);
    let own = &S::as_simd_f32s(row).0[..vectors];
    // As many vectors as hold the partial sums: one of AVX-512, two of others.
    let mut sums = [[simd.splat_f32s(0.0); 2]; N];
    for at in (0..vectors).step_by(LANES / S::F32_LANES) {
        for n in 0..N {
            let other = &S::as_simd_f32s(&rows[n * row.len()..][..row.len()]).0[..vectors];
            for part in 0..LANES / S::F32_LANES {
                sums[n][part] = simd.add_f32s(sums[n][part], simd.mul_f32s(own[at + part], other[at + part]));
            }
        }
    }
    let mut products = [0.0; N];
    let summed = vectors * S::F32_LANES;
    for n in 0..N {
        let lanes: &[f32] = bytemuck::cast_slice(&sums[n]);
        let mut tail = 0.0;
        for (a, b) in row[summed..].iter().zip(&rows[n * row.len()..][summed..row.len()]) {
            tail += a * b;
        }
        let mut sum = 0.0;
        for lane in &lanes[..LANES] {
            sum += lane;
        }
        products[n] = sum + tail;
    }
    products
}

struct AddWeighted<'a> {
    out: &'a mut [f32],
    weights: &'a [f32],
    rows: &'a [f32],
}

impl WithSimd for AddWeighted<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { out, weights, rows } = self;
        let width = out.len();
        let (whole, rest) = weights.as_chunks::<ROWS>();
        let (rows, last) = rows.split_at(whole.len() * ROWS * width);
        for (weights, rows) in whole.iter().zip(rows.chunks_exact(ROWS * width)) {
            add_several::<S, ROWS>(simd, out, weights, rows);
        }
        for (weight, row) in rest.iter().zip(last.chunks_exact(width)) {
            add_several::<S, 1>(simd, out, &[*weight], row);
        }
    }
}

#[inline(always)]
fn add_several<S: Simd, const N: usize>(simd: S, out: &mut [f32], weights: &[f32; N], rows: &[f32]) {
    let width = out.len();
    each_vector!(S, width, lanes => {
        let mut sum = lanes.load(simd, out, 0);
        for (n, weight) in weights.iter().enumerate() {
            let product = simd.mul_f32s(simd.splat_f32s(*weight), lanes.load(simd, rows, n * width));
            sum = simd.add_f32s(sum, product);
        }
        lanes.store(simd, out, 0, sum);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_product_counts_every_element() {
        let a: Vec<f32> = (1..=37).map(|i| i as f32).collect();
        // The sum of squares to 37: 37 · 38 · 75 / 6.
        assert_eq!(dot(&a, &a), 17_575.0);
    }

    #[test]
    fn rows_taken_together_give_what_each_gives_alone() {
        for (width, count) in [(1, 1), (5, 3), (16, 4), (37, 11)] {
            let number = |i: usize| (i * 7919 % 251) as f32 / 125.0 - 1.0;
            let (row, rows): (Vec<f32>, Vec<f32>) =
                ((0..width).map(number).collect(), (0..width * count).map(|i| number(i + 3)).collect());
            let mut products = vec![f32::NAN; count];
            dots(&row, &rows, &mut products);
            let alone: Vec<f32> = rows.chunks_exact(width).map(|other| dot(&row, other)).collect();
            assert_eq!(products, alone);

            let (mut together, mut one_by_one) = (row.clone(), row);
            add_weighted(&mut together, &products, &rows);
            for (weight, row) in products.iter().zip(rows.chunks_exact(width)) {
                add_weighted(&mut one_by_one, &[*weight], row);
            }
            assert_eq!(together, one_by_one);
        }
    }
}
