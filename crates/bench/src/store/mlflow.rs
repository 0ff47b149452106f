//! `MLflow` as a peer: its client over a `SQLite` file, by the script in `mlflow/`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    peer::{environment, pip, run},
    planned::Folder,
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mlflow/store.py");

/// Python with `MLflow`, and a database in which there is nothing yet, as making one takes `MLflow` long.
#[derive(Debug)]
pub(super) struct Mlflow {
    python: PathBuf,
    folder: Folder,
}

/// Seconds of looking for the best runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Best {
    pub(super) filtered: f64,
    pub(super) sorted: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    points_per_second: f64,
    /// Calls that failed, as where the database was locked for too long; they count for nothing.
    #[expect(dead_code, reason = "a person who starts the script reads it")]
    refused: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {}

impl Mlflow {
    pub(super) fn find(python: Option<&Path>) -> anyhow::Result<Self> {
        let python = environment("mlflow", python, "import mlflow", |python| {
            run(&mut pip(python, &["mlflow"])).map(drop)
        })?;
        let mlflow = Self { python, folder: Folder::new("mlflow")? };
        let Made {} = mlflow.told("make", &mlflow.empty(), &[])?;
        Ok(mlflow)
    }

    fn empty(&self) -> PathBuf {
        self.folder.path().join("empty.db")
    }

    /// Metrics stored a second.
    pub(super) fn per_second(&self, writers: u32, at_once: u64, seconds: f64) -> anyhow::Result<f64> {
        let arguments = [
            ("--writers", writers.to_string()),
            ("--at-once", at_once.to_string()),
            ("--seconds", seconds.to_string()),
        ];
        let Written { points_per_second, .. } = self.on_a_copy("write", &arguments)?;
        Ok(points_per_second)
    }

    /// Bytes of so many metrics.
    pub(super) fn size(&self, points: u64) -> anyhow::Result<u64> {
        let Size { bytes } = self.on_a_copy("size", &[("--points", points.to_string())])?;
        Ok(bytes)
    }

    pub(super) fn best(&self, runs: u32, repeats: u32) -> anyhow::Result<Best> {
        self.on_a_copy("best", &[("--runs", runs.to_string()), ("--repeats", repeats.to_string())])
    }

    fn on_a_copy<T: DeserializeOwned>(&self, task: &str, arguments: &[(&str, String)]) -> anyhow::Result<T> {
        let database = self.folder.path().join("copy.db");
        fs::copy(self.empty(), &database).context("failed to copy MLflow's database")?;
        self.told(task, &database, arguments)
    }

    fn told<T: DeserializeOwned>(
        &self,
        task: &str,
        database: &Path,
        arguments: &[(&str, String)],
    ) -> anyhow::Result<T> {
        let mut command = Command::new(&self.python);
        command.arg(SCRIPT).arg(task).arg("--database").arg(database);
        for (name, value) in arguments {
            command.arg(name).arg(value);
        }
        serde_json::from_slice(&run(&mut command)?)
            .context("failed to understand what MLflow's script printed")
    }
}
