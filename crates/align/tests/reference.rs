//! Against values of scikit-image, which `reference/alignment.py` made.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use arclab_align::{Landmarks, Photo, Point, Similarity, align};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    points: [[f64; 2]; 5],
    cosine: f64,
    sine: f64,
    shift: [f64; 2],
    /// Every ninth pixel of every ninth row of the crop.
    pixels: Vec<f64>,
}

impl Case {
    fn landmarks(&self) -> Landmarks {
        Landmarks(self.points.map(|[x, y]| Point { x, y }))
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str::<Reference>(include_str!("reference/alignment.json")).unwrap().cases
}

/// As `alignment.py` draws it.
fn photo() -> Photo {
    let (width, height) = (240, 200);
    let value = |place: usize| {
        let (pixel, channel) = (place / 3, place % 3);
        let (x, y) = (pixel % width, pixel / width);
        ((x * x + 3 * x * y + 5 * y * y) / 64 + 40 * channel) as u8
    };
    Photo { width, height, rgb: (0..3 * width * height).map(value).collect() }
}

#[test]
fn similarities_are_those_of_scikit_image() {
    for case in cases() {
        let found = Similarity::between(&case.landmarks(), &Landmarks::template(112)).unwrap();
        for Point { x, y } in case.landmarks().0 {
            let there = found.apply(Point { x, y });
            let (cosine, sine) = (case.cosine, case.sine);
            let expected = [cosine * x - sine * y + case.shift[0], sine * x + cosine * y + case.shift[1]];
            let distance = (there.x - expected[0]).hypot(there.y - expected[1]);
            assert!(distance < 1e-9, "{:?}: {distance}", case.points);
        }
    }
}

#[test]
fn crops_are_those_of_scikit_image_but_for_rounding() {
    // Faces more than twice as large are reduced before, which scikit-image leaves to its caller.
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.cosine.hypot(case.sine) > 0.5).collect();
    assert!(cases.len() > 8);
    for case in cases {
        let crop = align(&photo(), &case.landmarks(), 112).unwrap();
        let places = (0..112).step_by(9).flat_map(|y| (0..112).step_by(9).map(move |x| 3 * (112 * y + x)));
        let found = places.flat_map(|place| crop.rgb[place..place + 3].to_vec());
        let worst = found.zip(&case.pixels).map(|(a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max);
        assert!(worst < 0.51, "{:?}: {worst}", case.points);
    }
}
