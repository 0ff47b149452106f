//! Work that is recorded once and done again and again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use arclab_gpu::{Buffer, Gpu, GpuError, Options, Precision, Recording, ops::hard_sigmoid};

const LEN: usize = 1000;

fn emulated(memory_bytes: Option<u64>) -> Gpu {
    let precision = Precision::Float32;
    Gpu::emulated(Options { precision, deterministic: true, memory_bytes, cache: None })
}

/// The hard sigmoid of `input`, twice.
fn recorded(gpu: &Gpu, input: &Buffer) -> (Recording, Buffer) {
    let work = || hard_sigmoid::forward(gpu, &hard_sigmoid::forward(gpu, input));
    gpu.record(|recorder| recorder.part(work)).unwrap()
}

/// Of a number for which the hard sigmoid is x/5 + 1/2.
fn twice(x: f32) -> f32 {
    (x / 5.0 + 0.5) / 5.0 + 0.5
}

fn is_all(gpu: &Gpu, buffer: &Buffer, value: f32) -> bool {
    gpu.download(buffer).iter().all(|found| (found - value).abs() < 1e-6)
}

#[test]
fn what_is_recorded_is_done_when_it_is_asked_for_and_as_often() {
    let gpu = emulated(None);
    let mut input = gpu.upload(&[1.0; LEN]);
    let (recording, output) = recorded(&gpu, &input);
    assert!(gpu.download(&output)[0].is_nan(), "nothing was done yet");
    for value in [1.0, -2.0] {
        gpu.replace(&mut input, &gpu.upload(&[value; LEN]));
        gpu.replay(&recording, 0);
        assert!(is_all(&gpu, &output, twice(value)), "{value}");
    }
    gpu.check().unwrap();
}

#[test]
fn numbers_of_others_are_not_written_over_by_what_is_done_again() {
    let gpu = emulated(None);
    let input = gpu.upload(&[1.0; LEN]);
    let (recording, output) = recorded(&gpu, &input);
    let others: Vec<Buffer> = (0..4).map(|_| gpu.upload(&[7.0; LEN])).collect();
    gpu.replay(&recording, 0);
    assert!(others.iter().all(|other| is_all(&gpu, other, 7.0)));
    assert!(is_all(&gpu, &output, twice(1.0)));
}

#[test]
fn memory_of_a_recording_is_used_again_within_it_and_goes_back_to_the_pool() {
    let gpu = emulated(None);
    let input = gpu.upload(&[1.0; LEN]);
    let before = gpu.peak_memory();
    let one_after_the_other = || (0..9).for_each(|_| drop(hard_sigmoid::forward(&gpu, &input)));
    let (recording, ()) = gpu
        .record(|recorder| {
            recorder.part(one_after_the_other);
            recorder.part(one_after_the_other);
        })
        .unwrap();
    let block = 4 * LEN.next_multiple_of(128) as u64;
    assert_eq!(gpu.peak_memory() - before, block);
    drop(recording);
    let _other = gpu.upload(&[7.0; LEN]);
    assert_eq!(gpu.peak_memory() - before, block, "it was taken from the pool");
}

#[test]
fn what_cannot_be_recorded_gives_the_recording_up_and_nothing_else() {
    let gpu = emulated(None);
    let input = gpu.upload(&[1.0; LEN]);
    let refused: [(&dyn Fn(), &str); 3] = [
        (&|| drop(gpu.upload(&[1.0])), "an upload"),
        (&|| drop(gpu.upload_bytes(&[1])), "an upload"),
        (&|| drop(gpu.download(&input)), "a download"),
    ];
    for (work, named) in refused {
        let error = gpu.record(|recorder| {
            recorder.part(|| drop(hard_sigmoid::forward(&gpu, &input)));
            recorder.part(work);
            recorder.part(|| drop(hard_sigmoid::forward(&gpu, &input)));
        });
        assert_eq!(error.unwrap_err().to_string(), format!("{named} cannot be part of a CUDA graph"));
        gpu.check().unwrap();
        assert!(is_all(&gpu, &gpu.upload(&[3.0]), 3.0));
    }
}

#[test]
fn a_recording_that_needs_too_much_memory_is_an_error_and_the_gpu_goes_on() {
    let gpu = emulated(Some(8 * 4096));
    let input = gpu.upload(&[1.0; LEN]);
    let outputs = || (0..8).map(|_| hard_sigmoid::forward(&gpu, &input)).collect::<Vec<_>>();
    let error = gpu.record(|recorder| recorder.part(outputs)).unwrap_err();
    assert!(matches!(error, GpuError::OutOfMemory { .. }), "{error}");
    assert_eq!(hard_sigmoid::forward(&gpu, &input).len(), LEN);
    gpu.check().unwrap();
}
