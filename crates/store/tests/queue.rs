//! The queue: who goes first, who waits for what, and what people may ask.

mod support;

use std::collections::BTreeSet;

use arclab_spec::{RunId, RunState};
use arclab_store::{
    Afterwards, Ask, Asked, Hold, Move, PRIORITY_LEVEL_MS, Scope, Settlement, Store, StoreError, Submission,
    Wish, records::Outcome,
};
use support::{attempt, launch, planned_run, settlement};

/// A store with three runs, none of which was asked for.
async fn three() -> (tempfile::TempDir, Store, [RunId; 3]) {
    let folder = tempfile::tempdir().expect("a folder is made");
    let store = Store::open(folder.path()).await.expect("the store answers");
    let runs =
        [planned_run(&store, "a").await, planned_run(&store, "bb").await, planned_run(&store, "ccc").await];
    (folder, store, runs)
}

fn submission(run: &RunId, priority: f64) -> Submission {
    Submission { priority: Some(priority), ..Submission::of(run.clone()) }
}

async fn submit(store: &Store, run: &RunId, at_ms: u64) {
    store.submit(&[Submission::of(run.clone())], at_ms).await.expect("the store answers");
}

async fn due(store: &Store, now_ms: u64) -> Vec<RunId> {
    store
        .due(&Scope::All, None, now_ms, 300_000, 100)
        .await
        .expect("the store answers")
        .into_iter()
        .map(|due| due.run)
        .collect()
}

async fn end(store: &Store, run: &RunId, number: u32, outcome: Outcome, afterwards: Afterwards) -> RunState {
    store.begin_attempt(run, &launch(number)).await.expect("the store answers");
    store
        .settle(run, &Settlement { afterwards, ..settlement(number, outcome) })
        .await
        .expect("the store answers")
}

#[tokio::test]
async fn a_commands_own_runs_are_found_behind_however_many_others() {
    let (_folder, store, [a, b, c]) = three().await;
    for (run, at_ms) in [(&a, 1), (&b, 2), (&c, 2)] {
        submit(&store, run, at_ms).await;
    }
    let own = async |runs: &[&RunId], limit| {
        let scope = Scope::These(runs.iter().copied().cloned().collect());
        let due = store.due(&scope, None, 9, 300_000, limit).await.unwrap();
        due.into_iter().map(|due| due.run).collect::<Vec<_>>()
    };
    // One is read at a time, of which the last two have one place in line.
    assert_eq!(own(&[&c], 1).await, std::slice::from_ref(&c));
    assert_eq!(own(&[&a, &c], 1).await, std::slice::from_ref(&a));
    assert_eq!(own(&[&a, &c], 2).await, [a, c]);
    assert_eq!(own(&[], 1).await, []);
}

#[tokio::test]
async fn what_came_first_goes_first_and_a_level_of_priority_is_worth_an_hour() {
    let (_folder, store, [a, b, c]) = three().await;
    let hour = PRIORITY_LEVEL_MS as u64;
    assert!(due(&store, 0).await.is_empty(), "nobody asked for them");
    submit(&store, &b, hour).await;
    submit(&store, &a, hour + 1).await;
    assert_eq!(due(&store, 0).await, [b.clone(), a.clone()]);
    store.submit(&[submission(&c, 1.0)], 2 * hour + 2).await.unwrap();
    assert_eq!(
        due(&store, 0).await,
        [b.clone(), a.clone(), c.clone()],
        "they have waited for longer than an hour"
    );
    assert_eq!(store.wish(&c, Wish::Prioritise(1.1), 0).await.unwrap(), Asked::Done);
    assert_eq!(due(&store, 0).await, [c.clone(), b.clone(), a.clone()]);
    store.wish(&c, Wish::Move(Move::Last), 0).await.unwrap();
    store.wish(&a, Wish::Move(Move::First), 0).await.unwrap();
    assert_eq!(due(&store, 0).await, [a.clone(), b, c]);
    submit(&store, &a, 9 * hour).await;
    assert_eq!(due(&store, 0).await[0], a, "asking again takes no place away");
}

#[tokio::test]
async fn a_run_begins_once_what_it_comes_after_has_succeeded() {
    let (_folder, store, [a, b, c]) = three().await;
    let after = |run: &RunId, after: &RunId| Submission {
        after: Some(vec![after.clone()]),
        ..Submission::of(run.clone())
    };
    store.submit(&[after(&b, &a), after(&c, &b)], 1).await.unwrap();
    assert_eq!(
        store.hopeless(&Scope::All, false).await.unwrap(),
        [(b.clone(), a.clone(), "is not in the queue")]
    );
    submit(&store, &a, 1).await;
    assert_eq!(due(&store, 1).await, std::slice::from_ref(&a));
    assert!(store.hopeless(&Scope::All, false).await.unwrap().is_empty());
    end(&store, &a, 1, Outcome::Finished, Afterwards::Stays).await;
    assert_eq!(due(&store, 1).await, std::slice::from_ref(&b));
    end(&store, &b, 1, Outcome::Failed, Afterwards::Stays).await;
    assert_eq!(store.hopeless(&Scope::All, false).await.unwrap(), [(c.clone(), b.clone(), "failed")]);
    store.submit(&[Submission { after: Some(Vec::new()), ..Submission::of(c.clone()) }], 1).await.unwrap();
    assert_eq!(due(&store, 1).await, std::slice::from_ref(&c), "it no longer comes after any");
    let circle = store.submit(&[after(&c, &b), after(&b, &c)], 1).await.unwrap_err();
    assert!(matches!(circle, StoreError::WaitsForItself(run) if run == b));
    assert_eq!(due(&store, 1).await, [c], "nothing of what is refused is done");
}

#[tokio::test]
async fn a_run_at_work_is_resumed_only_where_it_is_to_stop_and_is_not_paused_once_it_is_called_off() {
    let (_folder, store, [run, ..]) = three().await;
    store.begin_attempt(&run, &launch(1)).await.unwrap();
    for (wish, expected) in [
        (Wish::Resume, Asked::NotNow),
        (Wish::Pause, Asked::Passed),
        (Wish::Pause, Asked::Passed),
        (Wish::Resume, Asked::Passed),
        (Wish::Resume, Asked::NotNow),
        (Wish::Cancel, Asked::Passed),
        (Wish::Pause, Asked::NotNow),
        (Wish::Resume, Asked::NotNow),
    ] {
        assert_eq!(store.wish(&run, wish, 5).await.unwrap(), expected, "{wish:?}");
    }
    assert_eq!(store.asked().await.unwrap(), [(run, Ask::Cancel)]);
}

#[tokio::test]
async fn what_was_called_off_goes_on_counting_its_attempts_when_it_is_asked_for_again() {
    let (_folder, store, [a, b, _]) = three().await;
    submit(&store, &a, 1).await;
    submit(&store, &b, 2).await;
    assert_eq!(store.wish(&b, Wish::Cancel, 3).await.unwrap(), Asked::Done);
    assert_eq!(store.run(&b).await.unwrap().state, RunState::Cancelled);
    submit(&store, &b, 4).await;
    assert_eq!(store.run(&b).await.unwrap().state, RunState::Queued { next: attempt(1) });
    store.begin_attempt(&a, &launch(1)).await.unwrap();
    assert_eq!(store.wish(&a, Wish::Pause, 5).await.unwrap(), Asked::Passed);
    assert_eq!(store.wish(&a, Wish::Cancel, 5).await.unwrap(), Asked::Passed);
    assert_eq!(store.asked().await.unwrap(), [(a.clone(), Ask::Cancel)], "the last word counts");
    let cancelled = Settlement { afterwards: Afterwards::Cancelled, ..settlement(1, Outcome::Interrupted) };
    assert_eq!(store.settle(&a, &cancelled).await.unwrap(), RunState::Cancelled);
    assert!(store.asked().await.unwrap().is_empty());
    submit(&store, &a, 6).await;
    assert_eq!(store.run(&a).await.unwrap().state, RunState::Queued { next: attempt(2) });
}

#[tokio::test]
async fn a_run_that_is_held_waits_until_it_is_let_go() {
    let (_folder, store, [a, b, _]) = three().await;
    submit(&store, &a, 1).await;
    submit(&store, &b, 2).await;
    assert_eq!(store.wish(&a, Wish::Pause, 3).await.unwrap(), Asked::Done);
    assert_eq!(
        end(&store, &b, 1, Outcome::Interrupted, Afterwards::Held(Hold::Search)).await,
        RunState::Queued { next: attempt(2) }
    );
    assert!(due(&store, 4).await.is_empty());
    assert!(!store.is_any_in_line(&Scope::All).await.unwrap(), "a scheduler need not wait for them");
    let held: Vec<_> = store.queue().await.unwrap().into_iter().map(|line| line.held).collect();
    assert_eq!(held, [Some(Hold::Person), Some(Hold::Search)]);
    let waiting = store.run(&b).await.unwrap();
    assert!(waiting.waits_for_search && !waiting.is_stopped_early, "nothing is decided");
    assert_eq!(store.wish(&a, Wish::Resume, 5).await.unwrap(), Asked::Done);
    assert_eq!(store.wish(&a, Wish::Resume, 5).await.unwrap(), Asked::NotNow, "it is not held");
    store.hold(&b, None).await.unwrap();
    assert_eq!(due(&store, 6).await, [a, b]);
}

#[tokio::test]
async fn a_run_that_died_waits_and_no_longer_where_the_clock_was_set_back() {
    let (_folder, store, [a, ..]) = three().await;
    submit(&store, &a, 1).await;
    let delayed = Afterwards::Delayed { not_before_ms: 1_000_000, parts: 2.try_into().ok() };
    end(&store, &a, 1, Outcome::Retried, delayed).await;
    assert!(due(&store, 999_999).await.is_empty());
    assert!(store.is_any_in_line(&Scope::All).await.unwrap());
    assert_eq!(due(&store, 1_000_000).await, std::slice::from_ref(&a));
    assert_eq!(
        due(&store, 1_000_000 - 300_001).await,
        std::slice::from_ref(&a),
        "it never waits for longer than five minutes"
    );
    assert_eq!(store.job(&a).await.unwrap().parts, 2.try_into().ok());
}

#[tokio::test]
async fn a_scheduler_of_some_runs_sees_no_others_and_what_it_refuses_says_why() {
    let (_folder, store, [a, b, _]) = three().await;
    submit(&store, &a, 1).await;
    submit(&store, &b, 2).await;
    let scope = Scope::These(BTreeSet::from([b.clone()]));
    let of_scope = store.due(&scope, None, 3, 0, 100).await.unwrap();
    assert_eq!(of_scope.iter().map(|due| &due.run).collect::<Vec<_>>(), [&b]);
    store.refuse(&b, "it asks for 3 TiB").await.unwrap();
    assert!(!store.is_any_in_line(&scope).await.unwrap());
    let lines = store.queue().await.unwrap();
    assert_eq!(
        lines.iter().map(|line| line.refused.as_deref()).collect::<Vec<_>>(),
        [None, Some("it asks for 3 TiB")]
    );
    store.withdraw(&[a]).await.unwrap();
    assert!(due(&store, 3).await.is_empty());
    submit(&store, &b, 4).await;
    assert_eq!(store.queue().await.unwrap()[0].refused, None, "it was asked for again");
}

#[tokio::test]
async fn a_watch_notices_what_others_write_and_nothing_else() {
    let (folder, store, [a, ..]) = three().await;
    let mut watch = store.watch().await.unwrap();
    assert!(watch.has_changed().await.unwrap());
    assert!(!watch.has_changed().await.unwrap());
    let other = Store::open(folder.path()).await.unwrap();
    watch.has_changed().await.unwrap();
    submit(&other, &a, 1).await;
    assert!(watch.has_changed().await.unwrap());
    assert!(!watch.has_changed().await.unwrap());
}
