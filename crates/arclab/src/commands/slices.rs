//! `arclab slices`: errors by how much the images of a pair differ.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, bail};
use arclab_data::Attribute;
use arclab_report::{
    PairLists, ProtocolResult, Slices, VariantResults, correct_trends, protocol_title, slices_table,
    trends_table,
};
use arclab_spec::{Fingerprint, ProtocolName, RunId, VariantName};
use arclab_store::Store;

use crate::{
    album::{self, PairImages},
    cli::SlicesArgs,
    gather,
    named::Names,
    output::{self, Output},
};

/// Results of all variants on one pair list.
pub(super) struct OnList<'a> {
    pub(super) protocol: &'a ProtocolName,
    pub(super) list: &'a Fingerprint,
    /// Whose images these are.
    pub(super) run: &'a RunId,
    variants: Vec<(VariantName, Vec<&'a ProtocolResult>)>,
}

/// Prints rates by slice, and whether they rise.
pub(crate) async fn execute(store: &Path, arguments: &SlicesArgs, output: Output) -> anyhow::Result<()> {
    let store = Store::open_existing(store).await?;
    let wanted = Names { experiment: arguments.experiment.as_ref(), names: &arguments.runs };
    let (variants, lists) = gather::results(&store, wanted.find(&store, output).await?, None).await?;
    let found = on_lists(&variants, arguments.protocol.as_ref())?;
    let mut slices = Vec::with_capacity(found.len());
    for on_list in &found {
        let images = PairImages::of(&store, on_list.run, on_list.list, output).await?;
        slices.push(slice(on_list, &lists, &images, arguments.by.0, arguments.bins.get())?);
    }
    store.close().await;
    correct_trends(&mut slices);
    let titles = found.iter().map(|on_list| protocol_title(on_list.protocol));
    let tests: Vec<_> = titles.zip(&slices).collect();
    let column = album::column(arguments.by.0);
    let tables = [slices_table(&tests, &column), trends_table(&tests, &column)];
    output::print(&arclab_report::render(&tables, output.format))?;
    let Some(folder) = &arguments.figures else { return Ok(()) };
    fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    for (on_list, (title, slices)) in found.iter().zip(&tests) {
        let [negatives, positives] = slices.figures(title, &column);
        for (kind, figure) in [("fn", negatives), ("fp", positives)] {
            let name = format!("slices-{}-{}-{kind}", on_list.protocol, arguments.by.0.name());
            output::write_figure(folder, &name, &figure, output)?;
        }
    }
    Ok(())
}

/// The tests of the variants, each with those that were tested on its list.
pub(super) fn on_lists<'a>(
    variants: &'a [VariantResults],
    wanted: Option<&ProtocolName>,
) -> anyhow::Result<Vec<OnList<'a>>> {
    let mut found: Vec<OnList<'_>> = Vec::new();
    for variant in variants {
        for run in &variant.runs {
            let tests = run.protocols.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
            for (protocol, result) in tests {
                let known = found.iter().position(|on_list| on_list.protocol == protocol);
                let place = known.unwrap_or_else(|| {
                    found.push(OnList { protocol, list: &result.pair_list, run: &run.run, variants: vec![] });
                    found.len() - 1
                });
                let on_list = &mut found[place];
                if on_list.list != &result.pair_list {
                    bail!(
                        "the runs were tested on different pair lists of `{protocol}`: name runs of one list"
                    );
                }
                match on_list.variants.last_mut().filter(|(name, _)| *name == variant.name) {
                    Some((_, results)) => results.push(result),
                    None => on_list.variants.push((variant.name.clone(), vec![result])),
                }
            }
        }
    }
    if found.is_empty() {
        let runs = variants.iter().flat_map(|variant| &variant.runs);
        let known: BTreeSet<String> =
            runs.flat_map(|run| run.protocols.keys()).map(|name| format!("`{name}`")).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        match wanted {
            Some(wanted) if !known.is_empty() => {
                bail!("none of the runs has been tested on `{wanted}`, but on {known}")
            }
            Some(_) | None => bail!("none of the runs has been tested"),
        }
    }
    Ok(found)
}

/// Cuts the list by the gap of an attribute.
pub(super) fn slice(
    on_list: &OnList<'_>,
    lists: &PairLists,
    images: &PairImages,
    by: Attribute,
    bins: usize,
) -> anyhow::Result<Slices> {
    let protocol = on_list.protocol;
    let list = lists.get(on_list.list).with_context(|| format!("the pairs of `{protocol}` were not kept"))?;
    let slices = Slices::new(&on_list.variants, list, &images.gaps(by), bins);
    slices.with_context(|| format!("failed to slice `{protocol}` by the gap of `{}`", by.name()))
}
