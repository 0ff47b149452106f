//! A spec as written: an untyped tree in which every value knows the file, line and column it came from.
//!
//! `extends` and `--set` work on this tree; what the values mean is decided in [`crate::read`].

mod diagnostic;
mod file;
mod parse;
mod tree;

pub use diagnostic::{Diagnostic, SpecErrors};
pub(crate) use diagnostic::{one_of, suggestion};
pub(crate) use file::{Origin, Place, SourceFile};
pub(crate) use parse::parse;
pub(crate) use tree::{Entry, Node, Scalar, Value};
