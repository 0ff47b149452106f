//! Paths in specs: relative to the file they are written in, or to what the environment names.

use std::path::{Path, PathBuf};

use super::section::{Reading, written};
use crate::source::{Diagnostic, Node};

/// Environment variables, by name.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The absolute path that `node` means.
pub(super) fn read(reading: &Reading<'_>, node: &Node, key: &str) -> Option<PathBuf> {
    resolved(reading, node, key).map(|path| std::path::absolute(&path).unwrap_or(path))
}

/// The path that `node` means, relative to the current folder.
pub(super) fn resolved(reading: &Reading<'_>, node: &Node, key: &str) -> Option<PathBuf> {
    let Some(text) = node.scalar().filter(|text| !text.is_empty()) else {
        let message = format!("`{key}` must be a path, not `{}`", written(node));
        reading.report(Diagnostic::at(&node.place, message).help("write one path, such as `../faces`"));
        return None;
    };
    let expanded = expanded(text, reading.environment);
    let path = expanded.map_err(|wrong| {
        reading.report(Diagnostic::at(&node.place, wrong.message).help(wrong.help));
    });
    let path = path.ok()?;
    // What a person sets in a shell is meant from where the shell is, not from where the spec lies.
    let from_environment = text.starts_with("${");
    let folder = if from_environment { Path::new("") } else { node.place.source.origin.folder() };
    Some(folder.join(path))
}

struct Unexpanded {
    message: String,
    help: String,
}

/// `text` with each `${NAME}` replaced.
fn expanded(text: &str, environment: Environment<'_>) -> Result<String, Unexpanded> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else {
            return Err(Unexpanded {
                message: "`${` is not closed".to_owned(),
                help: "write `${NAME}`, such as `${ARCLAB_DATA}`".to_owned(),
            });
        };
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return Err(Unexpanded {
                message: "this is no environment variable".to_owned(),
                help: "write `${NAME}` with letters, digits and `_`, such as `${ARCLAB_DATA}`".to_owned(),
            });
        }
        let Some(value) = environment(name).filter(|value| !value.is_empty()) else {
            return Err(Unexpanded {
                message: format!("the environment variable `{name}` is not set"),
                help: format!("set it to what is meant: `export {name}=/path/to/folder`"),
            });
        };
        out = out + before + &value;
        rest = after;
    }
    Ok(out + rest)
}
