//! Changes to images beside those of Pillow and torchvision; `tests/reference/augment.py` made the values.

use arclab_data::augment::{
    Window, blur, brightness, contrast, crop, lower_resolution, relight, through_jpeg, to_grey,
};
use serde::Deserialize;

const SIZE: u32 = 16;

#[derive(Deserialize)]
struct Reference {
    pixels: Vec<u8>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    change: String,
    numbers: Vec<f64>,
    pixels: Vec<u8>,
}

fn mean_luma(pixels: &[u8]) -> u8 {
    let mut grey = pixels.to_vec();
    to_grey(&mut grey);
    let sum: u32 = grey.iter().map(|&value| u32::from(value)).sum();
    (f64::from(sum) / grey.len() as f64).round() as u8
}

/// What is made of `pixels`, and by how much a value may differ from theirs; none where their sum of squares alone says
/// something.
fn changed(case: &Case, pixels: &[u8]) -> (Vec<u8>, Option<u8>) {
    let (mut pixels, number) = (pixels.to_vec(), case.numbers[0]);
    let at_most = match case.change.as_str() {
        "brightness" => {
            relight(&mut pixels, &[brightness(number); 3]);
            Some(0)
        }
        "contrast" => {
            let table = contrast(mean_luma(&pixels), number);
            relight(&mut pixels, &[table; 3]);
            Some(0)
        }
        // Sums that end near a half are rounded either way.
        "blur" => {
            blur(&mut pixels, SIZE, number);
            Some(1)
        }
        // Theirs is rounded after each direction.
        "low_resolution" => {
            lower_resolution(&mut pixels, SIZE, number as usize);
            Some(1)
        }
        "crop" => {
            let window = Window {
                side: number as usize,
                left_top: [case.numbers[1], case.numbers[2]].map(|n| n as isize),
            };
            pixels = crop(&pixels, SIZE, window);
            Some(1)
        }
        "jpeg" => {
            through_jpeg(&mut pixels, SIZE, number as u8);
            None
        }
        other => panic!("no change is called {other}"),
    };
    (pixels, at_most)
}

/// Root of the summed squares.
fn distance(a: &[u8], b: &[u8]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn changes_are_those_of_pillow_and_torchvision() {
    let reference: Reference = serde_json::from_str(include_str!("../reference/augment.json")).unwrap();
    assert!(reference.cases.len() > 10);
    for case in &reference.cases {
        let (found, at_most) = changed(case, &reference.pixels);
        let most = found.iter().zip(&case.pixels).map(|(a, b)| a.abs_diff(*b)).max();
        if at_most.is_some() {
            assert!(most <= at_most, "{} {:?}: {most:?}", case.change, case.numbers);
        }
        // A coefficient that lies near the middle between two steps goes either way in another cosine transform.
        let apart = distance(&found, &case.pixels) / distance(&reference.pixels, &case.pixels);
        assert!(apart < 0.3, "{} {:?}: {apart}", case.change, case.numbers);
        assert!(case.pixels != reference.pixels, "{} changes something", case.change);
    }
}
