//! Batches: what is in them depends on nothing but images, samples and recipe.

use std::collections::BTreeMap;

use arclab_data::{
    Batch, EvaluationBatches, Loader, LoaderError, Prepared, Recipe, augment, augment::Change,
};
use arclab_spec::config::{Augment, ColourMode, ColourTemperature, Crop, Sampler, Varied};

use crate::support::{PLAIN, Place, evaluation};

fn prepared() -> Prepared {
    let place = Place::with_faces(8, 10);
    place.prepare(&place.data(), &evaluation(0, [])).unwrap()
}

const RECIPE: Recipe = Recipe {
    batch_size: 8,
    sampler: None,
    epochs: 3,
    seed: 5,
    colour: ColourMode::Rgb,
    augment: PLAIN,
    leaves_changes: false,
    threads: 1,
};

/// Batches of two identities with four images each.
const IDENTITIES: Recipe = Recipe { sampler: Some(Sampler { images_each: 4 }), epochs: 20, ..RECIPE };

const EVERYTHING: Augment = Augment {
    flip: 0.5,
    grey: 0.3,
    colour_temperature: Some(ColourTemperature {
        probability: 0.7,
        min_kelvin: 2500.0,
        max_kelvin: 10_000.0,
    }),
    ..PLAIN
};

/// With changes that no device makes, before and after light.
const OF_ALL_SORTS: Augment = Augment {
    crop: Some(Crop { probability: 0.5, min_side: 0.7, max_side: 1.0, shift: 0.1 }),
    contrast: Some(Varied { probability: 0.5, min: 0.5, max: 1.5 }),
    cutout: Some(Varied { probability: 0.5, min: 0.2, max: 0.6 }),
    ..EVERYTHING
};

fn batches(data: &Prepared, recipe: Recipe, step: u64) -> Vec<Batch> {
    Loader::start(&data.images, &data.train, recipe, step).unwrap().collect()
}

/// Which images a batch shows; without augmentation an image's pixels tell.
fn shown(data: &Prepared, batch: &Batch) -> Vec<usize> {
    let by_pixels: BTreeMap<&[u8], usize> =
        (0..data.images.len()).map(|n| (data.images.pixels(n), n)).collect();
    batch.pixels.chunks(16 * 16 * 3).map(|pixels| by_pixels[pixels]).collect()
}

#[test]
fn an_epoch_shows_each_image_at_most_once_and_leaves_out_less_than_a_batch() {
    let data = prepared();
    let all = batches(&data, RECIPE, 0);
    let steps = data.train.len() / 8;
    assert_eq!(all.len(), 3 * steps);
    for (epoch, batches) in all.chunks(steps).enumerate() {
        assert!(batches.iter().all(|batch| batch.epoch == epoch as u32));
        let mut images: Vec<usize> = batches.iter().flat_map(|batch| shown(&data, batch)).collect();
        images.sort_unstable();
        images.dedup();
        assert_eq!(images.len(), 8 * steps);
    }
    assert_eq!(
        all.iter().map(|batch| batch.step).collect::<Vec<_>>(),
        (0..3 * steps as u64).collect::<Vec<_>>()
    );
}

#[test]
fn labels_belong_to_their_images() {
    let data = prepared();
    let labels: BTreeMap<usize, u32> = data.train.iter().map(|sample| (sample.image, sample.label)).collect();
    for batch in batches(&data, RECIPE, 0).into_iter().chain(batches(&data, IDENTITIES, 0)) {
        let expected: Vec<u32> = shown(&data, &batch).iter().map(|image| labels[image]).collect();
        assert_eq!(batch.labels, expected);
    }
}

#[test]
fn a_start_in_the_middle_gives_the_batches_of_a_run_from_the_beginning() {
    let data = prepared();
    for recipe in [RECIPE, IDENTITIES] {
        let recipe = Recipe { augment: EVERYTHING, ..recipe };
        let all = batches(&data, recipe, 0);
        for start in [1, 4, 5, all.len() - 1, all.len()] {
            assert!(batches(&data, recipe, start as u64) == all[start..], "from step {start}");
        }
    }
}

#[test]
fn a_batch_of_identities_has_as_many_different_images_of_each() {
    let data = prepared();
    let all = batches(&data, IDENTITIES, 0);
    assert_eq!(all.len(), 20 * (data.train.len() / 8));
    for batch in &all {
        let [one, other] = [0, 4].map(|at| &batch.labels[at..at + 4]);
        assert!(one.iter().all(|label| *label == one[0]) && other.iter().all(|label| *label == other[0]));
        assert_ne!(one[0], other[0]);
        let mut images = shown(&data, batch);
        images.sort_unstable();
        images.dedup();
        assert_eq!(images.len(), 8, "{batch:?}");
    }
    assert_ne!(all[0].labels, batches(&data, Recipe { seed: 6, ..IDENTITIES }, 0)[0].labels);
}

#[test]
fn every_identity_is_seen_about_equally_often_however_many_images_it_has() {
    let mut data = prepared();
    let few = data.train[0].label;
    // One photo of the first person, all of the others.
    let mut kept = 0;
    data.train.retain(|sample| {
        kept += usize::from(sample.label == few);
        sample.label != few || kept == 1
    });
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    let all = batches(&data, IDENTITIES, 0);
    all.iter().flat_map(|batch| &batch.labels).for_each(|label| *counts.entry(*label).or_default() += 1);
    let rounds = all.len() / (data.identities.len() / 2);
    assert_eq!(counts.len(), data.identities.len());
    // Each comes once a round, but where the number of people is odd and one is left over.
    let least = if data.identities.len().is_multiple_of(2) { 4 * rounds } else { 2 * rounds };
    assert!(
        counts.values().all(|&count| count >= least && count <= 4 * (rounds + 1)),
        "{rounds}: {counts:?}"
    );
}

#[test]
fn a_copy_of_an_image_in_its_batch_is_changed_in_another_way() {
    let mut data = prepared();
    let mut seen = std::collections::BTreeSet::new();
    data.train.retain(|sample| seen.insert(sample.label));
    let recipe = Recipe { batch_size: 4, augment: EVERYTHING, ..IDENTITIES };
    let all = batches(&data, Recipe { sampler: Some(Sampler { images_each: 2 }), ..recipe }, 0);
    let differs = |batch: &Batch| batch.pixels[..768] != batch.pixels[768..2 * 768];
    assert!(all.iter().filter(|batch| differs(batch)).count() > all.len() / 2);
}

#[test]
fn the_number_of_threads_changes_no_batch() {
    let data = prepared();
    for recipe in [RECIPE, IDENTITIES] {
        let recipe = Recipe { augment: EVERYTHING, ..recipe };
        let one = batches(&data, recipe, 2);
        assert!(batches(&data, Recipe { threads: 3, ..recipe }, 2) == one);
    }
}

#[test]
fn changes_that_are_left_to_a_device_come_with_the_images_as_they_were() {
    let data = prepared();
    let recipe = Recipe { augment: EVERYTHING, ..RECIPE };
    let plain = batches(&data, RECIPE, 0);
    let left = batches(&data, Recipe { leaves_changes: true, ..recipe }, 0);
    for ((mut left, plain), expected) in left.into_iter().zip(plain).zip(batches(&data, recipe, 0)) {
        assert!(left.pixels == plain.pixels && left.changes.len() == 8);
        for (pixels, change) in left.pixels.chunks_mut(16 * 16 * 3).zip(std::mem::take(&mut left.changes)) {
            change.apply(pixels, 16);
        }
        assert!(left == expected, "step {}", expected.step);
    }
}

#[test]
fn what_a_device_cannot_make_is_made_before_and_what_it_makes_comes_last() {
    let data = prepared();
    let recipe = Recipe { augment: OF_ALL_SORTS, ..RECIPE };
    let (mut with_light, mut all_made) = (0, 0);
    let left = batches(&data, Recipe { leaves_changes: true, ..recipe }, 0);
    for (mut left, expected) in left.into_iter().zip(batches(&data, recipe, 0)) {
        for (pixels, change) in left.pixels.chunks_mut(16 * 16 * 3).zip(std::mem::take(&mut left.changes)) {
            with_light += u32::from(change.light.is_some());
            all_made += u32::from(change == Change::default());
            change.apply(pixels, 16);
        }
        assert!(left == expected, "step {}", expected.step);
    }
    assert!(with_light > 0 && all_made > 0, "{with_light} {all_made}");
}

#[test]
fn a_batch_that_is_ready_is_the_next_one() {
    let data = prepared();
    let mut loader = Loader::start(&data.images, &data.train, RECIPE, 0).unwrap();
    for expected in batches(&data, RECIPE, 0) {
        let ready = std::iter::repeat_with(|| loader.next_ready()).flatten().next();
        assert_eq!(ready, Some(expected));
    }
    assert_eq!((loader.next_ready(), loader.next()), (None, None));
}

#[test]
fn epochs_and_seeds_have_orders_of_their_own() {
    let data = prepared();
    let all = batches(&data, RECIPE, 0);
    let steps = all.len() / 3;
    assert_ne!(shown(&data, &all[0]), shown(&data, &all[steps]));
    assert_ne!(all[0].labels, batches(&data, Recipe { seed: 6, ..RECIPE }, 0)[0].labels);
}

#[test]
fn grey_as_a_treatment_and_as_a_certain_augmentation_are_one() {
    let data = prepared();
    let treated = batches(&data, Recipe { colour: ColourMode::Grey, ..RECIPE }, 0);
    let augmented = batches(&data, Recipe { augment: Augment { grey: 1.0, ..PLAIN }, ..RECIPE }, 0);
    assert!(treated == augmented);
    assert!(treated[0].pixels.chunks(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}

#[test]
fn a_flip_of_half_the_images_turns_about_half_of_them() {
    let data = prepared();
    let plain = batches(&data, RECIPE, 0);
    let flipped = batches(&data, Recipe { augment: Augment { flip: 0.5, ..PLAIN }, ..RECIPE }, 0);
    let images = |batches: &[Batch]| -> Vec<Vec<u8>> {
        batches.iter().flat_map(|batch| batch.pixels.chunks(16 * 16 * 3).map(<[u8]>::to_vec)).collect()
    };
    let (plain, flipped) = (images(&plain), images(&flipped));
    let mut turned = 0;
    for (mut plain, flipped) in plain.into_iter().zip(flipped) {
        if plain != flipped {
            augment::flip(&mut plain, 16);
            assert_eq!(plain, flipped);
            turned += 1;
        }
    }
    // Five standard deviations about half of 96 to 120 images.
    assert!((25..95).contains(&turned), "{turned}");
}

#[test]
fn training_that_ends_early_stops_the_threads() {
    let data = prepared();
    let mut loader =
        Loader::start(&data.images, &data.train, Recipe { epochs: 1_000_000, ..RECIPE }, 0).unwrap();
    assert!(loader.next().is_some());
    drop(loader);
}

#[test]
fn fewer_images_than_one_batch_are_refused() {
    let data = prepared();
    let error = Loader::start(&data.images, &data.train, Recipe { batch_size: 64, ..RECIPE }, 0).unwrap_err();
    assert!(matches!(error, LoaderError::TooFewImages { batch: 64, .. }));
    assert!(error.to_string().contains("a batch of 64 images cannot be made of"));
}

#[test]
fn batches_that_no_identities_make_are_refused() {
    let data = prepared();
    let refused = |batch_size, images_each| {
        let recipe = Recipe { batch_size, sampler: Some(Sampler { images_each }), ..RECIPE };
        Loader::start(&data.images, &data.train, recipe, 0).unwrap_err().to_string()
    };
    let identities = data.identities.len();
    let expected = format!("a batch of 8 identities cannot be made of {identities}");
    assert!(refused(16, 2).contains(&expected), "{}", refused(16, 2));
    assert!(refused(8, 3).contains("a batch of 8 images cannot be made of identities with 3 images each"));
    assert!(refused(8, 0).contains("with 0 images each"));
}

#[test]
fn evaluation_leaves_no_image_out() {
    let data = prepared();
    let numbers: Vec<usize> = (0..data.images.len()).collect();
    let batches: Vec<_> =
        EvaluationBatches::new(&data.images, numbers.clone(), 32, ColourMode::Rgb, false).collect();
    assert_eq!(batches.iter().map(|(numbers, _)| numbers.len()).collect::<Vec<_>>(), [32, 32, 16]);
    assert_eq!(batches.iter().flat_map(|(numbers, _)| numbers.clone()).collect::<Vec<_>>(), numbers);
    assert_eq!(&batches[2].1[..768], data.images.pixels(64));
}

#[test]
fn evaluation_mirrors_and_greys_as_asked() {
    let data = prepared();
    let (_, pixels) = EvaluationBatches::new(&data.images, [3], 1, ColourMode::Grey, true).next().unwrap();
    let mut expected = data.images.pixels_in(3, ColourMode::Grey).into_owned();
    augment::flip(&mut expected, 16);
    assert_eq!(pixels, expected);
}
