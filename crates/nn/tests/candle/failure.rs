//! What happens where candle refuses.

use arclab_nn::{Activation, Backend, Convolution};

use crate::devices::{exact, float32, maps, shape};

#[test]
fn a_failure_stays_is_named_and_makes_all_that_follows_nan() {
    let (candle, input) = (float32(), shape(2, 4, 4, 3));
    let x = Activation::plain(maps(&candle, "x", input));
    // Of another convolution.
    let weight = candle.upload(&exact("weight", 5));
    let conv = Convolution::square(3, 8, 3, 2);
    let output = candle.conv2d(&x, &weight, &conv, None);
    assert_eq!(output.shape, conv.output(input));
    for _ in 0..2 {
        let failure = candle.check().unwrap_err().to_string();
        assert!(failure.starts_with("conv2d failed: "), "{failure}");
    }
    let values = candle.values(&candle.apply(&Activation::plain(output)));
    assert_eq!(values.len(), conv.output(input).len());
    assert!(values.iter().all(|value| value.is_nan()));
    assert!(candle.download(&candle.upload(&[1.0]))[0].is_nan());
    assert!(candle.norm(&[&weight], None).norm.is_nan());
}
