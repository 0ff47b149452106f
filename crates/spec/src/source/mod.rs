//! A spec as written: an untyped tree in which every value knows the file, line and column it came from.
//!
//! `extends` and `--set` work on this tree; what the values mean is decided in [`crate::read`].

mod diagnostic;
mod excerpt;
mod file;
mod merge;
mod near;
mod parse;
mod syntax;
mod tree;

pub use diagnostic::{Diagnostic, SpecErrors};
pub(crate) use excerpt::shortened;
pub(crate) use file::{Origin, Place, SourceFile, Unreadable};
pub(crate) use merge::joined;
pub(crate) use near::{one_of, remedy, suggestion};
pub(crate) use parse::parse;
pub(crate) use tree::{Entry, Node, Scalar, Value};
