//! Progress of long work on standard error: bars on a terminal, plain lines elsewhere, nothing if quiet.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _},
    sync::Mutex,
    time::Duration,
};

use arclab_scheduler::{Memory, Progress, Refusal};
use arclab_spec::{Position, RunId, Usage};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::output::Output;

const DATA_BAR: &str = "{spinner} {msg}  {wide_bar} {pos}/{len}  {eta} left";
const FETCH_BAR: &str = "{spinner} {msg}  {wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
const RUN_BAR: &str = "{prefix:24!} {wide_bar} {pos:>6}/{len} {msg:42!} {eta:>4} left";

/// Whether bars can be drawn.
fn draws(output: Output) -> bool {
    output.notes && io::stderr().is_terminal()
}

fn target(output: Output) -> ProgressDrawTarget {
    if draws(output) { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

/// Takes a bar away, if there is one.
fn clear(bar: &Mutex<Option<ProgressBar>>) {
    if let Some(bar) = bar.lock().ok().and_then(|mut bar| bar.take()) {
        bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

/// Progress of preparing data.
pub(crate) struct DataProgress {
    output: Output,
    /// What is done to the images.
    doing: &'static str,
    bar: Mutex<Option<ProgressBar>>,
}

impl DataProgress {
    /// Shows nothing until there is something to do.
    pub(crate) fn new(output: Output) -> Self {
        Self { output, doing: "preparing", bar: Mutex::new(None) }
    }

    /// Of images that are only looked at or passed on.
    pub(crate) fn reading(output: Output) -> Self {
        Self { doing: "reading", ..Self::new(output) }
    }

    /// Of photos that are brought to the template.
    pub(crate) fn aligning(output: Output) -> Self {
        Self { doing: "aligning", ..Self::new(output) }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        clear(&self.bar);
    }

    fn begin(&self, what: &str, total: usize) -> ProgressBar {
        if !draws(self.output) {
            self.output.note(format_args!("{} {total} images of {what}", self.doing));
        }
        ProgressBar::with_draw_target(Some(total as u64), target(self.output))
            .with_style(style(DATA_BAR))
            .with_message(format!("{} {what}", self.doing))
    }
}

impl arclab_data::Progress for DataProgress {
    fn images(&self, what: &str, done: usize, total: usize) {
        let Ok(mut bar) = self.bar.lock() else { return };
        if bar.as_ref().is_some_and(|bar| bar.length() != Some(total as u64)) {
            bar.take().iter().for_each(ProgressBar::finish_and_clear);
        }
        bar.get_or_insert_with(|| self.begin(what, total)).set_position(done as u64);
    }
}

/// Progress of things that are counted.
pub(crate) struct CountProgress {
    bar: ProgressBar,
}

impl CountProgress {
    /// Shows nothing until there is something to do.
    pub(crate) fn new(doing: &'static str, output: Output) -> Self {
        let bar = ProgressBar::with_draw_target(None, target(output)).with_style(style(DATA_BAR));
        Self { bar: bar.with_message(doing) }
    }

    /// So many are done, of so many.
    pub(crate) fn show(&self, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Progress of files that come from elsewhere.
pub(crate) struct FetchProgress {
    output: Output,
    bar: Mutex<Option<ProgressBar>>,
}

impl FetchProgress {
    pub(crate) fn new(output: Output) -> Self {
        Self { output, bar: Mutex::new(None) }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        clear(&self.bar);
    }

    fn begin(&self, name: &str, done: u64, total: u64) -> ProgressBar {
        let bar =
            ProgressBar::with_draw_target(Some(total), target(self.output)).with_style(style(FETCH_BAR));
        // What an earlier time brought says nothing of the speed: it is counted, and then forgotten.
        bar.set_position(done);
        bar.tick();
        bar.reset_eta();
        bar.with_message(name.to_owned())
    }
}

impl arclab_fetch::Progress for FetchProgress {
    fn bytes(&self, name: &str, done: u64, total: u64) {
        let Ok(mut bar) = self.bar.lock() else { return };
        if bar.as_ref().is_some_and(|bar| bar.message() != name) {
            bar.take().iter().for_each(ProgressBar::finish_and_clear);
        }
        bar.get_or_insert_with(|| self.begin(name, done, total)).set_position(done);
    }

    fn hindered(&self, name: &str, what: &str) {
        let say = || self.output.note(format_args!("{name}: {what}"));
        match self.bar.lock().ok().as_ref().and_then(|bar| bar.as_ref()) {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }
}

/// Progress of runs: a bar for each that is at work.
pub(crate) struct RunProgress {
    output: Output,
    all: MultiProgress,
    bars: BTreeMap<RunId, Shown>,
    /// None where more may come.
    total: Option<usize>,
    ended: usize,
}

/// One run's bar, and what was last heard of it.
struct Shown {
    bar: ProgressBar,
    epoch: u32,
    loss: Option<f64>,
    images_per_second: Option<f64>,
}

impl RunProgress {
    /// For `total` runs; for what comes where absent.
    pub(crate) fn new(output: Output, total: Option<usize>) -> Self {
        let all = MultiProgress::with_draw_target(target(output));
        Self { output, all, bars: BTreeMap::new(), total, ended: 0 }
    }

    /// Shows what happens until nothing more can.
    pub(crate) async fn listen(mut self, mut events: UnboundedReceiver<Progress>) {
        while let Some(event) = events.recv().await {
            self.show(&event);
        }
    }

    /// Shows what happened.
    pub(crate) fn show(&mut self, progress: &Progress) {
        match progress {
            Progress::Launched { .. }
            | Progress::Evaluated { .. }
            | Progress::Stopping { workers: 0 }
            | Progress::Killing { workers: 0 } => {}
            Progress::Started { run, device, threads, at, steps, adopted, .. } => {
                let how = if *adopted {
                    "found at work"
                } else if at.step > 0 {
                    "goes on"
                } else {
                    "begins"
                };
                self.line(format_args!(
                    "{run}: {how} on {device}, {threads} thread{}",
                    if *threads == 1 { "" } else { "s" }
                ));
                self.begin(run, *steps, *at);
            }
            Progress::Position { run, at, epochs, steps, loss, images_per_second } => {
                self.position(run, *at, (*epochs, *steps), *loss, *images_per_second);
            }
            Progress::Submitted { runs, job } => match &runs[..] {
                [only] => self.line(format_args!("{only}: handed in to Slurm as job {job}_0")),
                all => self.line(format_args!("{} runs handed in to Slurm as job {job}", all.len())),
            },
            Progress::Cluster { message } => self.line(format_args!("{message}")),
            Progress::Finished { run, used } => {
                self.end(run, &format!("done{}", used.map(shown_usage).unwrap_or_default()));
            }
            Progress::Failed { run, failure, .. } => self.end_badly(run, "failed", &failure.message),
            Progress::Refused { run, reason: Refusal::Cancelled } => self.end(run, "called off"),
            Progress::Refused { run, reason } => self.end_badly(run, "refused", &reason.to_string()),
            Progress::Paused { run, epochs } => self.pause(run, *epochs),
            Progress::Interrupted { run, is_paused: true, .. } => {
                self.end(run, "paused; `arclab queue resume` lets it go on from here");
            }
            Progress::Interrupted { run, .. } => self.end(run, "stopped; the same command goes on from here"),
            Progress::Retrying { run, attempt, failure, parts: Some(parts) } => self.line(format_args!(
                "{run}: attempt {attempt} ran out of memory ({}), going on with each batch in {parts} parts, whose statistics batch norm takes",
                failure.message
            )),
            Progress::Retrying { run, attempt, failure, parts: None } => {
                self.line(format_args!("{run}: attempt {attempt} died ({}), trying again", failure.message));
            }
            Progress::MemoryFull { run, memory, asked_bytes, free_bytes } => {
                let (of, key) = match memory {
                    Memory::Machine => ("", "memory"),
                    Memory::Gpu => (" of a GPU", "gpu_memory"),
                };
                let [asked, free] = [asked_bytes, free_bytes].map(|bytes| gibibytes(*bytes));
                self.line(format_args!(
                    "{run} waits for other programs to free memory{of}: it asks for {asked} (`resources.{key}`), and {free} are free, which a smaller share may fit"
                ));
            }
            Progress::Stopping { workers } => {
                self.line(format_args!("stopping {workers} after a checkpoint; Ctrl-C again stops at once"));
            }
            Progress::Killing { workers } => self.line(format_args!("stopping {workers} at once")),
        }
    }

    /// A line above the bars.
    fn line(&self, line: std::fmt::Arguments<'_>) {
        if draws(self.output) {
            // A lost line of progress is not worth an error.
            let _ = self.all.println(line.to_string());
        } else {
            self.output.note(line);
        }
    }

    fn begin(&mut self, run: &RunId, steps: u64, at: Position) {
        let bar = ProgressBar::new(steps).with_style(style(RUN_BAR)).with_prefix(run.to_string());
        let bar = self.all.add(bar);
        bar.set_position(at.step);
        // From here, so that the time left is not judged by steps of an earlier attempt.
        bar.reset_eta();
        bar.enable_steady_tick(Duration::from_secs(1));
        let shown = Shown { bar, epoch: at.epoch, loss: None, images_per_second: None };
        if let Some(old) = self.bars.insert(run.clone(), shown) {
            old.bar.finish_and_clear();
        }
    }

    fn position(
        &mut self,
        run: &RunId,
        at: Position,
        (epochs, steps): (u32, u64),
        loss: Option<f64>,
        speed: Option<f64>,
    ) {
        if !self.bars.contains_key(run) {
            self.begin(run, steps, at);
        }
        let Position { epoch, step } = at;
        let Some(shown) = self.bars.get_mut(run) else { return };
        shown.loss = loss.or(shown.loss);
        shown.images_per_second = speed.or(shown.images_per_second);
        // Neither is known of runs that a daemon carries out.
        let loss = shown.loss.map(|loss| format!("loss {loss:.3}"));
        let speed = shown.images_per_second.map(|speed| format!("{speed:.0} images/s"));
        let epoch_of = format!("epoch {epoch} of {epochs}");
        let known: Vec<String> = std::iter::once(epoch_of).chain(loss).chain(speed).collect();
        shown.bar.set_length(steps);
        shown.bar.set_position(step);
        shown.bar.set_message(known.join("  "));
        let new_epoch = shown.epoch != epoch;
        shown.epoch = epoch;
        if new_epoch && !draws(self.output) {
            self.line(format_args!("{run}: {}", known.join(", ")));
        }
    }

    /// It may go on, or be stopped early: nothing has ended.
    fn pause(&mut self, run: &RunId, epochs: u32) {
        if let Some(shown) = self.bars.remove(run) {
            shown.bar.finish_and_clear();
        }
        self.line(format_args!("{run}: compared with others after epoch {epochs}"));
    }

    /// Where there is an end, why is said there, below everything else.
    fn end_badly(&mut self, run: &RunId, how: &str, why: &str) {
        let has_end = self.total.is_some();
        match why.lines().next().filter(|_| !has_end) {
            Some(why) => self.end(run, &format!("{how}: {why}")),
            None => self.end(run, how),
        }
    }

    fn end(&mut self, run: &RunId, how: &str) {
        if let Some(shown) = self.bars.remove(run) {
            shown.bar.finish_and_clear();
        }
        self.ended += 1;
        let of = self.total.map(|total| format!("/{total}")).unwrap_or_default();
        self.line(format_args!("[{}{of}] {run}: {how}", self.ended));
    }
}

/// ` in 12.3 s, 1.5 GiB of GPU memory at most`.
fn shown_usage(used: Usage) -> String {
    let gpu = used.peak_gpu_memory_bytes;
    let gpu = gpu.map(|bytes| format!(", {} of GPU memory at most", gibibytes(bytes))).unwrap_or_default();
    format!(" in {}{gpu}", arclab_report::shown_seconds(used.wall_seconds))
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}
