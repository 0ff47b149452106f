//! `arclab losses`.

use arclab_report::{Cell, Column, Kind, Table};
use arclab_spec::LossDescription;

use crate::output::{self, Output};

/// Prints the losses that specs can name, from the description that reads specs.
pub(crate) fn execute(output: Output) -> anyhow::Result<()> {
    let losses = arclab_spec::losses();
    let tables = [formulas(&losses), parameters(&losses)];
    output::print(&arclab_report::render(&tables, output.format))
}

fn formulas(losses: &[LossDescription]) -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let year = Column::new("year", "Year", Kind::Number);
    let columns = vec![
        text("loss", "Loss"),
        text("formula", "Logit of the own class, or term on pairs"),
        text("paper", "Paper"),
        year,
    ];
    let mut table = Table::new("losses", "Losses: `loss: {name: …}`", columns);
    for loss in losses {
        let [name, formula, paper] = [loss.name, loss.formula, loss.paper].map(Cell::text);
        table.push(vec![name, formula, paper, Cell::Count(loss.year.into())]);
    }
    let note = "θ is the angle between the embedding x and the centre of its class; the logit of another class j is \
                s·cos θⱼ, or ‖x‖·cos θⱼ of sphereface.";
    table.notes.push(note.to_owned());
    let note = "c₊ and d₊ are cosine and distance of two embeddings of one person, c₋ and d₋ of two people, each brought to \
                length 1. Losses with such terms compare the images of a batch with each other, and need `training: \
                {sampler: {images_each: 4}}`; proxy_anchor alone does not.";
    table.notes.push(note.to_owned());
    table
}

fn parameters(losses: &[LossDescription]) -> Table {
    let headings = [
        ("loss", "Loss"),
        ("parameter", "Parameter"),
        ("default", "Default"),
        ("range", "Range"),
        ("meaning", "Meaning"),
    ];
    let columns = headings.map(|(key, title)| Column::new(key, title, Kind::Text)).into();
    let mut table = Table::new("parameters", "Their parameters, beside `name`", columns);
    let of_all = arclab_spec::parameters_of_losses_on_centres();
    let own = losses.iter().flat_map(|loss| loss.parameters.iter().map(|one| (loss.name, one)));
    for (loss, one) in own.chain(of_all.iter().map(|one| ("all on class centres", one))) {
        table.push([loss, &one.key, &one.default, &one.range, &one.meaning].map(Cell::text).into());
    }
    table
}
