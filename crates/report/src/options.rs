//! What the tables of a comparison show.

/// What the tables of a comparison show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableOptions {
    /// The course report's own figures beside the measured ones.
    pub reported: bool,
}
