//! Data sets by name, from a catalogue.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::{fs, path::Path};

use arclab_spec::{Catalogue, CatalogueEntry, config::Dataset};

use support::Folder;

const CELEBA: &str = "celeba:\n  path: ../photos/celeba\n  licence: for research only\n  source: a disk\n";

fn with_catalogue(name: &str, text: &str) -> Folder {
    let folder = Folder::new();
    folder.write(name, text);
    folder
}

#[test]
fn a_name_means_the_path_in_the_catalogue_beside_the_spec() {
    let folder = with_catalogue("specs/datasets.yaml", CELEBA);
    let named = folder.read("specs/a.yaml", "data: {dataset: celeba}\n").unwrap();
    let Dataset::Folder(path) = &named.config.data.dataset else { panic!("no path") };
    assert_eq!(path, &folder.path().join("specs/../photos/celeba"));
    // A path is no part of a plan, so that naming a set and saying where it lies are one plan.
    let spelled = folder.read("specs/b.yaml", "data: {dataset: {folder: ../photos/celeba}}\n").unwrap();
    assert_eq!(named.config, spelled.config);
}

#[test]
fn the_nearest_catalogue_above_counts() {
    let folder = with_catalogue("datasets.yaml", "a: {path: far}\nb: {path: far}\n");
    folder.write("x/datasets.yaml", "a: {path: near}\n");
    let spec = folder.read("x/y/a.yaml", "data: {dataset: a}\n").unwrap();
    assert_eq!(spec.config.data.dataset, Dataset::Folder(folder.path().join("x/near")));
    // One catalogue is asked, not all: else a name would change its meaning with a file far away.
    assert!(folder.read("x/y/b.yaml", "data: {dataset: b}\n").is_err());
}

#[test]
fn an_inherited_name_is_looked_up_where_it_was_written_and_a_set_one_where_the_spec_lies() {
    let folder = with_catalogue("base/datasets.yaml", "a: {path: faces}\n");
    folder.write("base/base.yaml", "data: {dataset: a}\n");
    let extending = folder.read("other/a.yaml", "extends: ../base/base.yaml\n").unwrap();
    assert_eq!(extending.config.data.dataset, Dataset::Folder(folder.path().join("base/faces")));
    let set = folder.read_with("base/b.yaml", "data: {dataset: synthetic}\n", &["data.dataset=a"]).unwrap();
    let Dataset::Folder(path) = &set.config.data.dataset else { panic!("no path") };
    assert!(path.ends_with("base/faces"), "{}", path.display());
}

#[test]
fn an_unknown_name_is_a_mistake_with_its_place_and_what_was_meant() {
    let folder = with_catalogue("datasets.yaml", CELEBA);
    let found = folder.mistakes("data:\n  dataset: celebA\n");
    assert_eq!((found.len(), found[0].at), (1, Some((2, 12))));
    assert!(found[0].message.contains("`data.dataset` cannot be `celebA`"), "{}", found[0].message);
    assert!(found[0].message.contains("datasets.yaml has no such name"), "{}", found[0].message);
    assert!(found[0].help.as_deref().unwrap().contains("did you mean `celeba`?"), "{:?}", found[0].help);
    let near = folder.mistakes("data: {dataset: syntetic}\n");
    assert!(near[0].help.as_deref().unwrap().contains("did you mean `synthetic`?"), "{:?}", near[0].help);
}

#[test]
fn without_a_catalogue_a_name_says_how_to_make_one() {
    let found = Folder::new().mistakes("data: {dataset: lfw}\n");
    assert!(found[0].message.contains("there is no `datasets.yaml` in"), "{}", found[0].message);
    assert!(found[0].help.as_deref().unwrap().contains("`arclab data import PATH --as lfw`"));
}

#[test]
fn a_mistake_in_the_catalogue_is_shown_in_its_own_line() {
    let wrong = [
        ("lfw: {pth: a}\n", (1, 7), "`lfw` has no key `pth`"),
        ("lfw: {licence: MIT}\n", (1, 1), "`lfw` has no `path`"),
        ("lfw: ../lfw\n", (1, 6), "`lfw` must be a mapping"),
        ("lfw:\n  path: [a]\n", (2, 9), "`lfw.path` must be a text"),
        ("synthetic: {path: a}\n", (1, 1), "`synthetic` is no name of a data set"),
        ("- lfw\n", (1, 1), "a catalogue must be a mapping of names"),
        ("lfw: {path: \"${ARCLAB_NOBODY_SETS_THIS}/x\"}\n", (1, 13), "is not set"),
    ];
    for (text, at, message) in wrong {
        let folder = with_catalogue("datasets.yaml", text);
        let found = folder.mistakes("data: {dataset: lfw}\n");
        let of_catalogue = found.iter().filter(|one| one.file.ends_with("datasets.yaml"));
        let shown = of_catalogue.into_iter().find(|one| one.message.contains(message));
        let shown = shown.unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert_eq!(shown.at, Some(at), "{text}: {}", shown.message);
    }
}

#[test]
fn a_variable_of_another_set_need_not_be_there() {
    let text = "lfw: {path: lfw}\nother: {path: \"${ARCLAB_NOBODY_SETS_THIS}/x\"}\n";
    let folder = with_catalogue("datasets.yaml", text);
    assert!(folder.read("a.yaml", "data: {dataset: lfw}\n").is_ok());
}

#[test]
fn a_catalogue_in_a_folder_of_specs_is_no_spec() {
    let folder = with_catalogue("datasets.yaml", CELEBA);
    folder.write("a.yaml", "extends: base.yaml\n");
    let specs = arclab_spec::read_specs(&[folder.path().to_owned()], &[]).unwrap();
    assert_eq!(specs.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>(), ["base", "a"]);
}

fn entry(name: &str, path: &str) -> CatalogueEntry {
    CatalogueEntry { name: name.to_owned(), path: path.into(), licence: None, source: None }
}

fn added(text: &str, entry: &CatalogueEntry) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("datasets.yaml");
    fs::write(&file, text).unwrap();
    Catalogue::read(&file).unwrap().with(entry).unwrap()
}

#[test]
fn what_is_added_leaves_the_rest_as_it_is() {
    let text = "# Ours.\nb: {path: b}   # the first\n\n# Then this.\na:\n  path: a\n";
    assert_eq!(added(text, &entry("c", "../c")), format!("{text}c:\n  path: ../c\n"));
    let replaced = added(text, &entry("b", "/else/where"));
    assert_eq!(replaced, "# Ours.\nb:\n  path: /else/where\n\n# Then this.\na:\n  path: a\n");
    assert_eq!(added("# Nothing yet.\n", &entry("c", "c")), "# Nothing yet.\nc:\n  path: c\n");
    assert_eq!(added("a: {path: a}", &entry("c", "c")), "a: {path: a}\nc:\n  path: c\n");
}

#[test]
fn any_path_is_read_again_as_it_was_written() {
    for path in ["a b", "ein \"Wort\"", "it's: all # here", "ünï/ö", "-x", "12", "true/x", "tab\there"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("datasets.yaml");
        fs::write(&file, added("", &entry("x", path))).unwrap();
        let found = Catalogue::read(&file).unwrap().path("x").unwrap();
        assert_eq!(found, Some(folder.path().join(path)), "{path}");
    }
}

#[test]
fn a_catalogue_that_cannot_be_added_to_is_left_to_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("datasets.yaml");
    fs::write(&file, "{a: {path: a}}\n").unwrap();
    assert!(Catalogue::read(&file).unwrap().with(&entry("b", "b")).is_err());
}

#[test]
fn names_are_words_that_cannot_be_misread() {
    for (name, is_one) in
        [("lfw", true), ("ms1m-v3.1", true), ("synthetic", false), ("a b", false), ("", false)]
    {
        assert_eq!(Catalogue::is_name(name), is_one, "{name}");
    }
    assert_eq!(Catalogue::nearest(Path::new("/")), None);
}
