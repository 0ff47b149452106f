//! What the database says of itself, and what nothing in it refers to.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use arclab_spec::RunState;
use arclab_store::{Store, Unscored};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use support::{carry_out, launch, plan, planned_run, spec, store};

/// Changes the database behind the store's back.
async fn change(store: &Store, sql: &'static str) {
    let file = store.folder().join(arclab_store::DATABASE);
    let options = SqliteConnectOptions::new().filename(file).foreign_keys(false);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_sound_store_has_nothing_to_say() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    carry_out(&store, &run, 5).await;
    assert!(store.damage().await.unwrap().is_empty());
    assert!(store.dangling().await.unwrap().is_empty());
    assert!(store.unscored().await.unwrap().is_empty());
    assert!(store.short_lists().await.unwrap().is_empty());
    assert!(store.unreadable_plans().await.unwrap().is_empty());
    assert_eq!(store.unreferenced().await.unwrap().count(), 0);
}

#[tokio::test]
async fn what_does_not_belong_together_is_named() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    carry_out(&store, &run, 5).await;
    change(&store, "UPDATE scores SET scores = substr(scores, 1, 20)").await;
    let protocol = store.evaluations(&run).await.unwrap()[0].protocol.clone();
    assert_eq!(store.unscored().await.unwrap(), [Unscored { run, protocol, pairs: 13, scores: Some(5) }]);
    change(&store, "DELETE FROM scores").await;
    assert_eq!(store.unscored().await.unwrap()[0].scores, None);
    change(&store, "DELETE FROM pairs WHERE position > 3").await;
    assert_eq!(store.short_lists().await.unwrap()[0].stored, 4);
    change(&store, "UPDATE plans SET plan = replace(plan, '\"seed\":0', '\"seed\":1')").await;
    assert!(store.unreadable_plans().await.unwrap()[0].1.contains("digest"));
    change(&store, "UPDATE plans SET plan = '{}'").await;
    assert!(store.unreadable_plans().await.unwrap()[0].1.contains("missing field"));
    change(&store, "DELETE FROM pair_lists").await;
    let tables: Vec<String> = store.dangling().await.unwrap().into_iter().map(|rows| rows.table).collect();
    assert_eq!(tables, ["evaluations", "pairs"]);
}

#[tokio::test]
async fn a_broken_file_is_told_from_a_whole_one() {
    let (folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    carry_out(&store, &run, 5).await;
    store.close().await;
    let file = folder.path().join(arclab_store::DATABASE);
    let mut bytes = std::fs::read(&file).unwrap();
    // The last page: the schema and the migrations, without which it does not open, are in the first ones.
    let last = bytes.len() - 4096;
    bytes[last..].fill(0x5A);
    std::fs::write(&file, bytes).unwrap();
    let store = Store::open_existing(folder.path()).await.unwrap();
    assert!(!store.damage().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_plan_that_was_replaced_before_it_began_is_forgotten_with_its_run_and_its_spec() {
    let (_folder, store) = store().await;
    let first = plan(&store, &[spec("report", "baseline", 0.3, &[0, 1])], 10).await;
    store.begin_attempt(&first[1].run, &launch(1)).await.unwrap();
    let second = plan(&store, &[spec("report", "baseline", 0.4, &[0, 1])], 20).await;
    let found = store.unreferenced().await.unwrap();
    assert_eq!((found.runs.as_slice(), found.plans, found.specs), ([first[0].run.clone()].as_slice(), 1, 1));
    let reading = Store::open_to_read(store.folder()).await.unwrap();
    assert_eq!(reading.unreferenced().await.unwrap(), found, "looking writes nothing");
    assert_eq!(store.forget_unreferenced().await.unwrap(), found);
    assert_eq!(store.unreferenced().await.unwrap().count(), 0);
    let left = store.run_names().await.unwrap();
    assert_eq!(left, [first[1].run.clone(), second[0].run.clone(), second[1].run.clone()]);
    assert!(store.dangling().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_list_goes_once_no_run_was_tested_on_it() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    carry_out(&store, &run, 5).await;
    let list = store.evaluations(&run).await.unwrap()[0].pair_list.clone();
    assert_eq!(store.unreferenced().await.unwrap().pair_lists, 0);
    store.enqueue(&run, true, 5).await.unwrap();
    store.begin_attempt(&run, &launch(2)).await.unwrap();
    assert_eq!(store.forget_unreferenced().await.unwrap().pair_lists, 1);
    assert!(!store.has_pair_list(&list).await.unwrap());
    assert!(store.dangling().await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_planned_while_something_is_removed() {
    let (_folder, store) = store().await;
    let run = planned_run(&store, "baseline").await;
    let is_queued = |state| matches!(state, Some(RunState::Queued { .. }));
    let acted = store.while_still(run.as_str(), is_queued, || "removed").await.unwrap();
    assert_eq!(acted, Some("removed"));
    store.begin_attempt(&run, &launch(1)).await.unwrap();
    assert_eq!(store.while_still(run.as_str(), is_queued, || "removed").await.unwrap(), None);
    assert_eq!(store.while_still("nobody", |state| state.is_none(), || 1).await.unwrap(), Some(1));
}
