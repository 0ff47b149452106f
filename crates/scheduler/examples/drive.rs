//! A scheduler in a process of its own, for tests that kill it or that give it an NVML: `drive STORE WORKER [cuda]`. Carries out
//! all runs that wait, and prints what happens.
#![expect(clippy::print_stdout, reason = "it tells the tests so")]

use std::{num::NonZeroU32, path::PathBuf};

use arclab_scheduler::{Role, Scheduler, SchedulerOptions, WorkerAbilities, stop_on_signals};
use arclab_store::{Filter, Sort, Store, records::Provenance};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, worker, devices @ ..] = &arguments[..] else { panic!("drive STORE WORKER [cuda]") };
    let store = Store::open(folder).await.expect("the store opens");
    let listed = store.history(&Filter::default(), &Sort::default(), None).await.expect("runs are listed");
    let runs: Vec<_> = listed.into_iter().map(|row| row.run.id).collect();
    for run in &runs {
        store.enqueue(run, false, 1).await.expect("the run is asked for");
    }
    let provenance = Provenance { program_version: "0".to_owned(), git_commit: None, git_dirty: None };
    let mut options = SchedulerOptions::of_this_machine(worker.clone(), provenance);
    options.threads = NonZeroU32::new(8).expect("it is not 0");
    options.poll = std::time::Duration::from_millis(10);
    options.backoff = std::time::Duration::from_millis(10);
    options.slurm.folder = std::env::var_os("SLURM_PROGRAMS").map(PathBuf::from);
    options.slurm_poll = std::time::Duration::from_millis(500);
    let cuda = if devices.is_empty() { Err("none".to_owned()) } else { Ok(()) };
    let abilities = WorkerAbilities { cuda };
    let stop = stop_on_signals().expect("signals are heard");
    let mut scheduler = Scheduler::new(store, options, abilities, Role::Command).expect("the store is free");
    let (sender, mut progress) = tokio::sync::mpsc::unbounded_channel();
    let told = async {
        while let Some(progress) = progress.recv().await {
            println!("{progress:?}");
        }
    };
    let (summary, ()) = tokio::join!(scheduler.run(&runs, sender, stop), told);
    summary.expect("the runs are looked after");
}
