//! Malformed and foreign files of weights: what is said of each, and that none takes memory or the program down.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod archive;
mod cases;
mod memory;
mod program;

use std::{error::Error, fs, sync::Arc};

use arclab_nn::{BackboneKind, Cpu, Network, weight_files::load_weights};
use cases::{Case, Content};

/// What may be taken for a file beside a multiple of its size: most where every byte of a pickle makes an object.
const BASE: usize = 1 << 20;
const MULTIPLE: usize = 160;

/// An error and all of its causes.
fn chain(error: &dyn Error) -> String {
    let cause = error.source().map(|source| format!(": {}", chain(source)));
    error.to_string() + &cause.unwrap_or_default()
}

/// What is said of the file, or of what it holds where a network is to take it.
fn refusal(case: &Case, folder: &std::path::Path) -> String {
    let path = folder.join("weights.pth");
    let size = match &case.content {
        Content::File(bytes) => {
            fs::write(&path, bytes).unwrap();
            bytes.len()
        }
        Content::Folder => {
            fs::create_dir(&path).unwrap();
            0
        }
        Content::Absent => 0,
    };
    let mut network =
        case.is_for_network.then(|| Network::new(Arc::new(Cpu::new(1)), BackboneKind::Small, 16, 32, 0));
    let (said, peak) = memory::peak_of(|| match load_weights(&path) {
        Err(error) => chain(&error),
        Ok(file) => match &mut network {
            Some(network) => network
                .as_mut()
                .unwrap()
                .load_state(&file.tensors)
                .map_or_else(|error| chain(&error), |()| String::new()),
            None => panic!("{}: it was loaded", case.name),
        },
    });
    assert!(peak <= BASE + MULTIPLE * size, "{}: {peak} bytes were taken for {size}", case.name);
    assert!(case.is_for_network || said.contains("weights.pth"), "{}: {said}", case.name);
    said
}

#[test]
fn a_hundred_malformed_or_foreign_files_are_each_refused_with_what_is_wrong_and_what_would_help() {
    const REMEDIES: &[&str] = &[
        "download or copy",
        "copy or export",
        "save ",
        "name a ",
        "check its name",
        "from where it was made",
        "should have",
        "write it anew",
        "belongs to",
        "is missing",
        "floats are wanted",
    ];
    let cases = cases::all();
    assert!(cases.len() >= 100, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        let said = refusal(&case, folder.path());
        let has_remedy = REMEDIES.iter().any(|remedy| said.contains(remedy));
        if !said.contains(case.says) || !has_remedy || said.len() > 1_000 {
            wrong.push(format!("{} ({}): {said}", case.name, case.says));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
