//! Operators that treat each number by itself.

use arclab_nn::Backend;

use crate::devices::{assert_near, cpu, every_gpu, shape, tolerance};

#[test]
fn bytes_become_the_same_numbers_in_colour_and_as_luma() {
    for channels in [3, 1] {
        let shape = shape(2, 7, 9, channels);
        let pixels: Vec<u8> = (0..3 * shape.positions() as u32).map(|at| (at * 7919 % 256) as u8).collect();
        let expected = cpu().images(shape, &pixels);
        for gpu in every_gpu() {
            let found = gpu.values(&gpu.images(shape, &pixels));
            assert_near(&gpu, &found, &expected.data, tolerance(&gpu), "images");
        }
    }
}
