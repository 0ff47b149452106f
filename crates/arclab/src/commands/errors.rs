//! `arclab errors`: the pairs that a run decides wrongly, or that another one mends and breaks.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use arclab_report::{
    Album, Change, PairList, ProtocolResult, RunResults, VariantResults, WrongPair, changed_pairs,
    contact_sheet, errors_listing, errors_page, wrong_pairs,
};
use arclab_spec::{ProtocolName, RunId};
use arclab_store::Store;

use crate::{
    album::PairImages,
    cli::ErrorsArgs,
    commands::compare,
    gather,
    named::{self, Names},
    output::{self, Output},
};

/// Lists the pairs, and draws them where a page or a sheet is asked for.
pub(crate) async fn execute(store: &Path, arguments: &ErrorsArgs, output: Output) -> anyhow::Result<()> {
    let store = Store::open_existing(store).await?;
    if arguments.against.as_ref() == Some(&arguments.run) {
        bail!("`{}` mends and breaks nothing of itself: name another run with `--against`", arguments.run);
    }
    if let Some(file) =
        arguments.png.as_ref().filter(|file| file.extension().is_none_or(|ending| ending != "png"))
    {
        bail!("`--png` writes a PNG, and {} is named otherwise: end its name in .png", file.display());
    }
    let names: Vec<String> = [&arguments.run].into_iter().chain(&arguments.against).cloned().collect();
    let wanted = Names { experiment: arguments.experiment.as_ref(), names: &names };
    let (variants, lists) = gather::results(&store, wanted.find(&store, output).await?, None).await?;
    let run = named::first_run(&variants[0], output)?;
    let (protocol, result) = named::test(run, arguments.protocol.as_ref())?;
    let list = lists.get(&result.pair_list);
    let list = list.with_context(|| format!("the pairs of `{protocol}` were not kept"))?;
    let mut pairs = match variants.get(1) {
        None => wrong_pairs(result, list)?,
        Some(other) => {
            changed(protocol, result, named::first_run(other, output)?.protocols.get(protocol), list)?
        }
    };
    pairs.retain(|pair| arguments.kind.is_none_or(|kind| pair.kind == kind.into()));
    let for_programs = output.format.is_for_programs();
    let counted = counted(&pairs);
    pairs.truncate(output.limit(arguments.limit));
    let heading = heading(&variants, run, protocol, &counted, pairs.len());
    let album = album(&store, &run.run, result, &pairs, arguments, output).await?;
    let table = errors_listing(&*heading, &pairs, list, &album, for_programs);
    let table = if for_programs { table } else { table.without_empty_columns() };
    output::print(&table.render(output.format))?;
    if counted.all > pairs.len() {
        output.note("`--limit` shows more");
    }
    draw(&heading, &pairs, list, &album, arguments, output)?;
    store.close().await;
    Ok(())
}

fn changed(
    protocol: &ProtocolName,
    result: &ProtocolResult,
    other: Option<&ProtocolResult>,
    list: &PairList,
) -> anyhow::Result<Vec<WrongPair>> {
    let Some(other) = other else { bail!("only one of the two was tested on `{protocol}`") };
    if other.pair_list != result.pair_list {
        bail!("both were tested on `{protocol}`, but on different pair lists");
    }
    Ok(changed_pairs(result, other, list)?)
}

/// Pairs that were found, and of changed ones how many are mended.
struct Counted {
    all: usize,
    mended: usize,
}

fn counted(pairs: &[WrongPair]) -> Counted {
    let is_mended = |pair: &&WrongPair| pair.other.is_some_and(|(_, change)| change == Change::Mended);
    Counted { all: pairs.len(), mended: pairs.iter().filter(is_mended).count() }
}

/// What the list is of, and which part of all it shows.
fn heading(
    variants: &[VariantResults],
    run: &RunResults,
    protocol: &ProtocolName,
    counted: &Counted,
    shown: usize,
) -> String {
    let Counted { all, mended } = counted;
    let part = if shown < *all { format!("; the {shown} most wrong") } else { String::new() };
    match variants {
        [_, other] => format!(
            "{protocol}: what {} (B) changes of {} (A), {mended} pairs mended and {} broken{part}",
            other.name,
            run.run,
            all - mended
        ),
        _ => format!("{} on {protocol}: {all} pairs decided wrongly{part}", run.run),
    }
}

/// What is known of the images; nothing where they are not at hand, unless they are to be drawn.
async fn album(
    store: &Store,
    run: &RunId,
    result: &ProtocolResult,
    pairs: &[WrongPair],
    arguments: &ErrorsArgs,
    output: Output,
) -> anyhow::Result<Album> {
    let draws = arguments.html.is_some() || arguments.png.is_some();
    match PairImages::of(store, run, &result.pair_list, output).await {
        Ok(images) => {
            let album = images.album(pairs.iter().map(|pair| pair.place), draws);
            Ok(Album { gaps: images.all_gaps(), ..album })
        }
        Err(error) if draws => Err(error),
        Err(error) => {
            output.note(format_args!("without attributes of the images: {error:#}"));
            Ok(Album::default())
        }
    }
}

fn draw(
    heading: &str,
    pairs: &[WrongPair],
    list: &PairList,
    album: &Album,
    arguments: &ErrorsArgs,
    output: Output,
) -> anyhow::Result<()> {
    if let Some(folder) = &arguments.html {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        let page = errors_page(heading, &compare::made(), pairs, list, album);
        output::write(&folder.join("index.html"), page.as_bytes(), output)?;
    }
    if let Some(file) = &arguments.png {
        match contact_sheet(heading, pairs, list, album) {
            Some(png) => output::write(file, &png, output)?,
            None => output.note(format_args!("did not write {}: there is no pair to show", file.display())),
        }
    }
    Ok(())
}
