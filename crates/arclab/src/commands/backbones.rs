//! `arclab backbones`.

use arclab_report::{Cell, Column, Kind, Table};

use crate::output::{self, Output};

/// Prints the backbones that specs can name, from the description that reads specs.
pub(crate) fn execute(output: Output) -> anyhow::Result<()> {
    output::print(&table().render(output.format))
}

fn table() -> Table {
    let text = |key: &str, title: &str| Column::new(key, title, Kind::Text);
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let columns = vec![
        text("backbone", "Backbone"),
        number("image_size", "Image size"),
        number("embedding_size", "Embedding size"),
        number("parameters", "Parameters"),
        number("multiplications", "Multiplications"),
        text("dropout", "Dropout"),
        text("source", "Source"),
        number("year", "Year"),
    ];
    let mut table = Table::new("backbones", "Backbones: `model: {backbone: …}`", columns);
    for one in arclab_spec::backbones() {
        let sizes = [one.image_size, one.embedding_size].map(|size| Cell::Count(size.into()));
        let counts = [one.parameters, one.multiplications].map(Cell::Count);
        let words = [if one.has_dropout { "yes" } else { "no" }, one.source].map(Cell::text);
        let row = [Cell::text(one.name)].into_iter().chain(sizes).chain(counts).chain(words);
        table.push(row.chain([Cell::Count(one.year.into())]).collect());
    }
    let note = "Parameters, and multiplications (each with its addition) for an image, are at the sizes shown, which are \
                usual. All backbones take square images of 32 to 512 pixels, in multiples of 16, and give embeddings of 2 to \
                4096 numbers.";
    table.notes.push(note.to_owned());
    table
}
