//! `arclab errors`: the pairs that a run decides wrongly, or that another one mends and breaks.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use arclab_report::{
    Album, Format, PairList, ProtocolResult, WrongPair, changed_pairs, contact_sheet, errors_listing,
    errors_page, shown_time, wrong_pairs,
};
use arclab_spec::{ProtocolName, RunId};
use arclab_store::Store;

use crate::{
    album::PairImages,
    cli::ErrorsArgs,
    clock, gather,
    named::{self, Names},
    output::{self, Output},
};

/// Lists the pairs, and draws them where a page or a sheet is asked for.
pub(crate) async fn execute(store: &Path, arguments: &ErrorsArgs, output: Output) -> anyhow::Result<()> {
    let store = Store::open_existing(store).await?;
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
    let found = pairs.len();
    pairs.truncate(arguments.limit);
    let heading = heading(arguments, protocol);
    let album = album(&store, &run.run, result, &pairs, arguments, output).await?;
    let for_programs = matches!(output.format, Format::Json | Format::Csv);
    let table = errors_listing(&*heading, &pairs, list, &album, for_programs);
    let table = if for_programs { table } else { table.without_empty_columns() };
    output::print(&table.render(output.format))?;
    if found > pairs.len() {
        output.note(format_args!("the {} most wrong of {found}; `--limit` shows more", pairs.len()));
    } else if pairs.is_empty() {
        output.note("no pair fits");
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

fn heading(arguments: &ErrorsArgs, protocol: &ProtocolName) -> String {
    match &arguments.against {
        None => format!("{} on {protocol}: pairs decided wrongly", arguments.run),
        Some(other) => format!("{protocol}: what {other} (B) mends and breaks of {} (A)", arguments.run),
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
        Ok(images) => Ok(images.album(pairs.iter().map(|pair| pair.place), draws)),
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
    let write = |file: &Path, bytes: &[u8]| {
        fs::write(file, bytes).with_context(|| format!("failed to write {}", file.display()))?;
        output.note(format_args!("wrote {}", file.display()));
        anyhow::Ok(())
    };
    if let Some(folder) = &arguments.html {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        let made = format!("{} by arclab {}", shown_time(clock::now_ms()), env!("CARGO_PKG_VERSION"));
        write(&folder.join("index.html"), errors_page(heading, &made, pairs, list, album).as_bytes())?;
    }
    if let Some(file) = &arguments.png {
        match contact_sheet(heading, pairs, list, album) {
            Some(png) => write(file, &png)?,
            None => output.note(format_args!("did not write {}: there is no pair to show", file.display())),
        }
    }
    Ok(())
}
