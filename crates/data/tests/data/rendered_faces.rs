//! The embedded faces as a data set.

use arclab_data::Prepared;
use arclab_spec::config::{DataConfig, Dataset, PhotoVariation, SplitPart, Synthetic};

use crate::support::{Place, data, drawn, evaluation, pairs};

const VARY: PhotoVariation = PhotoVariation {
    pose: 1.0,
    expression: 1.0,
    exposure: 1.0,
    light: 1.0,
    colour_temperature: 1.0,
    blur: 1.0,
    noise: 1.0,
    occlusion: 1.0,
};

fn faces(mislabelled: f64) -> DataConfig {
    let faces = Synthetic { identities: 10, images_per_identity: 10, seed: 1, mislabelled, vary: VARY };
    data(Dataset::Synthetic(faces), drawn(0))
}

fn prepared(place: &Place, mislabelled: f64) -> Prepared {
    let tests = [("closed", pairs(SplitPart::ClosedTest, 10)), ("open", pairs(SplitPart::OpenTest, 30))];
    place.prepare(&faces(mislabelled), &evaluation(4, tests)).unwrap()
}

#[test]
fn rendered_faces_are_split_like_files_and_keep_what_was_drawn() {
    let prepared = prepared(&Place::with_faces(0, 0), 0.0);
    assert_eq!((prepared.images.len(), prepared.identities.len()), (100, 7));
    assert!(prepared.left_out.is_empty());
    for sample in &prepared.train {
        let person = prepared.images.name(sample.image).split_once('/').unwrap().0;
        assert_eq!(prepared.identities[sample.label as usize], person);
        let kelvin = prepared.images.attributes(sample.image).unwrap().colour_temperature_kelvin;
        assert!(kelvin > 1000.0, "{kelvin}");
    }
}

#[test]
fn pixels_are_those_of_the_renderer() {
    let DataConfig { dataset: Dataset::Synthetic(config), .. } = faces(0.0) else { unreachable!() };
    let prepared = prepared(&Place::with_faces(0, 0), 0.0);
    let photo = arclab_data::synthetic::render(&config, 4, 7, 16);
    assert_eq!(prepared.images.pixels(47), photo.rgb);
    assert_eq!(prepared.images.attributes(47), Some(&photo.attributes));
}

#[test]
fn wrong_labels_are_given_to_training_images_alone() {
    let place = Place::with_faces(0, 0);
    let (right, wrong) = (prepared(&place, 0.0), prepared(&place, 0.4));
    assert_eq!(right.validation, wrong.validation);
    assert_eq!(right.protocols, wrong.protocols);
    assert_ne!(right.fingerprint, wrong.fingerprint);
    let differ =
        right.train.iter().zip(&wrong.train).filter(|(right, wrong)| right.label != wrong.label).count();
    assert!(right.train.iter().zip(&wrong.train).all(|(right, wrong)| right.image == wrong.image));
    // Five standard deviations of a binomial at 0.4.
    let (mean, deviation) = (0.4 * right.train.len() as f64, (0.24 * right.train.len() as f64).sqrt());
    assert!((differ as f64 - mean).abs() < 5.0 * deviation, "{differ} of {}", right.train.len());
    assert!(wrong.train.iter().all(|sample| (sample.label as usize) < wrong.identities.len()));
    // The images themselves are those of the first.
    assert_eq!(crate::support::names(&place.path("cache/images")).len(), 3);
}
