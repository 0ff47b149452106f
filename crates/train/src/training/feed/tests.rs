//! Batches by way of a GPU that changes images itself and takes them ahead, beside those of the CPU.

use arclab_data::{Prepared, Recipe, Silent, prepare};
use arclab_nn::{Cpu, Cuda, Gpu, GpuOptions, MapShape, Precision, heads::HeadMemory};
use arclab_spec::{
    config::{Augment, ColourMode, ColourTemperature, Config, Crop, Varied},
    read_specs,
};

use super::*;
use crate::training::{Model, meters::StepNumbers};

const BATCH: usize = 4;
const LIGHT: ColourTemperature =
    ColourTemperature { probability: 0.7, min_kelvin: 2500.0, max_kelvin: 10_000.0 };
const NOTHING: Augment = Augment::NONE;
const EVERYTHING: Augment = Augment { flip: 0.5, grey: 0.4, colour_temperature: Some(LIGHT), ..NOTHING };
/// What a GPU cannot make comes before what it can.
const ALL_SORTS: Augment = Augment {
    crop: Some(Crop { probability: 0.6, min_side: 0.7, max_side: 1.0, shift: 0.1 }),
    brightness: Some(Varied { probability: 0.6, min: 0.5, max: 1.5 }),
    contrast: Some(Varied { probability: 0.6, min: 0.5, max: 1.5 }),
    blur: Some(Varied { probability: 0.3, min: 0.5, max: 2.0 }),
    low_resolution: Some(Varied { probability: 0.3, min: 0.3, max: 0.9 }),
    jpeg_quality: Some(Varied { probability: 0.3, min: 20.0, max: 90.0 }),
    cutout: Some(Varied { probability: 0.3, min: 0.1, max: 0.4 }),
    ..EVERYTHING
};
const RECIPE: Recipe = Recipe {
    batch_size: BATCH,
    sampler: None,
    epochs: 2,
    seed: 3,
    colour: ColourMode::Rgb,
    augment: EVERYTHING,
    leaves_changes: false,
    threads: 1,
};

/// A few rendered faces, and a small network with this `training:`.
fn config(training: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spec.yaml");
    let faces = "{synthetic: {identities: 8, images_per_identity: 6}}";
    let data = format!("data: {{dataset: {faces}, image_size: 32}}\nmodel: {{embedding_size: 16}}");
    std::fs::write(&path, format!("{data}\ntraining: {training}\n")).unwrap();
    let mut config = read_specs(&[path], &[]).unwrap().remove(0).config;
    // There are too few faces for tests.
    config.evaluation.protocols.clear();
    config
}

fn prepared(config: &Config) -> Prepared {
    let cache = tempfile::tempdir().unwrap();
    prepare(&config.data, &config.evaluation, cache.path(), &Silent).unwrap()
}

fn emulated() -> Arc<Cuda> {
    let options =
        GpuOptions { precision: Precision::Float32, deterministic: true, memory_bytes: None, cache: None };
    Arc::new(Cuda::new(Gpu::emulated(options)))
}

fn feed<B: Backend>(device: &Arc<B>, data: &Prepared, recipe: Recipe) -> Feed<B> {
    let recipe = Recipe { leaves_changes: device.changes_images(), ..recipe };
    let loader = Loader::start(&data.images, &data.train, recipe, 0).unwrap();
    Feed::new(Some(Arc::clone(device)), loader, data.images.size() as usize)
}

/// What a network would read of a batch from its second image on.
fn bits<B: Backend>(device: &B, fed: &Fed<B>, size: usize, channels: usize) -> Vec<u32> {
    let shape = MapShape { count: BATCH - 1, height: size, width: size, channels };
    let maps = match fed.pixels() {
        Pixels::Here(pixels) => device.images(shape, &pixels[3 * size * size..]),
        Pixels::Ahead(ahead) => device.handed_over(ahead, 1, shape),
    };
    device.values(&maps).into_iter().map(f32::to_bits).collect()
}

#[test]
fn a_gpu_makes_of_images_what_the_loader_would_have_made_to_the_bit() {
    let (on_gpu, on_cpu) = (emulated(), Arc::new(Cpu::new(1)));
    let [flip, grey, light] = [
        Augment { flip: 0.5, ..NOTHING },
        Augment { grey: 0.5, ..NOTHING },
        Augment { colour_temperature: Some(LIGHT), ..NOTHING },
    ];
    for size in [17, 32] {
        let mut config = config("{}");
        config.data.image_size = size;
        let data = prepared(&config);
        for augment in [NOTHING, flip, grey, light, EVERYTHING, ALL_SORTS] {
            for colour in [ColourMode::Rgb, ColourMode::Grey] {
                let recipe = Recipe { augment, colour, ..RECIPE };
                let (mut of_gpu, mut of_cpu) = (feed(&on_gpu, &data, recipe), feed(&on_cpu, &data, recipe));
                for _ in 0..3 {
                    let (found, expected) = (of_gpu.next().unwrap(), of_cpu.next().unwrap());
                    for channels in [3, 1] {
                        let size = size as usize;
                        let found = bits(&*on_gpu, &found, size, channels);
                        let expected = bits(&*on_cpu, &expected, size, channels);
                        assert!(found == expected, "{size} {augment:?} {colour:?} {channels}");
                    }
                }
            }
        }
    }
    on_gpu.check().unwrap();
}

/// Has the next batch handed over, which the loader may not have made yet.
fn look_ahead(feed: &mut Feed<Cuda>, is_last: bool) {
    while feed.ahead.is_none() && !is_last {
        feed.look_ahead();
        std::thread::yield_now();
    }
}

#[test]
fn looking_ahead_leaves_no_batch_out_and_ends_with_the_last_one() {
    let (device, data) = (emulated(), prepared(&config("{}")));
    let expected: Vec<_> =
        Loader::start(&data.images, &data.train, RECIPE, 0).unwrap().map(|batch| batch.labels).collect();
    let mut feed = feed(&device, &data, RECIPE);
    let steps = 2 * feed.steps_per_epoch() as usize;
    assert_eq!(expected.len(), steps);
    for (step, expected) in expected.iter().enumerate() {
        let fed = feed.next().unwrap();
        assert_eq!(fed.labels(), expected);
        look_ahead(&mut feed, step + 1 == steps);
    }
    feed.look_ahead();
    assert!(feed.next().is_none());
}

#[test]
fn a_cpu_is_handed_nothing_ahead() {
    let mut feed = feed(&Arc::new(Cpu::new(1)), &prepared(&config("{}")), RECIPE);
    let fed = feed.next().unwrap();
    assert!(matches!(fed.pixels(), Pixels::Here(_)) && fed.batch.changes.is_empty());
    feed.look_ahead();
    assert!(feed.ahead.is_none());
}

fn numbers(step: StepNumbers) -> [u64; 3] {
    [step.loss, step.gradient_norm, step.norms].map(f64::to_bits)
}

/// Names and bits of all that a checkpoint holds.
fn state<B: HeadMemory>(model: &mut Model<B>) -> Vec<(String, Vec<u32>)> {
    let floats = model.tensors().into_iter().filter(|(_, tensor)| tensor.dtype().is_float());
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect();
    floats.map(|(name, tensor)| (name, bits(tensor.flatten_all().unwrap().to_vec1().unwrap()))).collect()
}

#[test]
fn training_on_images_that_were_handed_over_gives_the_numbers_of_bytes_that_were_changed_before() {
    let config = config("{batch_size: 4, accumulate: 2, ema: 0.5}");
    let (data, ahead, here) = (prepared(&config), emulated(), emulated());
    let model =
        |device: &Arc<Cuda>| Model::new(Arc::clone(device), &config, data.identities.len(), 0).unwrap();
    let (mut one, mut other) = (model(&ahead), model(&here));
    let mut feed = feed(&ahead, &data, RECIPE);
    let changed = Loader::start(&data.images, &data.train, RECIPE, 0).unwrap();
    for (step, batch) in (0..3).zip(changed) {
        ahead.gpu().take_uploads();
        let fed = feed.next().unwrap();
        let found = one.step_while(fed.pixels(), fed.labels(), step, 0.05, || look_ahead(&mut feed, false));
        let pixels = Pixels::Here(&batch.pixels);
        let expected = other.step_while(pixels, &batch.labels, step, 0.05, || ());
        assert_eq!(numbers(found), numbers(expected), "step {step}");
        if step == 2 {
            // The next batch's pixels, changes and tables of light, and the labels of two parts.
            let uploads = ahead.gpu().take_uploads();
            let (images, words) = (BATCH * 32 * 32 * 3, 4 * BATCH);
            let others = uploads.iter().filter(|bytes| ![images, words, words / 2].contains(bytes));
            assert!(
                others.clone().all(|bytes| bytes.is_multiple_of(768)) && others.count() <= 1,
                "{uploads:?}"
            );
        }
    }
    assert_eq!(state(&mut one), state(&mut other));
    ahead.check().unwrap();
}
