//! One assignment from its data to its results.

use std::{path::Path, sync::Arc};

use arclab_data::{PairList, PrepareError, Prepared, prepare};
use arclab_metrics::ThresholdPolicy;
use arclab_nn::{
    Cuda, Kernels,
    checkpoint::{SaveError, save_tensors},
    heads::HeadMemory,
};
use arclab_spec::{Assignment, Event, Fingerprint, Position, ProtocolName, Started, run_folder};

use super::{AssignmentError, JournalError, Reporter, Stop, usage};
use crate::{
    data::{Logged, Pictures},
    device::{Device, NoDevice, seat_with_candle, seats_on_cpu, seats_on_gpus},
    model_card::ModelCard,
    training::{Ended, Seat, TrainError, Training},
    verification::{self, Stopped, VerifyError, WriteError},
};

/// An assignment with all that is needed to carry it out.
pub(super) struct Worker<'a> {
    pub(super) folder: &'a Path,
    pub(super) assignment: &'a Assignment,
    pub(super) report: &'a Reporter,
    pub(super) stop: &'a Stop,
}

/// Why a run ends without a result.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    #[error("failed to take the assignment")]
    Assignment(#[source] AssignmentError),
    #[error("failed to find a device")]
    Device(#[source] NoDevice),
    #[error("failed to prepare the data")]
    Data(#[source] PrepareError),
    #[error(
        "the data changed since the run was planned (planned {}, found {}): run it again, which plans anew",
        planned.short(), found.short()
    )]
    DataChanged { planned: Fingerprint, found: Fingerprint },
    #[error("training failed")]
    Train(#[source] TrainError),
    #[error("failed to find a threshold on the validation pairs")]
    Validate(#[source] VerifyError),
    #[error(
        "protocol `{0}` takes its threshold from validation, and there are no validation pairs: ask for some with \
         `evaluation.validation_pairs`, or use another `threshold`"
    )]
    NoValidationPairs(ProtocolName),
    #[error("failed to test on protocol `{protocol}`")]
    Test { protocol: ProtocolName, source: VerifyError },
    #[error("failed to keep the weights")]
    Weights(#[source] SaveError),
    #[error("failed to lay out the weights' metadata")]
    Card(#[source] serde_json::Error),
    #[error("failed to keep results")]
    Results(#[source] WriteError),
    #[error("failed to report")]
    Report(#[source] JournalError),
}

/// How a run ended without failing.
pub(super) struct Done {
    pub(super) ended: Ended,
    /// What tensors and workspaces held at most of the GPU's memory.
    pub(super) peak_gpu_memory_bytes: Option<u64>,
}

/// Asked to stop is an end and no failure.
enum Halt {
    Stopped,
    Failed(RunError),
}

impl Done {
    /// Where no GPU's memory was counted.
    fn beside_gpus(ended: Ended) -> Self {
        Self { ended, peak_gpu_memory_bytes: None }
    }
}

impl Worker<'_> {
    /// Prepares, trains, keeps the weights and tests.
    pub(super) fn carry_out(&self) -> Result<Done, RunError> {
        let device = Device::for_training(self.assignment.device, &self.assignment.plan.config.training)
            .map_err(RunError::Device)?;
        match device {
            Device::Cpu => self.carry_out_on("cpu", seats_on_cpu(self.assignment)).map(Done::beside_gpus),
            Device::Cuda => self.carry_out_on_gpus(seats_on_gpus(self.assignment).map_err(RunError::Device)?),
            Device::Candle => {
                let seats = seat_with_candle().map_err(RunError::Device)?;
                self.carry_out_on("cuda:0 through candle", seats).map(Done::beside_gpus)
            }
        }
    }

    fn carry_out_on_gpus(&self, seats: Vec<Seat<Cuda>>) -> Result<Done, RunError> {
        let gpus: Vec<_> = seats.iter().map(|seat| Arc::clone(&seat.device)).collect();
        let name = gpus.first().map_or("", |gpu| gpu.gpu().name());
        let ended = self.carry_out_on(&format!("cuda:0 {name}"), seats)?;
        let peak_gpu_memory_bytes = gpus.iter().map(|gpu| gpu.gpu().peak_memory()).max();
        Ok(Done { ended, peak_gpu_memory_bytes })
    }

    fn carry_out_on(&self, device: &str, seats: Vec<Seat<impl HeadMemory>>) -> Result<Ended, RunError> {
        let device = match seats.len() {
            1 => device.to_owned(),
            ranks => format!("{device}, {ranks} ranks"),
        };
        let data = self.data()?;
        let mut training =
            Training::begin(seats, self.folder, self.assignment, &data, self.report, self.stop)
                .map_err(RunError::Train)?;
        self.event(self.started(device, training.at(), training.steps()))?;
        if training.run().map_err(RunError::Train)? == Ended::Interrupted {
            return Ok(Ended::Interrupted);
        }
        let results = self.results(&training, &data);
        training.check_device(training.at().step).map_err(RunError::Train)?;
        match results {
            Ok(()) => Ok(Ended::Finished),
            Err(Halt::Stopped) => Ok(Ended::Interrupted),
            Err(Halt::Failed(error)) => Err(error),
        }
    }

    fn data(&self) -> Result<Prepared, RunError> {
        let plan = &self.assignment.plan;
        let data = prepare(&plan.config.data, &plan.config.evaluation, &self.assignment.cache, &Logged)
            .map_err(RunError::Data)?;
        if data.fingerprint != plan.data {
            return Err(RunError::DataChanged { planned: plan.data.clone(), found: data.fingerprint });
        }
        if data.validation_pairs.is_empty() {
            tracing::warn!("there are no validation pairs, so there is no validation accuracy");
        }
        Ok(data)
    }

    fn pictures<'d>(&self, data: &'d Prepared) -> Pictures<'d> {
        Pictures::new(&data.images, self.assignment.plan.config.data.colour)
    }

    fn started(&self, device: String, from: Position, steps: u64) -> Event {
        Event::Started(Started {
            pid: std::process::id(),
            host: usage::host(),
            device,
            threads: self.assignment.threads,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kernels: Kernels::best().name().to_owned(),
            from,
            epochs: self.assignment.plan.config.training.epochs,
            steps,
        })
    }

    /// The weights, and the result of each protocol.
    fn results(&self, training: &Training<'_, impl HeadMemory>, data: &Prepared) -> Result<(), Halt> {
        let model = training.model();
        let validated = verification::validate(model, self.pictures(data), &data.validation_pairs, self.stop)
            .map_err(|error| halt(error, RunError::Validate))?;
        let threshold = validated.map(|validation| validation.threshold);
        let card = ModelCard::new(self.assignment, threshold);
        let note = serde_json::to_string(&card).map_err(RunError::Card).map_err(Halt::Failed)?;
        save_tensors(&self.folder.join(run_folder::WEIGHTS), &model.network_tensors(), Some(&note))
            .map_err(|error| Halt::Failed(RunError::Weights(error)))?;
        for (protocol, list) in &data.protocols {
            self.test(protocol, list, training, self.pictures(data), threshold)?;
        }
        Ok(())
    }

    fn test(
        &self,
        protocol: &ProtocolName,
        list: &PairList,
        training: &Training<'_, impl HeadMemory>,
        pictures: Pictures<'_>,
        validation: Option<f64>,
    ) -> Result<(), Halt> {
        let policy: ThresholdPolicy = self.assignment.plan.config.evaluation.protocols[protocol].threshold;
        let no_pairs = || Halt::Failed(RunError::NoValidationPairs(protocol.clone()));
        let policy = policy.resolve(|| validation.ok_or_else(no_pairs))?;
        let tested = verification::test_pairs(training.model(), pictures, list, policy, self.stop)
            .map_err(|error| halt(error, |source| RunError::Test { protocol: protocol.clone(), source }))?;
        let (mode, model) = (protocol.as_str(), self.assignment.run.as_str());
        let scores = verification::scores_file(&tested, self.folder, mode)
            .and_then(|scores| {
                verification::predictions_file(&tested, pictures, self.folder, mode, model).map(|_| scores)
            })
            .map_err(|error| Halt::Failed(RunError::Results(error)))?;
        let event = Event::Evaluated {
            protocol: protocol.clone(),
            pair_list: list.fingerprint.clone(),
            evaluation: tested.evaluation,
            scores,
        };
        self.event(event).map_err(Halt::Failed)
    }

    fn event(&self, event: Event) -> Result<(), RunError> {
        self.report.event(event).map_err(RunError::Report)
    }
}

fn halt(error: VerifyError, failed: impl FnOnce(VerifyError) -> RunError) -> Halt {
    match error {
        VerifyError::Stopped(Stopped) => Halt::Stopped,
        other @ VerifyError::Evaluate(_) => Halt::Failed(failed(other)),
    }
}

#[cfg(test)]
mod tests;
