//! Saying how far a long preparation is.

/// Hears how far preparing images is. Called from several threads.
pub trait Progress: Sync {
    /// `done` of `total` images of `what` (a folder, the embedded faces) are decoded or rendered.
    fn images(&self, what: &str, done: usize, total: usize);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn images(&self, _what: &str, _done: usize, _total: usize) {}
}
