//! `arclab-bench metrics`: all metrics of scores, beside InsightFace's procedure in `NumPy` and scikit-learn's ROC curve.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::Context as _;
use arclab_metrics::{Evaluation, Far, ResolvedPolicy, evaluate_with_curve};
use arclab_report::{Cell, Column, Format, Kind, Table};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{measured::median, output, peer};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/numpy/metrics.py");
const FARS: [f64; 6] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/// `arclab-bench metrics`.
#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// Pairs for InsightFace's procedure, as many as LFW has.
    #[arg(long, default_value_t = 6_000, value_parser = clap::value_parser!(u32).range(20..))]
    pairs: u32,
    /// Scores for the ROC curve.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(20..))]
    scores: u32,
    /// Measurements, of which the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// Python with `NumPy` and scikit-learn; by default an environment under `target/`, made at the first use.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Rows as JSON.
    #[arg(long)]
    json: bool,
}

/// One task, measured.
#[derive(Debug, Serialize)]
struct Row {
    task: &'static str,
    scores: u32,
    seconds: f64,
    peer: &'static str,
    peer_seconds: f64,
    ratio: f64,
    /// The same number, found by both.
    found: f64,
    peer_found: f64,
}

/// What the script prints.
#[derive(Debug, Deserialize)]
struct Peer {
    median_seconds: f64,
    accuracy: Option<f64>,
    auc: Option<f64>,
}

/// Measures both tasks and prints them.
pub(crate) fn execute(arguments: &MetricsArgs) -> anyhow::Result<()> {
    let check = "import numpy, sklearn";
    let python = peer::environment("numpy", arguments.python.as_deref(), check, |python| {
        peer::run(&mut peer::pip(python, &["numpy", "scikit-learn"])).map(drop)
    })?;
    let folder = scores_folder()?;
    let rows: Vec<Row> = tasks(arguments)
        .iter()
        .map(|task| row(task, arguments.repeats, &python, &folder))
        .collect::<anyhow::Result<_>>()?;
    if arguments.json {
        return output::print(&serde_json::to_string_pretty(&rows)?);
    }
    output::print(&table(&rows).render(Format::Markdown))
}

/// Where scores are left for the script.
fn scores_folder() -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-metrics");
    fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
    Ok(folder)
}

/// All metrics of one evaluation.
fn all(scores: &[f32], same: &[bool], policy: ResolvedPolicy) -> anyhow::Result<Evaluation> {
    let (evaluation, roc) = evaluate_with_curve(scores, same, None, policy)?;
    for far in FARS {
        std::hint::black_box(roc.operating_point(Far::new(far)?).ok());
    }
    std::hint::black_box(roc.eer());
    Ok(evaluation)
}

/// What is measured on both sides.
struct Task {
    name: &'static str,
    scores: u32,
    policy: ResolvedPolicy,
    peer: &'static str,
    /// One number that both find.
    of_peer: fn(&Peer) -> Option<f64>,
    of: fn(&Evaluation) -> f64,
}

fn tasks(arguments: &MetricsArgs) -> [Task; 2] {
    [
        Task {
            name: "folds",
            scores: arguments.pairs,
            policy: ResolvedPolicy::KFold { folds: 10 },
            peer: "InsightFace's procedure, NumPy",
            of_peer: |peer| peer.accuracy,
            of: |evaluation| evaluation.accuracy,
        },
        Task {
            name: "curve",
            scores: arguments.scores,
            policy: ResolvedPolicy::Fixed { threshold: 0.3 },
            peer: "scikit-learn's roc_curve and auc",
            of_peer: |peer| peer.auc,
            of: |evaluation| evaluation.auc,
        },
    ]
}

fn row(task: &Task, repeats: u32, python: &Path, folder: &Path) -> anyhow::Result<Row> {
    let (scores, same) = made(task.scores);
    let files = [folder.join("scores.f32"), folder.join("same.u8")];
    let bytes: Vec<u8> = scores.iter().flat_map(|score| score.to_le_bytes()).collect();
    fs::write(&files[0], bytes).context("failed to write the scores")?;
    let bytes: Vec<u8> = same.iter().map(|&same| u8::from(same)).collect();
    fs::write(&files[1], bytes).context("failed to write the truth")?;
    let mut command = Command::new(python);
    command.arg(SCRIPT).arg(task.name).args(&files).args(["--repeats", &repeats.to_string()]);
    let theirs: Peer =
        serde_json::from_slice(&peer::run(&mut command)?).context("failed to understand the script")?;
    let (mut times, mut found) = (Vec::new(), f64::NAN);
    for _ in 0..repeats {
        let began = Instant::now();
        found = (task.of)(&all(&scores, &same, task.policy)?);
        times.push(began.elapsed().as_secs_f64());
    }
    let (seconds, peer_seconds) = (median(times), theirs.median_seconds);
    Ok(Row {
        task: task.name,
        scores: task.scores,
        seconds,
        peer: task.peer,
        peer_seconds,
        ratio: peer_seconds / seconds,
        found,
        peer_found: (task.of_peer)(&theirs).context("the script does not say what it found")?,
    })
}

/// Half of the pairs the same person, in blocks within each fold; the same numbers each time.
fn made(count: u32) -> (Vec<f32>, Vec<bool>) {
    let block = (count / 20).max(1);
    let mut state = 7_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let same: Vec<bool> = (0..count).map(|pair| (pair / block).is_multiple_of(2)).collect();
    let score = |&same: &bool| {
        let spread = uniform() + uniform() + uniform() - 1.5;
        0.3 * spread + if same { 0.45 } else { 0.1 }
    };
    (same.iter().map(score).collect(), same)
}

fn table(rows: &[Row]) -> Table {
    let columns = vec![
        Column::new("task", "Scores", Kind::Number),
        Column::new("milliseconds", "ms, all metrics", Kind::Number),
        Column::new("peer", "Peer", Kind::Text),
        Column::new("peer_milliseconds", "its ms", Kind::Number),
        Column::new("ratio", "Ratio", Kind::Number),
        Column::new("found", "Found", Kind::Number),
        Column::new("peer_found", "by the peer", Kind::Number),
    ];
    let mut table = Table::new("metrics", "Metrics", columns);
    for row in rows {
        let number = |value: f64, decimals: usize| Cell::Number { value, decimals };
        table.push(vec![
            Cell::Count(row.scores.into()),
            number(row.seconds * 1e3, 2),
            Cell::text(row.peer),
            number(row.peer_seconds * 1e3, 1),
            number(row.ratio, 1),
            number(row.found, 6),
            number(row.peer_found, 6),
        ]);
    }
    table
}
