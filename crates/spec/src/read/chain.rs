//! `extends`: a spec and all that it rests on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{paths, section::Reading};
use crate::{
    Membership,
    source::{Diagnostic, Node, Place, SourceFile, Unreadable, parse, suggestion},
};

/// Nobody follows what a spec means through more files than this.
const MAX_LINKS: usize = 16;

/// A spec's document and those it extends, the furthest first. Never empty.
pub(super) struct Chain {
    pub(super) links: Vec<Link>,
    /// The sweep that it is a part of.
    pub(super) sweep: Option<Membership>,
}

#[derive(Clone)]
pub(super) struct Link {
    pub(super) file: PathBuf,
    pub(super) document: Node,
}

impl Chain {
    /// The spec itself.
    pub(super) fn own(&self) -> &Link {
        self.links.last().expect("a chain begins with a spec")
    }

    /// The spec that all others of the chain rest on.
    pub(super) fn root(&self) -> &Link {
        &self.links[0]
    }

    /// The spec that it extends.
    pub(super) fn parent(&self) -> Option<&Link> {
        self.links.iter().rev().nth(1)
    }

    /// The document of everything that is extended, merged.
    pub(super) fn parents(&self) -> Option<Node> {
        let (_, parents) = self.links.split_last()?;
        parents.iter().map(|link| link.document.clone()).reduce(Node::merged)
    }
}

/// Reads `file` and what it extends; reports what hinders that.
pub(super) fn load(file: &Path, reading: &Reading<'_>) -> Option<Chain> {
    let mut links: Vec<Link> = Vec::new();
    let mut next = Some((file.to_owned(), None));
    while let Some((file, from)) = next {
        let link = match from {
            Some(from) => open_extended(&file, &from, &links, reading),
            None => open(&file, reading).map_err(|why| named_by_nobody(&file, why)),
        };
        let link = link.map_err(|diagnostic| reading.report(diagnostic)).ok()?;
        next = extended(&link, reading)?.map(|(file, place)| (file, Some(place)));
        links.push(link);
    }
    links.reverse();
    Some(Chain { links, sweep: None })
}

/// Why a file is no link of a chain.
enum Broken {
    Unreadable(Unreadable),
    Wrong(Diagnostic),
}

fn named_by_nobody(file: &Path, why: Broken) -> Diagnostic {
    match why {
        Broken::Wrong(diagnostic) => diagnostic,
        Broken::Unreadable(Unreadable { message, help }) => {
            let help = help.or_else(|| near_miss(file).map(|near| format!("did you mean `{near}`?")));
            let help = help.unwrap_or_else(|| "name a spec file, or a folder with specs".to_owned());
            Diagnostic::of_file(file.display(), message).help(help)
        }
    }
}

fn open(file: &Path, reading: &Reading<'_>) -> Result<Link, Broken> {
    let source = SourceFile::read(file).map_err(Broken::Unreadable)?;
    let (document, found) = parse(&source).map_err(Broken::Wrong)?;
    reading.report_all(found);
    if document.entries().is_none() {
        let wrong = Diagnostic::at(&document.place, "a spec must be a mapping of keys to values");
        return Err(Broken::Wrong(wrong.help("begin with `extends: OTHER.yaml`, or with `data:`")));
    }
    Ok(Link { file: file.to_owned(), document })
}

/// Reads a document that `from` names.
fn open_extended(
    file: &Path,
    from: &Place,
    so_far: &[Link],
    reading: &Reading<'_>,
) -> Result<Link, Diagnostic> {
    let same = |link: &Link| fs::canonicalize(&link.file).ok() == fs::canonicalize(file).ok();
    let names = so_far.iter().map(|link| link.file.display().to_string());
    let names: Vec<String> = names.chain([file.display().to_string()]).collect();
    if file.exists() && so_far.iter().any(same) {
        let message = format!("`extends` goes in a circle: {}", names.join(" → "));
        return Err(Diagnostic::at(from, message).help("one of these must not extend the next"));
    }
    if so_far.len() == MAX_LINKS {
        let message = format!("`extends` goes through more than {MAX_LINKS} files");
        return Err(Diagnostic::at(from, message).help("extend a spec that says more itself"));
    }
    open(file, reading).map_err(|why| match why {
        Broken::Wrong(diagnostic) => diagnostic,
        Broken::Unreadable(Unreadable { message, help }) => {
            let help = help.or_else(|| near_miss(file).map(|near| format!("did you mean `{near}`?")));
            let help = help.unwrap_or_else(|| {
                "name a spec by its path from this file's folder: `../base.yaml`".to_owned()
            });
            Diagnostic::at(from, format!("{}: {message}", file.display())).help(help)
        }
    })
}

/// The name of a file beside `file` that was probably meant.
fn near_miss(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name()?.to_string_lossy();
    let beside = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name());
    let beside: Vec<String> =
        beside.filter_map(|name| name.into_string().ok()).filter(|name| is_yaml(Path::new(name))).collect();
    let whole = format!("{name}.yaml");
    let known: Vec<&str> = beside.iter().map(String::as_str).collect();
    let near = known.iter().find(|known| **known == whole).copied().or_else(|| suggestion(&name, &known))?;
    Some(near.to_owned())
}

/// Whether a file's name is that of a spec.
pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// The file that a document extends, and where it says so; absent after a mistake, which is reported.
#[expect(clippy::option_option, reason = "a mistake, or a spec that extends none, or one that does")]
fn extended(link: &Link, reading: &Reading<'_>) -> Option<Option<(PathBuf, Place)>> {
    // Null is reported with the other keys that have no value.
    let Some(node) = link.document.get("extends").filter(|node| !node.is_null()) else { return Some(None) };
    let file = paths::resolved(reading, node, "extends")?;
    Some(Some((file, node.place.clone())))
}
