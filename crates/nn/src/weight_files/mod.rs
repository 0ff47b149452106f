//! Files of weights from anywhere: safetensors, and what PyTorch's `torch.save` wrote (`.pth`).
//!
//! Which of the two a file is, is told by its first bytes and not by its name. No file makes more memory be taken than
//! a small multiple of its own size, and none runs code.

mod error;
mod pth;

use std::{fs, path::Path};

pub use error::WeightsError;
pub use pth::{PickleProblem, PthError};

use crate::checkpoint::{self, Tensors};

/// Nine times the weights of the largest IResNet.
const MAX_BYTES: u64 = 4 << 30;

/// What a file of weights holds.
#[derive(Debug)]
pub struct WeightsFile {
    /// Tensors by name, as float32 where they are floats. All are finite.
    pub tensors: Tensors,
    /// What arclab wrote into the file of itself, if it did.
    pub note: Option<String>,
    /// What was taken for granted, for people.
    pub remarks: Vec<String>,
    /// BLAKE3 of the file, as hexadecimal digits.
    pub digest: String,
}

/// Reads the weights in `path`.
pub fn load_weights(path: &Path) -> Result<WeightsFile, WeightsError> {
    let bytes = read(path)?;
    let digest = blake3::hash(&bytes).to_hex().to_string();
    let path = path.to_owned();
    match Form::of(&bytes) {
        Form::SafeTensors => {
            let parsed = checkpoint::parse(&path, &bytes);
            let (tensors, note) = parsed.map_err(|source| WeightsError::SafeTensors { path, source })?;
            Ok(WeightsFile { tensors, note, remarks: Vec::new(), digest })
        }
        Form::Zip => {
            let parsed = pth::parse(&bytes).map_err(|source| WeightsError::Pth { path, source });
            let (tensors, remarks) = parsed?;
            Ok(WeightsFile { tensors, note: None, remarks, digest })
        }
        Form::Pickle => Err(WeightsError::Pth { path, source: PthError::Legacy }),
        Form::Empty => Err(WeightsError::Foreign { path, what: "it is empty" }),
        Form::Text => Err(WeightsError::Foreign { path, what: "it is a text" }),
        Form::Other => Err(WeightsError::Foreign { path, what: "it begins like neither" }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, WeightsError> {
    let unreadable = |source| WeightsError::Read { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(WeightsError::Foreign { path: path.to_owned(), what: "it is no file" });
    }
    if about.len() > MAX_BYTES {
        return Err(WeightsError::TooLarge { path: path.to_owned(), bytes: about.len(), most: MAX_BYTES });
    }
    fs::read(path).map_err(unreadable)
}

/// What a file begins like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    SafeTensors,
    Zip,
    /// What `torch.save` wrote before version 1.6, or writes when it is told to; and other pickles.
    Pickle,
    Empty,
    Text,
    Other,
}

impl Form {
    fn of(bytes: &[u8]) -> Self {
        let begins = &bytes[..bytes.len().min(64)];
        match begins {
            [] => Self::Empty,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            // After the length of the header, in 8 bytes.
            [_, _, _, _, _, _, _, _, b'{', ..] => Self::SafeTensors,
            [0x80, 2..=5, ..] => Self::Pickle,
            _ if begins.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')) => Self::Text,
            _ => Self::Other,
        }
    }
}
