//! The table of past runs, and the store's records as what is compared.

use std::path::PathBuf;

use arclab_metrics::{ResolvedPolicy, evaluate};
use arclab_report::{Format, PairList, ProtocolResult, curve, history_table};
use arclab_spec::{Attempt, ExperimentName, FailureKind, Fingerprint, RunId, RunState, VariantName};
use arclab_store::records::{
    AttemptRecord, EvaluationRecord, Failure, HistoryRecord, MetricPoint, MetricScope, PairListRecord,
    PairRecord, Provenance, RunRecord, ScoresRecord, SharedWith,
};

use crate::support::{pair_list, protocol, scores};

fn record(experiment: &str, variant: &str, state: RunState, tests: &[&str]) -> HistoryRecord {
    let id = RunId::new(format!("{variant}-s0-01234567")).expect("a name");
    let digest = Fingerprint::of(variant.as_bytes());
    let run = RunRecord {
        id: id.clone(),
        experiment: ExperimentName::new(experiment).expect("a name"),
        variant: VariantName::new(variant).expect("a name"),
        shared_with: Vec::new(),
        seed: 0,
        plan: serde_json::from_value(digest.as_str().into()).expect("a digest"),
        is_stopped_early: false,
        waits_for_search: false,
        state,
        created_ms: 1_772_323_000_000,
        moved_ms: 1_772_323_200_000,
        duration_seconds: if tests.is_empty() { 0.0 } else { 83.4 },
        last_attempt: None,
        folder: PathBuf::new(),
    };
    let evaluations = tests.iter().map(|name| evaluation(&id, name)).collect();
    HistoryRecord { run, evaluations }
}

fn evaluation(run: &RunId, name: &str) -> EvaluationRecord {
    let list = pair_list(100, false);
    let policy = ResolvedPolicy::Fixed { threshold: 0.2 };
    let evaluation = evaluate(&scores(&list, 0.2, 1, 2), &list.same, None, policy).expect("usable scores");
    let pair_list = Fingerprint::of(name.as_bytes());
    EvaluationRecord {
        run: run.clone(),
        protocol: protocol(name),
        pair_list,
        evaluation,
        threshold: Some(0.2),
    }
}

const DONE: RunState = RunState::Succeeded { attempt: Attempt::FIRST };

#[test]
fn history_has_a_row_a_run_and_the_open_sets_errors() {
    let failed = RunState::Failed { attempt: Attempt::FIRST, kind: FailureKind::Run };
    let records = [
        record("faces", "baseline", DONE, &["closed", "lfw", "open"]),
        record("faces", "m0.8", failed, &[]),
        record("faces", "m0.2", RunState::Queued { next: Attempt::FIRST }, &[]),
    ];
    insta::assert_snapshot!(history_table(&records).without_empty_columns().render(Format::Text { colour: false }), @r"
    Experiment  Variant   Seed  State      Closed-set  Open-set    lfw  Open-set FP  Open-set FN  Duration  Ended (UTC)          Run
    ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
    faces       baseline     0  succeeded       0.740     0.740  0.740           11           15    1m 23s  2026-03-01 00:00:00  baseline-s0-01234567
    faces       m0.8         0  failed              -         -      -            -            -         -  2026-03-01 00:00:00  m0.8-s0-01234567
    faces       m0.2         0  queued              -         -      -            -            -         -  -                    m0.2-s0-01234567
    ");
}

#[test]
fn a_failure_is_told_and_for_people_only_where_there_is_one() {
    let failed = RunState::Failed { attempt: Attempt::FIRST, kind: FailureKind::Run };
    let mut record = record("faces", "wild", failed, &[]);
    let keys = |record: &HistoryRecord| {
        let table = history_table(std::slice::from_ref(record)).without_empty_columns();
        table.columns.into_iter().map(|column| column.key).collect::<Vec<_>>()
    };
    assert!(!keys(&record).contains(&"failure".to_owned()));
    record.run.last_attempt = Some(last_attempt("the loss of step 3 is not finite"));
    assert!(keys(&record).contains(&"failure".to_owned()));
    let csv = history_table(&[record]).render(Format::Csv);
    assert!(csv.contains("the loss of step 3 is not finite"), "{csv}");
}

fn last_attempt(failure: &str) -> AttemptRecord {
    let provenance = Provenance { program_version: String::new(), git_commit: None, git_dirty: None };
    let failure = Failure { kind: FailureKind::Run, message: failure.to_owned() };
    AttemptRecord {
        number: Attempt::FIRST,
        threads: 1,
        gpu: None,
        gpu_memory_bytes: None,
        parts: None,
        job: None,
        pid: None,
        provenance,
        worker: None,
        position: None,
        reported: None,
        out_of_memory: false,
        used: None,
        launched_ms: 0,
        end: None,
        failure: Some(failure),
        log_tail: String::new(),
    }
}

#[test]
fn an_empty_history_has_a_head_and_no_rows() {
    let text = history_table(&[]).render(Format::Csv);
    assert_eq!(text, "experiment,variant,seed,state,duration_seconds,ended,run,shared_with,failure\n");
}

fn pair(same: bool, fold: Option<u32>) -> PairRecord {
    PairRecord { a: "a.png".to_owned(), b: "b.png".to_owned(), same, fold }
}

#[test]
fn a_stored_pair_list_keeps_its_folds_only_if_all_pairs_have_one() {
    let list = |pairs| PairListRecord { fingerprint: Fingerprint::of(b"list"), name: protocol("lfw"), pairs };
    let found = PairList::from(&list(vec![pair(true, Some(3)), pair(false, Some(4))]));
    assert_eq!(
        found,
        PairList {
            same: vec![true, false],
            folds: Some(vec![3, 4]),
            people: vec![[0, 1], [0, 1]],
            images: vec![["a.png", "b.png"].map(str::to_owned); 2],
        }
    );
    let found = PairList::from(&list(vec![pair(true, Some(3)), pair(false, None)]));
    assert_eq!(found.folds, None);
}

#[test]
fn images_in_one_folder_are_of_one_person() {
    let pair = |a: &str, b: &str| PairRecord { a: a.to_owned(), b: b.to_owned(), same: false, fold: None };
    let pairs =
        vec![pair("Ann/1.jpg", "Ann/2.jpg"), pair("Bo/1.jpg", "Ann/1.jpg"), pair("c.jpg", "Bo/2.jpg")];
    let list = PairListRecord { fingerprint: Fingerprint::of(b"list"), name: protocol("lfw"), pairs };
    assert_eq!(PairList::from(&list).people, [[0, 0], [1, 0], [2, 1]]);
}

#[test]
fn scores_of_another_pair_list_are_not_taken() {
    let record = evaluation(&RunId::new("run").unwrap(), "open");
    let of = |name: &str| ScoresRecord { pair_list: Fingerprint::of(name.as_bytes()), scores: vec![0.5] };
    assert_eq!(ProtocolResult::stored(&record, Some(of("open")), None).scores, [0.5]);
    assert!(ProtocolResult::stored(&record, Some(of("closed")), None).scores.is_empty());
    assert!(ProtocolResult::stored(&record, None, None).scores.is_empty());
}

#[test]
fn a_curve_is_of_whole_epochs() {
    let point = |scope, epoch, value| MetricPoint { scope, epoch, step: 10, value };
    let points = [
        point(MetricScope::Step, 0, 9.0),
        point(MetricScope::Epoch, 1, 8.0),
        point(MetricScope::Step, 1, 7.0),
        point(MetricScope::Epoch, 2, 6.0),
    ];
    assert_eq!(curve(&points), [(1.0, 8.0), (2.0, 6.0)]);
}

#[test]
fn a_run_is_listed_with_all_variants_that_stand_on_it() {
    let mut shared = record("faces", "baseline", DONE, &["open"]);
    let with = |experiment: &str, variant: &str| SharedWith {
        experiment: ExperimentName::new(experiment).unwrap(),
        variant: VariantName::new(variant).unwrap(),
    };
    shared.run.shared_with = vec![with("faces", "m0.5"), with("margins", "usual")];
    let csv = history_table(&[shared]).render(Format::Csv);
    assert!(csv.contains("faces,baseline,0,") && csv.contains("\"m0.5, margins/usual\""), "{csv}");
}

#[test]
fn what_is_compared_with_others_waits_and_is_stopped_early_once_that_is_decided() {
    let waiting = record("faces", "m0.2", RunState::Queued { next: Attempt::FIRST }, &[]);
    let with = |waits_for_search, is_stopped_early| {
        let run = RunRecord { waits_for_search, is_stopped_early, ..waiting.run.clone() };
        history_table(&[HistoryRecord { run, ..waiting.clone() }]).render(Format::Csv)
    };
    assert!(with(true, false).contains("waits for its search"), "{}", with(true, false));
    assert!(with(false, true).contains("stopped early"), "{}", with(false, true));
}
