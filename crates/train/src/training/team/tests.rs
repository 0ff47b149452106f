//! Steps of several ranks: with each other, beside one rank, and back from checkpoints.

use arclab_nn::{Cpu, Cuda, Gpu, GpuOptions, Precision, ranks::Threads};
use arclab_spec::read_specs;

use super::{super::meters::Measured, *};

const SIZE: usize = 32;
const PEOPLE: usize = 5;

fn config(spec: &str, image_size: usize) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spec.yaml");
    let data =
        format!("data: {{dataset: synthetic, image_size: {image_size}}}\nmodel: {{embedding_size: 16}}");
    std::fs::write(&path, format!("{data}\n{spec}\n")).unwrap();
    read_specs(&[path], &[]).unwrap().remove(0).config
}

fn seats<B: HeadMemory>(count: usize, device: impl Fn() -> B) -> Vec<Seat<B>> {
    let seat = |exchange: Threads| Seat {
        device: Arc::new(device()),
        exchange: (count > 1).then(|| Arc::new(exchange) as Arc<dyn Exchange<B>>),
    };
    Threads::new(count).into_iter().map(seat).collect()
}

/// As many ranks as the spec says.
fn team_on<B: HeadMemory>(device: impl Fn() -> B, spec: &str) -> Team<B> {
    let config = config(spec, SIZE);
    Team::new(seats(config.training.ranks as usize, device), &config, PEOPLE, 0).unwrap()
}

fn team(spec: &str) -> Team<Cpu> {
    team_on(|| Cpu::new(1), spec)
}

/// Some images and their people.
fn batch(count: usize) -> (Vec<u8>, Vec<u32>) {
    let pixels = (0..count * SIZE * SIZE * 3).map(|at| ((at * 2_654_435_761) >> 7) as u8);
    (pixels.collect(), (0..count as u32).map(|at| at * 7 % PEOPLE as u32).collect())
}

fn steps<B: HeadMemory>(
    team: &mut Team<B>,
    numbers: std::ops::Range<u64>,
    images: usize,
) -> Vec<StepNumbers> {
    let (pixels, labels) = batch(images);
    let all =
        numbers.map(|number| team.step_while(Pixels::Here(&pixels), &labels, number, 0.05, || ())).collect();
    team.check().unwrap();
    team.check_ranks().unwrap();
    all
}

/// Names and numbers of what `tensors` hold, but for running statistics.
fn numbers(tensors: Tensors) -> Vec<(String, Vec<f32>)> {
    let learned =
        tensors.into_iter().filter(|(name, tensor)| tensor.dtype().is_float() && !name.contains("running_"));
    learned.map(|(name, tensor)| (name, tensor.flatten_all().unwrap().to_vec1().unwrap())).collect()
}

fn assert_near(found: &[f32], expected: &[f32], share: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-2_f32, |most, value| most.max(value.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= share * largest, "{what}: {found} for {expected}");
    }
}

/// Both say the same of a step, and make the same one, within rounding.
fn assert_alike(found: &mut Team<impl HeadMemory>, expected: &mut Team<impl HeadMemory>, images: usize) {
    for number in 0..2 {
        let [of_found, of_expected] =
            [steps(found, number..number + 1, images), steps(expected, number..number + 1, images)];
        let said = |all: &[StepNumbers]| {
            let StepNumbers { images, loss, gradient_norm, norms, measured, .. } = all[0];
            let Measured::Classes(classes) = measured else { panic!("a loss on class centres") };
            let counts = [images, classes.correct, classes.past_turn];
            (counts, [loss, gradient_norm, norms, classes.angles].map(|number| number as f32))
        };
        let ((counts, found), (expected_counts, expected)) = (said(&of_found), said(&of_expected));
        assert_eq!(counts, expected_counts);
        found
            .iter()
            .zip(expected)
            .for_each(|(found, expected)| assert_near(&[*found], &[expected], 1e-4, "said"));
    }
    for ((name, found), (_, expected)) in numbers(found.tensors()).iter().zip(&numbers(expected.tensors())) {
        assert_near(found, expected, 1e-3, name);
    }
}

#[test]
fn ranks_make_the_step_of_a_batch_in_as_many_parts() {
    let mut parts = team("training: {batch_size: 8, accumulate: 2}");
    assert_alike(&mut team("training: {batch_size: 8, ranks: 2}"), &mut parts, 8);
}

#[test]
fn ranks_and_parts_go_together() {
    // Of four images each: batch norm of two is hardly defined.
    let mut parts = team("training: {batch_size: 24, accumulate: 6}");
    assert_alike(&mut team("training: {batch_size: 24, accumulate: 2, ranks: 3}"), &mut parts, 24);
}

#[test]
fn clipping_and_what_the_optimiser_remembers_are_those_of_the_whole_gradient() {
    let optimizer = "optimizer: {name: adamw, clip_norm: 0.1}";
    let mut parts = team(&format!("{optimizer}\ntraining: {{batch_size: 8, accumulate: 2}}"));
    let mut ranks = team(&format!("{optimizer}\ntraining: {{batch_size: 8, ranks: 2}}"));
    let [of_ranks, of_parts] =
        [&mut ranks, &mut parts].map(|team| steps(team, 0..1, 8)[0].gradient_norm as f32);
    assert!(of_parts > 0.1);
    assert_near(&[of_ranks], &[of_parts], 1e-5, "the norm");
    let moments = |team: &mut Team<Cpu>| {
        let all = numbers(team.tensors()).into_iter();
        all.filter(|(name, _)| name.starts_with("momentum/first")).collect::<Vec<_>>()
    };
    for ((name, found), (_, expected)) in moments(&mut ranks).iter().zip(&moments(&mut parts)) {
        assert_near(found, expected, 1e-4, name);
    }
}

#[test]
fn all_ranks_have_the_same_weights_to_the_bit_whatever_the_loss() {
    let images_of_people = "training: {batch_size: 8, ranks: 2, sampler: {images_each: 2}}";
    for spec in [
        "training: {batch_size: 8, ranks: 4}",
        "loss: {sample_rate: 0.5}\ntraining: {batch_size: 8, ranks: 2}",
        "loss: {name: adaface}\noptimizer: {name: adamw}\ntraining: {batch_size: 8, ranks: 2, ema: 0.9}",
        &format!("loss: {{name: triplet}}\n{images_of_people}"),
        &format!("loss: {{name: proxy_anchor}}\n{images_of_people}"),
    ] {
        let mut team = team(spec);
        let begun = numbers(team.first.tensors());
        steps(&mut team, 0..3, 8);
        let is_shared = |(name, _): &(String, Vec<f32>)| name.starts_with("network/");
        let of = |model: &mut Model<Cpu>| {
            numbers(model.tensors()).into_iter().filter(is_shared).collect::<Vec<_>>()
        };
        let first = of(&mut team.first);
        assert!(first.iter().zip(&begun).any(|(now, then)| now != then), "{spec}");
        for other in &mut team.others {
            assert!(of(other) == first, "{spec}");
        }
    }
}

#[test]
fn a_checkpoint_has_the_form_of_one_rank_s_and_brings_back_all_ranks_to_the_bit() {
    for loss in ["arcface", "adaface"] {
        let spec = |ranks| {
            let training = format!("training: {{batch_size: 12, ranks: {ranks}, ema: 0.5}}");
            format!("loss: {{name: {loss}}}\noptimizer: {{name: adamw}}\n{training}")
        };
        let (mut alone, mut ranks) = (team(&spec(1)), team(&spec(3)));
        steps(&mut alone, 0..2, 12);
        steps(&mut ranks, 0..2, 12);
        let saved = ranks.tensors();
        let form = |tensors: &Tensors| {
            let forms = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.dims().to_vec()));
            forms.collect::<Vec<_>>()
        };
        assert_eq!(form(&saved), form(&alone.tensors()));

        let mut back = team(&spec(3));
        back.restore(&saved).unwrap();
        let said = |team: &mut Team<Cpu>| -> Vec<u64> {
            steps(team, 2..5, 12).iter().map(|step| step.loss.to_bits()).collect()
        };
        assert_eq!(said(&mut back), said(&mut ranks));
        let all = |team: &mut Team<Cpu>| {
            let running = team.first.network_tensors().into_iter();
            let running = running.filter(|(name, _)| name.contains("running_"));
            let running: Vec<_> = running.map(|(_, tensor)| tensor.to_vec1::<f32>().unwrap()).collect();
            (numbers(team.tensors()), running)
        };
        assert!(all(&mut back) == all(&mut ranks), "{loss}");
    }
}

#[test]
fn a_rank_that_panics_ends_the_step_of_all() {
    // It takes the images for ones of another size.
    let spec = "training: {batch_size: 8, ranks: 2}";
    let [same, other] = [SIZE, 2 * SIZE].map(|size| config(spec, size));
    let models = seats(2, || Cpu::new(1)).into_iter().zip([same, other]).map(|(seat, config)| {
        Model::new(seat.device, &config, PEOPLE, 0).unwrap().among(seat.exchange.unwrap())
    });
    let mut others: Vec<_> = models.collect();
    let mut team = Team { first: others.remove(0), others };
    let (pixels, labels) = batch(8);
    let numbers = team.step_while(Pixels::Here(&pixels), &labels, 0, 0.05, || ());
    assert!(numbers.loss.is_nan(), "{numbers:?}");
    assert_eq!(team.check_ranks(), Err(RankError::Panicked(1)));
}

#[test]
fn ranks_on_gpus_do_what_ranks_on_the_cpu_do() {
    let gpu = || {
        let precision = Precision::Float32;
        let options = GpuOptions { precision, deterministic: true, memory_bytes: None, cache: None };
        Cuda::new(Gpu::emulated(options))
    };
    for loss in ["arcface", "adaface"] {
        let spec = format!("loss: {{name: {loss}}}\ntraining: {{batch_size: 8, ranks: 2}}");
        let (mut on_gpus, mut on_cpu) = (team_on(gpu, &spec), team(&spec));
        let [found, expected] = [steps(&mut on_gpus, 0..2, 8), steps(&mut on_cpu, 0..2, 8)];
        for (found, expected) in found.iter().zip(&expected) {
            let [found, expected] =
                [found, expected].map(|step| [step.loss as f32, step.gradient_norm as f32]);
            assert_near(&found, &expected, 1e-3, "said");
        }
        let (found, expected) = (numbers(on_gpus.tensors()), numbers(on_cpu.tensors()));
        for ((name, found), (_, expected)) in found.iter().zip(&expected) {
            assert_near(found, expected, 1e-3, name);
        }
    }
}
