//! `extends`: a spec and all that it rests on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::section::Reading;
use crate::source::{Diagnostic, Node, Place, SourceFile, parse};

/// A spec's document and those it extends, the furthest first. Never empty.
pub(super) struct Chain {
    pub(super) links: Vec<Link>,
}

pub(super) struct Link {
    pub(super) file: PathBuf,
    pub(super) document: Node,
}

impl Chain {
    /// The spec itself.
    pub(super) fn own(&self) -> &Link {
        self.links.last().expect("a chain begins with a spec")
    }

    /// The document of everything that is extended, merged.
    pub(super) fn parents(&self) -> Option<Node> {
        let (_, parents) = self.links.split_last()?;
        parents.iter().map(|link| link.document.clone()).reduce(|below, above| below.merged(above, ""))
    }
}

/// Reads `file` and what it extends; reports what hinders that.
pub(super) fn load(file: &Path, reading: &Reading<'_>) -> Option<Chain> {
    let mut links: Vec<Link> = Vec::new();
    let mut next = Some((file.to_owned(), None));
    while let Some((file, from)) = next {
        let link = match open(&file, from.as_ref(), &links) {
            Ok(link) => link,
            Err(diagnostic) => {
                reading.report(diagnostic);
                return None;
            }
        };
        next = extended(&link, reading).map(|(file, place)| (file, Some(place)));
        links.push(link);
    }
    links.reverse();
    Some(Chain { links })
}

/// Reads one document; `from` is where it was named.
fn open(file: &Path, from: Option<&Place>, so_far: &[Link]) -> Result<Link, Diagnostic> {
    let complain = |message: String| match from {
        Some(place) => Diagnostic::at(place.clone(), format!("{}: {message}", file.display())),
        None => Diagnostic::of_file(file.display(), message),
    };
    let same = |link: &Link| fs::canonicalize(&link.file).ok() == fs::canonicalize(file).ok();
    if file.exists() && so_far.iter().any(same) {
        let names =
            so_far.iter().map(|link| link.file.display().to_string()).chain([file.display().to_string()]);
        let names: Vec<_> = names.collect();
        let place = from.expect("a repeated file was named by another");
        return Err(Diagnostic::at(
            place.clone(),
            format!("`extends` goes in a circle: {}", names.join(" → ")),
        )
        .help("one of these must not extend the next"));
    }
    let source = SourceFile::read(file).map_err(complain)?;
    Ok(Link { file: file.to_owned(), document: parse(&source)? })
}

/// The file that a document extends, and where it says so.
fn extended(link: &Link, reading: &Reading<'_>) -> Option<(PathBuf, Place)> {
    let node = link.document.get("extends")?;
    if node.is_null() {
        return None;
    }
    let Some(name) = node.scalar() else {
        let message = format!("`extends` must name one file, not `{}`", node.inline());
        reading.report(Diagnostic::at(node.place.clone(), message).help("write `extends: baseline.yaml`"));
        return None;
    };
    let folder = link.file.parent().unwrap_or(Path::new(""));
    Some((folder.join(name), node.place.clone()))
}
