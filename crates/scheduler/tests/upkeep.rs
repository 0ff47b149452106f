//! A store that was damaged from outside, checked and repaired; and what nothing refers to, removed.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which may unwrap")]

mod support;

use std::{collections::BTreeSet, fs, path::PathBuf};

use arclab_scheduler::{
    LockError,
    upkeep::{Fault, Look, Remedy, Waste, faults, look, remove, stock, waste},
};
use arclab_spec::{Attempt, CheckedCheckpoints, RunState, run_folder};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use support::{Bench, attempt, script, until};

/// A store with a run that has succeeded.
async fn finished() -> Bench {
    let bench = Bench::new(1, script(10, 1, &json!({}))).await;
    bench.run().await;
    assert_eq!(found(&bench).await, []);
    bench
}

async fn found(bench: &Bench) -> Vec<Fault> {
    faults(&look(&bench.store).await.unwrap())
}

/// Repairs all that is wrong, after which nothing may be.
async fn repaired(bench: &Bench) {
    let mut scheduler = bench.scheduler();
    let mut seen = look(&bench.store).await.unwrap();
    seen.at_work = None;
    for fault in faults(&seen) {
        scheduler.repair(&fault).await.unwrap();
    }
    drop(scheduler);
    assert_eq!(found(bench).await, []);
}

#[tokio::test]
async fn a_run_without_its_worker_is_settled_and_goes_on() {
    let bench = Bench::new(1, script(10, 1, &json!({}))).await;
    bench.launched(1).await;
    let run = bench.runs[0].clone();
    assert_eq!(found(&bench).await, [Fault::Abandoned(run.clone(), Attempt::FIRST)]);
    repaired(&bench).await;
    assert_eq!(bench.state(&run).await, RunState::Queued { next: attempt(2) });
    bench.run().await;
    bench.assert_done(&run, 10).await;
}

#[tokio::test]
async fn a_journal_that_nobody_came_to_read_is_stored() {
    let bench = finished().await;
    let run = &bench.runs[0];
    let journal = bench.folder(0).join(run_folder::EVENTS);
    let more = bench.journal(run).replace("\"step\":10", "\"step\":11");
    let stored = fs::metadata(&journal).unwrap().len();
    fs::write(&journal, bench.journal(run) + &more).unwrap();
    let bytes = stored + more.len() as u64;
    assert_eq!(found(&bench).await, [Fault::Unstored { run: run.clone(), bytes, stored }]);
    repaired(&bench).await;
    assert_eq!(bench.store.metrics(run, "loss").await.unwrap().len(), 11);
}

#[tokio::test]
async fn a_journal_that_was_cut_or_removed_loses_nothing_that_was_stored() {
    let bench = finished().await;
    let run = &bench.runs[0];
    let journal = bench.folder(0).join(run_folder::EVENTS);
    let (whole, losses) = (fs::read(&journal).unwrap(), bench.store.metrics(run, "loss").await.unwrap());
    let stored = whole.len() as u64;
    let first_line = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(&journal, &whole[..first_line]).unwrap();
    let bytes = first_line as u64;
    assert_eq!(found(&bench).await, [Fault::ShortJournal { run: run.clone(), bytes, stored }]);
    repaired(&bench).await;
    fs::remove_file(&journal).unwrap();
    assert_eq!(found(&bench).await, [Fault::ShortJournal { run: run.clone(), bytes: 0, stored: bytes }]);
    repaired(&bench).await;
    assert_eq!(bench.store.metrics(run, "loss").await.unwrap(), losses);
    assert_eq!(bench.store.evaluations(run).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_missing_or_left_over_is_named_and_only_the_latter_is_repaired() {
    let bench = finished().await;
    let (run, folder) = (bench.runs[0].clone(), bench.folder(0));
    fs::remove_file(folder.join(run_folder::WEIGHTS)).unwrap();
    fs::write(folder.join(run_folder::PLAN), "{").unwrap();
    fs::write(folder.join("plan.json.new"), "{").unwrap();
    fs::create_dir(bench.store.runs_folder().join("nobodys")).unwrap();
    let all = found(&bench).await;
    let keys: Vec<&str> = all.iter().map(Fault::key).collect();
    assert_eq!(keys, ["missing_weights", "unreadable_assignment", "leftover_file", "unknown_folder"]);
    let mut scheduler = bench.scheduler();
    for fault in &all {
        assert_eq!(
            scheduler.repair(fault).await.is_ok(),
            matches!(fault.remedy(), Remedy::Repair(_)),
            "{fault:?}"
        );
    }
    drop(scheduler);
    assert_eq!(found(&bench).await, [Fault::NoWeights(run), Fault::Unknown("nobodys".to_owned())]);
    assert!(folder.join("plan.json.damaged").is_file());
}

#[tokio::test]
async fn weights_that_were_cut_short_are_named() {
    let bench = finished().await;
    let file = bench.folder(0).join(run_folder::WEIGHTS);
    // A header of one tensor that has four bytes, of which two are there.
    let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let whole = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat();
    fs::write(&file, &whole).unwrap();
    assert_eq!(found(&bench).await, []);
    fs::write(&file, &whole[..whole.len() - 2]).unwrap();
    let why = format!("it says that it has {} bytes, and has {}", whole.len(), whole.len() - 2);
    assert_eq!(found(&bench).await, [Fault::Weights(bench.runs[0].clone(), why)]);
    fs::write(&file, "weights").unwrap();
    assert_eq!(found(&bench).await[0].key(), "damaged_weights");
}

#[tokio::test]
async fn a_worker_in_the_folder_of_a_run_that_waits_is_named() {
    let bench = Bench::new(1, script(10, 1, &json!({}))).await;
    let lock = fs::File::create(bench.folder(0).join(run_folder::LOCK)).unwrap();
    lock.lock().unwrap();
    assert_eq!(found(&bench).await, [Fault::Stray(bench.runs[0].clone())]);
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_read_is_put_aside() {
    let bench = finished().await;
    let run = bench.runs[0].clone();
    let file = bench.folder(0).join(run_folder::CHECKPOINTS).join("checkpoint.json");
    let damaged = vec![(file.clone(), "cut short".to_owned())];
    let seen = Look {
        checkpoints: [(run.clone(), CheckedCheckpoints { usable: 1, damaged })].into(),
        ..look(&bench.store).await.unwrap()
    };
    let all = faults(&seen);
    assert!(matches!(&all[..], [Fault::Checkpoint { is_spare: true, .. }]), "{all:?}");
    bench.scheduler().repair(&all[0]).await.unwrap();
    assert!(!file.exists());
}

#[tokio::test]
async fn nothing_is_said_of_what_a_scheduler_moves_and_nothing_repaired_beside_it() {
    let bench = Bench::new(2, script(4_000, 5, &json!({}))).await;
    let (run, path) = (bench.runs[0].clone(), bench.folder(0));
    let mut scheduler = bench.drive();
    until("the worker trains", || bench.journal(&run).contains("\"type\":\"step\"")).await;
    fs::write(path.join("plan.json.new"), "{").unwrap();
    fs::create_dir(bench.store.runs_folder().join("nobodys")).unwrap();
    let seen = look(&bench.store).await.unwrap();
    assert!(seen.at_work.as_ref().is_some_and(|who| who.contains(&scheduler.id().to_string())), "{seen:?}");
    assert_eq!(faults(&seen), []);
    assert!(matches!(bench.try_scheduler(), Err(LockError::Held { .. })));
    kill(Pid::from_raw(scheduler.id() as i32), Signal::SIGINT).unwrap();
    scheduler.wait().unwrap();
}

/// What can go, by kind and name.
async fn listed(bench: &Bench, in_cache: Option<&BTreeSet<PathBuf>>) -> Vec<(&'static str, String)> {
    let all = waste(
        &look(&bench.store).await.unwrap(),
        &stock(&bench.store).await.unwrap(),
        in_cache,
        &bench.store.runs_folder(),
    );
    let name = |waste: &Waste| match waste {
        Waste::Folder(name) | Waste::UnknownRun(name) => name.clone(),
        Waste::Checkpoints(run) => run.to_string(),
        Waste::Cached(cached) => cached.name.display().to_string(),
        Waste::Audit(path) | Waste::Array(path) | Waste::Leftover(path) => {
            path.file_name().unwrap().to_string_lossy().into_owned()
        }
        Waste::Rows(rows) => rows.count().to_string(),
    };
    all.iter().map(|wasted| (wasted.waste.key(), name(&wasted.waste))).collect()
}

fn lay(bench: &Bench, files: &[&str]) {
    for file in files {
        let path = bench.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).and_then(|()| fs::write(path, "12345")).unwrap();
    }
}

#[tokio::test]
async fn what_nothing_refers_to_is_listed_and_goes_and_all_else_stays() {
    let bench = finished().await;
    let run = bench.runs[0].to_string();
    lay(
        &bench,
        &[
            "runs/nobodys/events.jsonl",
            "cache/images/faces-1-64.pixels",
            "cache/images/faces-1-64.jsonl",
            "cache/images/faces-2-64.pixels",
            "cache/images/faces-2-64.pixels.999999999-0.tmp",
            "audits/split.csv",
        ],
    );
    let kept = BTreeSet::from(["images/faces-1-64".into()]);
    let own = |kind, name: &str| (kind, name.to_owned());
    let expected = [
        own("checkpoints", &run),
        own("folder", "nobodys"),
        own("cache", "images/faces-2-64"),
        own("audit", "split.csv"),
        own("leftover", "faces-2-64.pixels.999999999-0.tmp"),
    ];
    assert_eq!(listed(&bench, Some(&kept)).await, expected);
    let all = waste(
        &look(&bench.store).await.unwrap(),
        &stock(&bench.store).await.unwrap(),
        Some(&kept),
        &bench.store.runs_folder(),
    );
    assert!(all.iter().all(|wasted| wasted.bytes.is_some_and(|bytes| bytes > 0)), "{all:?}");
    for wasted in &all {
        assert!(remove(&bench.store, &wasted.waste).await.unwrap(), "{wasted:?}");
    }
    assert_eq!(listed(&bench, Some(&kept)).await, []);
    assert!(bench.path().join("cache/images/faces-1-64.pixels").is_file());
    assert_eq!(fs::read_dir(bench.store.runs_folder()).unwrap().count(), 1);
    bench.assert_done(&bench.runs[0], 10).await;
}

#[tokio::test]
async fn a_run_that_only_its_folder_tells_of_is_no_folder_of_nobody() {
    let bench = finished().await;
    let (runs, split) = (bench.store.runs_folder(), bench.path().join("audits/split.csv"));
    let mut plan: Value =
        serde_json::from_slice(&fs::read(bench.folder(0).join(run_folder::PLAN)).unwrap()).unwrap();
    plan["plan"]["config"]["data"]["split"] =
        json!({"file": {"file": split, "validation_images": 0.1, "seed": 0}});
    // What a killed process was removing has a plan, too.
    for name in ["later", ".removed-1-gone"] {
        lay(&bench, &[&format!("runs/{name}/plan.json")]);
        fs::write(runs.join(name).join(run_folder::PLAN), plan.to_string()).unwrap();
    }
    lay(&bench, &["runs/cut/plan.json", "audits/split.csv", "audits/other.csv"]);
    let own = |kind, name: &str| (kind, name.to_owned());
    let expected = [
        own("folder", ".removed-1-gone"),
        own("checkpoints", bench.runs[0].as_str()),
        own("unknown_run", "cut"),
        own("unknown_run", "later"),
        own("audit", "other.csv"),
    ];
    assert_eq!(listed(&bench, None).await, expected);
    let expected = [
        Fault::Unknown(".removed-1-gone".to_owned()),
        Fault::UnknownRun("cut".to_owned()),
        Fault::UnknownRun("later".to_owned()),
    ];
    assert_eq!(found(&bench).await, expected);
}

#[tokio::test]
async fn a_job_on_a_cluster_is_a_worker_and_keeps_its_arrays_folder() {
    let bench = Bench::new(1, script(10, 1, &json!({}))).await;
    lay(&bench, &["slurm/arclab-1/job.sh", "slurm/arclab-2/job.sh"]);
    let own = |name: &str| ("array", name.to_owned());
    assert!(!look(&bench.store).await.unwrap().has_workers());
    assert_eq!(listed(&bench, None).await, [own("arclab-1"), own("arclab-2")]);
    bench.launched(1).await;
    let job = "slurm 812_0 arclab-1".to_owned();
    bench.store.record_jobs(&[(bench.runs[0].clone(), Attempt::FIRST, job)]).await.unwrap();
    assert!(look(&bench.store).await.unwrap().has_workers());
    assert_eq!(listed(&bench, None).await, [own("arclab-2")]);
}

#[tokio::test]
async fn decoded_images_stay_where_some_data_is_away() {
    let bench = finished().await;
    lay(&bench, &["cache/images/photos-1-64.pixels", "cache/unpacked/1.tar"]);
    assert_eq!(listed(&bench, None).await, [("checkpoints", bench.runs[0].to_string())]);
}

#[tokio::test]
async fn checkpoints_stay_where_the_run_is_asked_for_meanwhile_and_folders_where_it_is_planned() {
    let bench = finished().await;
    let run = bench.runs[0].clone();
    bench.store.enqueue(&run, true, 9).await.unwrap();
    assert!(!remove(&bench.store, &Waste::Checkpoints(run.clone())).await.unwrap());
    assert!(!remove(&bench.store, &Waste::Folder(run.to_string())).await.unwrap());
    assert!(bench.folder(0).join(run_folder::CHECKPOINTS).is_dir());
}

#[tokio::test]
async fn checkpoints_of_a_run_that_has_not_succeeded_or_has_no_weights_stay() {
    let bench = Bench::new(1, script(10, 1, &json!({"0": {"die": 8}}))).await;
    bench.run().await;
    assert_eq!(listed(&bench, None).await, []);
    bench.script(&bench.runs[0], &script(10, 1, &json!({})));
    bench.run().await;
    bench.assert_done(&bench.runs[0], 10).await;
    fs::remove_file(bench.folder(0).join(run_folder::WEIGHTS)).unwrap();
    assert_eq!(listed(&bench, None).await, []);
}
