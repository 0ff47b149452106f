//! Specs, journals and stores for tests.
#![allow(dead_code, reason = "each test binary uses its part")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

use std::{collections::BTreeMap, fs};

use arclab_metrics::{Confusion, Evaluation, ThresholdPolicy};
use arclab_spec::{
    Attempt, Event, FailureKind, Fingerprint, JOURNAL_VERSION, JournalLine, ListPeople, Position,
    ProtocolName, RunId, SharedPeople, Spec, Started, Usage, read_specs,
};
use arclab_store::{
    Afterwards, EvaluatedFiles, JournalBatch, JournalEntry, Launch, PlannedRun, Planning, Settlement, Store,
    records::{Exit, Failure, Outcome, PairListRecord, PairRecord, Provenance},
};
use tempfile::TempDir;

pub(crate) fn spec(experiment: &str, variant: &str, margin: f64, seeds: &[u64]) -> Spec {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(experiment).join(format!("{variant}.yaml"));
    let text = format!(
        "hypothesis: What {variant} teaches.\n\
         data: {{dataset: {{folder: /faces}}}}\n\
         loss: {{margin: {margin}}}\n"
    );
    fs::create_dir_all(file.parent().unwrap()).and_then(|()| fs::write(&file, text)).unwrap();
    let spec = read_specs(&[file], &[]).unwrap().remove(0);
    // As if it lay in one place all the time.
    let (file, folder) = (format!("{variant}.yaml").into(), format!("/specs/{experiment}").into());
    Spec { file, folder, seeds: seeds.to_vec(), ..spec }
}

pub(crate) async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    (folder, store)
}

pub(crate) async fn plan(store: &Store, specs: &[Spec], at_ms: u64) -> Vec<PlannedRun> {
    let data = Fingerprint::of(b"faces");
    let people = [ListPeople {
        pair_list: Fingerprint::of(b"closed pairs"),
        who: vec![[0, 0], [3, 1]],
        shared: Some(SharedPeople { people: 12, in_training: 12 }),
    }];
    let plannings: Vec<Planning<'_>> = specs
        .iter()
        .map(|spec| Planning {
            spec,
            text: Some("name: x"),
            data: &data,
            data_summary: "2 people",
            people: &people,
        })
        .collect();
    store.plan_runs(&plannings, at_ms).await.unwrap()
}

/// The one run of a new variant.
pub(crate) async fn planned_run(store: &Store, variant: &str) -> RunId {
    let margin = 0.1 + variant.len() as f64 / 100.0;
    plan(store, &[spec("report", variant, margin, &[0])], 10).await.remove(0).run
}

pub(crate) fn attempt(number: u32) -> Attempt {
    Attempt(number.try_into().unwrap())
}

pub(crate) fn launch(number: u32) -> Launch {
    let provenance = Provenance {
        program_version: "0.1.0".to_owned(),
        git_commit: Some("abc".to_owned()),
        git_dirty: Some(false),
    };
    Launch {
        attempt: attempt(number),
        threads: 2,
        gpu: None,
        gpu_memory_bytes: Some(4 << 30),
        parts: None,
        provenance,
        at_ms: 1_000,
    }
}

pub(crate) fn settlement(number: u32, end: Outcome) -> Settlement {
    let failure = (end == Outcome::Failed || end == Outcome::Retried)
        .then(|| Failure { kind: FailureKind::Run, message: "no".to_owned() });
    let exit = Exit { code: Some(0), signal: None };
    Settlement {
        attempt: attempt(number),
        end,
        failure,
        exit,
        log_tail: String::new(),
        afterwards: Afterwards::Stays,
        is_death: false,
        at_ms: 3_500,
    }
}

pub(crate) fn line(number: u32, event: Event) -> JournalEntry {
    let line = JournalLine { version: JOURNAL_VERSION, attempt: attempt(number), at_ms: 2_000, event };
    JournalEntry { line, evaluated: None }
}

pub(crate) fn started() -> Event {
    Event::Started(Started {
        pid: 77,
        host: "host".to_owned(),
        device: "cpu".to_owned(),
        threads: 2,
        version: "0.1.0".to_owned(),
        kernels: "avx2".to_owned(),
        from: Position { epoch: 0, step: 0 },
        epochs: 2,
        steps: 20,
    })
}

pub(crate) fn step(step: u64, loss: f64) -> Event {
    let at = Position { epoch: 0, step };
    Event::Step { at, metrics: BTreeMap::from([("loss".to_owned(), loss)]) }
}

pub(crate) fn finished() -> Event {
    let used = Usage {
        wall_seconds: 2.5,
        cpu_seconds: 5.0,
        peak_memory_bytes: 1 << 20,
        peak_gpu_memory_bytes: Some(3 << 30),
    };
    Event::Finished { used }
}

pub(crate) fn evaluation(right: u64, wrong: u64) -> Evaluation {
    let confusion = Confusion {
        true_positives: right,
        false_positives: wrong,
        true_negatives: right,
        false_negatives: wrong + 1,
    };
    Evaluation {
        policy: ThresholdPolicy::KFold { folds: 2 },
        thresholds: vec![0.2, 0.4],
        confusion,
        accuracy: confusion.accuracy(),
        folds: None,
        auc: 0.75,
        best_accuracy: 0.9,
    }
}

pub(crate) fn pair_list(name: &str, pairs: usize) -> PairListRecord {
    let pair = |i: usize| PairRecord {
        a: format!("a/{i}.png"),
        b: format!("b/{i}.png"),
        same: i.is_multiple_of(2),
        fold: (i > 0).then_some(i as u32),
    };
    PairListRecord {
        fingerprint: Fingerprint::of(name.as_bytes()),
        name: ProtocolName::new(name).unwrap(),
        pairs: (0..pairs).map(pair).collect(),
    }
}

/// A protocol's result with as many right as `right` says on both sides.
pub(crate) fn evaluated(number: u32, protocol: &str, right: u64) -> JournalEntry {
    let evaluation = evaluation(right, 1);
    let list = pair_list(protocol, evaluation.confusion.pairs() as usize);
    let scores = (0..list.pairs.len()).map(|i| i as f32 / 8.0 - 1.0).collect();
    let event = Event::Evaluated {
        protocol: ProtocolName::new(protocol).unwrap(),
        pair_list: list.fingerprint.clone(),
        evaluation,
        scores: format!("{protocol}.f32"),
    };
    let evaluated = Some(EvaluatedFiles { pairs: Some(list), scores });
    JournalEntry { evaluated, ..line(number, event) }
}

pub(crate) async fn apply(store: &Store, run: &RunId, from: u64, to: u64, entries: Vec<JournalEntry>) {
    let batch = JournalBatch { from, to, entries, skipped: 0 };
    store.apply_journal(run, &batch).await.unwrap();
}

/// Takes a run from the queue to success, with one result.
pub(crate) async fn carry_out(store: &Store, run: &RunId, right: u64) {
    store.begin_attempt(run, &launch(1)).await.unwrap();
    apply(store, run, 0, 100, vec![line(1, started()), evaluated(1, "open", right), line(1, finished())])
        .await;
    store.settle(run, &settlement(1, Outcome::Finished)).await.unwrap();
}
