//! Files of a run that are cut, removed, or cannot be written.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::Command,
};

use arclab_scheduler::{Progress, RunEnd};
use arclab_spec::{FailureKind, run_folder};
use serde_json::json;

use crate::{
    STEPS, done_after,
    support::{Bench, script, table::stands},
};

/// Room of a small disk, in bytes.
const ROOM: u64 = 256 << 10;

/// A file system of its own with little room, while it lives.
pub(crate) struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// At `place`, where this process may mount one; else a line says why the test is skipped.
    pub(crate) fn at(place: &'a Path, room: u64) -> Option<Self> {
        fs::create_dir_all(place).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o"]).arg(format!("size={room}")).arg("tmpfs").arg(place);
        let mounted = mount.output();
        if mounted.as_ref().is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(place));
        }
        let why = mounted.map(|mounted| String::from_utf8_lossy(&mounted.stderr).into_owned());
        eprintln!("skipped: no small disk can be mounted here ({why:?})");
        None
    }

    /// Fills it, but for `left` bytes; what is returned frees the room again.
    pub(crate) fn fill(&self, left: u64) -> Ballast {
        let path = self.0.join("ballast");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[1; 1024]).is_ok() {}
        let held = file.metadata().unwrap().len();
        file.set_len(held.saturating_sub(left)).unwrap();
        Ballast(path)
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// What a disk is full of.
pub(crate) struct Ballast(std::path::PathBuf);

impl Ballast {
    pub(crate) fn free(self) {
        fs::remove_file(self.0).unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_fails_the_run_with_its_reason_and_once_there_is_room_it_goes_on() {
    let bench = Bench::new(1, script(STEPS, 1, &json!({}))).await;
    let folder = bench.folder(0);
    let Some(disk) = SmallDisk::at(&folder, ROOM) else { return };
    bench.script(&bench.runs[0], &script(STEPS, 1, &json!({})));
    // Enough for the plan and the log, and not for the journal.
    let ballast = disk.fill(12 << 10);
    let (summary, _) = bench.run().await;
    let RunEnd::Failed { failure, log_tail } = &summary.runs[&bench.runs[0]] else { panic!("{summary:?}") };
    assert_eq!(failure.kind, FailureKind::Infrastructure);
    let told = format!("{} {log_tail}", failure.message);
    assert!(told.contains("No space left on device"), "{told}");
    ballast.free();
    bench.run().await;
    bench.assert_done(&bench.runs[0], STEPS).await;
    bench.assert_sound().await;
    stands(
        "the disk of the run's folder is full, and later is not",
        "failed, and the log or the failure says `No space left on device`; asked for again it goes on from its checkpoint",
    );
}

#[tokio::test]
async fn a_journal_that_ends_within_a_line_is_gone_on_with() {
    let bench = Bench::new(1, script(STEPS, 1, &json!({"1": {"cut": 7}}))).await;
    bench.run().await;
    done_after(&bench, "the journal ends in the middle of a line").await;
}

#[tokio::test]
async fn garbage_in_the_journal_is_counted_and_passed_over() {
    let bench = Bench::new(1, script(STEPS, 1, &json!({"1": {"garbage": 7}}))).await;
    bench.run().await;
    assert_eq!(bench.store.job(&bench.runs[0]).await.unwrap().skipped_lines, 2);
    done_after(&bench, "garbage in the journal, and lines of another attempt").await;
}

/// Does something to the run's folder once its worker has done so many steps.
async fn at_step(bench: &Bench, step: u64, mut act: impl FnMut()) {
    let mut is_due = true;
    bench
        .run_with(|progress, _| {
            if is_due && matches!(progress, Progress::Position { at, .. } if at.step >= step) {
                is_due = false;
                act();
            }
        })
        .await;
    assert!(!is_due, "the worker came to step {step}");
}

/// A run that is slow enough to be caught in the middle, and whose script outlives its folder.
async fn slow() -> Bench {
    let bench = Bench::new(1, json!({})).await;
    fs::write(bench.path().join("script.json"), script(STEPS, 40, &json!({})).to_string()).unwrap();
    fs::remove_file(bench.folder(0).join("script.json")).unwrap();
    bench
}

#[tokio::test]
async fn a_run_whose_folder_is_removed_begins_again() {
    let bench = slow().await;
    let folder = bench.folder(0);
    // Again where the worker wrote a file meanwhile.
    at_step(&bench, 7, || assert!((0..100).any(|_| fs::remove_dir_all(&folder).is_ok()))).await;
    done_after(&bench, "the run's folder is removed while its worker is at work").await;
}

#[tokio::test]
async fn a_run_whose_folder_is_removed_while_it_waits_begins_again() {
    let bench = slow().await;
    fs::write(
        bench.path().join("script.json"),
        script(STEPS, 1, &json!({"1": {"die": 7}, "2": {"die": 9}, "3": {"die": 9}})).to_string(),
    )
    .unwrap();
    bench.run().await;
    fs::remove_dir_all(bench.folder(0)).unwrap();
    bench.run().await;
    bench.assert_done(&bench.runs[0], STEPS).await;
    let last = bench.store.attempts(&bench.runs[0]).await.unwrap().pop().unwrap();
    assert_eq!(last.worker.unwrap().from.step, 0);
    done_after(&bench, "the run's folder is removed between two attempts").await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_fails_the_run_with_its_reason() {
    let bench = slow().await;
    fs::remove_dir_all(bench.folder(0)).unwrap();
    fs::write(bench.folder(0), "in the way").unwrap();
    let (summary, _) = bench.run().await;
    let RunEnd::Failed { failure, .. } = &summary.runs[&bench.runs[0]] else { panic!("{summary:?}") };
    assert!(failure.message.starts_with("failed to make the folder"), "{}", failure.message);
    stands("a file lies where the run's folder should", &bench.told(&bench.runs[0]).await);
    fs::remove_file(bench.folder(0)).unwrap();
    bench.run().await;
    bench.assert_done(&bench.runs[0], STEPS).await;
}

#[tokio::test]
async fn what_a_killed_scheduler_left_half_written_is_in_nobodys_way() {
    let bench = Bench::new(1, script(STEPS, 1, &json!({}))).await;
    fs::write(bench.folder(0).join("plan.json.new"), "{\"vers").unwrap();
    fs::write(bench.folder(0).join(run_folder::PLAN), "{\"version\":").unwrap();
    bench.run().await;
    done_after(&bench, "a plan.json that was left half-written").await;
}
