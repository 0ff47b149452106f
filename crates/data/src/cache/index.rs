//! What each file of a data set was and became: JSON lines under a first line that gives their digest.

use std::{fs, io::Write, path::Path};

use arclab_spec::Fingerprint;
use serde::{Deserialize, Serialize};

use super::CACHE_VERSION;
use crate::{container::Stamp, replace::replace, synthetic::Attributes};

/// What a file became.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// An image; the n-th of these is the n-th in the file of pixels.
    Kept {
        /// Digest of what it was made from.
        content: Fingerprint,
        /// What was drawn for a rendered image.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attributes: Option<Box<Attributes>>,
        /// Width and height in the file, upright. None of what was rendered or cached before they were kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<[u32; 2]>,
    },
    /// Nothing.
    LeftOut {
        /// Why.
        reason: String,
    },
}

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) stamp: Stamp,
    pub(super) outcome: Outcome,
}

impl Entry {
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.outcome, Outcome::Kept { .. })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct FirstLine {
    version: u32,
    digest: Fingerprint,
    /// Of a container: what it looked like from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<Fingerprint>,
}

/// All files of a data set, in order.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) entries: Vec<Entry>,
    pub(super) digest: Fingerprint,
    /// Of a container: what it looked like from outside.
    pub(super) container: Option<Fingerprint>,
}

impl Index {
    /// `None` where there is none, or one that is damaged or of another version: then it is made again.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let first: FirstLine = serde_json::from_slice(&bytes[..end]).ok()?;
        let body = &bytes[end + 1..];
        if first.version != CACHE_VERSION || first.digest != Fingerprint::of(body) {
            return None;
        }
        let entries: Result<Vec<Entry>, _> = serde_json::Deserializer::from_slice(body).into_iter().collect();
        Some(Self { entries: entries.ok()?, digest: first.digest, container: first.container })
    }
}

/// An index as it will be on the disk.
#[derive(Debug)]
pub(super) struct Draft {
    body: Vec<u8>,
}

impl Draft {
    pub(super) fn new() -> Self {
        Self { body: Vec::new() }
    }

    pub(super) fn push(&mut self, entry: &Entry) {
        serde_json::to_writer(&mut self.body, entry).expect("an entry is plain data and always becomes JSON");
        self.body.push(b'\n');
    }

    pub(super) fn digest(&self) -> Fingerprint {
        Fingerprint::of(&self.body)
    }

    pub(super) fn write(&self, path: &Path, container: Option<&Fingerprint>) -> std::io::Result<()> {
        let first =
            FirstLine { version: CACHE_VERSION, digest: self.digest(), container: container.cloned() };
        replace(path, |writer| {
            serde_json::to_writer(&mut *writer, &first)?;
            writer.write_all(b"\n")?;
            writer.write_all(&self.body)
        })
    }
}
