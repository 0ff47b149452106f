//! A small NVML, which the system's C compiler makes.

use std::{fs, path::Path, process::Command};

/// Three GPUs of 80 GiB each, the second of which does not tell its temperature. As many GiB are free as `ARCLAB_TEST_FREE`, a
/// file, says; without one, as many as the GPU's number, from 1.
const NVML: &str = r#"
#include <stdio.h>
#include <stdlib.h>
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
static unsigned long long free_gib(void *device) {
    const char *name = getenv("ARCLAB_TEST_FREE");
    FILE *file = name ? fopen(name, "r") : 0;
    if (!file) return (long)device;
    unsigned long long gib = 0;
    if (fscanf(file, "%llu", &gib) != 1) gib = 0;
    fclose(file);
    return gib;
}
struct memory { unsigned version; unsigned long long total, reserved, free, used; };
int nvmlDeviceGetMemoryInfo_v2(void *device, struct memory *info) {
    info->total = 80ULL << 30;
    info->free = free_gib(device) << 30;
    return 0;
}
int nvmlDeviceGetUtilizationRates(void *device, unsigned *rates) { rates[0] = 10 * (long)device; rates[1] = 0; return 0; }
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *to) { *to = 40; return (long)device == 2 ? 3 : 0; }
"#;

/// Puts the library into `folder`, for the loader to find there; it begins with `failure`, 0 being none.
pub(crate) fn make(folder: &Path, failure: u32) {
    let (from, to) = (folder.join("nvml.c"), folder.join("libnvidia-ml.so.1"));
    fs::write(&from, NVML).unwrap();
    let failure = format!("-DFAILURE={failure}");
    let status = Command::new("cc").args(["-shared", "-fPIC", &failure, "-o"]).args([&to, &from]).status();
    assert!(status.unwrap().success(), "cc makes the library");
}
