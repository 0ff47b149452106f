//! Opening the database: settings of SQLite, and migrations.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use arclab_spec::RunId;
use sqlx::{
    SqlSafeStr, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::task::spawn_blocking;

/// Name of the database in the store's folder.
pub const DATABASE: &str = "arclab.db";

/// The files of `migrations/`, oldest first. Never change one that was released: add another.
const MIGRATIONS: &[(i64, &str, &str)] =
    &[(1, "initial", include_str!("../../../migrations/0001_initial.sql"))];

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none, and none was to be made.
    #[error("there is no store at {}: `arclab run` makes one, and --store or ARCLAB_STORE names another", .0.display())]
    Absent(PathBuf),
    /// Its folder cannot be made or locked.
    #[error("failed to make the store's folder {}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A newer program wrote it.
    #[error(
        "{} was written by a newer arclab (it has migration {migration}, this program knows up to {known}): \
         update arclab, or name another store", .file.display()
    )]
    Newer {
        /// The database.
        file: PathBuf,
        /// The first migration that is not known here.
        migration: i64,
        /// The last one that is.
        known: i64,
    },
    /// It cannot be opened, or is no database.
    #[error("failed to open the database {}", .file.display())]
    Database {
        /// The database.
        file: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// A migration failed, or is another than the one applied under its number.
    #[error("failed to bring the database {} up to date", .file.display())]
    Migration {
        /// The database.
        file: PathBuf,
        /// Why not.
        source: MigrateError,
    },
}

/// An open store: a folder with the database, the run folders and the cache.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: SqlitePool,
    folder: PathBuf,
}

impl Store {
    /// Opens the store in `folder`, which is made where it does not exist, and brings it up to date.
    pub async fn open(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        let wanted = folder.as_ref();
        // Absolute, since workers are told of it and may run elsewhere.
        let made = fs::create_dir_all(wanted).and_then(|()| wanted.canonicalize());
        let folder = made.map_err(|source| OpenError::Folder { folder: wanted.to_owned(), source })?;
        let file = folder.join(DATABASE);
        let pool = connect(&file).await?;
        migrate(&pool, &folder, &file).await?;
        Ok(Self { pool, folder })
    }

    /// Opens the store in `folder` if there is one.
    pub async fn open_existing(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        let folder = folder.as_ref();
        if !folder.join(DATABASE).is_file() {
            return Err(OpenError::Absent(folder.to_owned()));
        }
        Self::open(folder).await
    }

    /// The store's folder, as an absolute path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of `run`.
    pub fn run_folder(&self, run: &RunId) -> PathBuf {
        self.folder.join("runs").join(run.as_str())
    }

    /// Decoded images and pair lists, shared by all runs.
    pub fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// Waits for what is being written and closes the database.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

async fn connect(file: &Path) -> Result<SqlitePool, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(30))
        .journal_mode(SqliteJournalMode::Wal)
        // Safe in WAL mode against a killed process. Power loss may take the last transactions, not the file; the
        // journals hold what they held.
        .synchronous(SqliteSynchronous::Normal);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await;
    pool.map_err(|source| OpenError::Database { file: file.to_owned(), source })
}

async fn migrate(pool: &SqlitePool, folder: &Path, file: &Path) -> Result<(), OpenError> {
    // SQLite has no advisory locks: without this, two programs that open a new store at once would both make tables.
    let path = folder.join("open.lock");
    // On a thread of its own: here it would keep the runtime from the very program that holds the lock.
    let take = spawn_blocking(move || File::create(path).and_then(|lock| lock.lock().map(|()| lock)));
    let lock = take.await.unwrap_or_else(|broken| Err(io::Error::other(broken)));
    let _lock = lock.map_err(|source| OpenError::Folder { folder: folder.to_owned(), source })?;
    let migrations = MIGRATIONS.iter().map(|&(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    migrator.run(pool).await.map_err(|error| refusal(error, file))
}

fn refusal(error: MigrateError, file: &Path) -> OpenError {
    let file = file.to_owned();
    let known = MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0);
    if let MigrateError::VersionMissing(migration) = error {
        return OpenError::Newer { file, migration, known };
    }
    OpenError::Migration { file, source: error }
}
