//! Finding the worker program, and asking it what it can do.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use arclab_spec::{JOURNAL_VERSION, PLAN_VERSION, TRAINER_VERSION};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::output::Output;

/// The worker was not found, or does not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    /// `ARCLAB_WORKER` names something that is not there.
    #[error("ARCLAB_WORKER names {0}, which is not a file")]
    Named(PathBuf),
    /// Neither named nor beside this program.
    #[error(
        "no arclab-worker beside {0}: put it there (`cargo build --release` makes both), or name it in ARCLAB_WORKER"
    )]
    NotBeside(PathBuf),
    /// Cargo could not build it.
    #[error("failed to build arclab-worker: `{0}` ended badly")]
    Build(String),
    /// It could not be started.
    #[error("failed to start {path}")]
    Start {
        /// The program.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It belongs to another arclab.
    #[error(
        "{path} is of another arclab ({theirs}; this one has {ours}): build both together, or name the right one in \
         ARCLAB_WORKER"
    )]
    Other {
        /// The program.
        path: PathBuf,
        /// Its versions.
        theirs: Versions,
        /// Those of this program.
        ours: Versions,
    },
    /// It answered nonsense.
    #[error("{path} does not answer as this arclab's worker does: {answer}")]
    Answer {
        /// The program.
        path: PathBuf,
        /// What it said.
        answer: String,
    },
}

/// `arclab-worker abilities`.
#[derive(Debug, Deserialize)]
pub(crate) struct Abilities {
    /// Why it cannot use a GPU; absent where it can.
    pub(crate) cuda: Option<String>,
    /// NVIDIA's libraries; absent of another arclab's worker, which is refused for its versions.
    #[serde(default)]
    pub(crate) libraries: Vec<LibraryState>,
    /// Instruction set of the CPU kernels.
    #[serde(default)]
    pub(crate) kernels: String,
    /// The worker's version.
    #[serde(default)]
    pub(crate) version: String,
    #[serde(flatten)]
    versions: Versions,
}

/// What the worker found of one of NVIDIA's libraries.
#[derive(Debug, Deserialize)]
pub(crate) struct LibraryState {
    /// `cuDNN (libcudnn.so.9)`.
    pub(crate) name: String,
    /// What it is needed for.
    pub(crate) purpose: String,
    /// The file that is loaded, if any is.
    pub(crate) path: Option<String>,
    /// What it says that it is.
    pub(crate) version: Option<String>,
    /// Why it cannot be used.
    pub(crate) wrong: Option<String>,
    /// What brings it to a machine.
    pub(crate) install: String,
}

/// What both programs must agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Versions {
    plan_version: u32,
    journal_version: u32,
    trainer: u32,
}

impl Versions {
    const OURS: Self =
        Self { plan_version: PLAN_VERSION, journal_version: JOURNAL_VERSION, trainer: TRAINER_VERSION };
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan_version, journal_version, trainer } = self;
        write!(f, "plan {plan_version}, journal {journal_version}, trainer {trainer}")
    }
}

/// The worker: the one named in `ARCLAB_WORKER`, else the one beside this program.
pub(crate) fn find(output: Output) -> Result<PathBuf, WorkerError> {
    if let Some(named) = env::var_os("ARCLAB_WORKER").filter(|value| !value.is_empty()) {
        let named = PathBuf::from(named);
        // Absolute, or it would be looked for in PATH.
        let named = std::path::absolute(&named).unwrap_or(named);
        return if named.is_file() { Ok(named) } else { Err(WorkerError::Named(named)) };
    }
    let this = env::current_exe().unwrap_or_else(|_| PathBuf::from("arclab"));
    let beside = this.with_file_name(format!("arclab-worker{}", env::consts::EXE_SUFFIX));
    build_under_cargo(&this, &beside, output)?;
    if beside.is_file() { Ok(beside) } else { Err(WorkerError::NotBeside(this)) }
}

/// Under `cargo run`, builds the worker too: cargo builds only the program that it starts, and a program may not
/// depend on another one, so an old worker, or none, would lie beside this one.
fn build_under_cargo(this: &Path, beside: &Path, output: Output) -> Result<(), WorkerError> {
    let (Some(cargo), Some(manifest)) = (env::var_os("CARGO"), env::var_os("CARGO_MANIFEST_PATH")) else {
        return Ok(());
    };
    let profile = this.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let profile = match profile {
        Some("debug") => "dev",
        Some(other) => other,
        None => return Ok(()),
    };
    let mut build = Command::new(cargo);
    build.args(["build", "--package", "arclab-train", "--profile", profile]);
    if beside.is_file() {
        // Most likely there is nothing to do, and then nothing to say.
        build.arg("--quiet");
    } else {
        output.note("building arclab-worker, once");
    }
    build.arg("--manifest-path").arg(manifest);
    let failed = || WorkerError::Build(format!("cargo build -p arclab-train --profile {profile}"));
    let status = build.status().map_err(|_| failed())?;
    if status.success() { Ok(()) } else { Err(failed()) }
}

/// Asks the worker at `path` what it can do.
pub(crate) fn abilities(path: &Path) -> Result<Abilities, WorkerError> {
    let output = Command::new(path)
        .arg("abilities")
        .output()
        .map_err(|source| WorkerError::Start { path: path.to_owned(), source })?;
    let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let answer = || String::from_utf8_lossy(said).trim().to_owned();
    let abilities: Abilities = serde_json::from_slice(&output.stdout)
        .map_err(|_| WorkerError::Answer { path: path.to_owned(), answer: answer() })?;
    let (theirs, ours) = (abilities.versions, Versions::OURS);
    if theirs == ours {
        Ok(abilities)
    } else {
        Err(WorkerError::Other { path: path.to_owned(), theirs, ours })
    }
}

/// Has the worker at `path` answer a request: `arclab-worker WHAT REQUEST.json`. What it says beside its answer goes
/// where this program's messages go.
pub(crate) fn ask<A: DeserializeOwned>(
    path: &Path,
    what: &str,
    request: &impl Serialize,
    output: Output,
) -> anyhow::Result<A> {
    let file = env::temp_dir().join(format!("arclab-{what}-{}.json", std::process::id()));
    fs::write(&file, serde_json::to_vec(request)?)
        .with_context(|| format!("failed to write {}", file.display()))?;
    let mut command = Command::new(path);
    if env::var_os("ARCLAB_LOG").is_none() {
        command.env("ARCLAB_LOG", if output.notes { "warn" } else { "error" });
    }
    let answer = command.arg(what).arg(&file).stderr(Stdio::inherit()).output();
    // It lies in the system's folder for such files; a failure to remove it is not worth a word.
    let _ = fs::remove_file(&file);
    let answer = answer.with_context(|| format!("failed to start {}", path.display()))?;
    if !answer.status.success() {
        bail!("the worker refused; the reason stands above");
    }
    serde_json::from_slice(&answer.stdout).with_context(|| format!("the worker's answer is no {what} report"))
}
