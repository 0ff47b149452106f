//! One case, measured beside its peers.

use std::{collections::BTreeMap, env, process::Command};

use indicatif::ProgressBar;
use serde::Serialize;

use crate::{
    case::CaseArgs,
    measured::{Measured, median},
    peer::{self, Peer},
    place::Precision,
    profile::Profile,
};

/// One case, measured.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) model: &'static str,
    pub(super) task: &'static str,
    pub(super) batch: usize,
    image_size: usize,
    pub(super) precision: Precision,
    /// Of the CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<usize>,
    pub(super) images_per_second: f64,
    /// Of the process.
    pub(super) peak_bytes: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gpu_peak_bytes: Option<f64>,
    /// Median seconds a step by operator.
    pub(super) operators: BTreeMap<String, f64>,
    /// The same of a GPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) profile: Option<Profile>,
    #[serde(flatten)]
    pub(super) beside: Option<Beside>,
    #[serde(flatten)]
    pub(super) compiled: Option<Compiled>,
}

impl Row {
    /// `iresnet50 train, batch 128, bf16`.
    pub(super) fn caption(&self) -> String {
        format!("{} {}, batch {}, {}", self.model, self.task, self.batch, self.precision.name())
    }

    pub(super) fn step_seconds(&self) -> f64 {
        self.batch as f64 / self.images_per_second
    }
}

/// The peer's side of a case.
#[derive(Debug, Serialize)]
pub(super) struct Beside {
    pub(super) peer_images_per_second: f64,
    pub(super) peer_peak_bytes: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) peer_gpu_peak_bytes: Option<f64>,
    pub(super) peer_setting: String,
    /// How many times as fast as the peer: the ratio of the medians, and the range over the pairs.
    pub(super) ratio: f64,
    pub(super) ratio_low: f64,
    pub(super) ratio_high: f64,
    /// Peak memory over the peer's: of the GPU where there is one, else of the whole process.
    pub(super) memory_ratio: f64,
    /// That of network and steps alone, on a CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) step_memory_ratio: Option<f64>,
}

/// The compiled peer's side of a case.
#[derive(Debug, Serialize)]
pub(super) struct Compiled {
    #[serde(rename = "compiled_images_per_second")]
    pub(super) images_per_second: f64,
    #[serde(rename = "compiled_gpu_peak_bytes")]
    pub(super) gpu_peak_bytes: Option<f64>,
    #[serde(rename = "ratio_compiled")]
    pub(super) ratio: f64,
    #[serde(rename = "ratio_compiled_low")]
    pub(super) low: f64,
    #[serde(rename = "ratio_compiled_high")]
    pub(super) high: f64,
}

/// Measures all sides in turn, so that what disturbs the machine disturbs each.
pub(super) fn measure(
    case: &CaseArgs,
    peers: &[Peer],
    pairs: usize,
    bar: &ProgressBar,
) -> anyhow::Result<Row> {
    let settings = peers.iter().map(|peer| peer.best(case)).collect::<anyhow::Result<Vec<_>>>()?;
    let (mut ours, mut theirs) = (Side::of(case), vec![Side::of(case); peers.len()]);
    for _ in 0..pairs.max(1) {
        ours.measured.push(measure_here(case)?);
        for ((peer, setting), side) in peers.iter().zip(&settings).zip(&mut theirs) {
            side.measured.push(peer.pytorch().measure(case, *setting)?);
        }
        bar.inc(1);
    }
    let beside = settings.first().zip(theirs.first());
    Ok(Row {
        model: case.model.name(),
        task: case.task.name(),
        batch: case.batch,
        image_size: case.model.size(),
        precision: case.place.precision(),
        threads: case.place.threads(),
        images_per_second: ours.speed(),
        peak_bytes: ours.memory(),
        gpu_peak_bytes: ours.gpu_memory(),
        operators: ours.operators(),
        profile: ours.profile(),
        beside: beside.map(|(setting, theirs)| Beside::new(&ours, theirs, setting.to_string())),
        compiled: theirs.get(1).map(|theirs| Compiled::new(&ours, theirs)),
    })
}

fn measure_here(case: &CaseArgs) -> anyhow::Result<Measured> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["case", "--model", case.model.name(), "--task", case.task.name()]);
    command.args(["--batch", &case.batch.to_string(), "--place", &case.place.to_string()]);
    command.args(case.operators.then_some("--operators"));
    peer::measured(command.args(["--seconds", &case.seconds.to_string()]))
}

impl Beside {
    fn new(ours: &Side, theirs: &Side, peer_setting: String) -> Self {
        let [ratio, ratio_low, ratio_high] = ours.ratio(theirs);
        let on_gpu = ours.gpu_memory().zip(theirs.gpu_memory()).map(|(ours, theirs)| ours / theirs);
        Self {
            peer_images_per_second: theirs.speed(),
            peer_peak_bytes: theirs.memory(),
            peer_gpu_peak_bytes: theirs.gpu_memory(),
            peer_setting,
            ratio,
            ratio_low,
            ratio_high,
            memory_ratio: on_gpu.unwrap_or(ours.memory() / theirs.memory()),
            step_memory_ratio: on_gpu.is_none().then(|| ours.step_memory() / theirs.step_memory()),
        }
    }
}

impl Compiled {
    fn new(ours: &Side, theirs: &Side) -> Self {
        let [ratio, low, high] = ours.ratio(theirs);
        Self { images_per_second: theirs.speed(), gpu_peak_bytes: theirs.gpu_memory(), ratio, low, high }
    }
}

/// All measurements of one side.
#[derive(Debug, Clone)]
struct Side {
    batch: usize,
    measured: Vec<Measured>,
}

impl Side {
    fn of(case: &CaseArgs) -> Self {
        Self { batch: case.batch, measured: Vec::new() }
    }

    fn median(&self, of: impl Fn(&Measured) -> f64) -> f64 {
        median(self.measured.iter().map(of))
    }

    /// Images a second.
    fn speed(&self) -> f64 {
        self.batch as f64 / self.median(|measured| measured.median_seconds)
    }

    fn memory(&self) -> f64 {
        self.median(|measured| measured.peak_bytes as f64)
    }

    fn step_memory(&self) -> f64 {
        self.median(Measured::step_bytes)
    }

    fn gpu_memory(&self) -> Option<f64> {
        let known: Option<Vec<u64>> = self.measured.iter().map(|measured| measured.gpu_peak_bytes).collect();
        known.map(|known| median(known.into_iter().map(|bytes| bytes as f64)))
    }

    /// How many times as fast as another side: the ratio of the medians, and its range.
    fn ratio(&self, other: &Self) -> [f64; 3] {
        let pairs = self.measured.iter().zip(&other.measured);
        let ratios = pairs.map(|(ours, theirs)| theirs.median_seconds / ours.median_seconds);
        let low = ratios.clone().fold(f64::INFINITY, f64::min);
        [self.speed() / other.speed(), low, ratios.fold(0.0, f64::max)]
    }

    fn profile(&self) -> Option<Profile> {
        let all: Vec<_> = self.measured.iter().filter_map(|side| side.profile.as_ref()).collect();
        Profile::median(&all)
    }

    fn operators(&self) -> BTreeMap<String, f64> {
        let names = self.measured.iter().flat_map(|side| side.operators.keys());
        let time =
            |name: &String| median(self.measured.iter().filter_map(|side| side.operators.get(name).copied()));
        names.map(|name| (name.clone(), time(name))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(seconds: &[f64], gpu_peak_bytes: Option<u64>) -> Side {
        let measured = |&median_seconds: &f64| Measured {
            median_seconds,
            steps: 1,
            peak_bytes: 200,
            before_bytes: 100,
            gpu_peak_bytes,
            operators: BTreeMap::new(),
            profile: None,
        };
        Side { batch: 10, measured: seconds.iter().map(measured).collect() }
    }

    #[test]
    fn a_ratio_is_of_the_medians_and_its_range_of_the_pairs() {
        let (ours, theirs) = (side(&[1.0, 2.0, 3.0], None), side(&[4.0, 4.0, 4.0], None));
        assert_eq!(ours.ratio(&theirs), [2.0, 4.0 / 3.0, 4.0]);
        let beside = Beside::new(&ours, &theirs, String::new());
        assert_eq!((beside.memory_ratio, beside.step_memory_ratio), (1.0, Some(1.0)));
    }

    #[test]
    fn memory_is_compared_on_the_gpu_where_there_is_one() {
        let (ours, theirs) = (side(&[1.0], Some(30)), side(&[1.0], Some(60)));
        let beside = Beside::new(&ours, &theirs, String::new());
        assert_eq!((beside.memory_ratio, beside.step_memory_ratio), (0.5, None));
        let row = serde_json::to_value(Compiled::new(&ours, &theirs)).unwrap();
        assert_eq!(row["ratio_compiled"], 1.0);
    }
}
