//! What is too much for a GPU.

use arclab_gpu::{Precision, ops::convolution};
use arclab_nn::Backend;

use crate::devices::{gpu, maps, shape};

#[test]
fn maps_of_too_many_numbers_are_refused_with_what_would_do() {
    let gpu = gpu(Precision::Bfloat16);
    let [x, weight] = [maps(&gpu, "x", shape(1, 1, 1, 3)).data, gpu.upload(&[0.0])];
    let sizes = convolution::Convolution {
        count: 4096,
        input: (112, 112),
        output: (112, 112),
        inputs: 3,
        outputs: 64,
        kernel: (3, 3),
        stride: 1,
        padding: 1,
        groups: 1,
    };
    let _ = convolution::forward(gpu.gpu(), &x, &weight, &sizes);
    let refusal = gpu.gpu().check().unwrap_err().to_string();
    assert!(refusal.contains("3288334336 numbers, and at most 2147483647"), "{refusal}");
    assert!(refusal.contains("`training.batch_size`"), "{refusal}");
}
