//! The training loop: steps, epochs, their numbers, and checkpoints between them.

mod feed;
mod meters;
mod model;
mod objective;
mod saved;
mod team;
mod together;

use std::{path::Path, sync::Arc, time::Instant};

use arclab_data::{LoaderError, Prepared};
use arclab_metrics::EvaluateError;
use arclab_nn::{
    GpuError, ShapeError, checkpoint::SaveError, heads::HeadMemory, ranks::RankError, schedule::Schedule,
};
use arclab_spec::{
    Assignment, Event, Position,
    config::{CUDA_CONTEXT_BYTES, InitialWeights},
};

pub(crate) use model::Model;
pub(crate) use team::{Seat, Team};

use crate::{
    data::{Pictures, loader},
    run::{JournalError, Reporter, Stop},
    settings,
    start::{Start, StartError},
    verification::{self, Stopped, VerifyError},
};
use feed::Feed;
use meters::{EpochSums, Metrics, StepNumbers};
use saved::ResumeError;
pub(crate) use saved::Saved;

/// A run's training, at some step.
pub(crate) struct Training<'a, B: HeadMemory> {
    folder: &'a Path,
    assignment: &'a Assignment,
    data: &'a Prepared,
    report: &'a Reporter,
    stop: &'a Stop,
    model: Team<B>,
    batches: Feed<B>,
    schedule: Schedule,
    at: Position,
    sums: EpochSums,
    /// Where the checkpoint on the disk stands.
    saved: Option<Position>,
}

/// How a part of a run ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All of it is done.
    Finished,
    /// Asked to stop: a checkpoint holds what was done.
    Interrupted,
}

/// Why training cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrainError {
    #[error("failed to build the network")]
    Build(#[source] ShapeError),
    #[error("failed to begin as the spec says")]
    Start(#[source] Box<StartError>),
    #[error("failed to go on from a checkpoint (`arclab run --force` begins the run again without one)")]
    Resume(#[source] ResumeError),
    #[error("failed to make batches")]
    Load(#[source] LoaderError),
    #[error("the loader ended before step {0}: a thread of it has panicked")]
    NoBatch(u64),
    #[error(
        "{what} of step {step} is not finite, at a learning rate of {learning_rate}: lower \
         `optimizer.learning_rate`, clip with `optimizer.clip_norm`, or warm up for longer"
    )]
    NotFinite { what: String, step: u64, learning_rate: f64 },
    #[error("the GPU{} failed at step {step}", of_share(*share_bytes))]
    Gpu { step: u64, share_bytes: Option<u64>, source: GpuError },
    #[error("one of the ranks (`training.ranks`) failed at step {step}")]
    Rank { step: u64, source: RankError },
    #[error("failed to keep a checkpoint")]
    Save(#[source] SaveError),
    #[error("failed to report")]
    Report(#[source] JournalError),
    #[error("failed to validate")]
    Validate(#[source] VerifyError),
}

impl<'a, B: HeadMemory> Training<'a, B> {
    /// Training at its start, or at the checkpoint of an earlier attempt.
    pub(crate) fn begin(
        seats: Vec<Seat<B>>,
        folder: &'a Path,
        assignment: &'a Assignment,
        data: &'a Prepared,
        report: &'a Reporter,
        stop: &'a Stop,
    ) -> Result<Self, TrainError> {
        let config = &assignment.plan.config;
        // A batch that several ranks share is handed to none of them ahead.
        let alone = match seats.as_slice() {
            [seat] => Some(Arc::clone(&seat.device)),
            _ => None,
        };
        let (model, from) = model(seats, folder, assignment, data)?;
        if let Some(note) = objective::sampling_note(&assignment.config(), data.identities.len()) {
            tracing::warn!("{note}");
        }
        let (at, sums) = from.unwrap_or_default();
        report.at(at);
        let leaves_changes = alone.as_ref().is_some_and(|device| device.changes_images());
        let batches = loader(assignment, data, leaves_changes, at.step).map_err(TrainError::Load)?;
        let batches = Feed::new(alone, batches, config.data.image_size as usize);
        let (steps, epochs) = (batches.steps_per_epoch(), config.training.epochs);
        let schedule = settings::schedule(&config.schedule, config.optimizer, steps, epochs);
        let saved = from.map(|(at, _)| at);
        Ok(Self { folder, assignment, data, report, stop, model, batches, schedule, at, sums, saved })
    }

    /// Steps done.
    pub(crate) fn at(&self) -> Position {
        self.at
    }

    /// Steps in all.
    pub(crate) fn steps(&self) -> u64 {
        self.schedule.total_steps
    }

    /// The model as it is now.
    pub(crate) fn model(&self) -> &Model<B> {
        self.model.first()
    }

    /// Trains to the end, or to where this attempt is to stop, or until asked to.
    pub(crate) fn run(&mut self) -> Result<Ended, TrainError> {
        while self.at.epoch < self.assignment.plan.config.training.epochs {
            let is_far_enough = self.assignment.until_epoch.is_some_and(|until| self.at.epoch >= until);
            let ended = if is_far_enough { Ended::Interrupted } else { self.epoch()? };
            if ended == Ended::Interrupted {
                self.save()?;
                return Ok(Ended::Interrupted);
            }
        }
        Ok(Ended::Finished)
    }

    fn epoch(&mut self) -> Result<Ended, TrainError> {
        match self.steps_of_epoch()? {
            Ended::Finished => self.end_epoch(),
            Ended::Interrupted => Ok(Ended::Interrupted),
        }
    }

    /// What is left of the present epoch.
    fn steps_of_epoch(&mut self) -> Result<Ended, TrainError> {
        let end = (u64::from(self.at.epoch) + 1) * self.batches.steps_per_epoch();
        while self.at.step < end {
            if self.stop.is_asked() {
                return Ok(Ended::Interrupted);
            }
            self.step()?;
        }
        Ok(Ended::Finished)
    }

    fn step(&mut self) -> Result<(), TrainError> {
        let waiting = Instant::now();
        let batch = self.batches.next().ok_or(TrainError::NoBatch(self.at.step + 1))?;
        let waited = waiting.elapsed();
        let rate = self.schedule.rate(self.at.step);
        let ahead = || self.batches.look_ahead();
        let mut numbers = self.model.step_while(batch.pixels(), batch.labels(), self.at.step, rate, ahead);
        numbers.times.data += waited;
        self.check_device(self.at.step + 1)?;
        let is_left_out =
            numbers.loss.is_finite() && !numbers.gradient_norm.is_finite() && self.model.forgives_overflow();
        if is_left_out {
            // Its numbers say nothing, and the next one's loss is scaled less.
            self.at.step += 1;
            self.sums.leave_out();
            self.report.at(self.at);
            return Ok(());
        }
        self.check(&numbers)?;
        self.at.step += 1;
        self.sums.add(&numbers);
        self.report.at(self.at);
        let log_every = u64::from(self.assignment.plan.config.training.log_every.max(1));
        if self.at.step.is_multiple_of(log_every) {
            self.event(Event::Step { at: self.at, metrics: numbers.metrics() })?;
        }
        Ok(())
    }

    /// Before numbers are believed: those of a device that failed are none.
    pub(crate) fn check_device(&self, step: u64) -> Result<(), TrainError> {
        let share_bytes = self.assignment.gpu_memory_bytes;
        // First, as it knows which rank it was.
        self.model.check_ranks().map_err(|source| TrainError::Rank { step, source })?;
        self.model.check().map_err(|source| TrainError::Gpu { step, share_bytes, source })
    }

    fn check(&self, numbers: &StepNumbers) -> Result<(), TrainError> {
        for (what, value) in [("loss", numbers.loss), ("gradient", numbers.gradient_norm)] {
            if !value.is_finite() {
                return Err(self.not_finite(format!("the {what} ({value})"), self.at.step + 1));
            }
        }
        Ok(())
    }

    fn not_finite(&self, what: String, step: u64) -> TrainError {
        TrainError::NotFinite { what, step, learning_rate: self.schedule.rate(step.saturating_sub(1)) }
    }

    /// Validates, reports, and only then saves: a checkpoint is never ahead of the journal.
    fn end_epoch(&mut self) -> Result<Ended, TrainError> {
        let mut metrics = self.sums.means();
        let pictures = Pictures::new(&self.data.images, self.assignment.plan.config.data.colour);
        let validated =
            verification::validate(self.model(), pictures, &self.data.validation_pairs, self.stop);
        self.check_device(self.at.step)?;
        match validated {
            Err(VerifyError::Stopped(Stopped)) => return Ok(Ended::Interrupted),
            Err(VerifyError::Evaluate(EvaluateError::NotFinite { score, .. })) => {
                return Err(self.not_finite(format!("a validation score ({score})"), self.at.step));
            }
            validated => metrics.extend(validation_metrics(validated.map_err(TrainError::Validate)?)),
        }
        self.at.epoch += 1;
        self.sums = EpochSums::default();
        self.report.at(self.at);
        self.event(Event::Epoch { at: self.at, metrics })?;
        self.save()?;
        Ok(Ended::Finished)
    }

    fn save(&mut self) -> Result<(), TrainError> {
        if self.saved == Some(self.at) {
            return Ok(());
        }
        self.report.sync().map_err(TrainError::Report)?;
        let saved = saved::save(self.folder, self.assignment, &mut self.model, self.at, self.sums);
        self.check_device(self.at.step)?;
        match saved {
            // Running statistics overflow before the loss does.
            Err(SaveError::NotFinite { name, .. }) => {
                return Err(self.not_finite(format!("tensor `{name}`"), self.at.step));
            }
            saved => saved.map_err(TrainError::Save)?,
        }
        self.saved = Some(self.at);
        self.event(Event::Checkpoint { at: self.at })
    }

    fn event(&self, event: Event) -> Result<(), TrainError> {
        self.report.event(event).map_err(TrainError::Report)
    }
}

/// `, of which this run has 4.00 GiB,`.
fn of_share(bytes: Option<u64>) -> String {
    let gib = |bytes: u64| format!("{:.2} GiB", bytes as f64 / f64::from(1 << 30));
    let share = bytes.map(|bytes| {
        let [share, cuda] = [bytes, CUDA_CONTEXT_BYTES].map(gib);
        format!(", of which this run has a share of {share} (up to {cuda} of it CUDA's own),")
    });
    share.unwrap_or_default()
}

fn validation_metrics(validated: Option<verification::Validation>) -> Metrics {
    let pairs = validated.into_iter();
    pairs
        .flat_map(|v| [("validation_accuracy", v.accuracy), ("validation_threshold", v.threshold)])
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Where a checkpoint stands, and the sums of the epoch that is under way.
type Reached = (Position, EpochSums);

/// The model as it begins, or as a checkpoint has it. Where there are checkpoints and none can be used, a person
/// decides: beginning anew would throw away what may be days of work.
fn model<B: HeadMemory>(
    seats: Vec<Seat<B>>,
    folder: &Path,
    assignment: &Assignment,
    data: &Prepared,
) -> Result<(Team<B>, Option<Reached>), TrainError> {
    let (config, plan, classes) = (assignment.config(), &assignment.plan, data.identities.len());
    let mut model = Team::new(seats, &config, classes, plan.seed).map_err(TrainError::Build)?;
    model.freeze(&config).map_err(|error| TrainError::Start(error.into()))?;
    let from = saved::resume(folder, assignment, &mut model).map_err(TrainError::Resume)?;
    if let (None, Some(init)) = (&from, &plan.config.start.init) {
        begin(&mut model, init, assignment, data).map_err(|error| TrainError::Start(error.into()))?;
    }
    Ok((model, from))
}

/// Has `model` begin with the weights of `init`.
fn begin(
    model: &mut Team<impl HeadMemory>,
    init: &InitialWeights,
    assignment: &Assignment,
    data: &Prepared,
) -> Result<(), StartError> {
    let start = Start::load(init, &assignment.plan.config)?;
    let not_checked = start.refuse_seen(data, &assignment.cache)?;
    model.begin(&start)?;
    start.notes.iter().for_each(|note| tracing::info!("{note}"));
    for note in not_checked {
        tracing::warn!("{note}");
    }
    tracing::info!(content = start.content.as_str(), "began with the weights of {}", init.file.display());
    Ok(())
}
