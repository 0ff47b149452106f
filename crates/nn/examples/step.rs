//! Time of a training step: `cargo run --release -p arclab-nn --example step -- BACKBONE SIZE BATCH THREADS [STEPS]`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that measures says what it measured"
)]

use std::{sync::Arc, time::Instant};

use arclab_nn::{BackboneKind, Cpu, Images, Network};

fn main() {
    let mut args = std::env::args().skip(1);
    let kind = match args.next().as_deref() {
        Some("mobilefacenet") => BackboneKind::MobileFaceNet,
        Some("iresnet18") => BackboneKind::IResNet18,
        _ => BackboneKind::Small,
    };
    let mut number = |default: usize| args.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (size, batch, threads, steps) = (number(64), number(64), number(1), number(10));
    let device = Arc::new(Cpu::new(threads));
    let kernels = device.kernels().name();
    let mut network = match Network::new(device, kind, 128, size, 0) {
        Ok(network) => network,
        Err(error) => {
            eprintln!("{error}");
            return;
        }
    };
    let pixels: Vec<u8> = (0..batch * size * size * 3).map(|i| (i * 7919 % 251) as u8).collect();
    let images = Images { pixels: &pixels, count: batch, size };
    let (mut forward, mut backward, mut eval) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..steps {
        let start = Instant::now();
        let embeddings = network.train_forward(&images);
        forward.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        network.backward(&embeddings);
        backward.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        network.embed(&images);
        eval.push(start.elapsed().as_secs_f64());
    }
    let [forward, backward, eval] = [forward, backward, eval].map(best);
    let rate = |seconds: f64| batch as f64 / seconds;
    println!(
        "{} {size}x{size} batch {batch}, {threads} threads, {kernels}: {:.1} images/s (forward {:.1} ms, backward {:.1} ms), evaluation {:.1} images/s",
        kind.name(),
        rate(forward + backward),
        forward * 1e3,
        backward * 1e3,
        rate(eval)
    );
}

/// The best of all steps: what the machine does when nobody else uses it.
fn best(values: Vec<f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, f64::min)
}
