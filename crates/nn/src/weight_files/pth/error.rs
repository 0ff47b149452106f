//! What can be wrong with a file of PyTorch's.

use zip::result::ZipError;

/// Why a `.pth` file is not loaded. Each says what would help.
#[derive(Debug, thiserror::Error)]
pub enum PthError {
    /// Not a whole archive.
    #[error("it is cut short, or damaged, or no zip archive: download or copy it again")]
    Zip(#[source] ZipError),
    /// A form that PyTorch left in 2020.
    #[error(
        "it is a pickle in the form that PyTorch had before version 1.6, and only zip archives are read: write it anew \
         with `torch.save(torch.load(f, weights_only=True), g)`"
    )]
    Legacy,
    /// Two entries share bytes, so that a small file stands for much data.
    #[error("its entries overlap, as `torch.save` never writes them: get the file from where it was made")]
    Overlapping,
    /// An entry that is not as `torch.save` writes it.
    #[error("its entry `{entry}` {problem}, as `torch.save` never writes it: save it again with PyTorch")]
    Entry {
        /// The entry.
        entry: String,
        /// What is unusual.
        problem: &'static str,
    },
    /// Another zip archive, or several in one.
    #[error(
        "it is a zip archive with {found} entries `data.pkl`, and what `torch.save` writes has one: save the state \
         dict with `torch.save(model.state_dict(), f)`"
    )]
    Pickles {
        /// How many there are.
        found: usize,
    },
    /// Numbers with the most significant byte first.
    #[error("it was saved on a big-endian machine: save it again on another")]
    BigEndian,
    /// The pickle cannot be followed.
    #[error("its data.pkl cannot be read, at byte {at}: {problem}")]
    Pickle {
        /// Where in the pickle.
        at: usize,
        /// Why.
        problem: PickleProblem,
    },
    /// No dictionary of tensors.
    #[error(
        "it holds no state dict, but {found}: save that of the backbone with `torch.save(model.state_dict(), f)`"
    )]
    NoStateDict {
        /// What it holds.
        found: String,
    },
    /// Several dictionaries of tensors.
    #[error(
        "it holds several state dicts ({}): save that of the backbone alone, with `torch.save(d[\"{}\"], f)`",
        .0.join(", "), .0.first().map_or("", String::as_str)
    )]
    Several(Vec<String>),
    /// One tensor cannot be used.
    #[error("its tensor `{name}` {problem}: save the state dict again with PyTorch")]
    Tensor {
        /// The tensor.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Why a pickle is not followed further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PickleProblem {
    /// It asks for something that could do anything.
    #[error(
        "it calls `{0}`, which no state dict needs: the file is not loaded and nothing of it was run; where it is \
         trusted, load it in PyTorch and save `model.state_dict()`"
    )]
    Foreign(String),
    /// An instruction that is not carried out.
    #[error(
        "its instruction 0x{0:02x} is none that a state dict needs: the file is not loaded; save `model.state_dict()`"
    )]
    Instruction(u8),
    /// It ends too early.
    #[error("it is cut short: download or copy the file again")]
    End,
    /// It contradicts itself.
    #[error("{0}: the file is damaged; download or copy it again")]
    Damaged(&'static str),
    /// Longer than any state dict's.
    #[error("it has {0} bytes, far more than any state dict: save `model.state_dict()` alone")]
    Long(usize),
}
