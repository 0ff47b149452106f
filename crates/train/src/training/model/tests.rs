//! Steps of a small model.

use arclab_nn::{Cpu, Cuda, Gpu, GpuOptions, Precision};
use arclab_spec::read_specs;

use super::{super::meters::Measured, *};

const SIZE: usize = 32;

/// A model of three people with this `training:`.
fn model(training: &str) -> Model<Cpu> {
    model_on(Cpu::new(1), training)
}

/// The same, whose network is on a GPU that runs its kernels on the CPU.
fn emulated(training: &str) -> Model<Cuda> {
    emulated_that(training, true)
}

/// The same, which records steps or does not.
fn emulated_that(training: &str, does_record: bool) -> Model<Cuda> {
    let options =
        GpuOptions { precision: Precision::Float32, deterministic: true, memory_bytes: None, cache: None };
    model_on(Cuda::new(Gpu::emulated(options).recording(does_record)), training)
}

fn model_on<B: HeadMemory>(device: B, training: &str) -> Model<B> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spec.yaml");
    let data = format!("data: {{dataset: synthetic, image_size: {SIZE}}}\nmodel: {{embedding_size: 16}}");
    std::fs::write(&path, format!("{data}\ntraining: {training}\n")).unwrap();
    let config = read_specs(&[path], &[]).unwrap().remove(0).config;
    Model::new(Arc::new(device), &config, 3, 0).unwrap()
}

impl<B: HeadMemory> Model<B> {
    /// A step with nothing to do meanwhile.
    fn step(&mut self, pixels: &[u8], labels: &[u32], step: u64, rate: f64) -> StepNumbers {
        self.step_while(Pixels::Here(pixels), labels, step, rate, || ())
    }
}

/// Some images and their people.
fn batch(first: usize) -> (Vec<u8>, Vec<u32>) {
    let pixels = (0..4 * SIZE * SIZE * 3).map(|at| (((first + at) * 2_654_435_761) >> 7) as u8);
    (pixels.collect(), vec![0, 1, 2, 0])
}

fn twice((pixels, labels): (Vec<u8>, Vec<u32>)) -> (Vec<u8>, Vec<u32>) {
    ([&*pixels, &*pixels].concat(), [&*labels, &*labels].concat())
}

fn bits(network: &Network<Cpu>) -> Vec<Vec<u32>> {
    let params = network.params().into_iter();
    params.map(|param| param.value.iter().map(|value| value.to_bits()).collect()).collect()
}

#[test]
fn a_batch_whose_parts_are_alike_makes_the_step_of_one_of_them() {
    let (mut whole, mut parts) = (model("{batch_size: 4}"), model("{batch_size: 8, accumulate: 2}"));
    for first in [0, 9] {
        let ((pixels, labels), (two_pixels, two_labels)) = (batch(first), twice(batch(first)));
        let of_whole = whole.step(&pixels, &labels, 0, 0.1);
        let of_parts = parts.step(&two_pixels, &two_labels, 0, 0.1);
        let correct = |numbers: &StepNumbers| match numbers.measured {
            Measured::Classes(classes) => classes.correct,
            Measured::Pairs(_) => unreachable!("the usual loss is on class centres"),
        };
        assert_eq!((of_parts.images, correct(&of_parts)), (8, 2 * correct(&of_whole)));
        assert_eq!((of_parts.loss, of_parts.gradient_norm), (of_whole.loss, of_whole.gradient_norm));
        assert_eq!(bits(&parts.network), bits(&whole.network));
    }
}

#[test]
fn a_batch_in_parts_follows_every_part() {
    let (mut one, mut both) = (model("{batch_size: 4}"), model("{batch_size: 8, accumulate: 2}"));
    let ((pixels, labels), (more, others)) = (batch(0), batch(9));
    let of_one = one.step(&pixels, &labels, 0, 0.1);
    let of_both = both.step(&[pixels, more].concat(), &[labels, others].concat(), 0, 0.1);
    assert_ne!(of_both.loss, of_one.loss);
    assert_ne!(bits(&both.network), bits(&one.network));
}

#[test]
fn the_average_is_what_embeds_and_is_kept_while_training_goes_on_from_the_weights() {
    let (mut plain, mut averaged) = (model("{batch_size: 4}"), model("{batch_size: 4, ema: 0.5}"));
    let (pixels, labels) = batch(0);
    for _ in 0..3 {
        let [of_plain, of_averaged] =
            [&mut plain, &mut averaged].map(|model| model.step(&pixels, &labels, 0, 0.1));
        assert_eq!(of_plain.loss, of_averaged.loss);
    }
    assert_eq!(bits(&plain.network), bits(&averaged.network));
    assert_ne!(plain.embed(&pixels, 4), averaged.embed(&pixels, 4));

    let average = averaged.average.as_ref().unwrap().network();
    assert_eq!(averaged.embed(&pixels, 4), average.embed(&Images { pixels: &pixels, count: 4, size: SIZE }));
    plain.network.load_state(&averaged.network_tensors()).unwrap();
    assert_eq!(bits(&plain.network), bits(average));
}

/// Every number within a thousandth of the largest.
fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-2_f32, |most, value| most.max(value.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-3 * largest, "{what}: {found} for {expected}");
    }
}

/// Names and numbers of all that a checkpoint holds.
fn all<B: HeadMemory>(model: &mut Model<B>) -> Vec<(String, Vec<f32>)> {
    let floats = model.tensors().into_iter().filter(|(_, tensor)| tensor.dtype().is_float());
    floats.map(|(name, tensor)| (name, tensor.flatten_all().unwrap().to_vec1().unwrap())).collect()
}

#[test]
fn a_run_goes_on_on_the_other_device() {
    let training = "{batch_size: 4, ema: 0.5}";
    let (mut on_cpu, mut on_gpu) = (model(training), emulated(training));
    let mut there_and_back = model(training);
    let (pixels, labels) = batch(0);
    on_cpu.step(&pixels, &labels, 0, 0.05);
    on_gpu.restore(&on_cpu.tensors()).unwrap();
    let of_gpu = on_gpu.step(&pixels, &labels, 1, 0.05);
    let of_cpu = on_cpu.step(&pixels, &labels, 1, 0.05);
    assert_near(&[of_gpu.loss as f32], &[of_cpu.loss as f32], "the loss after going to the GPU");
    there_and_back.restore(&on_gpu.tensors()).unwrap();
    there_and_back.step(&pixels, &labels, 2, 0.05);
    on_cpu.step(&pixels, &labels, 2, 0.05);
    for ((name, found), (_, expected)) in all(&mut there_and_back).iter().zip(&all(&mut on_cpu)) {
        assert_near(found, expected, name);
    }
    on_gpu.check().unwrap();
}

#[test]
fn a_batch_in_parts_and_an_average_are_on_a_gpu_what_they_are_on_the_cpu() {
    let training = "{batch_size: 8, accumulate: 2, ema: 0.5}";
    let (mut on_cpu, mut on_gpu) = (model(training), emulated(training));
    let ((pixels, labels), (more, others)) = (batch(0), batch(9));
    let (pixels, labels) = ([pixels, more].concat(), [labels, others].concat());
    for step in 0..2 {
        let of_gpu = on_gpu.step(&pixels, &labels, step, 0.05);
        let of_cpu = on_cpu.step(&pixels, &labels, step, 0.05);
        assert_near(&[of_gpu.gradient_norm as f32], &[of_cpu.gradient_norm as f32], "the gradient's norm");
    }
    for ((name, found), (_, expected)) in all(&mut on_gpu).iter().zip(&all(&mut on_cpu)) {
        assert_near(found, expected, name);
    }
    assert_near(&on_gpu.embed(&pixels, 8), &on_cpu.embed(&pixels, 8), "embeddings");
}

#[test]
fn a_recorded_step_is_the_one_of_layer_by_layer_before_a_checkpoint_and_after() {
    let (pixels, labels) = twice(batch(0));
    let [recorded, eager] = [true, false].map(|does_record| {
        let mut model = emulated_that("{batch_size: 8, accumulate: 2, ema: 0.5}", does_record);
        let mut losses: Vec<f64> = (0..2).map(|step| model.step(&pixels, &labels, step, 0.05).loss).collect();
        let checkpoint = model.tensors();
        model.step(&pixels, &labels, 2, 0.05);
        model.restore(&checkpoint).unwrap();
        let embeddings = model.embed(&pixels, 8);
        losses.push(model.step(&pixels, &labels, 2, 0.05).loss);
        model.check().unwrap();
        assert_eq!(model.network.is_recorded(), does_record);
        (losses, embeddings, all(&mut model))
    });
    assert!(recorded == eager);
}
