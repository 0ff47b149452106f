//! What another program of this build wrote for the worker, as JSON.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use arclab_spec::{CheckpointsRequest, EmbedRequest, PLAN_VERSION, TestRequest, WeightsRequest};
use serde::de::DeserializeOwned;

/// Why it cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("failed to read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("failed to understand {}", path.display())]
    Parse { path: PathBuf, source: serde_json::Error },
    #[error(
        "the request is of version {0}, and this worker reads version {PLAN_VERSION}: use programs of one build"
    )]
    Version(u32),
}

/// What asks for an answer, and says for which version of the worker it is meant.
pub(crate) trait Request: DeserializeOwned {
    fn version(&self) -> u32;
}

impl Request for TestRequest {
    fn version(&self) -> u32 {
        self.version
    }
}

impl Request for EmbedRequest {
    fn version(&self) -> u32 {
        self.version
    }
}

impl Request for WeightsRequest {
    fn version(&self) -> u32 {
        self.version
    }
}

impl Request for CheckpointsRequest {
    fn version(&self) -> u32 {
        self.version
    }
}

/// The request in `path`, of this build's version.
pub(crate) fn read_request<T: Request>(path: &Path) -> Result<T, RequestError> {
    let request: T = read(path)?;
    if request.version() == PLAN_VERSION {
        Ok(request)
    } else {
        Err(RequestError::Version(request.version()))
    }
}

/// What stands in `path`.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, RequestError> {
    let json = fs::read(path).map_err(|source| RequestError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&json).map_err(|source| RequestError::Parse { path: path.to_owned(), source })
}
