//! `arclab data preview`.

use std::path::Path;

use anyhow::{Context as _, bail};
use arclab_data::{Preview, prepare};

use super::PreviewArgs;
use crate::{
    output::{self, Output},
    progress::DataProgress,
};

pub(super) fn execute(store: &Path, arguments: &PreviewArgs, output: Output) -> anyhow::Result<()> {
    let path = &arguments.spec;
    let specs = arclab_spec::read_specs(std::slice::from_ref(path), &arguments.overrides)?;
    let [spec] = specs.as_slice() else {
        bail!("{} stands for {} specs; name one", path.display(), specs.len());
    };
    let config = &spec.config;
    let progress = DataProgress::new(output);
    let prepared = prepare(&config.data, &config.evaluation, &store.join("cache"), &progress);
    progress.finish();
    let prepared = prepared.with_context(|| format!("failed to prepare the images of {}", spec.name))?;
    let seed = spec.seeds.first().copied().unwrap_or_default();
    let PreviewArgs { images, epochs, png, .. } = arguments;
    let preview = Preview { images: *images as usize, epochs: *epochs as usize, seed };
    let sheet = preview.png(&config.data, &prepared);
    if png.as_os_str() == "-" {
        return output::print_bytes(&sheet);
    }
    output::write(png, &sheet, output)
}
