//! What the renderer promises.

use std::collections::BTreeSet;

use arclab_spec::config::{PhotoVariation, Synthetic};

use super::attributes::{Attributes, Occlusion};
use super::person::Person;
use super::pose::Pose;
use super::random::Stream;
use super::{conditions, label, photograph, render};

fn vary(strength: f64) -> PhotoVariation {
    PhotoVariation {
        pose: strength,
        expression: strength,
        exposure: strength,
        light: strength,
        colour_temperature: strength,
        blur: strength,
        noise: strength,
        occlusion: strength,
    }
}

fn config(vary: PhotoVariation) -> Synthetic {
    Synthetic { identities: 50, images_per_identity: 20, seed: 7, mislabelled: 0.0, vary }
}

/// The pixels between brows and chin, where neither scene nor clothes show.
fn face(rgb: &[u8], size: usize) -> Vec<u8> {
    let (left, right) = (size * 40 / 112, size * 72 / 112);
    let rows = size * 48 / 112..size * 96 / 112;
    rows.flat_map(|y| rgb[(y * size + left) * 3..(y * size + right) * 3].to_vec()).collect()
}

fn log_red_over_blue(rgb: &[u8]) -> f32 {
    let sum =
        |channel: usize| rgb.iter().skip(channel).step_by(3).map(|&value| f32::from(value)).sum::<f32>();
    (sum(0) / sum(2)).ln()
}

fn drawn(config: &Synthetic, identity: u32, image: u32) -> Attributes {
    conditions::draw(config, &Person::new(config.seed, identity), identity, image)
}

#[test]
fn the_same_arguments_give_the_same_bytes_on_any_thread() {
    let config = config(vary(1.0));
    let here: Vec<_> = (0..6).map(|image| render(&config, 3, image, 48)).collect();
    let there = std::thread::scope(|scope| {
        let config = &config;
        let threads: Vec<_> =
            (0..6).rev().map(|image| scope.spawn(move || render(config, 3, image, 48))).collect();
        threads.into_iter().rev().map(|thread| thread.join().expect("rendering")).collect::<Vec<_>>()
    });
    assert_eq!(here, there);
}

#[test]
fn seed_person_and_photo_each_change_the_picture() {
    let config = config(vary(1.0));
    let other_seed = Synthetic { seed: 8, ..config.clone() };
    let photos = [
        render(&config, 0, 0, 32),
        render(&config, 0, 1, 32),
        render(&config, 1, 0, 32),
        render(&other_seed, 0, 0, 32),
    ];
    let distinct: BTreeSet<Vec<u8>> = photos.into_iter().map(|photo| photo.rgb).collect();
    assert_eq!(distinct.len(), 4);
}

#[test]
fn every_size_has_its_pixels_and_the_same_attributes() {
    let config = config(vary(1.0));
    let reference = render(&config, 2, 5, 64).attributes;
    for size in [0, 1, 2, 16, 32, 64, 112, 128, 224] {
        let photo = render(&config, 2, 5, size);
        assert_eq!(photo.rgb.len(), (size * size * 3) as usize);
        assert_eq!(photo.attributes, reference);
    }
}

#[test]
fn a_small_photo_is_the_large_one_made_smaller() {
    let photo = |size| render(&config(vary(0.0)), 4, 0, size).rgb;
    let (small, large) = (photo(32), photo(128));
    let difference: f32 =
        (0..32 * 32 * 3).map(|index| (f32::from(small[index]) - shrunk(&large, index)).abs()).sum();
    assert!(difference / (32.0 * 32.0 * 3.0) < 6.0, "{difference}");
}

/// The mean of the 4 × 4 pixels of a picture of 128 that make value `index` of one of 32.
fn shrunk(large: &[u8], index: usize) -> f32 {
    let (channel, x, y) = (index % 3, index / 3 % 32 * 4, index / 96 * 4);
    let block = (0..16).map(|i| large[((y + i / 4) * 128 + x + i % 4) * 3 + channel]);
    block.map(f32::from).sum::<f32>() / 16.0
}

#[test]
fn with_every_strength_at_zero_photos_differ_only_in_scene_and_clothes() {
    let config = config(vary(0.0));
    for identity in 0..20 {
        let (one, two) = (render(&config, identity, 0, 64), render(&config, identity, 1, 64));
        assert_eq!(face(&one.rgb, 64), face(&two.rgb, 64), "person {identity}");
        assert_eq!(one.attributes, two.attributes);
        assert_ne!(one.rgb, two.rgb, "person {identity}");
    }
}

#[test]
fn each_strength_alone_changes_the_face() {
    let none = vary(0.0);
    let alone = [
        ("pose", PhotoVariation { pose: 1.0, ..none }),
        ("expression", PhotoVariation { expression: 1.0, ..none }),
        ("exposure", PhotoVariation { exposure: 1.0, ..none }),
        ("light", PhotoVariation { light: 1.0, ..none }),
        ("colour_temperature", PhotoVariation { colour_temperature: 1.0, ..none }),
        ("blur", PhotoVariation { blur: 1.0, ..none }),
        ("noise", PhotoVariation { noise: 1.0, ..none }),
    ];
    for (name, vary) in alone {
        let (one, two) = (render(&config(vary), 1, 0, 64), render(&config(vary), 1, 1, 64));
        assert_ne!(face(&one.rgb, 64), face(&two.rgb, 64), "{name}");
    }
    let covered = config(PhotoVariation { occlusion: 1.0, ..none });
    let faces: BTreeSet<Vec<u8>> =
        (0..20).map(|image| face(&render(&covered, 1, image, 64).rgb, 64)).collect();
    assert!(faces.len() > 1);
}

#[test]
fn a_strength_changes_nothing_but_its_own_attributes() {
    let (all, unlit) = (config(vary(1.0)), config(PhotoVariation { colour_temperature: 0.0, ..vary(1.0) }));
    let (with, without) = (drawn(&all, 5, 6), drawn(&unlit, 5, 6));
    assert_ne!(with.colour_temperature_kelvin, without.colour_temperature_kelvin);
    assert_eq!(Attributes { colour_temperature_kelvin: with.colour_temperature_kelvin, ..without }, with);
}

#[test]
fn warmer_light_makes_redder_photos() {
    let config = config(vary(0.0));
    for identity in 0..5 {
        let person = Person::new(config.seed, identity);
        let ratios: Vec<f32> = [2300.0, 3200.0, 4500.0, 6504.0, 9000.0, 20_000.0]
            .map(|kelvin| Attributes { colour_temperature_kelvin: kelvin, ..drawn(&config, identity, 0) })
            .map(|attributes| {
                let stream = |purpose| Stream::new(config.seed, purpose, identity, 0);
                log_red_over_blue(&photograph(&person, &attributes, 0.0, 32, stream))
            })
            .to_vec();
        assert!(ratios.windows(2).all(|pair| pair[0] > pair[1] + 0.02), "{ratios:?}");
    }
}

/// Standard deviation of log(red/blue) within a person, over the face.
fn colour_spread(config: &Synthetic) -> f32 {
    let people = 12;
    let variances = (0..people).map(|identity| {
        let values: Vec<f32> = (0..24)
            .map(|image| log_red_over_blue(&face(&render(config, identity, image, 32).rgb, 32)))
            .collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / (values.len() - 1) as f32
    });
    (variances.sum::<f32>() / people as f32).sqrt()
}

#[test]
fn colours_spread_within_a_person_as_in_natural_photos_and_only_through_the_light() {
    // Natural photos of one person have a deviation of about 0.175.
    let natural = colour_spread(&config(vary(1.0)));
    let corrected = colour_spread(&config(PhotoVariation { colour_temperature: 0.0, ..vary(1.0) }));
    assert!((0.14..0.23).contains(&natural), "{natural}");
    assert!(corrected < 0.6 * natural, "{corrected} of {natural}");
}

#[test]
fn labels_are_right_but_for_the_share_asked_for() {
    let wrong = |mislabelled: f64| {
        let config = Synthetic { mislabelled, ..config(vary(1.0)) };
        let images = (0..50).flat_map(|identity| (0..100).map(move |image| (identity, image)));
        let labels: Vec<(u32, u32)> =
            images.map(|(identity, image)| (identity, label(&config, identity, image))).collect();
        assert!(labels.iter().all(|&(_, label)| label < 50));
        labels.iter().filter(|(identity, label)| identity != label).count() as f64 / labels.len() as f64
    };
    assert_eq!(wrong(0.0), 0.0);
    // Four standard deviations of 5,000 draws.
    assert!((wrong(0.1) - 0.1).abs() < 0.017, "{}", wrong(0.1));
    assert!((wrong(0.5) - 0.5).abs() < 0.03, "{}", wrong(0.5));
    let alone = Synthetic { identities: 1, mislabelled: 0.9, ..config(vary(1.0)) };
    assert!((0..50).all(|image| label(&alone, 0, image) == 0));
}

#[test]
fn attributes_stay_in_their_ranges_at_any_strength() {
    for strength in [0.0, 0.5, 1.0, 2.0, 4.0] {
        let config = config(vary(strength));
        for image in 0..400 {
            let drawn = drawn(&config, image % 50, image);
            assert!((2000.0..=25_000.0).contains(&drawn.colour_temperature_kelvin), "{drawn:?}");
            assert!((-2.0..=1.5).contains(&drawn.exposure_stops) && (0.6..=1.5).contains(&drawn.contrast));
            assert!(
                drawn.yaw_deg.abs() <= 42.0 && drawn.pitch_deg.abs() <= 24.0 && drawn.roll_deg.abs() <= 15.0
            );
            assert!((0.85..=1.15).contains(&drawn.scale));
            assert!((0.0..=6.0).contains(&drawn.blur_px) && (0.0..=0.2).contains(&drawn.noise));
            assert!((0.25..=0.85).contains(&drawn.light_ambient) && drawn.light_azimuth_deg.abs() <= 85.0);
            assert!((-0.3..=0.95).contains(&drawn.expression.lids_closed));
            assert!((0.0..=1.2).contains(&drawn.expression.mouth_open));
            assert!((0.0..=1.8).contains(&drawn.grooming.beard));
        }
    }
}

#[test]
fn every_occlusion_occurs_and_together_they_keep_their_share() {
    let config = config(vary(1.0));
    let kinds: Vec<Occlusion> = (0..2000).map(|image| drawn(&config, image % 50, image).occlusion).collect();
    let covered = kinds.iter().filter(|&&kind| kind != Occlusion::None).count() as f32 / 2000.0;
    assert!((covered - 0.2).abs() < 0.04, "{covered}");
    for kind in
        [Occlusion::Scarf, Occlusion::Hand, Occlusion::Sunglasses, Occlusion::HairStrand, Occlusion::Hat]
    {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}

#[test]
fn eyes_stand_at_about_the_same_place_in_every_photo() {
    let config = config(vary(1.0));
    for image in 0..500 {
        let (identity, drawn) = (image % 50, drawn(&config, image % 50, image));
        let person = Person::new(config.seed, identity);
        let points = person.five_points();
        let pose = Pose::new(&person.head, &points, &drawn, 112);
        for (point, x) in [(points[0], 40.1), (points[1], 71.8)] {
            let seen = pose.place(point);
            // 0.9 of the template's distances about (56, 59) put the eyes at a height of 52.4.
            assert!((seen.x - x).abs() < 14.0 && (seen.y - 52.4).abs() < 14.0, "{seen:?} under {drawn:?}");
        }
    }
}

#[test]
fn neither_extreme_strengths_nor_large_numbers_break_a_photo() {
    let config = config(vary(5.0));
    for image in (0..40).chain([u32::MAX]) {
        assert_eq!(render(&config, u32::MAX, image, 40).rgb.len(), 40 * 40 * 3);
    }
}

#[test]
fn no_two_people_look_the_same() {
    let config = config(vary(0.0));
    let faces: Vec<Vec<u8>> =
        (0..30).map(|identity| face(&render(&config, identity, 0, 32).rgb, 32)).collect();
    for (index, one) in faces.iter().enumerate() {
        for two in &faces[..index] {
            let difference: u32 = one.iter().zip(two).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
            assert!(difference as f32 / one.len() as f32 > 3.0);
        }
    }
}

#[test]
fn attributes_survive_being_written_as_json() {
    let attributes = drawn(&config(vary(1.0)), 1, 2);
    let text = serde_json::to_string(&attributes).expect("plain numbers");
    assert_eq!(serde_json::from_str::<Attributes>(&text).expect("what was written"), attributes);
}
