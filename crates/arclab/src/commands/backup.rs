//! `arclab backup`.

use std::path::Path;

use arclab_store::Store;

use crate::{cli::BackupArgs, output::Output, progress::CountProgress};

/// Copies the store, however much is written into it meanwhile.
pub(crate) async fn execute(store: &Path, arguments: &BackupArgs, output: Output) -> anyhow::Result<()> {
    let store = Store::open_existing(store).await?;
    let place = &arguments.place;
    if arguments.with_runs {
        let progress = CountProgress::new("copying run folders", output);
        let copied =
            store.back_up_with_runs(place, arguments.force, |done, total| progress.show(done, total)).await;
        progress.finish();
        copied?;
    } else {
        store.back_up(place, arguments.force).await?;
    }
    output.note(format_args!("wrote {}", place.display()));
    store.close().await;
    Ok(())
}
