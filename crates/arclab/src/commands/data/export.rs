//! `arclab data export`.

use std::path::Path;

use anyhow::bail;
use arclab_data::{Encoding, ExportForm, ExportRequest, Exported, export};
use arclab_report::{Cell, Column, Kind, Table};

use super::{EncodingName, ExportArgs, FormName, named};
use crate::{
    output::{self, Output},
    progress::DataProgress,
};

/// Files that are named of those left out.
const NAMED: usize = 3;

pub(super) fn execute(store: &Path, arguments: &ExportArgs, output: Output) -> anyhow::Result<()> {
    let source = named(&arguments.set, arguments.catalogue.as_deref())?;
    let encoding = match (arguments.encode, arguments.size) {
        (EncodingName::Keep, None) => Encoding::Keep,
        (EncodingName::Keep, Some(_)) => {
            bail!(
                "`--size` changes images, which `--encode keep` passes on as they are: write `--encode png`, too"
            )
        }
        (EncodingName::Png, size) => Encoding::Png { size },
    };
    let form = match arguments.form {
        FormName::Recordio => ExportForm::RecordIo,
        FormName::Folders => ExportForm::Folders,
        FormName::Bin => ExportForm::Verification,
    };
    let cache = store.join("cache");
    let (out, pairs) = (&arguments.out, arguments.pairs.as_deref());
    let request = ExportRequest { source: &source, form, out, encoding, pairs, cache: &cache };
    let progress = DataProgress::reading(output);
    let exported = export(&request, &progress);
    progress.finish();
    let exported = exported?;
    for file in exported.left_out.iter().take(NAMED) {
        output.note(format_args!("left out {}: {}", file.path.display(), file.reason));
    }
    output::print(&table(&exported, out).render(output.format))
}

fn table(exported: &Exported, out: &Path) -> Table {
    let columns = vec![
        Column::new("path", "Written", Kind::Text),
        Column::new("images", "Images", Kind::Number),
        Column::new("identities", "Identities", Kind::Number),
        Column::new("left_out", "Left out", Kind::Number),
    ];
    let mut table = Table::new("export", "What was written", columns);
    table.push(vec![
        Cell::text(out.display().to_string()),
        Cell::Count(exported.images as u64),
        Cell::Count(exported.identities as u64),
        Cell::Count(exported.left_out.len() as u64),
    ]);
    table
}
