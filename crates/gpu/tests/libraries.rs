//! Libraries are found where people have them, whatever else lies beside them. Each case is a process of its own, since libraries
//! are loaded once a process; the libraries are small ones that the system's C compiler makes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use arclab_gpu::libraries::{self, Library};

/// `version` as CUDA writes it, and how often the number was asked for.
const NVRTC: &str = "int nvrtcVersion(int *major, int *minor) { *major = VERSION / 1000; *minor = VERSION % 1000 / 10; return 0; }";
const DRIVER: &str = "int cuDriverGetVersion(int *version) { *version = VERSION; return 0; }
int cuInit(unsigned flags) { return 100; }";
const NCCL: &str = "int ncclGetVersion(int *version) { *version = VERSION; return 0; }";
const CUDNN: &str = "unsigned long cudnnGetVersion() { return 91900; }
unsigned long cudnnGetCudartVersion() { return VERSION; }";
const CUBLAS: &str = "int cublasGetProperty(int which, int *value) { *value = which == 0 ? VERSION / 1000 : which; return 0; }";
const CUBLAS_LT: &str = "int cublasLtGetProperty(int which, int *value) { *value = which == 0 ? VERSION / 1000 : which; return 0; }";

/// A library in `folder` with the name that NVIDIA's bears in itself.
fn library(folder: &Path, file: &str, source: &str, version: u32) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let (from, to) = (folder.join(format!("{file}.c")), folder.join(file));
    fs::write(&from, source).unwrap();
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", &format!("-DVERSION={version}"), &format!("-Wl,-soname,{file}"), "-o"])
        .args([&to, &from])
        .status();
    assert!(status.unwrap().success(), "cc makes {file}");
    to
}

/// All that one GPU needs, of CUDA 13.0.
fn whole(folder: &Path) {
    library(folder, "libcuda.so.1", DRIVER, 13_000);
    library(folder, "libnvrtc.so.13", NVRTC, 13_000);
    library(folder, "libcublasLt.so.13", CUBLAS_LT, 13_000);
    library(folder, "libcublas.so.13", CUBLAS, 13_000);
    library(folder, "libcudnn.so.9", CUDNN, 13_000);
}

/// What a process with `environment` finds: `nvrtc`, `cudarc` and so on with what is said of each.
fn found(environment: &[(&str, &Path)]) -> BTreeMap<String, String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "what_this_process_finds", "--ignored", "--nocapture"]);
    for name in ["ARCLAB_CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let pairs = said.lines().filter_map(|line| line.split_once(" = "));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
#[ignore = "the other half of the other tests, which they start with an environment"]
#[expect(clippy::print_stdout, unsafe_code, reason = "it answers so, and asks cudarc what it got")]
fn what_this_process_finds() {
    let libraries = libraries::load();
    println!();
    for (library, state) in libraries.all() {
        match state {
            Ok(found) => println!("{library:?} = {} {}", found.version, found.path.display()),
            Err(wrong) => println!("{library:?} = {wrong}"),
        }
    }
    println!("ready = {}", libraries.ready().map_or_else(|error| error.to_string(), |()| "yes".to_owned()));
    let gpus = arclab_gpu::gpus();
    println!("gpus = {}", gpus.map_or_else(|error| error.to_string(), |count| count.to_string()));
    if libraries.of(Library::Nvrtc).is_ok() {
        let (mut major, mut minor) = (0, 0);
        // SAFETY: the library is there, and both places are.
        unsafe { cudarc::nvrtc::sys::nvrtcVersion(&raw mut major, &raw mut minor) };
        println!("cudarc = {major}.{minor}");
    }
    if libraries.of(Library::Nccl).is_ok() {
        // SAFETY: it has no initialisers.
        let bare = unsafe { libloading::Library::new("libnccl.so") };
        println!("bare nccl = {}", bare.is_ok());
    }
}

#[test]
fn wheels_of_an_active_environment_are_found_and_used_by_their_bare_names() {
    let environment = tempfile::tempdir().unwrap();
    let nvidia = environment.path().join("lib/python3.12/site-packages/nvidia");
    let nvrtc = library(&nvidia.join("cu13/lib"), "libnvrtc.so.13", NVRTC, 13_000);
    library(&nvidia.join("nccl/lib"), "libnccl.so.2", NCCL, 22_809);
    let found = found(&[("VIRTUAL_ENV", environment.path())]);
    assert_eq!(found["Nvrtc"], format!("13.0 {}", nvrtc.display()));
    assert_eq!(found["cudarc"], "13.0");
    assert!(found["Nccl"].starts_with("2.28.9 "), "{found:?}");
    // A name that cudarc asks for, unlike `libnccl.so.2`.
    assert_eq!(found["bare nccl"], "true");
    assert!(
        found["Cudnn"].starts_with("no libcudnn.so.9 in ARCLAB_CUDA_PATH, the system's folders"),
        "{found:?}"
    );
}

#[test]
fn a_library_of_another_cuda_with_the_bare_name_is_not_taken_for_the_one_that_was_found() {
    let folders = tempfile::tempdir().unwrap();
    let (stray, right) = (folders.path().join("stray"), folders.path().join("right"));
    library(&stray, "libnvrtc.so", NVRTC, 12_040);
    let nvrtc = library(&right, "libnvrtc.so.13", NVRTC, 13_000);
    let found = found(&[("LD_LIBRARY_PATH", &stray), ("ARCLAB_CUDA_PATH", &right)]);
    assert_eq!(found["Nvrtc"], format!("13.0 {}", nvrtc.display()));
    assert_eq!(found["cudarc"], "13.0");
}

#[test]
fn folders_that_are_named_come_before_those_of_the_system_and_these_before_wheels() {
    let folders = tempfile::tempdir().unwrap();
    let [named, system, python] = ["named", "system", "python"].map(|name| folders.path().join(name));
    let wheel = python.join("lib/python3.12/site-packages/nvidia/cu13/lib");
    for (folder, version) in [(&named, 13_010), (&system, 13_020), (&wheel, 13_030)] {
        library(folder, "libnvrtc.so.13", NVRTC, version);
    }
    let all: [(&str, &Path); 3] =
        [("ARCLAB_CUDA_PATH", &named), ("LD_LIBRARY_PATH", &system), ("VIRTUAL_ENV", &python)];
    for (environment, version) in [(&all[..], "13.1"), (&all[1..], "13.2"), (&all[2..], "13.3")] {
        let found = found(environment);
        assert!(found["Nvrtc"].starts_with(version), "{found:?}");
        assert_eq!(found["cudarc"], version);
    }
}

#[test]
fn what_is_wrong_with_a_set_of_libraries_is_said_in_words() {
    type Change = fn(&Path);
    let cases: [(Change, &str); 7] = [
        (|_| {}, "yes"),
        (
            |folder| _ = library(folder, "libcuda.so.1", DRIVER, 12_040),
            "NVIDIA's driver (libcuda.so.1) cannot be used: it is of CUDA 12.4, and CUDA 13.0 or newer is needed: \
             install driver 580.65.06 or newer",
        ),
        (
            |folder| _ = library(folder, "libnvrtc.so.13", NVRTC, 13_020),
            "NVRTC (libnvrtc.so.13) cannot be used: it is 13.2, and the driver, of CUDA 13.0, does not read what it \
             writes: install a newer driver, or pip install 'nvidia-cuda-nvrtc==13.0.*'",
        ),
        (
            |folder| _ = library(folder, "libcudnn.so.9", CUDNN, 12_090),
            "cuDNN (libcudnn.so.9) cannot be used: it is for CUDA 12, and one for CUDA 13 is needed: pip install \
             nvidia-cudnn-cu13",
        ),
        (
            |folder| _ = library(folder, "libcublas.so.13", "int nothing;", 0),
            "cuBLAS (libcublas.so.13) cannot be used: it does not say its version: it is not NVIDIA's, or damaged",
        ),
        (
            |folder| fs::write(folder.join("libcublasLt.so.13"), "no library").unwrap(),
            "cuBLASLt (libcublasLt.so.13) cannot be loaded (`arclab doctor` says where it was looked for, and what installs it)",
        ),
        (
            |folder| fs::remove_file(folder.join("libcudnn.so.9")).unwrap(),
            "cuDNN (libcudnn.so.9) cannot be loaded (`arclab doctor` says where it was looked for, and what installs it)",
        ),
    ];
    for (change, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        whole(folder.path());
        change(folder.path());
        let found = found(&[("ARCLAB_CUDA_PATH", folder.path())]);
        assert_eq!(found["ready"], expected);
        // The driver sees no GPU; what is missing before that is said first.
        assert_eq!(found["gpus"], if expected == "yes" { "0" } else { expected });
    }
}

#[test]
fn a_named_folder_that_is_not_there_is_said() {
    let found = found(&[("ARCLAB_CUDA_PATH", Path::new("/nowhere/at/all"))]);
    assert!(found["Cudnn"].contains("there is no folder /nowhere/at/all"), "{found:?}");
}
