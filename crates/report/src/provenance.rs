//! Where the numbers of a report come from: runs, data and pair lists.

use std::collections::BTreeSet;

use arclab_spec::{Fingerprint, VariantName};
use arclab_store::records::{DataRecord, RunRecord};

use crate::{Cell, Column, Comparison, Kind, Part, Section, Table, comparison::title, history::run_word};

/// A run, and what it was trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct RunProvenance {
    /// The variant that it stands for.
    pub variant: VariantName,
    /// The run.
    pub run: RunRecord,
    /// Its data.
    pub data: DataRecord,
}

impl Comparison {
    /// The runs in their order, the data that they were trained on, and the pair lists that they were tested on. `written` says in
    /// sentences by what and when, and from which store.
    pub fn provenance(&self, written: impl Into<String>, runs: &[RunProvenance]) -> Section {
        let tables = [runs_table(runs), data_table(runs), self.lists_table()].map(Part::Table);
        Section::new("Provenance", written).with(tables)
    }

    fn lists_table(&self) -> Table {
        let columns = vec![
            Column::new("protocol", "Test", Kind::Text),
            Column::new("pairs", "Pairs", Kind::Number),
            Column::new("same", "Same person", Kind::Number),
            Column::new("different", "Different people", Kind::Number),
            Column::new("fingerprint", "Fingerprint", Kind::Text),
        ];
        let mut table = Table::new("pair-lists", "Pair lists", columns);
        for protocol in self.protocols() {
            let mut seen = BTreeSet::<&Fingerprint>::new();
            for result in self.results(protocol).filter(|result| seen.insert(&result.pair_list)) {
                let counts = result.evaluation.confusion;
                let same = counts.true_positives + counts.false_negatives;
                let numbers = [counts.pairs(), same, counts.pairs() - same].map(Cell::Count);
                let fingerprint = Cell::text(result.pair_list.as_str());
                table.push(
                    [Cell::text(title(protocol))].into_iter().chain(numbers).chain([fingerprint]).collect(),
                );
            }
        }
        table
    }
}

fn runs_table(runs: &[RunProvenance]) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let columns = vec![
        text("variant", "Variant"),
        Column::new("seed", "Seed", Kind::Number),
        text("run", "Run"),
        text("state", "State"),
        Column::new("duration_seconds", "Duration", Kind::Number),
        text("ended", "Ended (UTC)"),
        text("host", "Host"),
        text("device", "Device"),
        text("kernels", "Kernels"),
        text("version", "arclab"),
        text("git_commit", "Commit"),
        text("git_dirty", "Changed besides"),
        text("plan", "Plan"),
    ];
    let mut table = Table::new("runs", "Runs", columns);
    for run in runs {
        table.push(run_row(run));
    }
    table
}

fn run_row(RunProvenance { variant, run, .. }: &RunProvenance) -> Vec<Cell> {
    let attempt = run.last_attempt.as_ref();
    let worker = attempt.and_then(|attempt| attempt.worker.as_ref());
    let source = attempt.map(|attempt| &attempt.provenance);
    let text = |text: Option<&str>| text.map_or(Cell::Empty, Cell::text);
    vec![
        Cell::text(variant.as_str()),
        Cell::Count(run.seed),
        Cell::text(run.id.as_str()),
        Cell::text(run_word(run)),
        Cell::Seconds(run.duration_seconds),
        attempt.and_then(|attempt| attempt.end.as_ref()).map_or(Cell::Empty, |end| Cell::Time(end.at_ms)),
        text(worker.map(|worker| worker.host.as_str())),
        text(worker.map(|worker| worker.device.as_str())),
        text(worker.map(|worker| worker.kernels.as_str())),
        text(worker.map(|worker| worker.version.as_str())),
        text(source.and_then(|source| source.git_commit.as_deref())),
        text(source.and_then(|source| source.git_dirty).map(|dirty| if dirty { "yes" } else { "no" })),
        Cell::text(run.plan.as_str()),
    ]
}

fn data_table(runs: &[RunProvenance]) -> Table {
    let columns = vec![
        Column::new("data", "Data", Kind::Text),
        Column::new("runs", "Runs", Kind::Number),
        Column::new("fingerprint", "Fingerprint", Kind::Text),
    ];
    let mut table = Table::new("data", "Data", columns);
    let mut seen = BTreeSet::<&Fingerprint>::new();
    for RunProvenance { data, .. } in runs {
        if seen.insert(&data.fingerprint) {
            let count = runs.iter().filter(|run| run.data.fingerprint == data.fingerprint).count();
            let cells =
                [Cell::text(&data.summary), Cell::Count(count as u64), Cell::text(data.fingerprint.as_str())];
            table.push(cells.to_vec());
        }
    }
    table
}
