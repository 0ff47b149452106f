//! A scheduler in a process of its own, for tests that kill it: `drive STORE WORKER`. Carries out all runs that wait.

use std::path::PathBuf;

use arclab_scheduler::{Scheduler, SchedulerOptions, WorkerAbilities, stop_on_signals};
use arclab_store::{Filter, Sort, Store, records::Provenance};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, worker] = &arguments[..] else { panic!("drive STORE WORKER") };
    let store = Store::open(folder).await.expect("the store opens");
    let listed = store.history(&Filter::default(), &Sort::default(), None).await.expect("runs are listed");
    let runs: Vec<_> = listed.into_iter().map(|row| row.run.id).collect();
    for run in &runs {
        store.enqueue(run, false, 1).await.expect("the run is asked for");
    }
    let provenance = Provenance { program_version: "0".to_owned(), git_commit: None, git_dirty: None };
    let mut options = SchedulerOptions::of_this_machine(worker.clone(), provenance);
    options.poll = std::time::Duration::from_millis(10);
    let abilities = WorkerAbilities { cuda: Err("none".to_owned()) };
    let stop = stop_on_signals().expect("signals are heard");
    let mut scheduler = Scheduler::new(store, options, abilities).expect("the store is free");
    let (progress, _nobody) = tokio::sync::mpsc::unbounded_channel();
    scheduler.run(&runs, progress, stop).await.expect("the runs are looked after");
}
