//! From specs to runs, and finding them again.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use arclab_spec::{
    Direction, Expectation, ExperimentName, Fingerprint, Number, ProtocolName, RunState, SharedPeople,
    VariantName,
};
use arclab_store::{Enqueued, Restart};
use support::{attempt, carry_out, launch, plan, settlement, spec, store};

fn experiment(name: &str) -> ExperimentName {
    ExperimentName::new(name).unwrap()
}

fn variant(name: &str) -> VariantName {
    VariantName::new(name).unwrap()
}

#[tokio::test]
async fn each_seed_gets_a_run_of_its_own() {
    let (_folder, store) = store().await;
    let seeds = [3, 0, u64::MAX];
    let planned = plan(&store, &[spec("report", "baseline", 0.5, &seeds)], 10).await;
    assert_eq!(planned.iter().map(|run| run.seed).collect::<Vec<_>>(), seeds);
    assert!(planned.iter().all(|run| run.state == RunState::Queued { next: attempt(1) }));
    let found = store.runs_of(&experiment("report"), &variant("baseline")).await.unwrap();
    let mut found: Vec<u64> = found.iter().map(|run| run.seed).collect();
    found.sort_unstable();
    assert_eq!(found, [0, 3, u64::MAX]);
}

#[tokio::test]
async fn a_run_knows_what_it_is_trained_on() {
    let (_folder, store) = store().await;
    let planned = plan(&store, &[spec("report", "baseline", 0.5, &[0])], 10).await;
    let data = store.data_of(&planned[0].run).await.unwrap();
    let faces = arclab_spec::Fingerprint::of(b"faces");
    assert_eq!((data.fingerprint, &*data.summary), (faces, "2 people"));
    let unknown = arclab_spec::RunId::new("unknown").unwrap();
    assert!(
        matches!(store.data_of(&unknown).await, Err(arclab_store::StoreError::UnknownRun(run)) if run == unknown)
    );
}

#[tokio::test]
async fn planning_again_finds_the_same_runs() {
    let (_folder, store) = store().await;
    let specs = [spec("report", "baseline", 0.5, &[0])];
    let first = plan(&store, &specs, 10).await;
    carry_out(&store, &first[0].run, 5).await;
    let again = plan(&store, &specs, 20).await;
    assert_eq!(again[0].run, first[0].run);
    assert_eq!(again[0].state, RunState::Succeeded { attempt: attempt(1) });
    assert_eq!(store.enqueue(&again[0].run, false, 30).await.unwrap(), Enqueued::Cached);
}

#[tokio::test]
async fn variants_with_one_plan_share_its_run() {
    let (_folder, store) = store().await;
    let planned =
        plan(&store, &[spec("report", "baseline", 0.5, &[0]), spec("report", "m0.5", 0.5, &[0])], 10).await;
    assert_eq!(planned[0].run, planned[1].run);
    let found = store.runs_of(&experiment("report"), &variant("m0.5")).await.unwrap();
    assert_eq!(found[0].id, planned[0].run);
    assert_eq!(found[0].variant, variant("m0.5"));
}

#[tokio::test]
async fn the_newest_planning_says_what_a_variant_means() {
    let (_folder, store) = store().await;
    plan(&store, &[spec("report", "margin", 0.5, &[0, 1])], 10).await;
    let newer = plan(&store, &[spec("report", "margin", 0.3, &[0])], 20).await;
    let found = store.runs_of(&experiment("report"), &variant("margin")).await.unwrap();
    assert_eq!(found.iter().map(|run| &run.id).collect::<Vec<_>>(), [&newer[0].run]);
    let specs = store.variants_of(&experiment("report")).await.unwrap();
    assert_eq!(specs.len(), 1);
    assert_eq!(specs[0].resolved["config"]["loss"]["margin"], 0.3);
    assert_eq!(specs[0].hypothesis, "What margin teaches.");
    assert_eq!(specs[0].text.as_deref(), Some("name: x"));
}

#[tokio::test]
async fn a_plan_follows_data_that_moved() {
    let (_folder, store) = store().await;
    let mut spec = spec("report", "baseline", 0.5, &[0]);
    let first = plan(&store, std::slice::from_ref(&spec), 10).await;
    spec.config.data.dataset = arclab_spec::config::Dataset::Folder("/elsewhere".into());
    spec.resources.memory_bytes = Some(1);
    let again = plan(&store, &[spec.clone()], 20).await;
    assert_eq!(first[0].run, again[0].run);
    let job = store.job(&again[0].run).await.unwrap();
    assert_eq!(job.plan.config, spec.config);
    assert_eq!(job.request, spec.resources);
}

#[tokio::test]
async fn the_experiment_of_some_variants_is_the_one_run_last() {
    let (_folder, store) = store().await;
    let specs = |name| [spec(name, "baseline", 0.5, &[0]), spec(name, "m0.2", 0.2, &[0])];
    plan(&store, &specs("old"), 10).await;
    plan(&store, &[spec("celeba", "baseline", 0.4, &[0]), spec("celeba", "m0.2", 0.1, &[0])], 20).await;
    plan(&store, &[spec("other", "baseline", 0.6, &[0])], 30).await;
    let both = [variant("baseline"), variant("m0.2"), variant("baseline")];
    let found = store.experiment_of(&both).await.unwrap();
    assert_eq!(found, [experiment("celeba"), experiment("old")]);
    let old = store.runs_of(&experiment("old"), &variant("m0.2")).await.unwrap();
    carry_out(&store, &old[0].id, 5).await;
    assert_eq!(store.experiment_of(&both).await.unwrap()[0], experiment("old"));
    assert!(store.experiment_of(&[variant("nobody")]).await.unwrap().is_empty());
    assert_eq!(store.experiments().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_failed_run_is_picked_up_again_and_a_forced_one_starts_afresh() {
    let (_folder, store) = store().await;
    let run = plan(&store, &[spec("report", "baseline", 0.5, &[0])], 10).await.remove(0).run;
    assert_eq!(store.enqueue(&run, true, 20).await.unwrap(), Enqueued::Waiting);
    assert!(!store.job(&run).await.unwrap().afresh, "it has not begun: there is nothing to drop");
    store.begin_attempt(&run, &launch(1)).await.unwrap();
    assert_eq!(store.enqueue(&run, false, 20).await.unwrap(), Enqueued::Running);
    let untouched = store.requeue(&run, Restart::Afresh, 20).await.unwrap();
    assert_eq!(untouched, RunState::Running { attempt: attempt(1) });
    store.settle(&run, &settlement(1, arclab_store::records::Outcome::Failed)).await.unwrap();
    assert_eq!(store.enqueue(&run, false, 30).await.unwrap(), Enqueued::Waiting);
    let job = store.job(&run).await.unwrap();
    assert_eq!((job.state, job.afresh), (RunState::Queued { next: attempt(2) }, false));
}

#[tokio::test]
async fn what_is_expected_is_recorded_once_and_a_change_of_it_beside() {
    let (_folder, store) = store().await;
    let expecting = |change| {
        let mut spec = spec("report", "margin", 0.5, &[0]);
        let (protocol, versus) = (ProtocolName::new("open").unwrap(), variant("baseline"));
        spec.expect = vec![Expectation { protocol, number: Number::Auc, change, versus }];
        spec
    };
    let (first, other) = (expecting(Direction::Increases), expecting(Direction::Decreases));
    for (spec, at_ms) in [(&first, 10), (&other, 20), (&first, 30)] {
        plan(&store, std::slice::from_ref(spec), at_ms).await;
    }
    let found = store.expectations(&experiment("report"), &variant("margin")).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|record| (record.expected, record.recorded_ms)).collect();
    assert_eq!(found, [(first.expect, 10), (other.expect, 20)]);
    assert!(store.expectations(&experiment("report"), &variant("baseline")).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_of_a_test_is_in_training_is_known_of_each_run_on_the_data() {
    let (_folder, store) = store().await;
    let specs = [spec("report", "baseline", 0.5, &[0]), spec("report", "margin", 0.2, &[0])];
    // Planning again changes nothing.
    for at_ms in [10, 20] {
        for planned in plan(&store, &specs, at_ms).await {
            let found = store.list_people(&planned.run).await.unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].pair_list, Fingerprint::of(b"closed pairs"));
            assert_eq!(found[0].who, [[0, 0], [3, 1]]);
            assert_eq!(found[0].shared, Some(SharedPeople { people: 12, in_training: 12 }));
        }
    }
}
