//! Opening a store: the schema, other programs' databases, two programs at once.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use arclab_store::{DATABASE, Filter, OpenError, Sort, Store};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use support::store;

async fn raw(folder: &std::path::Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join(DATABASE));
    SqliteConnection::connect_with(&options).await.unwrap()
}

#[tokio::test]
async fn migrations_apply_from_empty_and_give_this_schema() {
    let (folder, _store) = store().await;
    let mut raw = raw(folder.path()).await;
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' \
               ORDER BY type DESC, name";
    let rows = sqlx::query(sql).fetch_all(&mut raw).await.unwrap();
    let schema: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    insta::assert_snapshot!("schema", schema.join(";\n\n"));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_with_the_remedy() {
    let (folder, store) = store().await;
    store.close().await;
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (9000, 'future', 1, x'00', 1)";
    sqlx::query(sql).execute(&mut raw(folder.path()).await).await.unwrap();
    let error = Store::open(folder.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { migration: 9000, .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("newer arclab") && text.contains("update arclab"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join(DATABASE),
        "not a database, but long enough to be taken for one".repeat(40),
    )
    .unwrap();
    let error = Store::open(folder.path()).await.unwrap_err().to_string();
    assert!(error.contains(DATABASE), "{error}");
}

#[tokio::test]
async fn an_emptied_database_is_no_store_and_stays_as_it_is() {
    let (folder, store) = store().await;
    store.close().await;
    let file = folder.path().join(DATABASE);
    let log = folder.path().join(format!("{DATABASE}-wal"));
    std::fs::write(&file, "").and_then(|()| std::fs::write(&log, "all that is left")).unwrap();
    for opened in [Store::open_existing(folder.path()).await, Store::open_to_read(folder.path()).await] {
        let error = opened.unwrap_err();
        assert!(matches!(error, OpenError::Empty { .. }), "{error}");
        assert!(error.to_string().contains("`arclab backup`"), "{error}");
    }
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
    assert_eq!(std::fs::read(&log).unwrap(), b"all that is left");
    Store::open(folder.path()).await.unwrap();
    Store::open_existing(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_database_of_something_else_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(DATABASE);
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("CREATE TABLE songs (name TEXT)").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let error = Store::open_existing(folder.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Empty { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_database_is_told_with_what_helps() {
    let (folder, store) = store().await;
    store.close().await;
    let file = folder.path().join(DATABASE);
    let whole = std::fs::read(&file).unwrap();
    // The schema's page, and the whole of it.
    for damaged in [100..4_096, 0..whole.len()] {
        let mut bytes = whole.clone();
        bytes[damaged].fill(0x5A);
        std::fs::write(&file, bytes).unwrap();
        let error = Store::open_existing(folder.path()).await.unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("go back to a backup"), "{error}");
    }
}

#[tokio::test]
async fn a_store_that_is_only_read_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let error = Store::open_existing(folder.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Absent(_)));
    assert!(error.to_string().contains("`arclab run` makes one"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn programs_that_open_a_new_store_at_once_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let open = || tokio::spawn(Store::open(folder.path().to_owned()));
    let opening: Vec<_> = (0..6).map(|_| open()).collect();
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn the_database_is_in_write_ahead_mode() {
    let (folder, store) = store().await;
    drop(store);
    let mut raw = raw(folder.path()).await;
    let row = sqlx::query("PRAGMA journal_mode").fetch_one(&mut raw).await.unwrap();
    assert_eq!(row.get::<String, _>(0), "wal");
}

#[tokio::test]
async fn a_store_that_may_only_be_read_gives_its_history_and_stays_as_it_is() {
    let (folder, store) = store().await;
    let run = support::planned_run(&store, "baseline").await;
    support::carry_out(&store, &run, 3).await;
    store.close().await;
    let names = || {
        let names = std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    let reading = Store::open_to_read(folder.path()).await.unwrap();
    let history = reading.history(&Filter::default(), &Sort::default(), None).await.unwrap();
    assert_eq!((&history[0].run.id, history[0].evaluations.len()), (&run, 1));
    reading.enqueue(&run, true, 5_000).await.unwrap_err();
    reading.close().await;
    assert_eq!(names(), before);
}

#[tokio::test]
async fn what_is_being_written_is_seen_by_those_who_only_read() {
    let (folder, store) = store().await;
    let reading = Store::open_to_read(folder.path()).await.unwrap();
    let run = support::planned_run(&store, "baseline").await;
    assert_eq!(reading.run(&run).await.unwrap().id, run);
}

#[tokio::test]
async fn git_passes_a_new_store_over_but_not_a_folder_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    for (name, is_new) in [("made", true), ("there", false)] {
        let path = folder.path().join(name);
        if !is_new {
            std::fs::create_dir(&path).unwrap();
        }
        Store::open(&path).await.unwrap();
        assert_eq!(path.join(".gitignore").exists(), is_new, "{name}");
    }
}
