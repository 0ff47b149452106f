//! GPUs as NVML tells of them: a small one, which the system's C compiler makes, stands for NVIDIA's. The loader looks for
//! it where a process is told to when it starts, so each case is a process of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::process::Command;

/// What a process finds with an NVML that begins with `failure`, and with `visible` as its `CUDA_VISIBLE_DEVICES`.
fn found(failure: u32, visible: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    support::nvml::make(folder.path(), failure);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "what_this_process_finds", "--ignored", "--nocapture"]);
    command.env("LD_LIBRARY_PATH", folder.path()).env_remove("CUDA_VISIBLE_DEVICES");
    let output = command.envs(visible.map(|visible| ("CUDA_VISIBLE_DEVICES", visible))).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().filter_map(|line| line.strip_prefix("> ")).collect::<Vec<_>>().join("\n")
}

#[test]
#[ignore = "the other half of the other tests, which they start with an environment"]
#[expect(clippy::print_stdout, reason = "it answers so")]
fn what_this_process_finds() {
    println!();
    match arclab_scheduler::gpus() {
        Err(error) => println!("> {error}"),
        Ok(gpus) => {
            for gpu in gpus {
                let of = |bytes: u64| bytes >> 30;
                let (free, all) = (of(gpu.free_bytes), of(gpu.memory_bytes));
                let state = (gpu.utilisation_percent, gpu.temperature_celsius);
                println!("> {} {} {} {} {free}/{all} {state:?}", gpu.index, gpu.visible, gpu.uuid, gpu.name);
            }
        }
    }
}

#[test]
fn every_gpu_is_described_and_what_the_driver_does_not_tell_is_left_out() {
    let expected = "0 0 GPU-aa NVIDIA H100 1/80 (Some(10), Some(40))\n\
                    1 1 GPU-bb NVIDIA H200 2/80 (Some(20), None)\n\
                    2 2 GPU-cc NVIDIA H300 3/80 (Some(30), Some(40))";
    assert_eq!(found(0, None), expected);
}

#[test]
fn gpus_that_this_program_is_not_to_see_are_not_listed() {
    let expected = "0 2 GPU-cc NVIDIA H300 3/80 (Some(30), Some(40))\n\
                    1 GPU-a GPU-aa NVIDIA H100 1/80 (Some(10), Some(40))";
    assert_eq!(found(0, Some("2,GPU-a")), expected);
    assert_eq!(found(0, Some("")), "CUDA_VISIBLE_DEVICES () names none of the GPUs of this machine");
}

#[test]
fn a_driver_that_fails_is_an_error_in_words() {
    // NVML_ERROR_DRIVER_NOT_LOADED.
    let said = found(9, None);
    assert!(said.starts_with("NVIDIA's driver does not answer: "), "{said}");
}
