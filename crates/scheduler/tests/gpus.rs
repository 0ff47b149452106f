//! GPUs as NVML tells of them: a small one, which the system's C compiler makes, stands for NVIDIA's. The loader looks for
//! it where a process is told to when it starts, so each case is a process of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{fs, path::Path, process::Command};

/// Three GPUs of 80 GiB each, the second of which does not tell its temperature.
const NVML: &str = r#"
#include <stdio.h>
#include <string.h>
static const char *uuids[] = {"GPU-aa", "GPU-bb", "GPU-cc"};
int nvmlInit_v2(void) { return FAILURE; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { return "failure"; }
int nvmlSystemGetDriverVersion(char *to, unsigned len) { return snprintf(to, len, "580.65.06") < 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = (void *)(index + 1L); return 0; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    for (long i = 0; i < 3; i++)
        if (!strcmp(uuid, uuids[i])) { *device = (void *)(i + 1); return 0; }
    return 6;
}
int nvmlDeviceGetUUID(void *device, char *to, unsigned len) { return snprintf(to, len, "%s", uuids[(long)device - 1]) < 0; }
int nvmlDeviceGetName(void *device, char *to, unsigned len) { return snprintf(to, len, "NVIDIA H%ld00", (long)device) < 0; }
struct memory { unsigned version; unsigned long long total, reserved, free, used; };
int nvmlDeviceGetMemoryInfo_v2(void *device, struct memory *info) {
    info->total = 80ULL << 30;
    info->free = (unsigned long long)(long)device << 30;
    return 0;
}
int nvmlDeviceGetUtilizationRates(void *device, unsigned *rates) { rates[0] = 10 * (long)device; rates[1] = 0; return 0; }
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *to) { *to = 40; return (long)device == 2 ? 3 : 0; }
"#;

/// What a process finds with an NVML that begins with `failure`, and with `visible` as its `CUDA_VISIBLE_DEVICES`.
fn found(failure: u32, visible: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), failure);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "what_this_process_finds", "--ignored", "--nocapture"]);
    command.env("LD_LIBRARY_PATH", folder.path()).env_remove("CUDA_VISIBLE_DEVICES");
    let output = command.envs(visible.map(|visible| ("CUDA_VISIBLE_DEVICES", visible))).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().filter_map(|line| line.strip_prefix("> ")).collect::<Vec<_>>().join("\n")
}

fn make(folder: &Path, failure: u32) {
    let (from, to) = (folder.join("nvml.c"), folder.join("libnvidia-ml.so.1"));
    fs::write(&from, NVML).unwrap();
    let failure = format!("-DFAILURE={failure}");
    let status = Command::new("cc").args(["-shared", "-fPIC", &failure, "-o"]).args([&to, &from]).status();
    assert!(status.unwrap().success(), "cc makes the library");
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
