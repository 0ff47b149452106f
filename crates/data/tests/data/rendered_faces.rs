//! The embedded faces as a data set.

use arclab_data::{Attribute, Prepared};
use arclab_spec::config::{DataConfig, Dataset, PhotoVariation, SplitPart, Synthetic};

use crate::support::{Place, data, drawn, evaluation, pairs};

fn faces(mislabelled: f64) -> DataConfig {
    let faces = Synthetic {
        identities: 10,
        images_per_identity: 10,
        seed: 1,
        mislabelled,
        vary: PhotoVariation::ALL,
    };
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

#[test]
fn a_closed_sets_people_are_all_in_training_and_an_open_sets_are_not() {
    let prepared = prepared(&Place::with_faces(0, 0), 0.0);
    let found: Vec<_> = prepared.people.iter().map(|people| people.shared.unwrap()).collect();
    assert_eq!((found[0].people, found[0].in_training), (7, 7));
    assert_eq!((found[1].people, found[1].in_training), (3, 0));
}

/// Correlation of what two attributes say of the photos of one person, over all people.
fn correlation_within_people(prepared: &Prepared, attributes: [Attribute; 2]) -> f64 {
    let value = |attribute: Attribute, image| {
        let value = prepared.images.attribute(attribute, image).unwrap();
        if attribute.unit() == "K" { 1e6 / value } else { value }
    };
    let mut sums = [0.0; 3];
    for person in (0..prepared.images.len()).collect::<Vec<_>>().chunks(10) {
        let values = attributes.map(|attribute| {
            let of = person.iter().map(|&image| value(attribute, image)).collect::<Vec<_>>();
            let mean = of.iter().sum::<f64>() / of.len() as f64;
            of.into_iter().map(|value| value - mean).collect::<Vec<_>>()
        });
        for (a, b) in values[0].iter().zip(&values[1]) {
            sums = [sums[0] + a * b, sums[1] + a * a, sums[2] + b * b];
        }
    }
    sums[0] / (sums[1] * sums[2]).sqrt()
}

#[test]
fn what_is_measured_follows_what_was_drawn() {
    let prepared = prepared(&Place::with_faces(0, 0), 0.0);
    let light = [Attribute::ColourTemperature, Attribute::DrawnColourTemperature];
    let exposure = [Attribute::Brightness, Attribute::DrawnExposure];
    assert!(correlation_within_people(&prepared, light) > 0.8);
    assert!(correlation_within_people(&prepared, exposure) > 0.8);
}
