//! Channels side by side.

use arclab_nn::Backend;

use crate::devices::{activation, assert_near, cpu, every_gpu, maps, shape, tolerance};

/// Of packs and not, in one part, both, or in their sum.
const PARTS: [[usize; 2]; 6] = [[1, 1], [16, 24], [8, 3], [3, 8], [5, 11], [264, 40]];

#[test]
fn joined_channels_are_those_of_both_normalised() {
    let cpu = cpu();
    for [first, second] in PARTS {
        for [a, b] in [[false, true], [true, true]] {
            let of = |channels| shape(2, 5, 7, channels);
            let expected =
                cpu.join(&activation(&cpu, "a", of(first), a), &activation(&cpu, "b", of(second), b));
            for gpu in every_gpu() {
                let found =
                    gpu.join(&activation(&gpu, "a", of(first), a), &activation(&gpu, "b", of(second), b));
                assert_eq!(found.shape, of(first + second));
                let what = format!("join of {first} and {second}");
                assert_near(&gpu, &gpu.values(&found), &expected.data, tolerance(&gpu), &what);
            }
        }
    }
}

#[test]
fn gradients_go_to_the_part_that_they_are_of() {
    let cpu = cpu();
    for [first, second] in PARTS {
        let whole = shape(2, 5, 7, first + second);
        let expected = cpu.split(&maps(&cpu, "d", whole), first);
        for gpu in every_gpu() {
            let found = gpu.split(&maps(&gpu, "d", whole), first);
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found.shape, expected.shape);
                assert_eq!(gpu.values(found), expected.data[..], "split after {first} of {}", first + second);
            }
        }
    }
}
