//! `arclab plan`.

use arclab_report::{Cell, Column, Format, Kind, Table};
use arclab_spec::{Membership, Override, Search, Spec, StopRule, Sweep};

use crate::{
    cli::PlanArgs,
    output::{self, Output},
    weights::Weights,
};

/// Prints what the specs would run. Reads no data but weights, and touches no store.
pub(crate) fn execute(arguments: &PlanArgs, output: Output) -> anyhow::Result<()> {
    let mut specs = arclab_spec::read_specs(&arguments.specs.specs, &arguments.specs.overrides)?;
    Weights::resolve(&mut specs, output)?;
    let text = match output.format {
        // A cell is too narrow for the differences: they follow, one below the other.
        Format::Text { .. } => {
            let overrides = &arguments.specs.overrides;
            table(&specs, false).render(output.format) + &set_for_all(overrides) + &differences(&specs)
        }
        Format::Markdown | Format::Csv | Format::Latex | Format::Json => {
            table(&specs, true).render(output.format)
        }
    };
    output::print(&text)
}

fn table(specs: &[Spec], with_changes: bool) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let mut columns = vec![
        text("experiment", "Experiment"),
        text("variant", "Variant"),
        text("extends", "Extends"),
        Column::new("runs", "Runs", Kind::Number),
        text("seeds", "Seeds"),
        text("protocols", "Protocols"),
    ];
    if with_changes {
        columns.extend([
            text("changes", "Changes"),
            text("expects", "Expects"),
            text("hypothesis", "Hypothesis"),
        ]);
    }
    let mut table = Table::new("plan", "What would run", columns);
    for spec in specs {
        let mut row = row(spec);
        if with_changes {
            row.extend([changes(spec), expects(spec), spec.hypothesis.clone()].map(Cell::Text));
        }
        table.push(row);
    }
    table
}

fn row(spec: &Spec) -> Vec<Cell> {
    let seeds: Vec<_> = spec.seeds.iter().map(u64::to_string).collect();
    let protocols: Vec<_> = spec.config.evaluation.protocols.keys().map(ToString::to_string).collect();
    vec![
        Cell::text(spec.experiment.as_str()),
        Cell::text(spec.name.as_str()),
        spec.parent.as_ref().map_or(Cell::Empty, |parent| Cell::text(parent.as_str())),
        Cell::Count(spec.seeds.len() as u64),
        Cell::text(seeds.join(", ")),
        Cell::text(protocols.join(", ")),
    ]
}

/// `loss.margin = 0.8`, of a variant that extends another one.
fn changes(spec: &Spec) -> String {
    let changes = spec.changes.iter().filter(|_| spec.parent.is_some());
    changes.map(|change| format!("{} = {}", change.key, change.to)).collect::<Vec<_>>().join(", ")
}

fn expects(spec: &Spec) -> String {
    spec.expect.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What no variant differs in, as all of them have it.
fn set_for_all(overrides: &[Override]) -> String {
    let set: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    if set.is_empty() { String::new() } else { format!("\nset for all: {}\n", set.join(", ")) }
}

/// How each variant differs from its parent, in full, and what it should teach.
fn differences(specs: &[Spec]) -> String {
    let mut lines = Vec::new();
    for (place, spec) in specs.iter().enumerate() {
        // Of a sweep's cells the axes say all.
        if let Some(Membership { sweep, cell: Some(_) }) = &spec.sweep {
            let is_of_it = |other: &Spec| {
                other.sweep.as_ref().is_some_and(|part| part.sweep.name == sweep.name && part.cell.is_some())
            };
            if !specs[..place].iter().any(is_of_it) {
                let cells: Vec<&Spec> = specs.iter().filter(|other| is_of_it(other)).collect();
                lines.extend(said_of_sweep(sweep, &cells));
            }
            continue;
        }
        // One line, and nothing that a terminal would obey.
        let hypothesis = spec.hypothesis.replace(char::is_control, " ");
        lines.push(format!("\n{}: {hypothesis}", spec.name));
        lines.extend(spec.expect.iter().map(|expectation| format!("  expects: {expectation}")));
        if let Some(parent) = &spec.parent {
            lines.push(match spec.changes.as_slice() {
                [] => format!("  comes to the same as {parent}"),
                _ => format!("  differs from {parent} in"),
            });
            lines.extend(spec.changes.iter().map(|change| format!("    {change}")));
        }
    }
    lines.join("\n") + "\n"
}

/// What a sweep goes through, and how much that is.
fn said_of_sweep(sweep: &Sweep, cells: &[&Spec]) -> Vec<String> {
    let hypothesis = cells.first().map(|spec| spec.hypothesis.replace(char::is_control, " "));
    let runs: usize = cells.iter().map(|spec| spec.seeds.len()).sum();
    let how = match sweep.search {
        Search::Grid => "a grid".to_owned(),
        Search::Random { .. } => "chance".to_owned(),
        Search::Sobol { .. } => "Sobol's sequence".to_owned(),
        Search::Tpe { cells, .. } => format!("what earlier ones show (these are the first of up to {cells})"),
    };
    let budget = [
        sweep.runs.map(|runs| format!("{runs} runs")),
        sweep.hours.map(|hours| format!("{hours} hours of work")),
    ];
    let budget: Vec<String> = budget.into_iter().flatten().collect();
    let budget = (!budget.is_empty()).then(|| format!("  within a budget of {}", budget.join(" and ")));
    let title = format!("\n{}: {}", sweep.name, hypothesis.unwrap_or_default());
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (s, of_runs) = (plural(cells.len()), plural(runs));
    let count = format!("  a sweep of {} cell{s} with {runs} run{of_runs}, by {how}, over", cells.len());
    let axes = sweep.axes.iter().map(|axis| format!("    {}: {}", axis.key, axis.written));
    let epochs = cells.iter().map(|spec| spec.config.training.epochs).max().unwrap_or(0);
    let stop = sweep.stop.map(|rule| {
        let rungs: Vec<String> = arclab_search::rungs(rule, epochs).iter().map(u32::to_string).collect();
        let who = match rule {
            StopRule::Asha { reduction, .. } => format!("the best one in {reduction}"),
            StopRule::Median { .. } => "whoever is not below the median".to_owned(),
        };
        format!("  of which, by validation pairs, {who} goes on after epoch {} of {epochs}", rungs.join(", "))
    });
    [title, count].into_iter().chain(axes).chain(stop).chain(budget).collect()
}
