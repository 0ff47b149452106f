//! PyTorch's `.pth`: a zip archive that `torch.save` wrote, with one pickle and a file a storage.
//!
//! A pickle is a program. Of its instructions those few are carried out that a state dict needs, and the only names
//! that it may call are those of [`object::Global`]: everything else is refused by name, before anything comes of it.
//! candle reads such files, too, but trusts them: it copies what is remembered (so that 100 bytes can ask for all
//! memory), drops nested values by recursion, takes lengths as they are declared, and passes over what it does not know.

mod archive;
mod error;
mod object;
mod pickle;
mod state_dict;
mod storage;

pub use error::{PickleProblem, PthError};

use crate::checkpoint::{Tensors, shown};
use archive::Archive;
use state_dict::StateDict;
use storage::Storages;

/// The tensors of an archive, and what was taken for granted.
pub(super) fn parse(bytes: &[u8]) -> Result<(Tensors, Vec<String>), PthError> {
    let mut archive = Archive::open(bytes)?;
    let program = archive.pickle()?;
    let pickled = pickle::load(&program)?;
    let StateDict { views, remarks } = StateDict::find(&pickled)?;
    let mut storages = Storages::new(archive);
    let mut tensors = Tensors::new();
    for (name, view) in views {
        let wrong = |problem| PthError::Tensor { name: shown(name), problem };
        if tensors.insert(name.to_owned(), storages.tensor(view).map_err(wrong)?).is_some() {
            return Err(wrong("stands in it twice".to_owned()));
        }
    }
    Ok((tensors, remarks))
}
