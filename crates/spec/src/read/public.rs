//! Public sets: what there is to fetch, from where, and how it is known to be whole.

use std::{path::Path, sync::Arc};

use serde_json::json;

use super::{
    list,
    range::Counts,
    section::{Reading, Section, written},
};
use crate::{
    Catalogue,
    source::{Diagnostic, Node, Origin, SourceFile, SpecErrors, Unreadable, parse, shortened},
};

/// A set of images that somebody gives out, or another file that is of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicSet {
    /// How it is asked for.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Under which licence it may be used.
    pub licence: String,
    /// Who made it, and where that is told.
    pub source: String,
    /// The file that holds the images; absent where there are none.
    pub images: Option<String>,
    /// Whether faces are at the places that networks expect.
    pub is_aligned: bool,
    /// All of them are needed.
    pub files: Vec<PublicFile>,
}

/// A file of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicFile {
    /// Without folders.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its content's hash: 64 hexadecimal digits, in lower case.
    pub sha256: String,
    /// Addresses, to be tried in this order.
    pub hosts: Vec<String>,
}

impl PublicSet {
    /// The sets that `file` lists.
    pub fn read(file: &Path) -> Result<Vec<Self>, SpecErrors> {
        let source = SourceFile::read(file).map_err(|Unreadable { message, help }| {
            SpecErrors::new(vec![Diagnostic::of_file(file.display(), message).maybe_help(help)])
        })?;
        sets(&source)
    }

    /// The sets that `text` lists, which is that of `file`.
    pub fn parse(file: &str, text: &str) -> Result<Vec<Self>, SpecErrors> {
        sets(&Arc::new(SourceFile { origin: Origin::File(file.into()), text: text.to_owned() }))
    }
}

fn sets(source: &Arc<SourceFile>) -> Result<Vec<PublicSet>, SpecErrors> {
    let (document, found) = parse(source).map_err(|mistake| SpecErrors::new(vec![mistake]))?;
    let reading = Reading::new(&|_| None);
    reading.report_all(found);
    if document.entries().is_none() {
        reading.report(Diagnostic::at(&document.place, "this must be a mapping of names to public sets"));
    }
    let entries = document.entries().unwrap_or_default().iter();
    let sets = entries.filter_map(|entry| {
        if !Catalogue::is_name(&entry.key) {
            let message = format!("`{}` is no name of a data set", shortened(&entry.key));
            let help = "use letters, digits, `.`, `-` and `_`, and another word than `synthetic`";
            reading.report(Diagnostic::at(&entry.key_place, message).help(help));
        }
        let mut section = Section::new(&reading, Some(&entry.node), &entry.key);
        let set = set(&mut section, &entry.key);
        section.finish();
        set
    });
    let sets = sets.collect();
    SpecErrors::refuse(reading.into_mistakes())?;
    Ok(sets)
}

fn set(section: &mut Section<'_>, name: &str) -> Option<PublicSet> {
    let about = demanded(section, "about", "What it is.");
    let licence = demanded(section, "licence", "Under which licence it may be used.");
    let source = demanded(section, "source", "Who made it, and where that is told.");
    let images = section.text("images", "The file that holds the images.");
    let is_aligned = section.flag("aligned", "Whether faces are where networks expect them.", true);
    let files = section.section("files", "Its files, by name.", |files| self::files(files));
    if let (Some(images), Some(node)) = (&images, section.node("images"))
        && !files.iter().any(|file| file.name == *images)
    {
        let message = format!("`{}` is none of the set's files", shortened(images));
        section.reading().report(Diagnostic::at(&node.place, message).help("name one that `files` has"));
    }
    let name = name.to_owned();
    Some(PublicSet { name, about: about?, licence: licence?, source: source?, images, is_aligned, files })
}

fn files(section: &mut Section<'_>) -> Vec<PublicFile> {
    let names = section.keys();
    if names.is_empty() {
        let help = "write such as `files: {faces.tgz: {bytes: 12, sha256: 0f…, hosts: [https://…]}}`";
        if let Some(place) = section.place() {
            section.reading().report(Diagnostic::at(place, "a public set without files").help(help));
        }
    }
    let file = |name: &&str| {
        // What is not whole yet has the name with `.part`.
        if !Catalogue::is_name(name) || name.to_ascii_lowercase().ends_with(".part") {
            let help = "use letters, digits, `.`, `-` and `_`, and another ending than `.part`";
            wrong(section, name, format!("`{}` is no name of a file", shortened(name)), help);
        }
        section.section(name, "A file.", |section| self::file(section, name))
    };
    names.iter().map(file).collect()
}

fn file(section: &mut Section<'_>, name: &str) -> PublicFile {
    let bytes = section.count("bytes", "Its size.", 1_000_000, Counts::from(1, 1 << 53));
    let sha256 = demanded(section, "sha256", "Its content's hash, as `sha256sum` prints it.");
    let sha256 = sha256.unwrap_or_default().to_ascii_lowercase();
    if section.mentions("sha256") && !(sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit())) {
        let message = format!("`{}` must have 64 hexadecimal digits", section.path_of("sha256"));
        wrong(section, "sha256", message, "write what `sha256sum` prints");
    }
    let hosts = section.take("hosts", "Addresses, to be tried in this order.", json!({"type": "array"}));
    let hosts = list::items(section, "hosts", hosts, "[https://example.org/faces.tgz]");
    let hosts = hosts.iter().filter_map(|node| host(section, node)).collect();
    for key in ["bytes", "hosts"].into_iter().filter(|key| !section.mentions(key)) {
        missing(section, key, "what a host gives could not be known to be whole");
    }
    PublicFile { name: name.to_owned(), bytes, sha256, hosts }
}

fn host(section: &Section<'_>, node: &Node) -> Option<String> {
    let is_address = |text: &&str| {
        let host = ["https://", "http://"].iter().find_map(|begin| text.strip_prefix(begin));
        host.is_some_and(|host| {
            !host.starts_with('/') && !host.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
        })
    };
    let address = node.scalar().filter(is_address);
    if address.is_none() {
        let message = format!("`{}` is no address of a file", written(node));
        section
            .reading()
            .report(Diagnostic::at(&node.place, message).help("write one that begins with `https://`"));
    }
    address.map(str::to_owned)
}

/// A text that must be there.
fn demanded(section: &mut Section<'_>, key: &str, doc: &str) -> Option<String> {
    let text = section.text(key, doc);
    if !section.mentions(key) {
        missing(section, key, doc);
    }
    // It is shown on terminals, which such characters command.
    if text.as_ref().is_some_and(|text| text.contains(char::is_control)) {
        let message = format!("`{}` has a character that is none to be read", section.path_of(key));
        wrong(section, key, message, "leave it out");
    }
    text
}

fn missing(section: &Section<'_>, key: &str, help: &str) {
    if let Some(place) = section.place() {
        let message = format!("`{}` is missing", section.path_of(key));
        section.reading().report(Diagnostic::at(place, message).help(help));
    }
}

fn wrong(section: &Section<'_>, key: &str, message: String, help: &str) {
    if let Some(node) = section.node(key) {
        section.reading().report(Diagnostic::at(&node.place, message).help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACES: &str = "\
faces:
  about: Some faces
  licence: none
  source: nobody
  images: faces.tgz
  files:
    faces.tgz:
      bytes: 12
      sha256: 0f0000000000000000000000000000000000000000000000000000000000000a
      hosts: [https://example.org/faces.tgz]
";

    fn mistakes(text: &str) -> String {
        PublicSet::parse("public.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_set_says_where_its_files_are_and_how_they_are_known_to_be_whole() {
        let [set] = PublicSet::parse("public.yaml", FACES).unwrap().try_into().unwrap();
        assert_eq!((set.images.as_deref(), set.is_aligned), (Some("faces.tgz"), true));
        let [file] = set.files.try_into().unwrap();
        assert_eq!((file.bytes, &file.sha256[..4]), (12, "0f00"));
        assert_eq!(file.hosts, ["https://example.org/faces.tgz"]);
    }

    #[test]
    fn what_is_missing_or_wrong_is_told_with_its_place() {
        let cut = FACES.replace("00a\n", "0\n").replace("      bytes: 12\n", "");
        let cut = cut.replace("https:", "ftp:").replace("images: faces.tgz", "images: faces.zip");
        let told = mistakes(&cut);
        for (place, what) in [
            ("public.yaml:5:11", "`faces.zip` is none of the set's files"),
            ("public.yaml:8:7", "`faces.files.faces.tgz.bytes` is missing"),
            ("public.yaml:8:15", "must have 64 hexadecimal digits"),
        ] {
            assert!(told.contains(place) && told.contains(what), "{place} {what}: {told}");
        }
        assert!(told.contains("`ftp://example.org/faces.tgz` is no address of a file"), "{told}");
    }

    #[test]
    fn a_file_cannot_be_put_elsewhere() {
        for name in ["../faces.tgz", "faces.tgz.part", "'a b'"] {
            let told = mistakes(&FACES.replace("    faces.tgz:", &format!("    {name}:")));
            assert!(told.contains("is no name of a file"), "{told}");
        }
        for host in ["https://", "'https://exa mple.org/x'"] {
            let told = mistakes(&FACES.replace("https://example.org/faces.tgz", host));
            assert!(told.contains("is no address of a file"), "{told}");
        }
    }
}
