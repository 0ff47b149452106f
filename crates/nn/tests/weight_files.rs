//! Weights that PyTorch saved (`data/pth.py`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::Path;

use arclab_nn::weight_files::{WeightsFile, load_weights};

fn narrow() -> WeightsFile {
    load_weights(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/narrow.pth")).unwrap()
}

/// -1, -7/8, -6/8 …, of which PyTorch was given the numbers at `places`.
fn eighths(places: impl IntoIterator<Item = u8>) -> Vec<f32> {
    places.into_iter().map(|place| f32::from(place) / 8.0 - 1.0).collect()
}

#[test]
fn every_kind_of_tensor_that_pytorch_saves_is_read_with_its_values() {
    let WeightsFile { tensors, .. } = narrow();
    let values =
        |name: &str| (tensors[name].dims().to_vec(), tensors[name].flatten_all().unwrap().to_vec1().unwrap());
    for name in ["float32", "float16", "bfloat16", "float64", "parameter"] {
        assert_eq!(values(name), (vec![2, 3], eighths(0..6)), "{name}");
    }
    // Of 3 × 2, 4 × 6 and 2 × 3 × 2 × 2 numbers in a row.
    assert_eq!(values("transposed"), (vec![2, 3], eighths([0, 2, 4, 1, 3, 5])));
    assert_eq!(values("slice"), (vec![2, 3], eighths([8, 9, 10, 20, 21, 22])));
    assert_eq!(values("shared"), (vec![4, 6], eighths(0..24)));
    assert_eq!(values("channels_last"), (vec![2, 3, 2, 2], eighths(0..24)));
    assert_eq!(tensors["num_batches_tracked"].to_scalar::<i64>().unwrap(), 7);
    assert_eq!(tensors.len(), 10);
}

#[test]
fn what_is_taken_for_granted_is_said() {
    let WeightsFile { remarks, note, digest, .. } = narrow();
    let expected =
        ["the weights are those under `state_dict`", "`module.` is taken off the names of the weights"];
    assert_eq!((remarks.as_slice(), note), (&expected.map(str::to_owned)[..], None));
    assert_eq!(digest.len(), 64);
}
