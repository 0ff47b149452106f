//! Optimisers, norms, averages and means over all weights of a model at once.

use arclab_gpu::{
    Buffer, Gpu, Precision,
    ops::{
        Rows,
        adamw::{self, Factors},
        follow::{add_share, follow},
        norm::Norm,
        sgd,
    },
};
use arclab_nn::{
    Cuda,
    optim::{self, AdamW, Kind, Layers, Optimizer, Rule, Sgd, Weight, clip_factor, global_norm},
};

use crate::{
    devices::{assert_near, cpu, every_gpu, gpu},
    support::fill,
};

/// One number, no multiple of four, and more than one chunk with an end that is no multiple of four.
const LENGTHS: [usize; 4] = [1, 7, 64, 16_391];
const KINDS: [Kind; 4] = [Kind::Channel, Kind::Channel, Kind::Kernel, Kind::Head];
const LAYERS: Layers = Layers { decay_norms: false, head_rate: 3.0 };
const DECAY: f64 = 0.05;
const BETAS: [f64; 2] = [0.9, 0.99];
const STEPS: usize = 4;
/// Rows of a weight, where only some take part: the only one, the ends, and all.
const ROWS: [&[u32]; 3] = [&[4], &[0, 3, 10], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]];

#[derive(Clone, Copy)]
enum Method {
    Sgd { momentum: f64, nesterov: bool },
    AdamW,
}

const METHODS: [Method; 4] = [
    Method::Sgd { momentum: 0.0, nesterov: false },
    Method::Sgd { momentum: 0.9, nesterov: false },
    Method::Sgd { momentum: 0.9, nesterov: true },
    Method::AdamW,
];

/// The learning rate, which moves.
fn rate(step: usize) -> f64 {
    0.1 / (step / 2 + 1) as f64
}

fn gradients(step: usize, lengths: &[usize]) -> Vec<Vec<f32>> {
    lengths.iter().enumerate().map(|(number, &len)| fill(&format!("gradient {step} {number}"), len)).collect()
}

fn values(lengths: &[usize]) -> Vec<Vec<f32>> {
    lengths.iter().enumerate().map(|(number, &len)| fill(&format!("value {number}"), len)).collect()
}

fn on_cpu(method: Method, limit: Option<f64>) -> Optimizer {
    let rule = match method {
        Method::Sgd { momentum, nesterov } => Rule::Sgd(Sgd::new(momentum, nesterov)),
        Method::AdamW => Rule::AdamW(AdamW::new(BETAS, 1e-8)),
    };
    Optimizer { rule, weight_decay: DECAY, clip_norm: limit, layers: LAYERS }
}

fn factors(kind: Kind, rate: f64) -> [f64; 2] {
    match kind {
        Kind::Channel => [rate, 0.0],
        Kind::Kernel => [rate, DECAY],
        Kind::Head => [rate * LAYERS.head_rate, DECAY],
    }
}

/// A model on the GPU: values, and two memories of each, of which SGD uses one.
struct Model {
    values: Vec<Buffer>,
    memories: [Vec<Buffer>; 2],
    steps: u64,
}

impl Model {
    fn new(gpu: &Gpu, values: &[Vec<f32>]) -> Self {
        let zeros = || values.iter().map(|values| gpu.upload(&vec![0.0; values.len()])).collect();
        let memories = [zeros(), zeros()];
        Self { values: values.iter().map(|values| gpu.upload(values)).collect(), memories, steps: 0 }
    }

    fn step(
        &mut self,
        gpu: &Gpu,
        method: Method,
        (gradients, rows): (&[Buffer], Option<Rows<'_>>),
        (kinds, rate): (&[Kind], f64),
        norm: &Norm,
    ) {
        self.steps += 1;
        let [first, second] = &mut self.memories;
        let all = self.values.iter_mut().zip(gradients).zip(kinds).zip(first.iter_mut().zip(second));
        match method {
            Method::Sgd { momentum, nesterov } => {
                let weights = all.map(|(((value, gradient), kind), (velocity, _))| {
                    let [rate, decay] = factors(*kind, rate);
                    sgd::Weight { value, velocity, gradient, rows, rate, decay }
                });
                sgd::step(gpu, &weights.collect::<Vec<_>>(), norm, momentum as f32, nesterov);
            }
            Method::AdamW => {
                let weights = all.map(|(((value, gradient), kind), (first, second))| {
                    let [rate, decay] = factors(*kind, rate);
                    adamw::Weight { value, moments: [first, second], gradient, rows, rate, decay }
                });
                let factors = Factors { betas: BETAS, epsilon: 1e-8, steps: self.steps };
                adamw::step(gpu, &weights.collect::<Vec<_>>(), norm, factors);
            }
        }
    }

    fn downloaded(&self, gpu: &Gpu) -> Vec<Vec<f32>> {
        self.values.iter().map(|value| gpu.download(value)).collect()
    }
}

/// Values after some steps of all weights, and the last norm.
fn run(gpu: &Cuda, method: Method, limit: Option<f64>) -> (Vec<Vec<f32>>, f64) {
    let gpu = gpu.gpu();
    let (mut model, mut last) = (Model::new(gpu, &values(&LENGTHS)), 0.0);
    for step in 0..STEPS {
        let gradients: Vec<Buffer> =
            gradients(step, &LENGTHS).iter().map(|gradient| gpu.upload(gradient)).collect();
        let norm = Norm::new(gpu, &gradients.iter().collect::<Vec<_>>(), 1.0, limit);
        model.step(gpu, method, (&gradients, None), (&KINDS, rate(step)), &norm);
        last = norm.value(gpu);
    }
    (model.downloaded(gpu), last)
}

#[test]
fn all_weights_take_the_cpu_s_steps_whatever_the_rule_and_clipped_or_not() {
    for method in METHODS {
        for limit in [None, Some(5.0)] {
            let (mut optimizer, mut expected, mut norm) = (on_cpu(method, limit), values(&LENGTHS), 0.0);
            for step in 0..STEPS {
                let gradients = gradients(step, &LENGTHS);
                let weights = expected.iter_mut().zip(&gradients).zip(KINDS).zip(["a", "b", "c", "d"]);
                let weights = weights.map(|(((value, gradient), kind), name)| {
                    (kind, Weight { name, value: &mut value[..], gradient: &gradient[..], rows: None })
                });
                norm = optimizer.step(&cpu(), weights.collect(), rate(step));
            }
            for gpu in every_gpu() {
                let (found, found_norm) = run(&gpu, method, limit);
                assert!((found_norm / norm - 1.0).abs() < 1e-6, "{found_norm} for {norm}");
                for (found, expected) in found.iter().zip(&expected) {
                    assert_near(&gpu, found, expected, 1e-6, "weights");
                }
            }
        }
    }
}

#[test]
fn steps_give_the_same_bits_twice() {
    let gpu = gpu(Precision::Float32);
    for method in METHODS {
        assert_eq!(run(&gpu, method, Some(5.0)), run(&gpu, method, Some(5.0)));
    }
}

#[test]
fn rows_that_take_part_step_and_the_others_stay_as_they_are() {
    let gpu = gpu(Precision::Float32);
    for (method, width) in METHODS.into_iter().flat_map(|method| [(method, 6), (method, 8)]) {
        let start = values(&[11 * width]);
        let (mut optimizer, mut expected) = (on_cpu(method, None), start.clone());
        let mut model = Model::new(gpu.gpu(), &start);
        for (step, indices) in ROWS.iter().cycle().take(5).enumerate() {
            let gradient = &gradients(step, &[indices.len() * width])[0];
            let rows = Some(optim::Rows { indices, width });
            let weight = Weight { name: "w", value: &mut expected[0][..], gradient: &gradient[..], rows };
            optimizer.step(&cpu(), vec![(Kind::Head, weight)], rate(step));

            let before = model.downloaded(gpu.gpu());
            let (uploaded, rows) = ([gpu.gpu().upload(gradient)], Some(Rows { indices, width }));
            let norm = Norm::known(gpu.gpu(), 1.0, 1.0);
            model.step(gpu.gpu(), method, (&uploaded, rows), (&[Kind::Head], rate(step)), &norm);
            let found = model.downloaded(gpu.gpu());
            assert_near(&gpu, &found[0], &expected[0], 1e-6, "rows");
            let stayed = (0..11).filter(|row| !indices.contains(row)).map(|row| row as usize * width);
            for row in stayed.map(|from| from..from + width) {
                assert_eq!(before[0][row.clone()], found[0][row]);
            }
        }
    }
}

#[test]
#[should_panic(expected = "rows of a weight are in it, and ascend")]
fn rows_beyond_a_weight_are_refused() {
    let gpu = gpu(Precision::Float32);
    let mut model = Model::new(gpu.gpu(), &values(&[12]));
    let (gradient, rows) = ([gpu.gpu().upload(&[0.0; 4])], Some(Rows { indices: &[3], width: 4 }));
    let norm = Norm::known(gpu.gpu(), 1.0, 1.0);
    model.step(gpu.gpu(), Method::AdamW, (&gradient, rows), (&[Kind::Head], 0.1), &norm);
}

#[test]
fn a_norm_counts_every_gradient_as_the_loss_was_before_it_was_scaled() {
    let (gpu, gradients) = (gpu(Precision::Float32), gradients(0, &LENGTHS));
    let gpu = gpu.gpu();
    let scaled: Vec<Buffer> =
        gradients.iter().map(|all| gpu.upload(&all.iter().map(|g| g * 1024.0).collect::<Vec<_>>())).collect();
    let expected = global_norm(gradients.iter().map(Vec::as_slice));
    for limit in [None, Some(0.7), Some(1e9)] {
        let norm = Norm::new(gpu, &scaled.iter().collect::<Vec<_>>(), 1.0 / 1024.0, limit);
        assert!((norm.value(gpu) / expected - 1.0).abs() < 1e-7, "{norm:?}");
        // A step of plain descent from 0 with a gradient of -1024 is the factor times 1024.
        let (mut value, mut velocity) = (gpu.upload(&[0.0]), gpu.upload(&[0.0]));
        let gradient = gpu.upload(&[-1024.0]);
        let weight = sgd::Weight {
            value: &mut value,
            velocity: &mut velocity,
            gradient: &gradient,
            rows: None,
            rate: 1.0,
            decay: 0.0,
        };
        sgd::step(gpu, &[weight], &norm, 0.0, false);
        let factor = limit.map_or(1.0, |limit| clip_factor(expected, limit));
        let found = gpu.download(&value)[0];
        assert!((found / factor - 1.0).abs() < 1e-6, "{limit:?}: {found} for {factor}");
    }
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    let (gpu, start) = (gpu(Precision::Float32), values(&LENGTHS));
    let gpu = gpu.gpu();
    for (method, wrong) in
        METHODS.into_iter().flat_map(|method| [(method, f32::NAN), (method, f32::INFINITY)])
    {
        let mut all = gradients(0, &LENGTHS);
        all[3][16_390] = wrong;
        let uploaded: Vec<Buffer> = all.iter().map(|gradient| gpu.upload(gradient)).collect();
        let norm = Norm::new(gpu, &uploaded.iter().collect::<Vec<_>>(), 1.0, Some(1.0));
        let mut model = Model::new(gpu, &start);
        model.step(gpu, method, (&uploaded, None), (&KINDS, 0.1), &norm);
        assert!(!norm.value(gpu).is_finite());
        assert_eq!(model.downloaded(gpu), start);
    }
}

#[test]
fn averages_follow_and_means_add_up_over_all_weights() {
    for gpu in every_gpu() {
        let raw = gpu.gpu();
        let (from, to) = (gradients(0, &LENGTHS), values(&LENGTHS));
        let uploaded = |all: &[Vec<f32>]| all.iter().map(|values| raw.upload(values)).collect::<Vec<_>>();
        let (others, mut averages, mut means) = (uploaded(&from), uploaded(&to), uploaded(&to));
        let share = 0.125;
        for _ in 0..2 {
            follow(raw, &averages.iter_mut().zip(&others).collect::<Vec<_>>(), share);
            add_share(raw, &means.iter_mut().zip(&others).collect::<Vec<_>>(), share, false);
        }
        let mut anew = uploaded(&to.iter().map(|values| vec![f32::NAN; values.len()]).collect::<Vec<_>>());
        add_share(raw, &anew.iter_mut().zip(&others).collect::<Vec<_>>(), share, true);
        for (found, from) in anew.iter().zip(&from) {
            let expected: Vec<f32> = from.iter().map(|value| share * value).collect();
            assert_eq!(raw.download(found), expected);
        }
        let twice = |start: &[f32], other: &[f32], towards: fn(f32, f32) -> f32| -> Vec<f32> {
            let step = |a: f32, b: f32| a + share * towards(a, b);
            start.iter().zip(other).map(|(&a, &b)| step(step(a, b), b)).collect()
        };
        for (number, (from, to)) in from.iter().zip(&to).enumerate() {
            let expected =
                [twice(to, from, |average, value| value - average), twice(to, from, |_, gradient| gradient)];
            for (found, expected) in [&averages[number], &means[number]].into_iter().zip(&expected) {
                assert_near(&gpu, &raw.download(found), expected, 1e-6, "follow");
            }
        }
    }
}

#[test]
fn numbers_that_are_equal_stay_so_to_the_bit_when_they_follow() {
    let (gpu, numbers) = (gpu(Precision::Float32), fill("numbers", 77));
    let (mut average, value) = (gpu.gpu().upload(&numbers), gpu.gpu().upload(&numbers));
    follow(gpu.gpu(), &[(&mut average, &value)], 0.3);
    assert_eq!(gpu.gpu().download(&average), numbers);
}
