//! A temporary folder of specs.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::path::{Path, PathBuf};

use arclab_spec::{Diagnostic, Override, Spec, SpecErrors, read_specs};

/// A spec that says no more than it must.
pub const LEAST: &str = "data: {dataset: synthetic}\n";

/// The shipped specs.
pub fn experiments() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
}

/// Their folder and all folders in it, each with the way to the schema.
pub fn shipped_folders() -> Vec<(PathBuf, &'static str)> {
    let entries = std::fs::read_dir(experiments()).expect("specs are shipped");
    let within = entries.map(|entry| entry.expect("a folder can be listed").path());
    let within = within.filter(|path| path.is_dir()).map(|path| (path, "../spec.schema.json"));
    [(experiments(), "spec.schema.json")].into_iter().chain(within).collect()
}

/// A folder with `base.yaml`, which says no more than it must.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder can be made"));
        folder.write("base.yaml", LEAST);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file below the folder.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder"))
            .expect("folders can be made");
        std::fs::write(&path, text).expect("files can be written");
        path
    }

    /// Writes a spec and reads it.
    pub fn read(&self, name: &str, text: &str) -> Result<Spec, SpecErrors> {
        self.read_with(name, text, &[])
    }

    /// Writes a spec and reads it with `--set`.
    pub fn read_with(&self, name: &str, text: &str, set: &[&str]) -> Result<Spec, SpecErrors> {
        let path = self.write(name, text);
        let set: Vec<Override> = set.iter().map(|one| one.parse().expect("this is an override")).collect();
        read_specs(&[path], &set).map(|specs| specs.into_iter().next().expect("one file is one spec"))
    }

    /// The mistakes of a spec, which must have some.
    pub fn mistakes(&self, text: impl AsRef<[u8]>) -> Vec<Diagnostic> {
        let path = self.write("spec.yaml", text);
        read_specs(&[path], &[]).expect_err("there is a mistake").all().to_vec()
    }

    /// What is printed of `errors`, less the folder's own name.
    pub fn printed(&self, errors: &SpecErrors) -> String {
        errors.to_string().replace(&format!("{}/", self.path().display()), "")
    }
}
