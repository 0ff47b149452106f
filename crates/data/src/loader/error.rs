//! Why there are no batches.

use std::io;

/// Why there are no batches.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoaderError {
    /// Not one whole batch.
    #[error(
        "a batch of {batch} images cannot be made of {images} training images: ask for a smaller batch size"
    )]
    TooFewImages {
        /// Training images.
        images: usize,
        /// Batch size.
        batch: usize,
    },
    /// Not one whole batch of identities.
    #[error(
        "a batch of {at_once} identities cannot be made of {identities}: ask for a smaller batch size, or for more \
         images of each"
    )]
    TooFewIdentities {
        /// Identities that train.
        identities: usize,
        /// Identities in a batch.
        at_once: usize,
    },
    /// No whole number of identities.
    #[error("a batch of {batch} images cannot be made of identities with {each} images each")]
    UnevenBatches {
        /// Batch size.
        batch: usize,
        /// Images of each identity.
        each: usize,
    },
    /// Batches of nothing.
    #[error("the batch size is 0")]
    EmptyBatches,
    /// The system gives no thread.
    #[error("failed to start a thread that loads images")]
    Thread(#[source] io::Error),
}
