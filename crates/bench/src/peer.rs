//! PyTorch as a peer: its environment, its best setting, and measurements by the script in `pytorch/`.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use crate::{case::CaseArgs, measured::Measured};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pytorch/engine.py");

/// Python with PyTorch.
#[derive(Debug)]
pub(crate) struct PyTorch(PathBuf);

/// How PyTorch lays out images, and on how many threads it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    layout: &'static str,
    threads: usize,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} threads", self.layout, self.threads)
    }
}

impl PyTorch {
    /// `python`, or a virtual environment under `target/` into which PyTorch is installed from `PyPI` at the first use.
    pub(crate) fn find(python: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(python) = python {
            return Ok(Self(python.to_owned()));
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pytorch");
        let python = folder.join("bin/python");
        if !python.is_file() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        }
        if run(Command::new(&python).args(["-c", "import torch"])).is_err() {
            let pip = ["-m", "pip", "install", "--quiet", "torch", "numpy"];
            run(Command::new(&python).args(pip)).context("failed to install PyTorch from PyPI")?;
        }
        Ok(Self(python))
    }

    /// The fastest setting for a case, by one short measurement each.
    pub(crate) fn best(&self, case: &CaseArgs) -> anyhow::Result<Setting> {
        let mut best: Option<(f64, Setting)> = None;
        for layout in ["nchw", "channels_last"] {
            for threads in [case.threads, 1] {
                let setting = Setting { layout, threads };
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
        command.args(["--layout", setting.layout, "--batch", &case.batch.to_string()]);
        command.args(["--threads", &setting.threads.to_string(), "--seconds", &case.seconds.to_string()]);
        measured(&mut command)
    }
}

/// Runs a measurement in a process of its own.
pub(crate) fn measured(command: &mut Command) -> anyhow::Result<Measured> {
    let output = run(command)?;
    serde_json::from_slice(&output).with_context(|| format!("failed to understand what {command:?} printed"))
}

fn run(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("failed to start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
