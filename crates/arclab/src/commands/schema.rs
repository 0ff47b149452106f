//! `arclab schema`.

use anyhow::Context as _;

use crate::output;

/// Prints the JSON Schema of specs.
pub(crate) fn execute() -> anyhow::Result<()> {
    let mut text =
        serde_json::to_string_pretty(&arclab_spec::json_schema()).context("failed to write the schema")?;
    text.push('\n');
    output::print(&text)
}
