//! Carrying sweeps out: what is recorded of them, and an advisor of the scheduler that has them go on by their results.

mod results;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use arclab_scheduler::{Advised, Advisor};
use arclab_spec::{Cell, ExperimentName, Override, PlanHash, RunId, Search, Spec, VariantName};
use arclab_store::{Asker, Hold, Reach, Store, StoreError, Submission, SweepRecord};

use self::step::{Step, beyond_budget, limit, limit_afresh, step};
pub(crate) use self::{results::results, step::Limit};
use crate::{
    clock,
    output::Output,
    planning,
    submission::{self, Said},
    weights::Weights,
};

/// The sweeps that specs are parts of.
pub(crate) fn names(specs: &[Spec]) -> Vec<ExperimentName> {
    let mut seen = BTreeSet::new();
    let names = specs.iter().filter_map(|spec| Some(&spec.sweep.as_ref()?.sweep.name));
    // Specs of a folder are sorted, so that those of two sweeps stand in turns.
    names.filter(|name| seen.insert(*name)).cloned().collect()
}

/// Whether it is a part of a sweep that goes on by results.
pub(crate) fn compares(spec: &Spec) -> bool {
    let sweep = spec.sweep.as_ref().map(|part| &part.sweep);
    sweep.is_some_and(|sweep| sweep.stop.is_some() || matches!(sweep.search, Search::Tpe { .. }))
}

/// Records the sweeps of specs whose runs are planned.
pub(crate) async fn record(
    store: &Store,
    specs: &[Spec],
    overrides: &[Override],
) -> Result<Vec<SweepRecord>, StoreError> {
    let mut records = Vec::new();
    for name in names(specs) {
        let of_it = specs
            .iter()
            .filter_map(|spec| Some((spec, spec.sweep.as_ref().filter(|part| part.sweep.name == name)?)));
        let (against, cells): (Vec<_>, Vec<_>) = of_it.partition(|(_, part)| part.cell.is_none());
        let (Some((against, part)), Some((first, _))) = (against.first(), cells.first()) else { continue };
        let record = SweepRecord {
            sweep: part.sweep.clone(),
            file: first.folder.join(first.file.file_name().unwrap_or_default()),
            overrides: overrides.iter().map(ToString::to_string).collect(),
            against: against.name.clone(),
            cells: cells
                .iter()
                .filter_map(|(spec, part)| Some((spec.name.clone(), part.cell.clone()?)))
                .collect(),
        };
        store.record_sweep(&record, clock::now_ms()).await?;
        records.push(record);
    }
    Ok(records)
}

/// Has the sweeps of specs carried out, whose first runs are in the queue: a daemon would take those for called off that are not.
pub(crate) async fn open(store: &Store, specs: &[Spec]) -> Result<(), StoreError> {
    for name in names(specs) {
        store.open_sweep(&name).await?;
    }
    Ok(())
}

/// How far the runs of cells go, those that have ended `afresh`; a run that is also somebody else's, to the end.
pub(crate) async fn limits(
    store: &Store,
    sweeps: &[SweepRecord],
    afresh: bool,
) -> Result<BTreeMap<RunId, Limit>, StoreError> {
    let mut limits = BTreeMap::new();
    for record in sweeps {
        let runs = store.sweep_runs(record).await?;
        let beyond = beyond_budget(record, &runs);
        for run in &runs {
            let own = match () {
                () if run.variant == record.against => Limit::Whole,
                () if beyond.contains(&run.run) => Limit::Waits,
                () if afresh => limit_afresh(&record.sweep, run),
                () => limit(&record.sweep, run),
            };
            let known = limits.entry(run.run.clone()).or_insert(own);
            if own == Limit::Whole {
                *known = own;
            }
        }
    }
    Ok(limits)
}

/// The runs of sweeps that are being carried out.
pub(crate) async fn runs_at_work(store: &Store) -> Result<BTreeSet<RunId>, StoreError> {
    let mut runs = BTreeSet::new();
    for name in store.open_sweeps().await? {
        if let Some(record) = store.sweep(&name).await? {
            runs.extend(store.sweep_runs(&record).await?.into_iter().map(|run| run.run));
        }
    }
    Ok(runs)
}

/// Has sweeps go on by their results.
#[derive(Debug)]
pub(crate) struct Sweeper {
    store: Store,
    /// Which; all that are being carried out where absent.
    only: Option<Vec<ExperimentName>>,
    output: Output,
}

impl Advisor for Sweeper {
    fn advise(&mut self) -> Advised<'_> {
        Box::pin(async { self.go_on().await.map_err(Into::into) })
    }
}

impl Sweeper {
    pub(crate) fn new(store: &Store, only: Option<Vec<ExperimentName>>, output: Output) -> Self {
        Self { store: store.clone(), only, output }
    }

    /// Runs that are now to be carried out, too.
    pub(crate) async fn go_on(&self) -> anyhow::Result<Vec<RunId>> {
        let mut asked = Vec::new();
        for name in self.store.open_sweeps().await? {
            if self.only.as_ref().is_none_or(|only| only.contains(&name)) {
                // Until there is something to wait for: results of further cells may be known already.
                while let Some(runs) = self.go_on_with(&name).await? {
                    asked.extend(runs);
                }
            }
        }
        Ok(asked)
    }

    /// One step; none where there is nothing to do, or no more.
    async fn go_on_with(&self, name: &ExperimentName) -> anyhow::Result<Option<Vec<RunId>>> {
        let Some(record) = self.store.sweep(name).await? else { return Ok(None) };
        let runs = self.store.sweep_runs(&record).await?;
        let Step { go_on, hold, propose, is_over } = step(&record, &runs);
        for run in &hold {
            self.store.hold(run, Some(Hold::Search)).await?;
        }
        let submission = |(run, until_epoch): &(RunId, Option<u32>)| Submission {
            reach: until_epoch.map_or(Reach::End, Reach::Epoch),
            asker: Asker::Search,
            ..Submission::of(run.clone())
        };
        let submissions: Vec<_> = go_on.iter().map(submission).collect();
        self.store.submit(&submissions, clock::now_ms()).await?;
        let mut asked: Vec<RunId> = go_on.into_iter().map(|(run, _)| run).collect();
        if is_over {
            let held = runs.iter().filter(|run| run.held == Some(Hold::Search)).map(|run| run.run.clone());
            let stopped: Vec<RunId> = held.chain(hold).collect();
            self.store.close_sweep(name, &stopped).await?;
            return Ok(None);
        }
        if propose.is_empty() {
            return Ok(Some(asked).filter(|asked| !asked.is_empty()));
        }
        let further = self.further(&record, &propose).await.unwrap_or_else(|error| {
            self.output.error(format_args!("the sweep `{name}` takes no further cells: {error:#}"));
            None
        });
        match further {
            Some(runs) => asked.extend(runs),
            // The others come to their end by the rule, and the next step knows that nobody joins them.
            None => self.store.update_sweep(&without_further(record)).await?,
        }
        Ok(Some(asked))
    }

    /// Plans further cells and puts their runs in the queue; none where the search has tried all, or the budget allows no more.
    async fn further(&self, record: &SweepRecord, points: &[Vec<f64>]) -> anyhow::Result<Option<Vec<RunId>>> {
        let mut specs = further_cells(record, points)?;
        let is_new = |spec: &Spec| cell(spec).is_some_and(|(_, cell)| is_beyond(record, cell));
        if !specs.iter().any(is_new) {
            return Ok(None);
        }
        let weights = Weights::resolve(&mut specs, self.output)?;
        let drafts = planning::draft(&self.store, &specs, self.output)?;
        weights.refuse_seen(&specs, &self.store.cache())?;
        let (drafts, known): (Vec<_>, Vec<_>) = drafts.into_iter().partition(|draft| is_new(draft.spec));
        for draft in &known {
            let before = self.store.runs_of(&draft.spec.experiment, &draft.spec.name).await?;
            let before: BTreeSet<PlanHash> = before.into_iter().map(|run| run.plan).collect();
            if before != draft.plans().map(|plan| plan.hash()).collect() {
                bail!(
                    "{}, what it extends or its data is not what it was planned with: plan it again",
                    record.file.display()
                );
            }
        }
        let planned = planning::record(&self.store, &drafts, self.output).await?;
        let new: Vec<Spec> = specs.iter().filter(|spec| is_new(spec)).cloned().collect();
        let cells = new.iter().filter_map(cell).map(|(name, cell)| (name.clone(), cell.clone()));
        let cells = record.cells.iter().cloned().chain(cells).collect();
        let record = SweepRecord { cells, ..record.clone() };
        let sweeps = std::slice::from_ref(&record);
        let said = Said::default();
        let submissions = submission::submissions(&self.store, &new, &planned, sweeps, &said).await?;
        let runs = submission::submit(&self.store, &submissions, &said, clock::now_ms()).await?;
        // Last, so that whoever dies before it proposes the same cells again; they would count as called off before they are asked for.
        self.store.update_sweep(&record).await?;
        Ok(Some(runs))
    }
}

/// A sweep whose search has all the cells that it is to have.
fn without_further(mut record: SweepRecord) -> SweepRecord {
    if let Search::Tpe { cells, .. } = &mut record.sweep.search {
        *cells = record.cells.len() as u32;
    }
    record
}

/// Whether the search had not taken it yet.
fn is_beyond(record: &SweepRecord, cell: &Cell) -> bool {
    cell.number as usize >= record.cells.len()
}

fn cell(spec: &Spec) -> Option<(&VariantName, &Cell)> {
    Some((&spec.name, spec.sweep.as_ref()?.cell.as_ref()?))
}

/// What the sweep's file says of cells at `points`, and of what is to tell whether it still says the same: what cells are held against
/// and the first of them, which together are all that the file and those below it say.
fn further_cells(record: &SweepRecord, points: &[Vec<f64>]) -> anyhow::Result<Vec<Spec>> {
    let overrides: Vec<Override> =
        record.overrides.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let first = arclab_spec::read_sweep(&record.file, &overrides, &[])?.iter().filter_map(cell).count();
    let known = record
        .cells
        .iter()
        .skip(first)
        .map(|(_, cell)| cell.point.iter().map(|place| place.unwrap_or(0.5)).collect());
    let later: Vec<Vec<f64>> = known.chain(points.iter().cloned()).collect();
    let mut specs = arclab_spec::read_sweep(&record.file, &overrides, &later)?;
    for spec in &mut specs {
        spec.experiment = record.sweep.name.clone();
        if let Some(part) = &mut spec.sweep {
            part.sweep.name = record.sweep.name.clone();
        }
    }
    let is_same = specs.iter().filter_map(|spec| spec.sweep.as_ref()).all(|part| part.sweep == record.sweep);
    let cells: Vec<_> = specs.iter().filter_map(cell).collect();
    let goes_on = record.cells.iter().zip(&cells).all(|((name, _), (again, _))| name == *again);
    if !is_same || !goes_on || cells.len() < record.cells.len() {
        bail!("{} says something else than when it was planned: plan it again", record.file.display());
    }
    specs.retain(|spec| cell(spec).is_none_or(|(_, cell)| cell.number == 0 || is_beyond(record, cell)));
    Ok(specs)
}
