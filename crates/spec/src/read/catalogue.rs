//! `datasets.yaml`: names of data sets and where they lie, so that specs can name one and say no path.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{paths, section::Reading, section::Section};
use crate::source::{
    Diagnostic, Entry, Node, Origin, SourceFile, SpecErrors, Unreadable, parse, remedy, shortened,
};

const PATH: &str =
    "Where the images lie, in any form; relative to the catalogue, or with `${NAME}` from the environment.";
/// The one name that no data set of a catalogue may have.
const EMBEDDED: &str = "synthetic";

/// A catalogue of data sets, as it was read.
#[derive(Debug, Clone)]
pub struct Catalogue {
    file: PathBuf,
    text: String,
    /// Absent where there is nothing in the file yet.
    document: Option<Node>,
}

/// What a catalogue is to say of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// How specs name it.
    pub name: String,
    /// Where it lies; relative to the catalogue.
    pub path: PathBuf,
    /// Under which licence it may be used.
    pub licence: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
}

impl Catalogue {
    /// Name of a catalogue's file.
    pub const FILE: &'static str = "datasets.yaml";

    /// The catalogue in `folder`, or in the nearest folder above it that has one.
    pub fn nearest(folder: &Path) -> Option<PathBuf> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        // What is above `a/../b` is not `a`.
        let folder = fs::canonicalize(folder).ok()?;
        folder.ancestors().map(|folder| folder.join(Self::FILE)).find(|file| file.is_file())
    }

    /// Whether `name` can be that of a data set: letters, digits, `.`, `-` and `_`, and not that of the embedded faces.
    pub fn is_name(name: &str) -> bool {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        begins && name.len() <= 80 && name.chars().all(legal) && name != EMBEDDED
    }

    /// Reads `file`; one that is not there is a catalogue of nothing.
    pub fn read(file: &Path) -> Result<Self, SpecErrors> {
        if !file.exists() {
            return Ok(Self { file: file.to_owned(), text: String::new(), document: None });
        }
        let source = SourceFile::read(file).map_err(|Unreadable { message, help }| {
            SpecErrors::new(vec![Diagnostic::of_file(file.display(), message).maybe_help(help)])
        })?;
        Self::parsed(&source)
    }

    fn parsed(source: &Arc<SourceFile>) -> Result<Self, SpecErrors> {
        let (file, text) = (PathBuf::from(source.origin.to_string()), source.text.clone());
        let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        if !text.lines().any(says) {
            return Ok(Self { file, text, document: None });
        }
        let (document, found) = parse(source).map_err(|mistake| SpecErrors::new(vec![mistake]))?;
        let reading = Reading::new(&|_| None);
        reading.report_all(found);
        check(&document, &reading);
        SpecErrors::refuse(reading.into_mistakes())?;
        Ok(Self { file, text, document: Some(document) })
    }

    /// The names, in the order of the file.
    pub fn names(&self) -> Vec<&str> {
        self.entries().iter().map(|entry| entry.key.as_str()).collect()
    }

    /// Where the data set `name` lies; absent where the catalogue does not have it.
    pub fn path(&self, name: &str) -> Result<Option<PathBuf>, SpecErrors> {
        let environment = |name: &str| std::env::var(name).ok();
        let reading = Reading::new(&environment);
        let path = self.path_of(name, &reading);
        SpecErrors::refuse(reading.into_mistakes())?;
        Ok(path)
    }

    /// What is said of the data set `name`; absent where the catalogue does not have it.
    pub fn entry(&self, name: &str) -> Result<Option<CatalogueEntry>, SpecErrors> {
        let Some(path) = self.path(name)? else { return Ok(None) };
        let entry = self.entries().iter().find(|entry| entry.key == name);
        let note = |key: &str| Some(entry?.node.get(key)?.scalar()?.to_owned());
        Ok(Some(CatalogueEntry {
            name: name.to_owned(),
            path,
            licence: note("licence"),
            source: note("source"),
        }))
    }

    /// The text of the catalogue with `entry` in it: in the place of one of its name, else at the end. All else stays as it is,
    /// comments included.
    pub fn with(&self, entry: &CatalogueEntry) -> Result<String, SpecErrors> {
        let mut text = self.text.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let (start, end) = self.lines_of(&entry.name, &lines);
        let text = lines[..start].concat() + &written(entry) + &lines[end..].concat();
        // A catalogue in braces, say, has no lines of its own for each name.
        let source = SourceFile { origin: Origin::File(self.file.clone()), text: text.clone() };
        let again = Self::parsed(&Arc::new(source))?;
        let others = |catalogue: &Self| -> Vec<(String, String)> {
            let others = catalogue.entries().iter().filter(|other| other.key != entry.name);
            others.map(|other| (other.key.clone(), other.node.inline())).collect()
        };
        if others(&again) != others(self) || !again.names().contains(&entry.name.as_str()) {
            let found = Diagnostic::of_file(self.file.display(), format!("`{}` cannot be added", entry.name));
            return Err(SpecErrors::new(vec![
                found.help("write each name on a line of its own, without braces around all of them"),
            ]));
        }
        Ok(text)
    }

    /// Where the entry `name` stands among `lines`, without what is said of the next one; an empty place at the end where
    /// there is none.
    fn lines_of(&self, name: &str, lines: &[&str]) -> (usize, usize) {
        let mut entries = self.entries().iter().skip_while(|entry| entry.key != name);
        let Some(entry) = entries.next() else { return (lines.len(), lines.len()) };
        let start = entry.key_place.line - 1;
        let mut end = entries.next().map_or(lines.len(), |next| next.key_place.line - 1);
        let of_next = |line: &str| line.trim().is_empty() || line.starts_with('#');
        while end > start + 1 && of_next(lines[end - 1]) {
            end -= 1;
        }
        (start, end)
    }

    fn entries(&self) -> &[Entry] {
        self.document.as_ref().and_then(Node::entries).unwrap_or_default()
    }

    fn path_of(&self, name: &str, reading: &Reading<'_>) -> Option<PathBuf> {
        let entry = self.entries().iter().find(|entry| entry.key == name)?;
        paths::read(reading, entry.node.get("path")?, &format!("{name}.path"))
    }
}

/// The lines of an entry.
fn written(entry: &CatalogueEntry) -> String {
    let CatalogueEntry { name, path, licence, source } = entry;
    let path = Some(path.display().to_string());
    let notes = [("path", &path), ("licence", licence), ("source", source)];
    let lines =
        notes.into_iter().filter_map(|(key, value)| Some(format!("  {key}: {}\n", scalar(value.as_ref()?))));
    format!("{name}:\n{}", lines.collect::<Vec<_>>().concat())
}

/// `text` as YAML has it: as it is where that cannot be misread, else in quotes, of which JSON's are some.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '.'));
    if begins && text.chars().all(plain) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// Reports what is wrong with a catalogue; where its paths lead is asked of the one that is wanted.
fn check(document: &Node, reading: &Reading<'_>) {
    let Some(entries) = document.entries() else {
        let found = Diagnostic::at(&document.place, "a catalogue must be a mapping of names to data sets");
        return reading.report(found.help("write such as `lfw: {path: ../data/lfw}`"));
    };
    for entry in entries {
        if !Catalogue::is_name(&entry.key) {
            let message = format!("`{}` is no name of a data set", shortened(&entry.key));
            let help = "use letters, digits, `.`, `-` and `_`, and another word than `synthetic`";
            reading.report(Diagnostic::at(&entry.key_place, message).help(help));
        }
        let mut section = Section::new(reading, Some(&entry.node), &entry.key);
        let path = section.text("path", PATH);
        section.text("licence", "Under which licence it may be used.");
        section.text("source", "Where it comes from.");
        if path.is_none() && !section.mentions("path") && entry.node.entries().is_some() {
            let message = format!("`{}` has no `path`", entry.key);
            reading
                .report(Diagnostic::at(&entry.key_place, message).help("write such as `path: ../data/lfw`"));
        }
        section.finish();
    }
}

/// Where the data set lies that `node`, a word under `key`, names; what hinders that is reported. `forms` are the other
/// things that may stand there.
pub(super) fn path(reading: &Reading<'_>, node: &Node, key: &str, forms: &[&str]) -> Option<PathBuf> {
    let name = node.scalar()?;
    let folder = match &node.place.source.origin {
        Origin::File(file) => file.parent().unwrap_or(Path::new("")).to_owned(),
        // What is set from outside is a part of the spec.
        Origin::CommandLine => reading.spec_folder(),
    };
    let Some(file) = Catalogue::nearest(&folder) else {
        // A file that is named alone lies in the current folder.
        let here = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let folder = fs::canonicalize(&here).unwrap_or(here);
        let message = format!(
            "`{key}` cannot be `{}`: there is no `{}` in {} or above it",
            shortened(name),
            Catalogue::FILE,
            folder.display()
        );
        let add = format!("`arclab data import PATH --as {}` makes one", shortened(name));
        let help = if Catalogue::is_name(name) {
            format!("{}; {add}", remedy(name, forms))
        } else {
            remedy(name, forms)
        };
        reading.report(Diagnostic::at(&node.place, message).help(help));
        return None;
    };
    let catalogue = match Catalogue::read(&file) {
        Ok(catalogue) => catalogue,
        Err(errors) => {
            reading.report_all(errors.all().to_vec());
            return None;
        }
    };
    let path = catalogue.path_of(name, reading);
    if !catalogue.names().contains(&name) {
        let known: Vec<&str> = catalogue.names().into_iter().chain(forms.iter().copied()).collect();
        let message = format!("`{key}` cannot be `{}`: {} has no such name", shortened(name), file.display());
        reading.report(Diagnostic::at(&node.place, message).help(remedy(name, &known)));
    }
    path
}
