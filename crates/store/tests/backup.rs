//! Copies of a store: of one moment, whole or not at all, and stores themselves.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arclab_spec::{RunId, run_folder};
use arclab_store::{BackupError, DATABASE, SCHEDULER_LOCK, Store};
use support::{apply, carry_out, launch, line, planned_run, step, store};

/// Steps that are stored together, and bytes of journal that stand for each.
const BATCH: u64 = 10;

/// Opens a copy of the database as a store of its own.
async fn restored(copy: &Path) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(copy, folder.path().join(DATABASE)).unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    (folder, store)
}

/// Stores batch after batch until told to stop.
async fn write(store: Store, run: RunId, stop: Arc<AtomicBool>) -> u64 {
    let mut done = 0;
    while !stop.load(Ordering::Relaxed) {
        let steps = (done + 1..=done + BATCH).map(|number| line(1, step(number, 1.0 / number as f64)));
        apply(&store, &run, done, done + BATCH, steps.collect()).await;
        done += BATCH;
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_of_one_moment_while_journals_are_stored() {
    let (folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    store.begin_attempt(&run, &launch(1)).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writer =
        tokio::spawn(write(Store::open(folder.path()).await.unwrap(), run.clone(), Arc::clone(&stop)));
    let place = tempfile::tempdir().unwrap();
    let mut before = 0;
    for number in 0..8 {
        let copy = place.path().join(format!("{number}.db"));
        store.back_up(&copy, false).await.unwrap();
        let (_folder, copy) = restored(&copy).await;
        assert!(copy.damage().await.unwrap().is_empty());
        let offset = copy.job(&run).await.unwrap().journal_offset;
        let losses = copy.metrics(&run, "loss").await.unwrap();
        assert_eq!(
            losses.iter().map(|point| point.step).collect::<Vec<_>>(),
            (1..=offset).collect::<Vec<_>>()
        );
        assert!(offset >= before && offset.is_multiple_of(BATCH), "{offset} after {before}");
        before = offset;
    }
    stop.store(true, Ordering::Relaxed);
    let written = writer.await.unwrap();
    assert!(before > 0 && written >= before);
    assert_eq!(
        store.metrics(&run, "loss").await.unwrap().len() as u64,
        written,
        "copies lose nothing of the store"
    );
}

#[tokio::test]
async fn a_copy_goes_on_as_the_store_it_was_made_of() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    carry_out(&store, &run, 5).await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("before.db");
    store.back_up(&file, false).await.unwrap();
    let (_copied, copy) = restored(&file).await;
    assert_eq!(copy.evaluations(&run).await.unwrap(), store.evaluations(&run).await.unwrap());
    copy.enqueue(&run, true, 9).await.unwrap();
    copy.begin_attempt(&run, &launch(2)).await.unwrap();
    assert_eq!(store.run(&run).await.unwrap().last_attempt.unwrap().number, support::attempt(1));
}

#[tokio::test]
async fn what_is_there_is_replaced_only_where_that_is_asked_for() {
    let (_folder, store) = store().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("copy.db");
    fs::write(&file, "mine").unwrap();
    let refused = store.back_up(&file, false).await.unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    store.back_up(&file, true).await.unwrap();
    assert!(restored(&file).await.1.damage().await.unwrap().is_empty());
    let other = place.path().join("photos");
    fs::create_dir(&other).unwrap();
    let refused = store.back_up_with_runs(&other, true, |_, _| {}).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoCopy(_)), "{refused}");
    let left: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// All that lies in a folder, with its content.
fn all_in(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let with_content = |path: PathBuf| {
        if path.is_dir() { all_in(&path) } else { [(path.clone(), fs::read(&path).unwrap())].into() }
    };
    entries.flat_map(with_content).collect()
}

#[tokio::test]
async fn a_copy_never_takes_the_place_of_its_store_or_lies_in_it() {
    let (folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    carry_out(&store, &run, 5).await;
    fs::create_dir_all(store.run_folder(&run)).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    symlink(folder.path(), &link).unwrap();
    let before = all_in(folder.path());
    for place in ["", "arclab.db", "runs/copy", "runs/../copy", "new/deep", "new/../../escape"] {
        for place in [folder.path().join(place), link.join(place)] {
            for replace in [false, true] {
                store.back_up(&place, replace).await.unwrap_err();
                store.back_up_with_runs(&place, replace, |_, _| {}).await.unwrap_err();
            }
        }
    }
    let around = folder.path().parent().unwrap();
    let refused = store.back_up_with_runs(around, true, |_, _| {}).await.unwrap_err();
    assert!(matches!(refused, BackupError::Own(_)), "{refused}");
    assert_eq!(all_in(folder.path()), before);
}

#[tokio::test]
async fn a_store_that_was_worked_in_is_not_replaced() {
    let (_folder, store) = store().await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    store.back_up_with_runs(&copy, false, |_, _| {}).await.unwrap();
    store.back_up_with_runs(&copy, true, |_, _| {}).await.unwrap();
    fs::write(copy.join(SCHEDULER_LOCK), "").unwrap();
    let before = all_in(&copy);
    let refused = store.back_up_with_runs(&copy, true, |_, _| {}).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoCopy(_)), "{refused}");
    let refused = store.back_up(&copy.join(DATABASE), true).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoCopy(_)), "{refused}");
    assert_eq!(all_in(&copy), before);
}

#[tokio::test]
async fn a_place_may_be_written_with_a_slash_and_in_folders_that_are_new() {
    let (_folder, store) = store().await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("new/copy");
    store.back_up_with_runs(&place.path().join("new/copy/"), false, |_, _| {}).await.unwrap();
    store.back_up_with_runs(&place.path().join("new/copy/"), true, |_, _| {}).await.unwrap();
    assert!(Store::open(&copy).await.unwrap().damage().await.unwrap().is_empty());
    assert_eq!(fs::read_dir(copy.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_copy_that_cannot_be_written_leaves_nothing() {
    let (_folder, store) = store().await;
    let place = tempfile::tempdir().unwrap();
    let error = store.back_up(&place.path().join("nowhere/copy.db"), false).await.unwrap_err();
    assert!(matches!(error, BackupError::Database { .. }), "{error}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_copy_with_runs_has_all_that_their_folders_hold_and_is_made_anew_whole() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    carry_out(&store, &run, 5).await;
    let checkpoints = store.run_folder(&run).join(run_folder::CHECKPOINTS);
    fs::create_dir_all(&checkpoints).unwrap();
    fs::write(checkpoints.join("checkpoint-1.json"), "1").unwrap();
    fs::write(store.run_folder(&run).join(run_folder::EVENTS), "journal").unwrap();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("copy");
    let mut told = Vec::new();
    store.back_up_with_runs(&folder, false, |done, total| told.push((done, total))).await.unwrap();
    assert_eq!(told, [(0, 1), (1, 1)]);
    fs::remove_dir_all(&checkpoints).unwrap();
    store.back_up_with_runs(&folder, false, |_, _| {}).await.unwrap_err();
    let copy = Store::open(&folder).await.unwrap();
    assert_eq!(copy.evaluations(&run).await.unwrap().len(), 1);
    let in_copy = copy.run_folder(&run);
    assert_eq!(fs::read(in_copy.join(run_folder::EVENTS)).unwrap(), b"journal");
    assert!(in_copy.join(run_folder::CHECKPOINTS).join("checkpoint-1.json").is_file());
    copy.close().await;
    store.back_up_with_runs(&folder, true, |_, _| {}).await.unwrap();
    assert!(!in_copy.join(run_folder::CHECKPOINTS).exists());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}
