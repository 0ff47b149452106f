//! Files that are there whole or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// Writes `path` through `write`: under another name first, synced, then renamed over it.
pub(crate) fn replace<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    // Two processes, or two threads of one, may write the same file.
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}-{}.tmp", process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
    let temporary = Path::new(&temporary);
    let written = write_synced(temporary, write).and_then(|()| Ok(fs::rename(temporary, path)?));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(temporary);
    }
    written?;
    Ok(sync_folder(path)?)
}

fn write_synced<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    let mut writer = BufWriter::with_capacity(1 << 20, File::create(path)?);
    write(&mut writer)?;
    writer.flush()?;
    Ok(writer.get_ref().sync_all()?)
}

/// The rename itself lasts only once the folder is on the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        // Of a file in the current folder.
        Some(folder) if cfg!(unix) && folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}
