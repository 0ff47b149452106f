//! Specs from files: `extends`, `--set`, and then types, with every mistake reported at its place.

mod augment;
mod backbones;
mod catalogue;
mod chain;
mod changes;
mod data;
mod dataset;
mod evaluation;
mod executor;
mod expect;
mod files;
mod homes;
mod list;
mod loss;
mod losses;
mod model;
mod optimizer;
mod overrides;
mod pairs;
mod paths;
mod public;
mod queue;
mod range;
mod resources;
mod scalar;
mod schedule;
mod schema;
mod section;
mod spec;
mod start;
mod sweep;
mod threshold;
mod training;

use std::path::{Path, PathBuf};

pub use backbones::{BackboneDescription, backbones};
pub use catalogue::{Catalogue, CatalogueEntry};
pub use losses::{LossDescription, ParameterDescription, losses, parameters_of_losses_on_centres};
pub use overrides::{InvalidOverride, Override};
pub use public::{PublicFile, PublicSet};
pub use schema::json_schema;

use crate::{Spec, source::SpecErrors};
pub(crate) use losses::superseded_keys;
use section::Reading;

/// The specs in `paths`, with `overrides` on top of each. A folder stands for the `.yaml` files directly in it: those
/// that others extend come first. A file named twice is read once. All mistakes of all specs are reported together.
pub fn read_specs(paths: &[PathBuf], overrides: &[Override]) -> Result<Vec<Spec>, SpecErrors> {
    read_all(paths, overrides, &[])
}

/// The variants of the sweep in `file`, where results have chosen cells at the points `later`, besides those that it begins with.
pub fn read_sweep(file: &Path, overrides: &[Override], later: &[Vec<f64>]) -> Result<Vec<Spec>, SpecErrors> {
    read_all(&[file.to_owned()], overrides, later)
}

fn read_all(paths: &[PathBuf], overrides: &[Override], later: &[Vec<f64>]) -> Result<Vec<Spec>, SpecErrors> {
    let environment = |name: &str| std::env::var(name).ok();
    let reading = Reading::new(&environment).with_later(later);
    for over in overrides {
        over.refuse_extends(&reading);
    }
    let mut specs: Vec<Spec> = Vec::new();
    for group in files::listed(paths, &reading) {
        let mut found = group_specs(&group.files, overrides, &reading);
        if group.is_folder {
            files::sort(&mut found);
        }
        specs.extend(found);
    }
    reading.report_all(files::same_names(&specs));
    SpecErrors::refuse(reading.into_mistakes())?;
    Ok(specs)
}

/// Two specs of one experiment with one name would be taken for one another in the tables.
pub fn refuse_same_names(specs: &[Spec]) -> Result<(), SpecErrors> {
    SpecErrors::refuse(files::same_names(specs))
}

/// Each spec that can be read.
fn group_specs(files: &[PathBuf], overrides: &[Override], reading: &Reading<'_>) -> Vec<Spec> {
    let chains = files.iter().filter_map(|file| chain::load(file, reading));
    let variants = chains.flat_map(|chain| sweep::expanded(chain, overrides, reading));
    let mut specs: Vec<Spec> = variants.filter_map(|chain| spec::read(&chain, overrides, reading)).collect();
    for spec in &specs {
        sweep::fits(spec, reading);
    }
    sweep::within(&mut specs);
    specs
}
