//! PyTorch as a peer: its environment, its best setting, and measurements by the script in `pytorch/`.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use crate::{case::CaseArgs, measured::Measured, place::Place};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pytorch/engine.py");
/// Where PyTorch for CUDA 13.0 is; `PyPI` has one for some CUDA.
const CUDA_INDEX: &str = "https://download.pytorch.org/whl/cu130";

/// Python with PyTorch.
#[derive(Debug, Clone)]
pub(crate) struct PyTorch(PathBuf);

/// PyTorch, and how it is set.
#[derive(Debug)]
pub(crate) enum Peer {
    /// On a CPU, with whatever is fastest for a case.
    Tuned(PyTorch),
    /// On a GPU, as most use it: automatic mixed precision, channels last.
    Eager(PyTorch),
    /// The same through `torch.compile`.
    Compiled(PyTorch),
}

/// How PyTorch lays out images on a CPU, and on how many threads it runs; or whether its network is compiled for a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Cpu { layout: &'static str, threads: usize },
    Cuda { compiled: bool },
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu { layout, threads } => write!(f, "{layout}, {threads} threads"),
            Self::Cuda { compiled: false } => write!(f, "channels_last"),
            Self::Cuda { compiled: true } => write!(f, "channels_last, compiled"),
        }
    }
}

impl Peer {
    pub(crate) fn pytorch(&self) -> &PyTorch {
        let (Self::Tuned(pytorch) | Self::Eager(pytorch) | Self::Compiled(pytorch)) = self;
        pytorch
    }

    /// The setting for a case.
    pub(crate) fn best(&self, case: &CaseArgs) -> anyhow::Result<Setting> {
        match self {
            Self::Tuned(pytorch) => pytorch.fastest(case),
            Self::Eager(_) => Ok(Setting::Cuda { compiled: false }),
            Self::Compiled(_) => Ok(Setting::Cuda { compiled: true }),
        }
    }
}

impl PyTorch {
    /// `python`, or a virtual environment under `target/` into which PyTorch is installed at the first use: from `PyPI`,
    /// for a GPU from PyTorch's own index first.
    pub(crate) fn find(python: Option<&Path>, place: Place) -> anyhow::Result<Self> {
        let check = match place {
            Place::Cpu { .. } => "import torch",
            Place::Cuda(_) => "import torch; assert torch.cuda.is_available(), 'it sees no GPU'",
        };
        environment("pytorch", python, check, |python| install(python, place)).map(Self)
    }

    /// The fastest setting for a case on a CPU, by one short measurement each.
    fn fastest(&self, case: &CaseArgs) -> anyhow::Result<Setting> {
        let mut best: Option<(f64, Setting)> = None;
        for layout in ["nchw", "channels_last"] {
            for threads in [case.place.threads().unwrap_or(1), 1] {
                let setting = Setting::Cpu { layout, threads };
                let seconds = self.measure(&CaseArgs { seconds: 0.5, ..*case }, setting)?.median_seconds;
                if best.is_none_or(|(least, _)| seconds < least) {
                    best = Some((seconds, setting));
                }
            }
        }
        best.map(|(_, setting)| setting).context("there is no setting to measure")
    }

    pub(crate) fn measure(&self, case: &CaseArgs, setting: Setting) -> anyhow::Result<Measured> {
        let mut command = Command::new(&self.0);
        command.arg(SCRIPT).args(["--model", case.model.name(), "--task", case.task.name()]);
        command.args(["--batch", &case.batch.to_string(), "--seconds", &case.seconds.to_string()]);
        match setting {
            Setting::Cpu { layout, threads } => {
                command.args(["--device", "cpu", "--layout", layout, "--threads", &threads.to_string()]);
            }
            Setting::Cuda { compiled } => {
                command.args(["--device", "cuda", "--layout", "channels_last"]);
                command.args(["--precision", case.place.precision().name()]);
                command.args(compiled.then_some("--compile"));
            }
        }
        let failed = || match setting {
            Setting::Cuda { compiled: true } => {
                "failed to measure compiled PyTorch; `--no-compile` leaves it out"
            }
            Setting::Cpu { .. } | Setting::Cuda { compiled: false } => "failed to measure PyTorch",
        };
        measured(&mut command).with_context(failed)
    }
}

fn install(python: &Path, place: Place) -> anyhow::Result<()> {
    if let Place::Cuda(_) = place
        && run(pip(python, &["torch", "numpy"]).args(["--index-url", CUDA_INDEX])).is_ok()
    {
        return Ok(());
    }
    run(&mut pip(python, &["torch", "numpy"])).map(drop)
}

/// What installs packages.
pub(crate) fn pip(python: &Path, packages: &[&str]) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade"]).args(packages);
    pip
}

/// `python`, or that of a virtual environment under `target/` in which `check` runs, after `install` if need be.
pub(crate) fn environment(
    name: &str,
    python: Option<&Path>,
    check: &str,
    install: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    if let Some(python) = python {
        return Ok(python.to_owned());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(name);
    let python = folder.join("bin/python");
    if !python.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let works = || run(Command::new(&python).args(["-c", check]));
    if works().is_err() {
        install(&python).with_context(|| format!("failed to install what {name} needs"))?;
        works().with_context(|| format!("{name} was installed and cannot be used"))?;
    }
    Ok(python)
}

/// Runs a measurement in a process of its own.
pub(crate) fn measured(command: &mut Command) -> anyhow::Result<Measured> {
    let output = run(command)?;
    serde_json::from_slice(&output).with_context(|| format!("failed to understand what {command:?} printed"))
}

/// What a command prints, where it succeeds.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("failed to start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
