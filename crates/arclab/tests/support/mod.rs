//! A laboratory in a temporary folder: specs, a store, and the real programs.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// A temporary folder with specs of tiny runs.
pub(crate) struct Lab {
    folder: tempfile::TempDir,
}

/// Two seconds of training: 10 people, small photos.
pub(crate) const BASELINE: &str = "\
hypothesis: Something is learned from a few small photos.
data:
  dataset: {synthetic: {identities: 10, images_per_identity: 10}}
  image_size: 32
  split: {open_identities: 0.3, closed_images: 0.2, validation_images: 0.2}
model: {backbone: small, embedding_size: 32}
training: {epochs: 3, batch_size: 8, seeds: [0], log_every: 1}
evaluation:
  validation_pairs: 10
  protocols:
    closed: {draw: closed_test, pairs: 10}
    open: {draw: open_test, pairs: 60}
";

impl Lab {
    /// With `specs/baseline.yaml` and `specs/m0.2.yaml`.
    pub(crate) fn new() -> Self {
        let lab = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        lab.write("specs/baseline.yaml", BASELINE);
        lab.write(
            "specs/m0.2.yaml",
            "extends: baseline.yaml\nhypothesis: A small margin separates less.\nloss: {margin: 0.2}\n",
        );
        lab
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder"))
            .expect("folders can be made");
        std::fs::write(path, text).expect("files can be written");
    }

    /// `arclab ARGUMENTS`, to be started in the folder.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arclab"));
        command.args(arguments).current_dir(self.path()).env("ARCLAB_WORKER", worker());
        for name in ["ARCLAB_STORE", "ARCLAB_LOG", "ARCLAB_DATA", "NO_COLOR"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs `arclab ARGUMENTS` to its end.
    pub(crate) fn arclab(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("arclab starts")
    }

    /// Runs `arclab ARGUMENTS`, which must succeed, and gives what it printed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.arclab(arguments);
        let (said, printed) = (text(&output.stderr), text(&output.stdout));
        assert!(
            output.status.success(),
            "arclab {arguments:?} ended with {}: {said}\n{printed}",
            output.status
        );
        printed
    }
}

/// Bytes that a program printed, as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The worker beside the tested `arclab`, brought up to date first: cargo builds another package's program only where
/// that package is tested, too.
pub(crate) fn worker() -> &'static Path {
    static WORKER: OnceLock<PathBuf> = OnceLock::new();
    WORKER.get_or_init(|| {
        let arclab = Path::new(env!("CARGO_BIN_EXE_arclab"));
        let folder = arclab.parent().and_then(Path::file_name).and_then(OsStr::to_str);
        let profile = if folder == Some("release") { "release" } else { "dev" };
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        let built =
            build.args(["build", "--quiet", "--package", "arclab-train", "--profile", profile]).status();
        assert!(built.is_ok_and(|status| status.success()), "arclab-worker builds");
        arclab.with_file_name("arclab-worker")
    })
}
