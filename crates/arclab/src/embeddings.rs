//! The embeddings that weights give to images.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use arclab_spec::{EmbedReport, EmbedRequest, PLAN_VERSION, config::Dataset};

use crate::{output::Output, worker};

/// Rows of equal width, one an image.
pub(crate) struct Embeddings {
    rows: Vec<f32>,
    pub(crate) width: usize,
}

impl Embeddings {
    /// The embedding of the image at `place`.
    pub(crate) fn row(&self, place: usize) -> &[f32] {
        &self.rows[place * self.width..][..self.width]
    }

    /// Has the worker at `worker` answer a request.
    pub(crate) fn ask(worker: &Path, request: &EmbedRequest, output: Output) -> anyhow::Result<Self> {
        let EmbedReport { width } = worker::ask(worker, "embed", request, output)?;
        let file = &request.output;
        let bytes = fs::read(file);
        // It only takes room in the cache; a failure to remove it is not worth a word.
        let _ = fs::remove_file(file);
        let bytes = bytes.with_context(|| format!("failed to read {}", file.display()))?;
        let (rows, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() || rows.len() != request.images.len() * width {
            bail!("the worker wrote other embeddings than it was asked for");
        }
        Ok(Self { rows: rows.iter().map(|value| f32::from_le_bytes(*value)).collect(), width })
    }

    /// What several runs make of the same images, one behind the other: cosines between these are means of theirs.
    pub(crate) fn beside(of_runs: &[Self]) -> Self {
        let images = of_runs.first().map_or(0, |first| first.rows.len() / first.width.max(1));
        let rows = (0..images).flat_map(|place| of_runs.iter().flat_map(move |one| one.row(place)));
        Self { rows: rows.copied().collect(), width: of_runs.iter().map(|one| one.width).sum() }
    }
}

/// What a worker is asked: to embed the `images` of `dataset` with the weights in `checkpoint`.
pub(crate) fn request(
    checkpoint: &Path,
    cache: &Path,
    dataset: &Dataset,
    images: &[String],
) -> anyhow::Result<EmbedRequest> {
    let absolute = |path: &Path| {
        std::path::absolute(path).with_context(|| format!("failed to resolve {}", path.display()))
    };
    Ok(EmbedRequest {
        version: PLAN_VERSION,
        checkpoint: absolute(checkpoint)?,
        dataset: dataset.clone(),
        images: images.to_vec(),
        threads: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
        cache: absolute(cache)?,
        output: absolute(&cache.join(format!("embeddings-{}.f32", std::process::id())))?,
    })
}
