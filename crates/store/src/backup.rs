//! Copies of a store to fall back on: the database as it is at one moment, however much is written meanwhile, and the
//! runs' folders as they are a moment later, so that no journal is shorter than what the copy has stored of it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use arclab_spec::run_folder;

use crate::{DATABASE, OpenError, SCHEDULER_LOCK, Store, StoreError};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is there already.
    #[error("{} is there already: name another place, or replace it with `--force`", .0.display())]
    Exists(PathBuf),
    /// Something else is there, or a store that was worked in.
    #[error("{} is no copy of a store, or arclab has worked in it since, and is not replaced: name another place", .0.display())]
    NoCopy(PathBuf),
    /// It would lie in what it is a copy of.
    #[error("{} is the store itself, or lies in it or around it: name a place beside it", .0.display())]
    Own(PathBuf),
    /// SQLite takes names that are UTF-8.
    #[error("{} is no name that SQLite can write to: use letters of UTF-8", .0.display())]
    Name(PathBuf),
    /// A file cannot be written.
    #[error("failed to write {}", .file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database was not copied.
    #[error("failed to copy the database to {}", .file.display())]
    Database {
        /// The copy.
        file: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// The copy was written and cannot be opened.
    #[error("the copy cannot be opened again")]
    Unopened(#[source] OpenError),
    /// The copy was opened and cannot be read.
    #[error("the copy cannot be read again")]
    Unread(#[source] StoreError),
    /// The copy was read again and is not whole.
    #[error("the copy is damaged: {0}; `arclab fsck` says whether the store is, too")]
    Damaged(String),
    /// A run's folder was not copied.
    #[error("failed to copy {}", .file.display())]
    Copy {
        /// What was copied.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// What is copied of a store beside its database, in this order: a journal may name a list of pairs that is not stored yet.
const FOLDERS: [&str; 3] = ["runs", "audits", "cache/pairs"];
/// What a worker may replace while its folder is copied is looked for again so often.
const LOOKS: u32 = 3;

impl Store {
    /// Writes the database as it is now into one file, which is there whole or not at all.
    pub async fn back_up(&self, file: &Path, replace: bool) -> Result<(), BackupError> {
        let file = self.place(file)?;
        let is_database = file.file_name().is_some_and(|name| name == DATABASE);
        match (file.exists(), replace) {
            (true, false) => return Err(BackupError::Exists(file)),
            (true, true) if is_database && file.parent().is_some_and(was_worked_in) => {
                return Err(BackupError::NoCopy(file));
            }
            (true, true) | (false, _) => {}
        }
        let unfinished = beside(&file, "tmp");
        let written = self.copy_database(&unfinished).await.and_then(|()| put(&unfinished, &file, replace));
        if written.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Makes a store of its own of a folder: the database as it is now, the runs' folders, lists of pairs, and the splits
    /// of audits; decoded images are made again where they are needed. `copied` hears of each folder of a run: how many are done, of how many.
    pub async fn back_up_with_runs(
        &self,
        folder: &Path,
        replace: bool,
        mut copied: impl FnMut(usize, usize),
    ) -> Result<(), BackupError> {
        let folder = self.place(folder)?;
        refuse_other(&folder, replace)?;
        let unfinished = beside(&folder, "tmp");
        let made = async {
            crate::make_folder(&unfinished)
                .map_err(|source| BackupError::Write { file: unfinished.clone(), source })?;
            // First: a journal that is copied later holds at least what is stored of it.
            self.copy_database(&unfinished.join(DATABASE)).await?;
            for name in FOLDERS {
                copy_folders(&self.folder().join(name), &unfinished.join(name), &mut copied)?;
            }
            put_folder(&unfinished, &folder, replace)
        };
        let made = made.await;
        if made.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_dir_all(&unfinished);
        }
        made
    }

    /// Where a copy comes to lie, however it is written. One within the store would be copied into itself, and one that
    /// replaces the store or holds it would be all that is left.
    fn place(&self, wanted: &Path) -> Result<PathBuf, BackupError> {
        let failed = |source| write_error(wanted, source);
        let whole = std::path::absolute(wanted).map_err(failed)?;
        let there = whole.ancestors().find(|place| place.exists()).unwrap_or(&whole);
        let new = whole.strip_prefix(there).unwrap_or(Path::new(""));
        if new.components().any(|part| part == Component::ParentDir) {
            return Err(failed(io::ErrorKind::NotFound.into()));
        }
        let mut place = there.canonicalize().map_err(failed)?;
        place.extend(new.components());
        let store = self.folder().canonicalize().map_err(failed)?;
        if place.starts_with(&store) || store.starts_with(&place) {
            return Err(BackupError::Own(wanted.to_owned()));
        }
        Ok(place)
    }

    /// `VACUUM INTO` reads one state of the database, as a transaction does, and keeps no writer waiting.
    async fn copy_database(&self, file: &Path) -> Result<(), BackupError> {
        let name = file.to_str().ok_or_else(|| BackupError::Name(file.to_owned()))?;
        let failed = |source| BackupError::Database { file: file.to_owned(), source };
        sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await.map_err(failed)?;
        // SQLite leaves it to the system when this comes to the disk.
        let synced = File::open(file).and_then(|copy| copy.sync_all());
        synced.map_err(|source| BackupError::Write { file: file.to_owned(), source })?;
        let copy = Self::open_file_to_read(file).await.map_err(BackupError::Unopened)?;
        let damage = copy.damage().await;
        copy.pool.close().await;
        match damage.map_err(BackupError::Unread)?.into_iter().next() {
            None => Ok(()),
            Some(first) => Err(BackupError::Damaged(first)),
        }
    }
}

/// `PLACE.PID.ENDING`, on the same disk, so that a rename is enough.
fn beside(place: &Path, ending: &str) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(format!(".{}.{ending}", std::process::id()));
    name.into()
}

/// Gives a file that is written its name.
fn put(unfinished: &Path, file: &Path, replace: bool) -> Result<(), BackupError> {
    if !replace {
        // Unlike a rename, a link refuses what appeared meanwhile; not every file system has links.
        match fs::hard_link(unfinished, file) {
            Ok(()) => return fs::remove_file(unfinished).map_err(|source| write_error(file, source)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(file.to_owned()));
            }
            Err(_) => {}
        }
    }
    fs::rename(unfinished, file).map_err(|source| write_error(file, source))
}

fn write_error(file: &Path, source: io::Error) -> BackupError {
    BackupError::Write { file: file.to_owned(), source }
}

fn refuse_other(folder: &Path, replace: bool) -> Result<(), BackupError> {
    match (folder.exists(), replace) {
        (false, _) => Ok(()),
        (true, false) => Err(BackupError::Exists(folder.to_owned())),
        (true, true) if folder.join(DATABASE).is_file() && !was_worked_in(folder) => Ok(()),
        (true, true) => Err(BackupError::NoCopy(folder.to_owned())),
    }
}

/// A copy is made without the lock of a scheduler, and has one once runs were carried out in it: it may hold the only ones.
fn was_worked_in(folder: &Path) -> bool {
    folder.join(SCHEDULER_LOCK).exists()
}

/// Gives a folder that is written its name; what had it goes once the new one is there.
fn put_folder(unfinished: &Path, folder: &Path, replace: bool) -> Result<(), BackupError> {
    let failed = |source| write_error(folder, source);
    let old = beside(folder, "old");
    let there_was_one = replace && folder.exists();
    if there_was_one {
        fs::rename(folder, &old).map_err(failed)?;
    }
    fs::rename(unfinished, folder).map_err(failed)?;
    if there_was_one {
        fs::remove_dir_all(&old).map_err(failed)?;
    }
    Ok(())
}

/// Copies all that lies in `from`, folder by folder.
fn copy_folders(from: &Path, to: &Path, copied: &mut impl FnMut(usize, usize)) -> Result<(), BackupError> {
    let names = match names(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        names => names.map_err(|source| BackupError::Copy { file: from.to_owned(), source })?,
    };
    fs::create_dir_all(to).map_err(|source| write_error(to, source))?;
    for (done, name) in names.iter().enumerate() {
        copied(done, names.len());
        copy(&from.join(name), &to.join(name))?;
    }
    copied(names.len(), names.len());
    Ok(())
}

/// Copies a file, or a folder with all in it. What a worker takes away meanwhile was replaced by something newer,
/// which the next look finds.
fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |source| BackupError::Copy { file: from.to_owned(), source };
    for _ in 0..LOOKS {
        if from.is_file() {
            return absent_is_fine(fs::copy(from, to).map(drop)).map(drop).map_err(failed);
        }
        let Some(names) = absent_is_fine(names(from)).map_err(failed)? else { return Ok(()) };
        fs::create_dir_all(to).map_err(|source| write_error(to, source))?;
        for name in &names {
            copy(&from.join(name), &to.join(name))?;
        }
        if names.iter().all(|name| to.join(name).exists()) {
            return Ok(());
        }
    }
    Ok(())
}

/// The journal comes first: what it names was there before it.
fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let mut names = entries.collect::<io::Result<Vec<_>>>()?;
    names.sort_by_key(|name| name != run_folder::EVENTS);
    Ok(names)
}

fn absent_is_fine<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
