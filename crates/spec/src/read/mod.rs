//! Specs from files: `extends`, `--set`, and then types, with every mistake reported at its place.

mod chain;
mod data;
mod evaluation;
mod files;
mod model;
mod overrides;
mod range;
mod resources;
mod schema;
mod section;
mod spec;
mod training;

use std::{cell::RefCell, path::PathBuf};

pub use overrides::{InvalidOverride, Override};
pub use schema::json_schema;

use crate::{Spec, source::SpecErrors};
use section::Reading;

/// The specs in `paths`, with `overrides` on top of each. A folder stands for the `.yaml` files directly in it: those
/// that extend none come first. All mistakes of all specs are reported together.
pub fn read_specs(paths: &[PathBuf], overrides: &[Override]) -> Result<Vec<Spec>, SpecErrors> {
    let environment = |name: &str| std::env::var(name).ok();
    read_specs_with(paths, overrides, &environment)
}

fn read_specs_with(
    paths: &[PathBuf],
    overrides: &[Override],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Spec>, SpecErrors> {
    let reading = Reading { found: RefCell::default(), environment };
    let mut specs: Vec<Spec> = Vec::new();
    for file in files::listed(paths, &reading) {
        if let Some(chain) = chain::load(&file, &reading)
            && let Some(spec) = spec::read(&chain, overrides, &reading)
        {
            specs.push(spec);
        }
    }
    files::refuse_same_names(&specs, &reading);
    // Stable, so that within each half files keep their order.
    specs.sort_by_key(|spec| spec.parent.is_some());
    let found = reading.found.into_inner();
    if found.is_empty() { Ok(specs) } else { Err(SpecErrors::new(found)) }
}

#[cfg(test)]
mod tests;
