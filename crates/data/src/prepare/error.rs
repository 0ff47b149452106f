//! Why data cannot be prepared.

use arclab_spec::ProtocolName;

use super::Unjudgeable;
use crate::{
    cache::CacheError,
    leak::Leak,
    pairs::{PairsError, Supply},
    split::SplitError,
};

/// Why data cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The data set's images.
    #[error("failed to prepare the images")]
    Images(#[source] CacheError),
    /// The images of a protocol's own folder.
    #[error("failed to prepare the images of the protocol `{protocol}`")]
    ProtocolImages {
        /// The protocol.
        protocol: ProtocolName,
        /// Why.
        source: CacheError,
    },
    /// The split.
    #[error("failed to split the data set")]
    Split(#[from] SplitError),
    /// The pairs that validate.
    #[error("failed to keep the validation pairs")]
    ValidationPairs(#[source] PairsError),
    /// A threshold would come from pairs that are not there.
    #[error(
        "the protocol `{protocol}` takes its threshold from the validation pairs, and there are none: \
         `evaluation.validation_pairs` asks for {wanted}, and {supply}; ask for some, let more photos validate in \
         `data.split`, or use another `threshold`"
    )]
    NoValidationPairs {
        /// The protocol.
        protocol: ProtocolName,
        /// Pairs asked for.
        wanted: u32,
        /// What the validation images can give.
        supply: Supply,
    },
    /// The pairs of a protocol.
    #[error("failed to prepare the pairs of the protocol `{protocol}`")]
    Pairs {
        /// The protocol.
        protocol: ProtocolName,
        /// Why.
        source: PairsError,
    },
    /// No model could be tested on a protocol's pairs.
    #[error("the protocol `{protocol}` can test no model on {pairs}: mend the pairs, or its `threshold`")]
    Unjudgeable {
        /// The protocol.
        protocol: ProtocolName,
        /// Its list, in words where it has no file.
        pairs: String,
        /// Why.
        source: Unjudgeable,
    },
    /// A test's images were seen in training.
    #[error("{0}")]
    Leak(Leak),
}
