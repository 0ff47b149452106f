//! Workers that report, and the scheduler that stores what they do.

use std::{fs, num::NonZeroU32, time::Instant};

use anyhow::Context as _;
use arclab_spec::run_folder;
use arclab_store::DATABASE;

use crate::{planned::Planned, worker::Load};

/// What so many points take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) database_bytes: u64,
    pub(super) journal_bytes: u64,
}

/// Metrics stored a second, `points` in all: from the start of the workers, each of which writes as fast as it can, to the end
/// of the last run.
pub(super) async fn per_second(writers: u32, at_once: u64, points: u64) -> anyhow::Result<f64> {
    let planned = loaded(writers, Load { points: points / u64::from(writers), at_once }).await?;
    let began = Instant::now();
    work(&planned).await?;
    Ok((points / u64::from(writers) * u64::from(writers)) as f64 / began.elapsed().as_secs_f64())
}

/// What one worker's metrics take, ten in a line.
pub(super) async fn size(points: u64) -> anyhow::Result<Size> {
    let planned = loaded(1, Load { points, at_once: 10 }).await?;
    let database = planned.store.folder().join(DATABASE);
    let bytes = || fs::metadata(&database).map(|file| file.len()).context("the database is not there");
    let before = bytes()?;
    work(&planned).await?;
    let journal = planned.store.run_folder(&planned.runs[0]).join(run_folder::EVENTS);
    let journal_bytes = fs::metadata(journal)?.len();
    planned.store.clone().close().await;
    Ok(Size { database_bytes: bytes()? - before, journal_bytes })
}

async fn loaded(writers: u32, load: Load) -> anyhow::Result<Planned> {
    let mut planned = Planned::empty("write").await?;
    planned.plan(writers.into()).await?;
    for run in &planned.runs {
        load.put(&planned.store.run_folder(run))?;
    }
    planned.submit().await?;
    Ok(planned)
}

async fn work(planned: &Planned) -> anyhow::Result<()> {
    let at_once = u32::try_from(planned.runs.len()).ok().and_then(NonZeroU32::new);
    planned.work(at_once.context("there is nobody to write")?, planned.runs.len()).await
}
