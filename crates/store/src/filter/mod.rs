//! The small language of `--where` and `--sort`, parsed into types whose every value is bound, never pasted.

mod field;
mod parse;
mod sql;

use arclab_spec::ProtocolName;

pub(crate) use field::{Measure, NumberField, TextField};
pub use parse::FilterError;

/// Which runs are meant: all terms must hold. The default holds for every run.
///
/// `variant=baseline, state=failed, open.accuracy>0.7`: terms are separated by commas or `and`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

/// In which order runs are listed: `open.accuracy`, `duration:desc`. The default is the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    key: SortKey,
    descending: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    Text { field: TextField, equal: bool, value: String },
    Seed { equal: bool, value: u64 },
    Number { field: NumberField, comparison: Comparison, value: f64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq)]
enum SortKey {
    Created,
    Seed,
    Text(TextField),
    Number(NumberField),
}

impl Filter {
    /// Both filters' terms together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.terms.extend(other.terms);
        self
    }
}

impl Default for Sort {
    fn default() -> Self {
        Self { key: SortKey::Created, descending: true }
    }
}

/// `open.accuracy`: a measure of one protocol.
fn measured(protocol: ProtocolName, measure: Measure) -> NumberField {
    NumberField::Protocol { protocol, measure }
}
