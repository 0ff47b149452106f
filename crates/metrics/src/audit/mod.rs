//! Labels that the evidence contradicts, and how many of those that are listed are wrong, where the truth is known.

mod alike;
mod images;
mod pairs;
mod ranking;

pub use self::{
    alike::{Alike, AlikeClasses, Bound},
    images::{ClassMeans, Nearest},
    pairs::{Contradicted, contradicted, contradiction},
    ranking::{Found, Ranking},
};
