//! The crate table of `crates/README.md`, kept: who may depend on whom, and which crate fences which library.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// Folder under `crates/`, and the workspace crates that it may use. Arrows point down.
const USES: &[(&str, &[&str])] = &[
    ("arclab", &["scheduler", "report", "store", "search", "align", "data", "fetch", "spec", "metrics"]),
    ("scheduler", &["store", "spec", "metrics"]),
    ("bench", &["nn", "gpu", "data", "spec", "metrics", "report", "store", "scheduler"]),
    ("report", &["store", "search", "spec", "metrics"]),
    ("store", &["spec", "metrics"]),
    ("search", &["spec"]),
    ("train", &["nn", "gpu", "data", "spec", "metrics"]),
    ("nn", &["gpu"]),
    ("gpu", &[]),
    ("align", &[]),
    ("data", &["spec", "metrics"]),
    ("fetch", &["spec"]),
    ("spec", &["metrics"]),
    ("metrics", &[]),
];

/// A library and the folders that alone may name it.
const FENCES: &[(&str, &[&str])] = &[
    ("clap", &["arclab", "bench", "train"]),
    ("indicatif", &["arclab", "bench"]),
    ("sqlx", &["store"]),
    ("candle-core", &["nn"]),
    ("candle-nn", &["nn"]),
    ("rten", &["align"]),
    ("rten-tensor", &["align"]),
    ("image", &["data"]),
    ("tiny-skia", &["data"]),
    ("tar", &["data"]),
    ("flate2", &["data"]),
    ("cudarc", &["gpu"]),
    ("ureq", &["fetch"]),
    ("nvml-wrapper", &["scheduler"]),
    ("kuva", &["report"]),
    ("saphyr-parser", &["spec"]),
    ("tpe", &["search"]),
];

/// A program's folder and a library that must not be anywhere in its tree.
const ABSENT: &[(&str, &str)] = &[
    ("arclab", "candle-core"),
    ("arclab", "cudarc"),
    ("train", "sqlx"),
    ("train", "arclab-store"),
    ("train", "rten"),
];

/// Of this platform's packages: after a build they are all at hand, and those of others need not be.
fn metadata() -> Metadata {
    let platform = ["--offline".to_owned(), "--filter-platform".to_owned(), host()];
    MetadataCommand::new().other_options(platform).exec().expect("cargo metadata answers")
}

/// `x86_64-unknown-linux-gnu`.
fn host() -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).arg("-vV").output().expect("cargo says its version");
    let said = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    said.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host").to_owned()
}

fn folder(package: &Package) -> &str {
    let root = package.manifest_path.parent().expect("a manifest lies in a folder");
    root.file_name().expect("a crate's folder has a name")
}

fn normal_dependencies(package: &Package) -> impl Iterator<Item = &str> {
    package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal).map(|d| d.name.as_str())
}

#[test]
fn packages_are_named_after_their_folders_and_stand_in_the_table() {
    let table: BTreeSet<&str> = USES.iter().map(|(name, _)| *name).collect();
    let metadata = metadata();
    let folders: BTreeSet<&str> = metadata.workspace_packages().into_iter().map(folder).collect();
    assert_eq!(folders, table);
    for package in metadata.workspace_packages() {
        let expected = match folder(package) {
            "arclab" => "arclab".to_owned(),
            other => format!("arclab-{other}"),
        };
        assert_eq!(package.name.as_str(), expected);
    }
}

#[test]
fn dependencies_between_crates_follow_the_table() {
    let uses: BTreeMap<_, _> = USES.iter().copied().collect();
    for package in metadata().workspace_packages() {
        let from = folder(package);
        for name in normal_dependencies(package) {
            let Some(to) = name.strip_prefix("arclab-") else { continue };
            assert!(uses[from].contains(&to), "crates/{from} may not use crates/{to}");
        }
    }
}

#[test]
fn each_fenced_library_is_named_by_its_crates_alone() {
    for package in metadata().workspace_packages() {
        for name in normal_dependencies(package) {
            let Some((_, owners)) = FENCES.iter().find(|(library, _)| *library == name) else { continue };
            assert!(owners.contains(&folder(package)), "crates/{} may not use {name}", folder(package));
        }
    }
}

#[test]
fn every_fence_is_around_something() {
    let metadata = metadata();
    let used: BTreeSet<&str> = metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|p| p.dependencies.iter().map(|d| d.name.as_str()))
        .collect();
    for (library, _) in FENCES {
        assert!(used.contains(library), "no crate uses {library}: take its fence away");
    }
}

/// Names of all packages that `root` needs to run, itself included.
fn tree<'a>(metadata: &'a Metadata, root: &'a PackageId) -> BTreeSet<&'a str> {
    let resolve = metadata.resolve.as_ref().expect("metadata with dependencies is resolved");
    let (mut seen, mut next) = (BTreeSet::new(), vec![root]);
    while let Some(id) = next.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = resolve.nodes.iter().find(|node| &node.id == id).expect("each package is a node");
        let needed =
            node.deps.iter().filter(|d| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
        next.extend(needed.map(|d| &d.pkg));
    }
    seen.into_iter().map(|id| metadata[id].name.as_str()).collect()
}

#[test]
fn arclab_has_no_candle_and_no_cuda_and_the_worker_no_sql_in_its_tree() {
    let metadata = metadata();
    for (program, library) in ABSENT {
        let package = metadata.workspace_packages().into_iter().find(|p| folder(p) == *program);
        let tree = tree(&metadata, &package.expect("the table's crates exist").id);
        assert!(!tree.contains(library), "crates/{program} must do without {library}");
    }
}

/// Packages of what `selection` builds, each with its features, by name.
fn features(selection: &[&str]) -> BTreeMap<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let shown = ["--edges", "normal,build", "--prefix", "none", "--no-dedupe", "--format", "{p}\t{f}"];
    let output = Command::new(cargo).args(["tree", "--offline"]).args(shown).args(selection).output();
    let output = output.expect("cargo lists dependencies");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let lines = said.lines().filter_map(|line| line.split_once('\t'));
    lines.map(|(package, features)| (package.to_owned(), features.to_owned())).collect()
}

#[test]
fn the_worker_is_the_same_program_built_alone_and_beside_arclab() {
    // Else `cargo build`, and `cargo run`, which has the worker built alone, would each build it anew after the other.
    let both = features(&["-p", "arclab", "-p", "arclab-train"]);
    for (package, alone) in features(&["-p", "arclab-train"]) {
        assert_eq!(both[&package], alone, "{package}");
    }
}
