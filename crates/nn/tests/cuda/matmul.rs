//! Matrix products.

use arclab_gpu::{
    Element, Precision,
    ops::{
        elementwise::convert,
        matmul::{Factor, Product},
    },
};
use arclab_nn::Cuda;

use crate::devices::{assert_near, every_gpu, exact, gpu, tolerance};

/// Rows, columns and inner size.
const SIZES: [[usize; 3]; 5] = [[1, 1, 1], [1, 9, 5], [7, 1, 3], [4, 3, 1], [13, 17, 33]];

fn transpose(values: &[f32], rows: usize) -> Vec<f32> {
    let columns = values.len() / rows;
    (0..values.len()).map(|at| values[at % rows * columns + at / rows]).collect()
}

fn expected(a: &[f32], b: &[f32], [rows, columns, inner]: [usize; 3]) -> Vec<f32> {
    let sum = |row, column| (0..inner).map(|k| a[row * inner + k] * b[k * columns + column]).sum();
    (0..rows * columns).map(|at| sum(at / columns, at % columns)).collect()
}

/// Rows with numbers between them that are none.
fn spread(values: &[f32], columns: usize, between: usize) -> Vec<f32> {
    let rows = values.chunks(columns);
    rows.flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(f32::NAN, between))).collect()
}

/// All four ways of storing the factors, of which rows may have numbers between them.
fn all_ways(gpu: &Cuda, sizes: [usize; 3], [factors, out]: [Element; 2], between: usize, tolerance: f32) {
    let [rows, columns, inner] = sizes;
    let (a, b) = (exact("a", rows * inner), exact("b", inner * columns));
    let expected = expected(&a, &b, sizes);
    for turned in 0..4 {
        let stored = |values: &[f32], rows: usize, transposed: bool| {
            let (columns, values) = (values.len() / rows, values.to_vec());
            let (stored, width) =
                if transposed { (transpose(&values, rows), rows) } else { (values, columns) };
            let uploaded = gpu.gpu().upload(&spread(&stored, width, between));
            (convert(gpu.gpu(), &uploaded, factors).unwrap_or(uploaded), width + between, transposed)
        };
        let stored = [stored(&a, rows, turned & 1 == 1), stored(&b, inner, turned & 2 == 2)];
        let factors = stored.each_ref().map(|(values, stride, transposed)| Factor {
            values,
            stride: *stride,
            transposed: *transposed,
        });
        let stride = columns + between;
        let found = Product { stride, ..Product::new(factors, sizes) }.take(gpu.gpu(), out);
        let floats = convert(gpu.gpu(), &found, Element::Float32);
        let found = gpu.gpu().download(floats.as_ref().unwrap_or(&found));
        let found: Vec<f32> = found.chunks(stride).flat_map(|row| &row[..columns]).copied().collect();
        assert_near(gpu, &found, &expected, tolerance, &format!("{sizes:?}, turned {turned}"));
    }
}

#[test]
fn a_product_is_the_same_however_its_factors_are_stored() {
    for gpu in every_gpu() {
        let element = gpu.gpu().element();
        for (sizes, between) in SIZES.into_iter().flat_map(|sizes| [(sizes, 0), (sizes, 3)]) {
            all_ways(&gpu, sizes, [Element::Float32; 2], between, 1e-6);
            all_ways(&gpu, sizes, [element, Element::Float32], between, 1e-6);
            all_ways(&gpu, sizes, [element; 2], between, tolerance(&gpu));
        }
    }
}

#[test]
fn shares_of_a_product_and_of_what_was_there_are_added() {
    let gpu = gpu(Precision::Float32);
    let gpu = gpu.gpu();
    let (a, b) = (gpu.upload(&[1.0, 2.0]), gpu.upload(&[3.0, 4.0]));
    let product = Product {
        alpha: 2.0,
        beta: 0.5,
        ..Product::new([Factor::plain(&a, 2), Factor::plain(&b, 1)], [1, 1, 2])
    };
    let mut out = gpu.upload(&[8.0]);
    product.write(gpu, &mut out);
    // 2 · (3 + 8) + 8 / 2.
    assert_eq!(gpu.download(&out), [26.0]);
}

#[test]
#[should_panic(expected = "a product's matrices fit each other")]
fn matrices_that_do_not_fit_are_refused() {
    let gpu = gpu(Precision::Float32);
    let a = gpu.gpu().upload(&[1.0; 6]);
    Product::new([Factor::plain(&a, 3), Factor::plain(&a, 3)], [2, 2, 3])
        .write(gpu.gpu(), &mut gpu.gpu().upload(&[0.0]));
}
