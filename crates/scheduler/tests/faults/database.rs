//! A database that is locked, or has no room.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use arclab_store::{DATABASE, Store};
use serde_json::json;

use crate::{
    STEPS, done_after,
    files::SmallDisk,
    support::{Bench, script, table::stands, until},
};

/// Holds the database's write lock for so long, as another program.
fn lock(store: &Path, time: Duration) -> std::thread::JoinHandle<()> {
    let store = store.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(store).await.unwrap();
            store.while_still("nobody", |_| true, || std::thread::sleep(time)).await.unwrap();
        });
    })
}

#[tokio::test]
async fn a_database_that_is_locked_for_half_a_minute_is_waited_for() {
    let bench = Bench::new(1, script(STEPS, 50, &json!({}))).await;
    let mut scheduler = bench.drive();
    until("the worker trains", || bench.journal(&bench.runs[0]).contains("\"type\":\"step\"")).await;
    let held = lock(bench.path(), Duration::from_secs(31));
    let ended = tokio::task::spawn_blocking(move || scheduler.wait().unwrap()).await.unwrap();
    held.join().unwrap();
    assert!(ended.success());
    done_after(&bench, "the database is locked by another program for 31 seconds").await;
}

#[tokio::test]
async fn a_database_without_room_stops_the_scheduler_and_the_next_one_goes_on() {
    let mut bench = Bench::new(1, script(STEPS, 100, &json!({}))).await;
    let store = bench.path().to_owned();
    // The database alone lies on the small disk.
    let elsewhere = tempfile::tempdir().unwrap();
    bench.store.clone().close().await;
    let small = elsewhere.path().join("small");
    let Some(disk) = SmallDisk::at(&small, 1 << 20) else { return };
    for ending in ["", "-wal", "-shm"] {
        let name = format!("{DATABASE}{ending}");
        if store.join(&name).exists() {
            fs::copy(store.join(&name), small.join(&name)).unwrap();
            fs::remove_file(store.join(&name)).unwrap();
        }
    }
    symlink(small.join(DATABASE), store.join(DATABASE)).unwrap();
    bench.store = Store::open(&store).await.unwrap();
    let mut scheduler = bench.drive();
    until("the worker trains", || bench.journal(&bench.runs[0]).contains("\"type\":\"step\"")).await;
    let ballast = disk.fill(0);
    assert!(!scheduler.wait().unwrap().success(), "the scheduler says that it cannot go on");
    ballast.free();
    bench.run().await;
    bench.assert_done(&bench.runs[0], STEPS).await;
    bench.assert_sound().await;
    let told = bench.told(&bench.runs[0]).await;
    stands(
        "the disk of the database is full, and later is not",
        &format!("the scheduler gives up, and its worker goes on; by the next scheduler: {told}"),
    );
    bench.store.close().await;
}
