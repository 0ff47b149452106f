//! What an earlier scheduler left behind: workers that live are adopted, the others settled from their journals.

use std::time::Duration;

use arclab_spec::{RunId, RunState};
use arclab_store::records::{AttemptRecord, Exit};

use crate::{
    Busy, GpuPlace, Progress, SchedulerError,
    follow::Follower,
    job::{Job, Watched, Worker},
    process,
    scheduler::{Session, now_ms},
    slurm::SlurmJob,
};

impl Session<'_> {
    /// Takes over all runs that the database calls running.
    pub(crate) async fn recover(&mut self) -> Result<(), SchedulerError> {
        for run in self.store().running().await.map_err(SchedulerError::Store)? {
            self.recover_one(run).await?;
        }
        Ok(())
    }

    pub(crate) async fn recover_one(&mut self, run: RunId) -> Result<(), SchedulerError> {
        let record = self.store().job(&run).await.map_err(SchedulerError::Store)?;
        let (RunState::Running { attempt }, Some(last)) = (record.state, &record.last_attempt) else {
            return Ok(());
        };
        let mut follower = Follower::new(self.store(), &run, record.journal_offset, attempt);
        follower.remember(last);
        if let Some(slurm) = last.job.as_deref().and_then(|job| job.parse::<SlurmJob>().ok()) {
            let mut watched = Watched::since(Duration::ZERO, record.request.time_limit_secs);
            if last.worker.is_some() {
                watched.sign_of_life();
            }
            let holds = Busy { threads: 0, memory_bytes: 0, gpu: None };
            let job = Job { run, attempt, holds, worker: Worker::Slurm(slurm), follower, watched };
            tracing::info!(run = %job.run, %attempt, "found a job of Slurm's");
            self.say_adopted(&job, last);
            self.jobs.push(job);
            return Ok(());
        }
        let lives = process::lives(follower.folder());
        let lives = lives.map_err(|source| SchedulerError::Worker { run: run.clone(), source })?;
        let memory_bytes = record.request.memory_bytes.unwrap_or(0);
        // As launched: the run may ask for another share by now.
        let gpu = last.gpu.map(|gpu| GpuPlace { gpu, share_bytes: last.gpu_memory_bytes });
        let holds = Busy { threads: last.threads, memory_bytes, gpu };
        // Nothing where the clock was set back.
        let before = Duration::from_millis(now_ms().saturating_sub(last.launched_ms));
        let mut watched = Watched::since(before, record.request.time_limit_secs);
        if !lives {
            // The machine may have been started anew.
            watched.excuse();
        }
        let worker = if lives { Worker::Adopted } else { Worker::Absent };
        let job = Job { run, attempt, holds, worker, follower, watched };
        if lives {
            tracing::info!(run = %job.run, %attempt, "adopted a worker that is at work");
            self.say_adopted(&job, last);
            self.jobs.push(job);
            return Ok(());
        }
        self.settle(job, Exit::default()).await
    }

    fn say_adopted(&self, job: &Job, last: &AttemptRecord) {
        let Some(worker) = &last.worker else { return };
        self.say(Progress::Started {
            run: job.run.clone(),
            attempt: job.attempt,
            adopted: true,
            device: worker.device.clone(),
            threads: last.threads,
            at: last.position.unwrap_or(worker.from),
            epochs: worker.epochs,
            steps: worker.steps,
        });
    }
}
