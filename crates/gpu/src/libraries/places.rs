//! In which folders libraries are looked for, beside those that the system's loader knows.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// Where a driver or a toolkit may lie without the loader's knowledge: WSL, NixOS, containers, NVIDIA's installer.
const UNUSUAL: [&str; 4] =
    ["/usr/lib/wsl/lib", "/run/opengl-driver/lib", "/usr/local/nvidia/lib64", "/usr/local/cuda/lib64"];

/// The folders, each sort in the order in which it is looked through.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// What `ARCLAB_CUDA_PATH` names: before the system's.
    pub(super) named: Vec<PathBuf>,
    /// Those of an active Python environment, and unusual ones: after the system's.
    pub(super) others: Vec<PathBuf>,
}

impl Places {
    /// As the environment has them.
    pub(super) fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        // A toolkit's folder does, as well as that of its libraries.
        let below = |folder: PathBuf| ["", "lib64", "lib"].map(|name| folder.join(name));
        let named = set("ARCLAB_CUDA_PATH").map(|value| env::split_paths(&value).flat_map(below).collect());
        let python = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(set);
        let wheels = python.flat_map(|folder| wheels(Path::new(&folder)));
        let others = wheels.chain(UNUSUAL.map(PathBuf::from));
        Self { named: named.unwrap_or_default(), others: others.collect() }
    }
}

/// `lib/python*/site-packages/nvidia/*/lib` below an environment: `nvidia/cudnn/lib`, and `nvidia/cu13/lib` of many.
fn wheels(environment: &Path) -> Vec<PathBuf> {
    let is_python =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"));
    let pythons = within(&environment.join("lib")).into_iter().filter(is_python);
    let packages = pythons.flat_map(|python| within(&python.join("site-packages/nvidia")));
    packages.map(|package| package.join("lib")).filter(|folder| folder.is_dir()).collect()
}

/// What lies in a folder, by name; nothing where it cannot be read.
fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_of_an_active_environment_are_found_in_their_older_and_newer_folders() {
        let environment = tempfile::tempdir().unwrap();
        let nvidia = environment.path().join("lib/python3.12/site-packages/nvidia");
        for package in ["cudnn/lib", "cu13/lib", "cudnn_frontend/include"] {
            fs::create_dir_all(nvidia.join(package)).unwrap();
        }
        for name in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
            let places =
                Places::of(|asked| (asked == name).then(|| environment.path().as_os_str().to_owned()));
            assert_eq!(places.others[..2], ["cu13/lib", "cudnn/lib"].map(|folder| nvidia.join(folder)));
            assert_eq!(places.others[2..], UNUSUAL.map(PathBuf::from));
            assert!(places.named.is_empty(), "{places:?}");
        }
    }

    #[test]
    fn several_folders_are_named_as_in_path_and_a_toolkit_s_own_stands_for_its_libraries() {
        let places =
            Places::of(|name| (name == "ARCLAB_CUDA_PATH").then(|| OsString::from("/opt/a:/opt/cuda")));
        let expected =
            ["/opt/a", "/opt/a/lib64", "/opt/a/lib", "/opt/cuda", "/opt/cuda/lib64", "/opt/cuda/lib"];
        assert_eq!(places.named, expected.map(PathBuf::from));
    }
}
