//! Carrying runs out with a worker that misbehaves as it is told.

mod support;

use arclab_scheduler::{Progress, Refusal, Role, RunEnd, Scheduler, SchedulerOptions, Stop, WorkerAbilities};
use arclab_spec::{FailureKind, RunState, config::DeviceRequest, run_folder};
use arclab_store::records::{Outcome, Provenance};
use serde_json::json;
use support::{Bench, attempt, script};

fn count(said: &[Progress], which: impl Fn(&Progress) -> bool) -> usize {
    said.iter().filter(|progress| which(progress)).count()
}

#[tokio::test]
async fn all_runs_are_carried_out_and_told_of() {
    let bench = Bench::new(5, script(10, 2, &json!({}))).await;
    let (summary, said) = bench.run().await;
    assert!(!summary.stopped);
    assert!(summary.runs.len() == 5 && summary.runs.values().all(|end| *end == RunEnd::Finished));
    for run in &bench.runs {
        bench.assert_done(run, 10).await;
    }
    assert_eq!(count(&said, |p| matches!(p, Progress::Started { adopted: false, steps: 10, .. })), 5);
    assert_eq!(count(&said, |p| matches!(p, Progress::Evaluated { .. })), 10);
    assert_eq!(count(&said, |p| matches!(p, Progress::Finished { used: Some(_), .. })), 5);
    let last =
        |p: &Progress| matches!(p, Progress::Position { at, steps: 10, loss: Some(_), .. } if at.step == 10);
    assert_eq!(count(&said, last), 5);
}

#[tokio::test]
async fn a_run_whose_folder_was_removed_is_reported_from_its_new_start() {
    let bench = Bench::new(1, script(10, 2, &json!({}))).await;
    bench.run().await;
    let run = &bench.runs[0];
    std::fs::remove_dir_all(bench.store.run_folder(run)).unwrap();
    bench.store.enqueue(run, true, 5).await.unwrap();
    bench.script(run, &script(10, 2, &json!({})));
    bench.run().await;
    let last = bench.store.attempts(run).await.unwrap().pop().unwrap();
    assert!(last.worker.is_some() && last.used.is_some(), "{last:?}");
}

#[tokio::test]
async fn no_more_runs_than_asked_for_are_at_work_at_once() {
    let mut bench = Bench::new(5, script(5, 5, &json!({}))).await;
    bench.jobs = Some(2);
    let (_, said) = bench.run().await;
    let (mut now, mut most) = (0_i32, 0);
    for progress in &said {
        if let Progress::Launched { threads, .. } = progress {
            assert!([2, 3, 4].contains(threads), "{threads}");
            now += 1;
        }
        now -= i32::from(matches!(progress, Progress::Finished { .. }));
        most = most.max(now);
    }
    assert_eq!((now, most), (0, 2));
}

#[tokio::test]
async fn workers_lead_their_group_and_see_no_gpu() {
    let bench = Bench::new(1, script(1, 1, &json!({}))).await;
    bench.run().await;
    let noted = std::fs::read_to_string(bench.store.run_folder(&bench.runs[0]).join("environment")).unwrap();
    assert_eq!(noted, "CUDA_VISIBLE_DEVICES=;RUST_LIB_BACKTRACE=0;leads=true");
}

#[tokio::test]
async fn a_worker_that_dies_is_retried_from_its_checkpoint() {
    let bench = Bench::new(1, script(12, 1, &json!({"1": {"die": 8}, "2": {"panic": 11}}))).await;
    let (summary, said) = bench.run().await;
    let run = &bench.runs[0];
    assert_eq!(summary.runs[run], RunEnd::Finished);
    bench.assert_done(run, 12).await;
    let attempts = bench.store.attempts(run).await.unwrap();
    let begun: Vec<u64> = attempts.iter().map(|a| a.worker.as_ref().unwrap().from.step).collect();
    assert_eq!(begun, [0, 5, 10]);
    assert_eq!(attempts[0].end.as_ref().unwrap().exit.signal, Some(9));
    assert!(attempts[0].failure.as_ref().unwrap().message.contains("SIGKILL"));
    assert_eq!(attempts[1].failure.as_ref().unwrap().message, "the worker panicked");
    assert!(attempts[1].log_tail.starts_with("attempt 2 begins at step 5"), "{}", attempts[1].log_tail);
    assert!(attempts[1].log_tail.contains("as the script says"));
    assert_eq!(attempts[2].log_tail, "");
    assert_eq!(count(&said, |p| matches!(p, Progress::Retrying { .. })), 2);
}

#[tokio::test]
async fn three_attempts_are_the_most_and_the_last_words_are_kept() {
    let bench = Bench::new(2, script(12, 1, &json!({}))).await;
    let (run, other) = (&bench.runs[0], &bench.runs[1]);
    bench.script(run, &script(12, 1, &json!({"0": {"die": 3}})));
    let (summary, said) = bench.run().await;
    let RunEnd::Failed { failure, log_tail } = &summary.runs[run] else { panic!("{summary:?}") };
    assert_eq!(failure.kind, FailureKind::Infrastructure);
    assert_eq!(log_tail, "attempt 3 begins at step 0");
    assert_eq!(
        bench.outcomes(run).await,
        [Some(Outcome::Retried), Some(Outcome::Retried), Some(Outcome::Failed)]
    );
    assert_eq!(count(&said, |p| matches!(p, Progress::Failed { .. })), 1);
    bench.assert_done(other, 12).await;
    // The next invocation has three attempts of its own.
    bench.script(run, &script(12, 1, &json!({"4": {"die": 9}})));
    bench.run().await;
    bench.assert_done(run, 12).await;
    assert_eq!(bench.outcomes(run).await.len(), 5);
}

#[tokio::test]
async fn a_run_that_fails_by_itself_is_not_tried_again() {
    let bench = Bench::new(1, script(12, 1, &json!({"0": {"fail": [7, "run"]}}))).await;
    let (summary, _) = bench.run().await;
    let RunEnd::Failed { failure, log_tail } = &summary.runs[&bench.runs[0]] else { panic!("{summary:?}") };
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Run, "failed at step 7"));
    assert_eq!(log_tail, "attempt 1 begins at step 0");
    let state = bench.state(&bench.runs[0]).await;
    assert_eq!(state, RunState::Failed { attempt: attempt(1), kind: FailureKind::Run });
}

#[tokio::test]
async fn a_failure_of_the_machine_is_tried_again() {
    let bench = Bench::new(1, script(12, 1, &json!({"1": {"fail": [7, "infrastructure"]}}))).await;
    bench.run().await;
    bench.assert_done(&bench.runs[0], 12).await;
    let first = bench.store.attempts(&bench.runs[0]).await.unwrap().remove(0);
    assert_eq!(first.failure.unwrap().message, "failed at step 7");
}

#[tokio::test]
async fn a_line_cut_short_garbage_and_late_lines_change_nothing() {
    let mischief = json!({"1": {"cut": 7}, "2": {"garbage": 8}});
    let bench = Bench::new(1, script(12, 1, &mischief)).await;
    let (summary, _) = bench.run().await;
    let run = &bench.runs[0];
    assert_eq!(summary.runs[run], RunEnd::Finished);
    bench.assert_done(run, 12).await;
    assert_eq!(bench.store.job(run).await.unwrap().skipped_lines, 3);
    let first = bench.store.attempts(run).await.unwrap().remove(0);
    assert!(first.failure.unwrap().message.contains("SIGKILL"), "not what the late line said");
}

#[tokio::test]
async fn an_exit_without_a_last_word_is_a_death() {
    let bench = Bench::new(1, script(12, 1, &json!({"1": {"leave": 6}}))).await;
    bench.run().await;
    bench.assert_done(&bench.runs[0], 12).await;
    let first = bench.store.attempts(&bench.runs[0]).await.unwrap().remove(0);
    assert_eq!(first.failure.unwrap().message, "the worker exited with code 0 and did not say why");
}

#[tokio::test]
async fn a_run_without_readable_scores_has_not_finished() {
    let bench = Bench::new(1, script(5, 1, &json!({"1": {"short_scores": true}}))).await;
    bench.run().await;
    bench.assert_done(&bench.runs[0], 5).await;
    let first = bench.store.attempts(&bench.runs[0]).await.unwrap().remove(0);
    let message = first.failure.unwrap().message;
    assert_eq!(message, "the worker finished without a readable result of closed, open");
}

#[tokio::test]
async fn the_first_stop_waits_for_checkpoints_and_the_next_run_resumes() {
    let mut bench = Bench::new(3, script(40, 5, &json!({}))).await;
    bench.jobs = Some(2);
    let (summary, said) = bench
        .run_with(|progress, stop| {
            if matches!(progress, Progress::Position { at, .. } if at.step >= 7) {
                stop.send_replace(Stop::AfterCheckpoint);
            }
        })
        .await;
    assert!(summary.stopped);
    assert!(summary.runs.values().all(|end| *end == RunEnd::Waiting));
    assert_eq!(count(&said, |p| matches!(p, Progress::Interrupted { .. })), 2);
    assert_eq!(count(&said, |p| matches!(p, Progress::Stopping { workers: 2 })), 1);
    for run in &bench.runs[..2] {
        assert_eq!(bench.state(run).await, RunState::Queued { next: attempt(2) });
        let first = bench.store.attempts(run).await.unwrap().remove(0);
        assert_eq!(first.end.unwrap().exit.code, Some(i32::from(run_folder::exit::INTERRUPTED)));
    }
    assert_eq!(bench.state(&bench.runs[2]).await, RunState::Queued { next: attempt(1) });
    for run in &bench.runs {
        bench.script(run, &script(40, 1, &json!({})));
    }
    bench.run().await;
    for run in &bench.runs {
        bench.assert_done(run, 40).await;
    }
    let second = bench.store.attempts(&bench.runs[0]).await.unwrap().remove(1);
    // Checkpoints come every five steps: that it goes on from where it was shows that it was asked, not killed.
    let first = bench.store.attempts(&bench.runs[0]).await.unwrap().remove(0);
    assert_eq!(second.worker.unwrap().from, first.position.unwrap());
}

#[tokio::test]
async fn the_second_stop_kills_workers_that_do_not_listen() {
    let bench = Bench::new(1, script(4_000, 5, &json!({"1": {"deaf": true}}))).await;
    let (summary, said) = bench
        .run_with(|progress, stop| {
            let (seven, nine) = (
                matches!(progress, Progress::Position { at, .. } if at.step >= 7),
                matches!(progress, Progress::Position { at, .. } if at.step >= 30),
            );
            if nine {
                stop.send_replace(Stop::AtOnce);
            } else if seven {
                stop.send_replace(Stop::AfterCheckpoint);
            }
        })
        .await;
    assert!(summary.stopped);
    assert_eq!(count(&said, |p| matches!(p, Progress::Killing { workers: 1 })), 1);
    let run = &bench.runs[0];
    assert_eq!(bench.state(run).await, RunState::Queued { next: attempt(2) });
    assert_eq!(bench.outcomes(run).await, [Some(Outcome::Interrupted)]);
    bench.script(run, &script(50, 1, &json!({})));
    bench.run().await;
    bench.assert_done(run, 50).await;
}

#[tokio::test]
async fn a_run_that_needs_a_gpu_is_refused_before_anything_starts() {
    let bench = Bench::asking(2, script(5, 1, &json!({})), DeviceRequest::Cuda).await;
    let (summary, said) = bench.run().await;
    let reason = Refusal::NoCuda("no kernels for it".to_owned());
    assert!(summary.runs.values().all(|end| *end == RunEnd::Refused(reason.clone())));
    assert_eq!(count(&said, |p| matches!(p, Progress::Refused { .. })), said.len());
    assert_eq!(bench.state(&bench.runs[0]).await, RunState::Queued { next: attempt(1) });
}

#[tokio::test]
async fn a_worker_that_does_not_start_is_named() {
    let mut bench = Bench::new(1, script(5, 1, &json!({}))).await;
    bench.worker = "/nowhere/arclab-worker".into();
    let (summary, _) = bench.run().await;
    let RunEnd::Failed { failure, .. } = &summary.runs[&bench.runs[0]] else { panic!("{summary:?}") };
    assert!(failure.message.starts_with("failed to start /nowhere/arclab-worker: "), "{}", failure.message);
    assert_eq!(bench.outcomes(&bench.runs[0]).await.len(), 3);
}

#[tokio::test]
async fn a_run_done_afresh_begins_at_the_start() {
    let bench = Bench::new(1, script(12, 1, &json!({}))).await;
    bench.run().await;
    let run = &bench.runs[0];
    bench.store.enqueue(run, true, 2).await.unwrap();
    bench.run().await;
    bench.assert_done(run, 12).await;
    let attempts = bench.store.attempts(run).await.unwrap();
    assert_eq!(attempts.iter().map(|a| a.worker.as_ref().unwrap().from.step).collect::<Vec<_>>(), [0, 0]);
}

#[tokio::test]
async fn a_run_that_has_succeeded_is_left_alone() {
    let bench = Bench::new(1, script(5, 1, &json!({}))).await;
    bench.run().await;
    let (summary, said) = bench.run().await;
    assert_eq!(summary.runs[&bench.runs[0]], RunEnd::Finished);
    assert!(said.is_empty());
}

#[tokio::test]
async fn a_worker_that_someone_started_by_hand_is_not_disturbed() {
    let bench = Bench::new(1, script(5, 1, &json!({}))).await;
    let folder = bench.store.run_folder(&bench.runs[0]);
    let held = std::fs::File::create(folder.join(run_folder::LOCK)).unwrap();
    held.lock().unwrap();
    let (summary, _) = bench.run().await;
    assert_eq!(summary.runs[&bench.runs[0]], RunEnd::Refused(Refusal::FolderInUse));
    drop(held);
    bench.run().await;
    bench.assert_done(&bench.runs[0], 5).await;
}

#[tokio::test]
async fn a_store_has_one_scheduler() {
    let bench = Bench::new(1, script(5, 1, &json!({}))).await;
    let first = bench.scheduler();
    let provenance = Provenance { program_version: "0".to_owned(), git_commit: None, git_dirty: None };
    let options = SchedulerOptions::of_this_machine(bench.worker.clone(), provenance);
    let abilities = WorkerAbilities { cuda: Err(String::new()) };
    let error =
        Scheduler::new(bench.store.clone(), options, abilities, Role::Command).unwrap_err().to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    drop(first);
}
