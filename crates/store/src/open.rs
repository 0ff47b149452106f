//! Opening the database: settings of SQLite, and migrations.

use std::{
    cmp::Ordering,
    fs::{self, File, OpenOptions},
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

use crate::error::is_damage;

/// Name of the database in the store's folder.
pub const DATABASE: &str = "arclab.db";

/// Name of the file in the store's folder that a scheduler holds; there once one has worked in the store.
pub const SCHEDULER_LOCK: &str = "scheduler.lock";

/// What helps where the database is damaged.
pub const RESCUE: &str =
    "go back to a backup (`arclab backup`), or save what can be read with `sqlite3 arclab.db .recover`";

/// How long a writer waits for another one: somebody may have a transaction open in a shell, or copy the file.
const PATIENCE: Duration = Duration::from_mins(5);

/// Held while the database is opened and brought up to date.
const LOCK: &str = "open.lock";

/// The files of `migrations/`, oldest first. Never change one that was released: add another.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../../../migrations/0001_initial.sql")),
    (2, "gpu_memory", include_str!("../../../migrations/0002_gpu_memory.sql")),
    (3, "expectations", include_str!("../../../migrations/0003_expectations.sql")),
    (4, "list_people", include_str!("../../../migrations/0004_list_people.sql")),
    (5, "queue", include_str!("../../../migrations/0005_queue.sql")),
    (6, "sweeps", include_str!("../../../migrations/0006_sweeps.sql")),
];

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none, and none was to be made.
    #[error("there is no store at {}: `arclab run` makes one, and --store or ARCLAB_STORE names another", .0.display())]
    Absent(PathBuf),
    /// Its folder cannot be made, written or locked.
    #[error("failed to write into the store's folder {}", .folder.display())]
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
    /// It cannot be written here, and is of an older form.
    #[error(
        "{} was written by an older arclab and cannot be written here, so it cannot be brought up to date: copy the \
         store to where you may write, and name the copy with --store", .file.display()
    )]
    Older {
        /// The database.
        file: PathBuf,
    },
    /// It has none of arclab's tables.
    #[error(
        "{} holds no store any more: put a copy by `arclab backup` in its place, or remove it, and `arclab run` makes a \
         new one and takes up the runs whose folders lie there", .file.display()
    )]
    Empty {
        /// The database.
        file: PathBuf,
    },
    /// SQLite finds it damaged, or no database at all.
    #[error("the database {} is damaged: {RESCUE}", .file.display())]
    Damaged {
        /// The database.
        file: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// It cannot be opened.
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
        let made = make_folder(wanted).and_then(|folder| touch(&folder).map(|()| folder));
        let folder = made.map_err(|source| OpenError::Folder { folder: wanted.to_owned(), source })?;
        Self::open_to_write(folder, true).await
    }

    /// Opens the store in `folder` if there is one; only to read, where nothing may be written.
    pub async fn open_existing(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        let folder = folder.as_ref();
        if !folder.join(DATABASE).is_file() {
            return Err(OpenError::Absent(folder.to_owned()));
        }
        let refused = touch(folder).is_err_and(|error| {
            matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
        });
        if refused {
            return Self::open_to_read(folder).await;
        }
        let found = folder.canonicalize();
        let found = found.map_err(|source| OpenError::Folder { folder: folder.to_owned(), source })?;
        Self::open_to_write(found, false).await
    }

    async fn open_to_write(folder: PathBuf, may_be_empty: bool) -> Result<Self, OpenError> {
        let file = folder.join(DATABASE);
        // Whoever holds it may be making the database.
        let _lock = lock(&folder).await?;
        if !may_be_empty {
            refuse_blank(&file)?;
        }
        let pool = connect(&file, writing()).await?;
        if !may_be_empty {
            refuse_empty(&pool, &file).await?;
        }
        migrate(&pool, &file).await?;
        Ok(Self { pool, folder })
    }

    /// Opens the store in `folder`, which must be there and up to date, and writes nothing into it.
    pub async fn open_to_read(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        let folder = folder.as_ref();
        Self::open_file_to_read(&folder.join(DATABASE))
            .await
            .map(|store| Self { folder: folder.to_owned(), ..store })
    }

    /// Opens a database by itself, wherever it lies.
    pub(crate) async fn open_file_to_read(file: &Path) -> Result<Self, OpenError> {
        let (file, folder) = (file.to_owned(), file.parent().unwrap_or(Path::new("")).to_owned());
        refuse_blank(&file)?;
        // What another program may be writing is in the log; without one, nobody is, and the file is all there is.
        let is_at_rest = !with_ending(&file, "-wal").exists();
        let pool = connect(&file, SqliteConnectOptions::new().read_only(true).immutable(is_at_rest)).await?;
        refuse_empty(&pool, &file).await?;
        let newest = "SELECT MAX(version) FROM _sqlx_migrations";
        let found = sqlx::query_scalar::<_, i64>(newest).fetch_one(&pool).await;
        let found = found.map_err(|source| unopened(&file, source))?;
        match found.cmp(&known()) {
            Ordering::Equal => Ok(Self { pool, folder }),
            Ordering::Less => Err(OpenError::Older { file }),
            Ordering::Greater => Err(OpenError::Newer { file, migration: found, known: known() }),
        }
    }

    /// The store's folder, as an absolute path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the folders of runs lie.
    pub fn runs_folder(&self) -> PathBuf {
        self.folder.join("runs")
    }

    /// The folder of `run`.
    pub fn run_folder(&self, run: &RunId) -> PathBuf {
        self.runs_folder().join(run.as_str())
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

/// `arclab.db-wal`: what is written beside a database.
fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Makes a store's folder where there is none, and tells git to pass it over. Returns its absolute path, since workers
/// are told of it and may run elsewhere.
pub fn make_folder(folder: &Path) -> io::Result<PathBuf> {
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(".gitignore"), "*\n")?;
    }
    folder.canonicalize()
}

/// Fails where no file can be made in `folder`; makes none that is not made anyway.
fn touch(folder: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK)).map(drop)
}

fn writing() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Safe in WAL mode against a killed process. Power loss may take the last transactions, not the file; the
        // journals hold what they held.
        .synchronous(SqliteSynchronous::Normal)
}

async fn connect(file: &Path, options: SqliteConnectOptions) -> Result<SqlitePool, OpenError> {
    let options = options.filename(file).foreign_keys(true).busy_timeout(PATIENCE);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await;
    pool.map_err(|source| unopened(file, source))
}

/// Of a file without a byte SQLite would drop even the log beside it, which may hold all that was lost.
fn refuse_blank(file: &Path) -> Result<(), OpenError> {
    match fs::metadata(file) {
        Ok(about) if about.len() == 0 => Err(OpenError::Empty { file: file.to_owned() }),
        // Opening it says more.
        _ => Ok(()),
    }
}

async fn refuse_empty(pool: &SqlitePool, file: &Path) -> Result<(), OpenError> {
    let sql = "SELECT COUNT(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    let tables = sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await;
    match tables.map_err(|source| unopened(file, source))? {
        0 => Err(OpenError::Empty { file: file.to_owned() }),
        _ => Ok(()),
    }
}

fn unopened(file: &Path, source: sqlx::Error) -> OpenError {
    let file = file.to_owned();
    if is_damage(&source) {
        OpenError::Damaged { file, source }
    } else {
        OpenError::Database { file, source }
    }
}

/// One program at a time. SQLite has no advisory locks, so two that open a new store at once would both make tables; and
/// it does not wait its busy timeout where one switches the new database to write-ahead mode while another opens it.
async fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join(LOCK);
    // On a thread of its own: here it would keep the runtime from the very program that holds the lock.
    let take = spawn_blocking(move || File::create(path).and_then(|lock| lock.lock().map(|()| lock)));
    let lock = take.await.unwrap_or_else(|broken| Err(io::Error::other(broken)));
    lock.map_err(|source| OpenError::Folder { folder: folder.to_owned(), source })
}

async fn migrate(pool: &SqlitePool, file: &Path) -> Result<(), OpenError> {
    let migrations = MIGRATIONS.iter().map(|&(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    migrator.run(pool).await.map_err(|error| refusal(error, file))
}

fn refusal(error: MigrateError, file: &Path) -> OpenError {
    let file = file.to_owned();
    if let MigrateError::VersionMissing(migration) = error {
        return OpenError::Newer { file, migration, known: known() };
    }
    if let MigrateError::Execute(source) = error {
        return unopened(&file, source);
    }
    OpenError::Migration { file, source: error }
}

/// The newest migration that this program knows.
fn known() -> i64 {
    MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0)
}
