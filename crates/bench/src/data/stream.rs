//! Memory by the number of images: a folder of small files is prepared, prepared once more, and read for an epoch.
//!
//! What a process holds of its own (anonymous pages) is told apart from what it sees of the cache's file, which the system
//! takes back when it needs the room.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use arclab_data::{Loader, Prepared, Silent, prepare};
use arclab_report::{Cell, Column, Kind, Table};
use arclab_spec::config::{Augment, ColourMode, DataConfig, Dataset, EvaluationConfig, SplitConfig};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::{case, files};
use crate::{output, peer};

/// Side of an image in pixels.
const SIDE: u32 = 16;
/// Images of a person.
const EACH: u32 = 1000;
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// One measurement, in a process of its own.
#[derive(Debug, Args)]
pub(crate) struct StreamCaseArgs {
    #[arg(long)]
    part: Part,
    #[arg(long)]
    path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Images are listed, decoded and split.
    Build,
    /// They are listed and split, and an epoch is read.
    Read,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Read => "read",
        }
    }
}

/// What a measurement gives. Memory is anonymous but for `mapped_bytes`.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
struct Found {
    prepare_seconds: f64,
    prepare_peak_bytes: u64,
    /// Once all is prepared.
    held_bytes: u64,
    epoch_seconds: f64,
    epoch_peak_bytes: u64,
    /// At the end of the epoch.
    mapped_bytes: u64,
    images: u64,
}

/// One number of images, measured.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    images: u32,
    build: Found,
    read: Found,
}

/// Makes the files of each number of images, measures, and removes them.
pub(super) fn measure(counts: &[u32]) -> anyhow::Result<Vec<Row>> {
    counts.iter().map(|&images| row(images)).collect()
}

fn row(images: u32) -> anyhow::Result<Row> {
    let home = files::home().join(format!("stream-{images}"));
    let remove = || match fs::remove_dir_all(&home) {
        Err(error) if home.exists() => {
            Err(error).with_context(|| format!("failed to remove {}", home.display()))
        }
        _ => Ok(()),
    };
    remove()?;
    write_images(&home.join("photos"), images)?;
    let [build, read] = [Part::Build, Part::Read].map(|part| {
        let mut command = Command::new(env::current_exe()?);
        command.args(["stream-case", "--part", part.name(), "--path"]).arg(&home);
        serde_json::from_slice(&peer::run(&mut command)?).context("failed to understand a measurement")
    });
    remove()?;
    Ok(Row { images, build: build?, read: read? })
}

/// Each another image, so that none is a copy.
fn write_images(folder: &Path, images: u32) -> anyhow::Result<()> {
    for number in 0..images {
        let person = folder.join(format!("{:05}", number / EACH));
        if number.is_multiple_of(EACH) {
            fs::create_dir_all(&person).with_context(|| format!("failed to make {}", person.display()))?;
        }
        let file = person.join(format!("{:04}.ppm", number % EACH));
        let values = number.to_le_bytes().into_iter().cycle().take(3 * (SIDE * SIDE) as usize);
        let ppm: Vec<u8> =
            format!("P6\n{SIDE} {SIDE}\n255\n").into_bytes().into_iter().chain(values).collect();
        fs::write(&file, ppm).with_context(|| format!("failed to write {}", file.display()))?;
    }
    Ok(())
}

/// Measures, and prints what was found as JSON.
pub(crate) fn execute(arguments: &StreamCaseArgs) -> anyhow::Result<()> {
    let began = Instant::now();
    let watch = Watch::start()?;
    let prepared = prepared(&arguments.path)?;
    let prepare_seconds = began.elapsed().as_secs_f64();
    let prepare_peak_bytes = watch.finish()?;
    let held_bytes = memory("RssAnon:")?;
    let (began, mut images) = (Instant::now(), 0);
    let watch = Watch::start()?;
    if arguments.part == Part::Read {
        for batch in epoch(&prepared)? {
            images += std::hint::black_box(batch).labels.len() as u64;
        }
    }
    let found = Found {
        prepare_seconds,
        prepare_peak_bytes,
        held_bytes,
        epoch_seconds: began.elapsed().as_secs_f64(),
        epoch_peak_bytes: watch.finish()?,
        mapped_bytes: memory("RssFile:")?,
        images,
    };
    output::print(&serde_json::to_string(&found)?)
}

fn prepared(home: &Path) -> anyhow::Result<Prepared> {
    let data = DataConfig {
        dataset: Dataset::Folder(home.join("photos")),
        split: SplitConfig::Drawn {
            open_identities: 0.1,
            closed_images: 0.1,
            validation_images: 0.1,
            seed: 0,
        },
        image_size: SIDE,
        colour: ColourMode::Rgb,
        augment: Augment::NONE,
    };
    let evaluation = EvaluationConfig { protocols: BTreeMap::new(), validation_pairs: 0 };
    Ok(prepare(&data, &evaluation, &home.join("cache"), &Silent)?)
}

fn epoch(prepared: &Prepared) -> anyhow::Result<Loader> {
    Ok(Loader::start(&prepared.images, &prepared.train, case::recipe(1, 1), 0)?)
}

/// A line of what Linux says of this process, in bytes.
fn memory(line: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")
        .context("memory is told apart by what Linux says of a process, which is not there")?;
    let number = status
        .lines()
        .find_map(|text| text.strip_prefix(line)?.split_whitespace().next()?.parse::<u64>().ok());
    match number {
        Some(kibibytes) => Ok(1024 * kibibytes),
        None => bail!("this system does not say `{line}` of a process"),
    }
}

/// Looks at anonymous memory again and again.
struct Watch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Watch {
    fn start() -> anyhow::Result<Self> {
        let (stop, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(memory("RssAnon:")?)));
        let (until, most) = (Arc::clone(&stop), Arc::clone(&peak));
        let thread = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                most.fetch_max(memory("RssAnon:").unwrap_or_default(), Ordering::Relaxed);
                thread::sleep(LOOK);
            }
        });
        Ok(Self { stop, peak, thread })
    }

    /// The most that there was.
    fn finish(self) -> anyhow::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        if self.thread.join().is_err() {
            bail!("the thread that looks at memory has failed");
        }
        Ok(self.peak.load(Ordering::Relaxed).max(memory("RssAnon:")?))
    }
}

pub(super) fn table(rows: &[Row]) -> Table {
    let columns = [
        ("images", "Images"),
        ("build_s", "s to decode and prepare"),
        ("build_mib", "Peak MiB"),
        ("prepare_s", "s to prepare again"),
        ("prepare_mib", "Peak MiB"),
        ("held", "Bytes an image, held"),
        ("epoch_mib", "MiB in an epoch beyond that"),
        ("mapped_mib", "MiB mapped"),
        ("images_per_second", "Images/s"),
    ];
    let columns = columns.map(|(key, title)| Column::new(key, title, Kind::Number)).to_vec();
    let mut table = Table::new("stream", "Memory by the number of images", columns);
    for Row { images, build, read } in rows {
        let number = |value: f64, decimals: usize| Cell::Number { value, decimals };
        let mebibytes = |bytes: u64| number(bytes as f64 / f64::from(1 << 20), 0);
        table.push(vec![
            Cell::Count((*images).into()),
            number(build.prepare_seconds, 1),
            mebibytes(build.prepare_peak_bytes),
            number(read.prepare_seconds, 1),
            mebibytes(read.prepare_peak_bytes),
            number(read.held_bytes as f64 / f64::from(*images), 0),
            mebibytes(read.epoch_peak_bytes.saturating_sub(read.held_bytes)),
            mebibytes(read.mapped_bytes),
            number(read.images as f64 / read.epoch_seconds, 0),
        ]);
    }
    table
}
