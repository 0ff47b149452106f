//! The list of runs: filters, order, limit.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use arclab_store::{Filter, Sort, Store};
use support::{carry_out, launch, plan, settlement, spec, store};

/// `m0.2` failed, `m0.5` has 13 pairs of which 10 are right, `m0.8` 23 of which 20 are, `m0.9` waits.
async fn history() -> (tempfile::TempDir, Store) {
    let (folder, store) = store().await;
    for (at, variant, margin) in [(10, "m0.2", 0.2), (20, "m0.5", 0.5), (30, "m0.8", 0.8), (40, "m0.9", 0.9)]
    {
        let run = plan(&store, &[spec("report", variant, margin, &[at])], at).await.remove(0).run;
        match variant {
            "m0.2" => {
                store.begin_attempt(&run, &launch(1)).await.unwrap();
                store.settle(&run, &settlement(1, arclab_store::records::Outcome::Failed)).await.unwrap();
            }
            "m0.5" => carry_out(&store, &run, 5).await,
            "m0.8" => carry_out(&store, &run, 10).await,
            _ => {}
        }
    }
    plan(&store, &[spec("report", "baseline", 0.5, &[20])], 50).await;
    (folder, store)
}

async fn found(store: &Store, filter: &str, sort: &str) -> Vec<String> {
    let sort = if sort.is_empty() { Sort::default() } else { sort.parse().unwrap() };
    let rows = store.history(&filter.parse::<Filter>().unwrap(), &sort, None).await.unwrap();
    rows.iter().map(|row| row.run.variant.to_string()).collect()
}

#[tokio::test]
async fn the_newest_run_comes_first_and_each_once() {
    let (_folder, store) = history().await;
    assert_eq!(found(&store, "", "").await, ["m0.9", "m0.8", "m0.5", "m0.2"]);
    let two = store.history(&Filter::default(), &Sort::default(), Some(2)).await.unwrap();
    assert_eq!(two.len(), 2);
    assert_eq!(two[1].evaluations.len(), 1);
    assert_eq!(two[1].run.duration_seconds, 2.5);
}

#[tokio::test]
async fn each_kind_of_term_selects() {
    let (_folder, store) = history().await;
    for (filter, expected) in [
        ("variant=m0.8", vec!["m0.8"]),
        ("variant!=m0.8", vec!["m0.9", "m0.5", "m0.2"]),
        ("state=failed", vec!["m0.2"]),
        ("seed=20", vec!["m0.5"]),
        ("seed!=20", vec!["m0.9", "m0.8", "m0.2"]),
        ("open.accuracy>0.8", vec!["m0.8"]),
        ("open.accuracy<=0.8", vec!["m0.5"]),
        ("open.fn=2 and open.fp=1", vec!["m0.8", "m0.5"]),
        ("closed.accuracy>0", vec![]),
        ("device=cpu, open.accuracy<0.8", vec!["m0.5"]),
        ("host!=host", vec!["m0.9", "m0.2"]),
        ("attempts=0", vec!["m0.9"]),
        ("duration>=2.5", vec!["m0.8", "m0.5", "m0.2"]),
        ("experiment=report", vec!["m0.9", "m0.8", "m0.5", "m0.2"]),
        // A run that two variants share is found under both names.
        ("variant=baseline", vec!["m0.5"]),
        ("variant='; DROP TABLE runs; --", vec![]),
    ] {
        assert_eq!(found(&store, filter, "").await, expected, "{filter}");
    }
}

#[tokio::test]
async fn runs_without_the_key_come_last_in_either_direction() {
    let (_folder, store) = history().await;
    assert_eq!(found(&store, "", "open.accuracy").await, ["m0.5", "m0.8", "m0.9", "m0.2"]);
    assert_eq!(found(&store, "", "open.accuracy:desc").await, ["m0.8", "m0.5", "m0.9", "m0.2"]);
    assert_eq!(found(&store, "", "variant").await, ["m0.2", "m0.5", "m0.8", "m0.9"]);
    assert_eq!(found(&store, "", "-seed").await, ["m0.9", "m0.8", "m0.5", "m0.2"]);
}

#[tokio::test]
async fn history_becomes_plain_json() {
    let (_folder, store) = history().await;
    let rows = store.history(&"variant=m0.8".parse().unwrap(), &Sort::default(), None).await.unwrap();
    let json = serde_json::to_value(&rows).unwrap();
    assert_eq!(json[0]["variant"], "m0.8");
    assert_eq!(json[0]["state"]["state"], "succeeded");
    assert_eq!(json[0]["evaluations"][0]["evaluation"]["confusion"]["false_positives"], 1);
}
