//! `arclab-worker embed REQUEST.json`: images of a data set as the embeddings that weights at hand give them.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use arclab_data::{FindError, find_images};
use arclab_nn::checkpoint::replace_file;
use arclab_spec::{EmbedReport, EmbedRequest};

use crate::{
    data::{Logged, Pictures},
    request::{RequestError, read_request},
    run::Stop,
    verification::{Embeddings, Stopped},
    weights_test::{TestError, Weights},
};

/// Why images were not embedded.
#[derive(Debug, thiserror::Error)]
enum EmbedError {
    #[error("failed to take the request")]
    Request(#[source] RequestError),
    #[error("failed to use the weights")]
    Weights(#[source] Box<TestError>),
    #[error("{} does not say which network it belongs to: only weights that arclab wrote are embedded with", .0.display())]
    NoCard(PathBuf),
    #[error("failed to find the images")]
    Find(#[source] FindError),
    #[error("asked to stop")]
    Stopped(Stopped),
    #[error("failed to write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Embeds the images that a request names, and writes their rows to its file.
pub fn embed(request: &Path, stop: &Stop) -> anyhow::Result<EmbedReport> {
    Ok(carry_out(request, stop)?)
}

fn carry_out(request: &Path, stop: &Stop) -> Result<EmbedReport, EmbedError> {
    let request: EmbedRequest = read_request(request).map_err(EmbedError::Request)?;
    let unusable = |error| EmbedError::Weights(Box::new(error));
    let weights = Weights::load(&request.checkpoint).map_err(unusable)?;
    let card = weights.card().ok_or_else(|| EmbedError::NoCard(request.checkpoint.clone()))?;
    let tester = weights.tester(Some(card.model), request.threads, card.image_size).map_err(unusable)?;
    let (images, numbers) =
        find_images(&request.dataset, card.image_size, &request.images, &request.cache, &Logged)
            .map_err(EmbedError::Find)?;
    let pictures = Pictures::new(&images, card.colour);
    // One that is named twice is embedded once.
    let distinct: BTreeSet<usize> = numbers.iter().copied().collect();
    let [plain, mirrored] = [false, true].map(|mirrored| pictures.batches(distinct.clone(), mirrored));
    let embeddings = Embeddings::compute(&tester, plain, mirrored, stop).map_err(EmbedError::Stopped)?;
    let rows = numbers.iter().flat_map(|&image| embeddings.row(image));
    let bytes: Vec<u8> = rows.flat_map(|value| value.to_le_bytes()).collect();
    replace_file(&request.output, &bytes)
        .map_err(|source| EmbedError::Write { path: request.output.clone(), source })?;
    Ok(EmbedReport { width: embeddings.width() })
}
