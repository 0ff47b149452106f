//! `arclab gc`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::bail;
use arclab_report::{Cell, Column, Kind, Table};
use arclab_scheduler::upkeep::{Look, Waste, Wasted, look, remove, stock, waste};
use arclab_store::Store;

use crate::{
    cli::GcArgs,
    output::{self, Output},
    upkeep,
};

/// What became of something that nothing refers to.
enum Done {
    /// It was only looked at.
    Looked,
    Removed,
    Stays(String),
}

/// Lists what nothing refers to, and removes it where that is asked for.
pub(crate) async fn execute(store: &Path, arguments: &GcArgs, output: Output) -> anyhow::Result<ExitCode> {
    let store = Store::open_existing(store).await?;
    // Held until the end, so that no run begins to use what is about to go.
    let held = arguments.yes.then(|| upkeep::hold(&store));
    let at_work = held.as_ref().and_then(|held| held.as_ref().err()).map(ToString::to_string);
    let found = look(&store).await?;
    refuse_damaged(&found)?;
    let in_cache = in_cache(&store, output).await?;
    let all = waste(&found, &stock(&store).await?, in_cache.as_ref(), &store.runs_folder());
    let is_asked = |wasted: &Wasted| arguments.unknown_runs || !matches!(wasted.waste, Waste::UnknownRun(_));
    let (all, unknown): (Vec<Wasted>, Vec<Wasted>) = all.into_iter().partition(is_asked);
    let mut done = Vec::new();
    for wasted in &all {
        done.push(match (&held, wasted.waste.can_go_at_work()) {
            (None, _) => Done::Looked,
            (Some(Err(_)), false) => Done::Stays("a scheduler is at work, and may be using it".to_owned()),
            (Some(Ok(_)), false) if found.has_workers() => {
                Done::Stays("a worker is at work, here or on a cluster, and may be using it".to_owned())
            }
            (Some(_), _) => match remove(&store, &wasted.waste).await {
                Ok(true) => Done::Removed,
                Ok(false) => Done::Stays("something has come to refer to it".to_owned()),
                Err(error) => Done::Stays(format!("{:#}", anyhow::Error::from(error))),
            },
        });
    }
    let failed = done.iter().any(|done| matches!(done, Done::Stays(_)));
    output::print(&output.for_reader(table(&store, &all, &done)).render(output.format))?;
    if !unknown.is_empty() {
        output.note(format_args!(
            "runs that the database does not have stay: {}; `arclab fsck` names them, `--unknown-runs` counts them in",
            unknown.len()
        ));
    }
    if let Some(at_work) = at_work {
        output.note(at_work);
    } else if held.is_none() && !all.is_empty() {
        output.note("nothing was removed: `--yes` does so");
    }
    store.close().await;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What a damaged store needs cannot be told.
fn refuse_damaged(look: &Look) -> anyhow::Result<()> {
    if look.damage.is_empty() && look.unreadable_plans.is_empty() && look.unreadable_runs.is_empty() {
        return Ok(());
    }
    bail!("the store is damaged, so that nobody can tell what it needs: `arclab fsck` says what is wrong")
}

/// Parts of the cache that the plans' data is in; none where some of it is away.
async fn in_cache(store: &Store, output: Output) -> anyhow::Result<Option<BTreeSet<PathBuf>>> {
    let mut parts = BTreeSet::new();
    for config in store.configs().await? {
        match arclab_data::cached(&config, &store.cache()) {
            Ok(of_plan) => parts.extend(of_plan),
            Err(error) => {
                let error = anyhow::Error::from(error);
                output.note(format_args!("decoded images stay, since the data of a plan is away: {error:#}"));
                return Ok(None);
            }
        }
    }
    Ok(Some(parts))
}

fn table(store: &Store, all: &[Wasted], done: &[Done]) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let columns = vec![
        text("kind", "Kind"),
        text("what", "What"),
        Column::new("bytes", "Bytes", Kind::Number),
        text("why", "Why it can go"),
        text("done", "Done"),
    ];
    let mut table = Table::new("gc", "What nothing refers to", columns);
    for (wasted, done) in all.iter().zip(done) {
        let done = match done {
            Done::Looked => Cell::Empty,
            Done::Removed => Cell::text("removed"),
            Done::Stays(why) => Cell::text(why),
        };
        table.push(vec![
            Cell::text(wasted.waste.key()),
            Cell::text(what(store, &wasted.waste)),
            wasted.bytes.map_or(Cell::Empty, Cell::Count),
            Cell::text(wasted.waste.why()),
            done,
        ]);
    }
    let bytes: u64 = all.iter().filter_map(|wasted| wasted.bytes).sum();
    table.notes.push(format!("{:.1} MiB in all.", bytes as f64 / f64::from(1 << 20)));
    table
}

/// Where it is, below the store, or what it is.
fn what(store: &Store, waste: &Waste) -> String {
    let below = |path: &Path| path.strip_prefix(store.folder()).unwrap_or(path).display().to_string();
    match waste {
        Waste::Folder(name) | Waste::UnknownRun(name) => format!("runs/{name}"),
        Waste::Checkpoints(run) => format!("runs/{run}/checkpoints"),
        Waste::Cached(cached) => format!("cache/{}", cached.name.display()),
        Waste::Audit(path) | Waste::Array(path) | Waste::Leftover(path) => below(path),
        Waste::Rows(rows) => {
            let counts = [
                (rows.runs.len() as u64, "runs that were never begun"),
                (rows.plans, "plans"),
                (rows.specs, "versions of specs"),
                (rows.pair_lists, "pair lists"),
            ];
            let told =
                counts.iter().filter(|(count, _)| *count > 0).map(|(count, of)| format!("{of}: {count}"));
            told.collect::<Vec<_>>().join(", ")
        }
    }
}
