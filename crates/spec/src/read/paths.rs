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
        reading.report(Diagnostic::at(&node.place, message).help("write one path, without brackets"));
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::{Origin, SourceFile, parse};

    fn path(text: &str) -> Option<PathBuf> {
        let environment = |name: &str| (name == "DATA").then(|| "../data".to_owned());
        let origin = Origin::File(PathBuf::from("specs/deep/a.yaml"));
        let (node, _) = parse(&Arc::new(SourceFile { origin, text: text.to_owned() })).unwrap();
        let reading = Reading::new(&environment);
        let path = resolved(&reading, &node, "data.dataset.folder");
        assert_eq!(path.is_none(), reading.mistakes() == 1);
        path
    }

    #[test]
    fn a_path_is_relative_to_its_spec_and_a_variable_to_the_shell() {
        assert_eq!(path("faces"), Some(PathBuf::from("specs/deep/faces")));
        assert_eq!(path("\"${DATA}/faces\""), Some(PathBuf::from("../data/faces")));
        assert_eq!(path("/faces"), Some(PathBuf::from("/faces")));
    }

    #[test]
    fn a_variable_that_is_unset_or_no_name_is_a_mistake() {
        for text in ["\"${OTHER}/faces\"", "\"${}\"", "\"${A B}\"", "\"${DATA\"", "\"\""] {
            assert_eq!(path(text), None, "{text}");
        }
    }
}
