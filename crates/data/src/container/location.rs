//! Where the encoded bytes of an image lie, and reading them.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use flate2::{Crc, read::DeflateDecoder};

use serde::{Deserialize, Serialize};

use super::{
    Blob, Candidate, FolderError, Span, recordio,
    verification::{self, Text},
};

/// Larger files are no photos of faces, and reading them would fill the memory.
pub(super) const LARGEST_IMAGE: u64 = 256 << 20;

/// Where the encoded bytes of an image lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Location {
    /// In a file below the set's folder, at the image's name.
    Named,
    /// In a file anywhere.
    File(PathBuf),
    /// In the set's file, as they are.
    Span(Span),
    /// In the set's file, as a record in parts, whose first `header` bytes do not belong to the image.
    Parts { spans: Vec<Span>, header: u32 },
    /// In the set's file, deflated.
    Deflated { span: Span, crc32: u32 },
    /// In the set's file, as a text that Python wrote.
    Text(Text),
}

impl Location {
    /// The same in a file of which the set's file is the part that begins at `begin`.
    pub(super) fn within(self, begin: u64) -> Self {
        let moved = |span: Span| Span { offset: span.offset + begin, ..span };
        match self {
            Self::Span(span) => Self::Span(moved(span)),
            Self::Parts { spans, header } => {
                Self::Parts { spans: spans.into_iter().map(moved).collect(), header }
            }
            Self::Deflated { span, crc32 } => Self::Deflated { span: moved(span), crc32 },
            Self::Named | Self::File(_) | Self::Text(_) => self,
        }
    }

    /// The bytes of `candidate`, which lies here; or why what is there gives none.
    pub(super) fn read(
        &self,
        root: &Path,
        candidate: &Candidate,
        blob: Option<&Blob>,
    ) -> Result<Result<Vec<u8>, String>, FolderError> {
        let size = candidate.stamp.bytes;
        if size > LARGEST_IMAGE {
            return Ok(Err(format!(
                "it has {} MB, and at most {} are read",
                size >> 20,
                LARGEST_IMAGE >> 20
            )));
        }
        let path = match (self, blob) {
            (Self::Named, _) => root.join(&candidate.name),
            (Self::File(path), _) => path.clone(),
            (_, Some(blob)) => {
                return self.member(blob, size).map_err(|source| FolderError::read(&blob.path, source));
            }
            (_, None) => root.to_owned(),
        };
        fs::read(&path).map(Ok).map_err(|source| FolderError::read(&path, source))
    }

    /// The `size` bytes of a member of `blob`.
    fn member(&self, blob: &Blob, size: u64) -> io::Result<Result<Vec<u8>, String>> {
        match self {
            Self::Named | Self::File(_) => fs::read(&blob.path).map(Ok),
            Self::Span(span) => blob.read(*span).map(Ok),
            Self::Parts { spans, header } => {
                let joined = recordio::joined(blob, spans, usize::MAX)?;
                Ok(Ok(joined.get(*header as usize..).unwrap_or_default().to_vec()))
            }
            // Deflate adds hardly anything to what it cannot pack.
            Self::Deflated { span, .. } if span.bytes > 2 * size + 1024 => {
                Ok(Err(format!("it is packed to {} bytes, far more than it has", span.bytes)))
            }
            Self::Deflated { span, crc32 } => Ok(inflated(&blob.read(*span)?, size, *crc32)),
            Self::Text(text) => Ok(verification::bytes_of_text(*text, &blob.read(text.span())?)),
        }
    }
}

/// What `packed` holds: the `bytes` that its archive promises, and not one more, however much it would give.
fn inflated(packed: &[u8], bytes: u64, crc32: u32) -> Result<Vec<u8>, String> {
    let mut found = Vec::new();
    DeflateDecoder::new(packed)
        .take(bytes + 1)
        .read_to_end(&mut found)
        .map_err(|error| format!("it does not unpack: {error}"))?;
    if found.len() as u64 != bytes {
        let more = if found.len() as u64 > bytes { "more" } else { "less" };
        return Err(format!("it unpacks to {more} than the {bytes} bytes that its archive promises"));
    }
    let mut sum = Crc::new();
    sum.update(&found);
    if sum.sum() == crc32 { Ok(found) } else { Err("its checksum is not what its archive says".to_owned()) }
}
