//! Why a file was not brought.

use std::{fmt, io, path::PathBuf};

use crate::HostError;

/// Why a file was not brought.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The folder or the file in it.
    #[error("failed to write {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The file, or what came of it, cannot be read.
    #[error("failed to read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// Something else has its name.
    #[error("{} is there, but is not the file that is listed: move it away to fetch that one", .0.display())]
    NotTheListedFile(PathBuf),
    /// Another program is at it.
    #[error("another program is fetching {}: wait for it, or stop it", .0.display())]
    Busy(PathBuf),
    /// None of the hosts gave it.
    #[error(
        "no host gave {name} whole:\n{tried}{kept}\nOne that was fetched in another way serves, too: put it at {}; it must have \
         {bytes} bytes and the SHA-256 {sha256}", path.display(), tried = lines(tried), kept = remark(*kept)
    )]
    Hosts {
        /// The file.
        name: String,
        /// Where it would be.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// Its content's hash.
        sha256: String,
        /// What became of each host.
        tried: Vec<Tried>,
        /// Bytes that are there, to go on from.
        kept: u64,
    },
}

/// What became of a host.
#[derive(Debug)]
pub struct Tried {
    /// Its address.
    pub host: String,
    /// What it did last.
    pub why: HostError,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.host, self.why)
    }
}

fn lines(tried: &[Tried]) -> String {
    tried.iter().map(|tried| format!("  {tried}")).collect::<Vec<_>>().join("\n")
}

fn remark(bytes: u64) -> String {
    if bytes == 0 {
        String::new()
    } else {
        format!("\nThe {bytes} bytes that came are kept: the same command goes on from there")
    }
}
