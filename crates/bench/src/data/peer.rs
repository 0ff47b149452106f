//! PyTorch's `DataLoader` as a peer, by the script in `pytorch/`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use super::case::{BATCH, Rate, Source};
use crate::peer;

pub(super) const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pytorch/data.py");

/// Python with PyTorch, torchvision and Pillow.
#[derive(Debug)]
pub(super) struct DataLoader(PathBuf);

impl DataLoader {
    pub(super) fn find(python: Option<&Path>) -> anyhow::Result<Self> {
        let packages = ["torch", "torchvision", "numpy"];
        peer::environment("torchvision", python, "import torch, torchvision, PIL", |python| {
            peer::run(&mut peer::pip(python, &packages)).map(drop)
        })
        .map(Self)
    }

    pub(super) fn python(&self) -> &Path {
        &self.0
    }

    /// The decoder that is faster, by one short measurement each.
    pub(super) fn faster(&self, source: Source, path: &Path, size: u32) -> anyhow::Result<&'static str> {
        if source == Source::Cache {
            return Ok("pillow");
        }
        let [pillow, torchvision] = ["pillow", "torchvision"].map(|decoder| {
            Ok::<_, anyhow::Error>(self.measure(source, path, size, decoder, 1, 0.5)?.per_second())
        });
        Ok(if pillow? >= torchvision? { "pillow" } else { "torchvision" })
    }

    pub(super) fn measure(
        &self,
        source: Source,
        path: &Path,
        size: u32,
        decoder: &str,
        workers: usize,
        seconds: f64,
    ) -> anyhow::Result<Rate> {
        let mut command = Command::new(&self.0);
        command.arg(SCRIPT).arg(source.name()).arg(path).args(["--size", &size.to_string()]);
        command.args(["--decoder", decoder, "--workers", &workers.to_string()]);
        command.args(["--batch", &BATCH.to_string(), "--seconds", &seconds.to_string()]);
        let output = peer::run(&mut command)?;
        serde_json::from_slice(&output).context("failed to understand the script")
    }
}
