//! `arclab-bench startup`: from the start of a worker to the end of its first training step, with its data at hand.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use arclab_report::{Cell, Column, Format, Kind, Table};
use clap::Args;
use serde_json::Value;

use crate::{measured::median, output};

/// How often to look whether the step is done.
const LOOK: Duration = Duration::from_millis(2);
/// After so long a worker has failed.
const PATIENCE: Duration = Duration::from_mins(2);

/// `arclab-bench startup`.
#[derive(Debug, Args)]
pub(crate) struct StartupArgs {
    /// The folder of a run that has been carried out, so that its data is prepared; its `plan.json` is used.
    run: PathBuf,
    /// The worker; the one beside this program by default.
    #[arg(long, value_name = "PROGRAM")]
    worker: Option<PathBuf>,
    /// Measurements.
    #[arg(long, default_value_t = 5)]
    times: usize,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
pub(crate) fn execute(arguments: &StartupArgs) -> anyhow::Result<()> {
    let worker = match &arguments.worker {
        Some(worker) => worker.clone(),
        None => env::current_exe()?.with_file_name(format!("arclab-worker{}", env::consts::EXE_SUFFIX)),
    };
    let path = arguments.run.join("plan.json");
    let plan = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let mut plan: Value = serde_json::from_slice(&plan)?;
    // The first step is to be told of; no number depends on this.
    plan["plan"]["config"]["training"]["log_every"] = 1.into();
    let times = (0..arguments.times.max(1)).map(|_| seconds(&worker, &plan));
    let times = times.collect::<anyhow::Result<Vec<f64>>>()?;
    let (low, high) =
        times.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &t| (low.min(t), high.max(t)));
    let middle = median(times);
    if arguments.json {
        let json = serde_json::json!({"seconds": middle, "least": low, "most": high});
        return output::print(&json.to_string());
    }
    let column = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        column("seconds", "s to the end of the first step"),
        column("least", "Least"),
        column("most", "Most"),
    ];
    let mut table = Table::new("startup", "Start-up", columns);
    table.push([middle, low, high].map(|value| Cell::Number { value, decimals: 2 }).into());
    output::print(&table.render(Format::Markdown))
}

/// One worker, in a run folder of its own.
fn seconds(worker: &Path, plan: &Value) -> anyhow::Result<f64> {
    let folder = env::temp_dir().join(format!("arclab-startup-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("plan.json"), serde_json::to_vec(plan)?)?;
    let began = Instant::now();
    let started = Command::new(worker).arg("run").arg(&folder).stderr(Stdio::null()).spawn();
    let mut child = started.with_context(|| format!("failed to start {}", worker.display()))?;
    let took = until_step(&mut child, &folder.join("events.jsonl"), began);
    child.kill()?;
    child.wait()?;
    fs::remove_dir_all(&folder)?;
    took
}

fn until_step(child: &mut Child, events: &Path, began: Instant) -> anyhow::Result<f64> {
    loop {
        let took = began.elapsed();
        if fs::read_to_string(events).is_ok_and(|events| events.contains(r#""type":"step""#)) {
            return Ok(took.as_secs_f64());
        }
        ensure!(child.try_wait()?.is_none() && took < PATIENCE, "the worker ended before its first step");
        std::thread::sleep(LOOK);
    }
}
