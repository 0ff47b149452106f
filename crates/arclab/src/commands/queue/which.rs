//! Which runs a command on the queue means.

use std::collections::BTreeSet;

use anyhow::bail;
use arclab_spec::{ExperimentName, RunId, VariantName};
use arclab_store::{Store, StoreError};
use clap::Args;

use crate::{named, output::Output};

/// Runs that are meant.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Which {
    /// Runs by their names, or variants with all their runs that this can be done with, whichever settings they were planned with.
    #[arg(value_name = "RUN")]
    names: Vec<String>,
    /// All runs that this can be done with.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// The experiment of the variants; without names, all of its runs.
    #[arg(long, value_name = "NAME")]
    experiment: Option<ExperimentName>,
}

/// Of which runs something can be asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Those at work and those that wait.
    InQueue,
    /// Those that were refused, too.
    Listed,
    /// Those that failed, were called off or were refused.
    Ended,
}

/// A run, and what it was first planned for.
type Found = (RunId, ExperimentName, VariantName);

impl Kind {
    async fn runs(self, store: &Store) -> Result<Vec<Found>, StoreError> {
        let lines = match self {
            Self::Ended => return store.ended_badly().await,
            Self::InQueue | Self::Listed => store.queue().await?.into_iter(),
        };
        let lines = lines.filter(|line| matches!(self, Self::Listed) || line.refused.is_none());
        Ok(lines.map(|line| (line.run, line.experiment, line.variant)).collect())
    }

    /// That there is none.
    fn none(self) -> &'static str {
        match self {
            Self::InQueue => "no such run is at work or waits",
            Self::Listed => "no such run is in the queue",
            Self::Ended => "no such run failed, was called off or was refused",
        }
    }
}

impl Which {
    /// Whether runs are meant for what they are, and not by their names.
    pub(super) fn is_whole(&self) -> bool {
        self.names.is_empty()
    }

    /// The runs that are meant; none only where they are meant for what they are, and that is said.
    pub(super) async fn runs(&self, store: &Store, kind: Kind, output: Output) -> anyhow::Result<Vec<RunId>> {
        let known = kind.runs(store).await?;
        if self.is_whole() {
            let runs = self.whole(store, known).await?;
            if runs.is_empty() {
                output.note(format_args!("nothing to do: {}", kind.none()));
            }
            return Ok(runs);
        }
        let (mut seen, mut runs) = (BTreeSet::new(), Vec::new());
        for name in &self.names {
            for run in self.called(store, name, &known, output).await? {
                if seen.insert(run.clone()) {
                    runs.push(run);
                }
            }
        }
        Ok(runs)
    }

    async fn called(
        &self,
        store: &Store,
        name: &str,
        known: &[Found],
        output: Output,
    ) -> anyhow::Result<Vec<RunId>> {
        if let Some(run) = named::run(store, name).await? {
            return Ok(vec![run.id]);
        }
        let variant = VariantName::new(name)?;
        let variants = std::slice::from_ref(&variant);
        let experiment = named::experiment(store, variants, self.experiment.as_ref(), output).await?;
        let newest = store.runs_of(&experiment, &variant).await?;
        let newest: Vec<RunId> = newest.into_iter().map(|run| run.id).collect();
        // Whatever was planned since, what was asked for before is in the queue under the same name.
        let is_of = |(run, of, its): &&Found| (of, its) == (&experiment, &variant) || newest.contains(run);
        let runs: Vec<RunId> = known.iter().filter(is_of).map(|(run, ..)| run.clone()).collect();
        // Where there is none, these are to say why not.
        Ok(if runs.is_empty() { newest } else { runs })
    }

    async fn whole(&self, store: &Store, known: Vec<Found>) -> anyhow::Result<Vec<RunId>> {
        if let Some(named) = &self.experiment
            && !store.experiments().await?.contains(named)
        {
            bail!("there is no experiment `{named}`; {}", named::known(store).await?);
        }
        let is_of = |(_, of, _): &Found| self.experiment.as_ref().is_none_or(|named| named == of);
        Ok(known.into_iter().filter(is_of).map(|(run, ..)| run).collect())
    }
}
