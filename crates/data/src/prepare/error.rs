//! Why data cannot be prepared.

use arclab_spec::ProtocolName;

use crate::{cache::CacheError, leak::Leak, pairs::PairsError, split::SplitError};

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
    #[error("failed to draw the validation pairs")]
    ValidationPairs(#[source] PairsError),
    /// The pairs of a protocol.
    #[error("failed to prepare the pairs of the protocol `{protocol}`")]
    Pairs {
        /// The protocol.
        protocol: ProtocolName,
        /// Why.
        source: PairsError,
    },
    /// A test's images were seen in training.
    #[error("{0}")]
    Leak(Leak),
}
