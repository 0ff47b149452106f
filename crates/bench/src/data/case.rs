//! One measurement of batches, in a process of its own.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use arclab_data::{Batch, Images, Loader, Recipe, Sample, Silent, find_images};
use arclab_nn::{Backend, Cpu, MapShape};
use arclab_spec::config::{Augment, ColourMode, Dataset};
use clap::{Args, ValueEnum};
use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeValLike as _,
};
use serde::{Deserialize, Serialize};

use crate::output;

/// Images in a batch.
pub(super) const BATCH: usize = 64;

/// What images lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub(crate) enum Source {
    /// JPEG files.
    Folder,
    /// The same in one file.
    RecordIo,
    /// What arclab keeps of either: decoded images.
    Cache,
}

impl Source {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::RecordIo => "recordio",
            Self::Cache => "cache",
        }
    }
}

/// One measurement.
#[derive(Debug, Args)]
pub(crate) struct DataCaseArgs {
    #[arg(long)]
    source: Source,
    /// The images.
    #[arg(long)]
    path: PathBuf,
    /// Where decoded images are kept; of a folder and of records in a folder of its own, which is removed.
    #[arg(long)]
    cache: PathBuf,
    /// Side in pixels.
    #[arg(long)]
    size: u32,
    #[arg(long)]
    threads: usize,
    #[arg(long)]
    seconds: f64,
}

/// What a measurement gives; ours and the peer's have the same form.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    pub(super) images: u64,
    pub(super) seconds: f64,
    /// Of all cores together.
    pub(super) core_seconds: f64,
}

/// Measures, and prints a [`Rate`] as JSON.
pub(crate) fn execute(arguments: &DataCaseArgs) -> anyhow::Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build_global()?;
    let rate = match arguments.source {
        Source::Folder | Source::RecordIo => decoded(arguments),
        Source::Cache => kept(arguments),
    };
    output::print(&serde_json::to_string(&rate?)?)
}

/// First epochs, each with a cache that is empty when it begins: what is decoded is kept, and batches are made of that.
fn decoded(arguments: &DataCaseArgs) -> anyhow::Result<Rate> {
    let mut total = Rate { images: 0, seconds: 0.0, core_seconds: 0.0 };
    let cache = arguments.cache.join(std::process::id().to_string());
    // The first one fills the page cache, and does not count.
    for is_first in std::iter::once(true).chain(std::iter::repeat(false)) {
        let clock = Clock::start()?;
        let images = open(&arguments.path, arguments.size, &cache)?;
        let mut done = 0;
        for batch in loader(&images, arguments.threads, 1)? {
            done += to_numbers(&batch, arguments.size);
        }
        let rate = clock.rate(done)?;
        drop(images);
        std::fs::remove_dir_all(&cache).with_context(|| format!("failed to remove {}", cache.display()))?;
        if !is_first {
            total = Rate {
                images: total.images + rate.images,
                seconds: total.seconds + rate.seconds,
                core_seconds: total.core_seconds + rate.core_seconds,
            };
        }
        if !is_first && total.seconds >= arguments.seconds {
            break;
        }
    }
    Ok(total)
}

/// Further epochs: images are decoded, and batches are made of them.
fn kept(arguments: &DataCaseArgs) -> anyhow::Result<Rate> {
    let images = open(&arguments.path, arguments.size, &arguments.cache)?;
    let budget = Duration::from_secs_f64(arguments.seconds);
    let mut batches = loader(&images, arguments.threads, u32::MAX)?;
    let in_an_epoch = batches.steps_per_epoch() as usize;
    for batch in batches.by_ref().take(in_an_epoch) {
        to_numbers(&batch, arguments.size);
    }
    let (clock, mut done) = (Clock::start()?, 0);
    for batch in batches {
        done += to_numbers(&batch, arguments.size);
        if clock.began.elapsed() >= budget {
            break;
        }
    }
    clock.rate(done)
}

/// The images at `path`, decoded into `cache` where they are not there.
pub(super) fn open(path: &Path, size: u32, cache: &Path) -> anyhow::Result<Images> {
    let dataset = Dataset::Folder(path.to_owned());
    let (images, _) = find_images(&dataset, size, &[], cache, &Silent)?;
    Ok(images)
}

/// Batches of all images, half of them flipped.
pub(super) fn loader(images: &Images, threads: usize, epochs: u32) -> anyhow::Result<Loader> {
    let samples: Vec<Sample> = (0..images.len()).map(|image| Sample { image, label: 0 }).collect();
    Ok(Loader::start(images, &samples, recipe(threads, epochs), 0)?)
}

/// Of all measurements.
pub(super) fn recipe(threads: usize, epochs: u32) -> Recipe {
    Recipe {
        batch_size: BATCH,
        sampler: None,
        epochs,
        seed: 0,
        colour: ColourMode::Rgb,
        augment: Augment { flip: 0.5, ..Augment::NONE },
        leaves_changes: false,
        threads,
    }
}

/// What a network reads; the number of images.
fn to_numbers(batch: &Batch, size: u32) -> u64 {
    let (count, size) = (batch.labels.len(), size as usize);
    let shape = MapShape { count, height: size, width: size, channels: 3 };
    std::hint::black_box(Cpu::new(1).images(shape, &batch.pixels));
    count as u64
}

/// Time on the wall, and of all cores.
struct Clock {
    began: Instant,
    cores_began: f64,
}

impl Clock {
    fn start() -> anyhow::Result<Self> {
        Ok(Self { began: Instant::now(), cores_began: core_seconds()? })
    }

    fn rate(&self, images: u64) -> anyhow::Result<Rate> {
        let seconds = self.began.elapsed().as_secs_f64();
        Ok(Rate { images, seconds, core_seconds: core_seconds()? - self.cores_began })
    }
}

/// What this process has used of all cores.
fn core_seconds() -> anyhow::Result<f64> {
    let used: Usage = getrusage(UsageWho::RUSAGE_SELF).context("failed to ask for the time that was used")?;
    let micros = used.user_time().num_microseconds() + used.system_time().num_microseconds();
    Ok(micros as f64 / 1e6)
}
