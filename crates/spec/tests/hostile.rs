//! Files that are no specs: they are refused quickly, and none makes the reader panic.

mod support;

use std::{
    fmt::Write as _,
    fs::File,
    time::{Duration, Instant},
};

use arclab_spec::{Diagnostic, Override, read_specs};
use proptest::{prelude::*, test_runner::RngSeed};
use support::Folder;

/// Generous for a machine that is busy with other tests; what these texts could take is minutes or gigabytes.
const QUICK: Duration = Duration::from_secs(2);

fn refused_quickly(text: impl AsRef<[u8]>) -> Vec<Diagnostic> {
    let folder = Folder::new();
    let start = Instant::now();
    let found = folder.mistakes(text);
    let printed: usize = found.iter().take(100).map(|one| one.to_string().len()).sum();
    assert!(start.elapsed() < QUICK, "{:?}", start.elapsed());
    assert!(printed < 100_000, "{printed} characters of messages");
    found
}

#[test]
fn a_file_of_100_megabytes_is_not_read() {
    let folder = Folder::new();
    let path = folder.path().join("huge.yaml");
    File::create(&path).unwrap().set_len(100 << 20).unwrap();
    let start = Instant::now();
    let errors = read_specs(&[path], &[]).unwrap_err();
    assert!(start.elapsed() < Duration::from_millis(300), "{:?}", start.elapsed());
    assert!(errors.to_string().contains("1 MiB"), "{errors}");
}

#[test]
fn a_bomb_of_aliases_is_refused_at_the_first() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, below) in ('b'..='z').zip('a'..) {
        let nine = vec![format!("*{below}"); 9].join(", ");
        let _ = writeln!(text, "{name}: &{name} [{nine}]");
    }
    let found = refused_quickly(&text);
    assert_eq!(found[0].at, Some((2, 8)));
    assert!(found[0].message.contains("aliases"), "{}", found[0]);
}

#[test]
fn deep_nesting_is_refused() {
    for (open, what) in [("[", "lists"), ("{a: ", "mappings"), ("- ", "dashes"), ("? ", "keys")] {
        let found = refused_quickly(format!("data: {{}}\nx:\n  {}", open.repeat(100_000)));
        assert!(found[0].help.is_some(), "{what}: {}", found[0]);
    }
    let found = refused_quickly(format!("x: {}{}", "[".repeat(30), "]".repeat(30)));
    assert!(found[0].message.contains("nested more than"), "{}", found[0]);
}

#[test]
fn a_file_of_very_many_values_is_refused() {
    let keys = (0..60_000).map(|key| format!("k{key}: 1")).collect::<Vec<_>>().join("\n");
    let found = refused_quickly(keys);
    assert!(found.iter().any(|one| one.help.as_deref().unwrap_or_default().contains("another file")));
    refused_quickly(format!("training: {{seeds: [{}]}}", "1, ".repeat(200_000)));
}

#[test]
fn a_very_long_line_is_not_printed_whole() {
    refused_quickly(format!("data: {{dataset: synthetic}}\nloss: {{margin: {}}}", "x".repeat(500_000)));
    refused_quickly(format!("data: {{dataset: synthetic}}\n{}: 1", "x".repeat(1_000)));
    refused_quickly(format!(
        "data: {{dataset: synthetic}}\nloss: {{name: \"{}\", margin: 9}}",
        "é".repeat(200_000)
    ));
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    let found = refused_quickly(b"hypothesis: ok\nname: \xff\xfe\n");
    assert!(found[0].message.contains("UTF-8"), "{}", found[0]);
    refused_quickly([0_u8; 5_000]);
}

#[test]
fn a_folder_and_a_device_are_no_specs() {
    let folder = Folder::new();
    let found = folder.mistakes("extends: .\n");
    assert_eq!(found[0].at, Some((1, 10)));
    let errors = read_specs(&["/dev/zero".into()], &[]).unwrap_err();
    assert_eq!(errors.all().len(), 1, "{errors}");
}

/// The spec that says most.
const BASELINE: &str = include_str!("../../../experiments/baseline.yaml");

/// What YAML gives a meaning to, and some that it gives none.
const PIECES: &[&str] = &[
    ":", ": ", "\n", " ", "  ", "\t", "-", "- ", "{", "}", "[", "]", ",", "#", "\"", "'", "|", ">", "&a",
    "*a", "!!x", "?", "%", "@", "---\n", "...\n", "null", "~", "\r", "\0", "\u{feff}", "é", "${X}", "<<",
    "1e999", "data", "loss", "extends",
];

fn read_without_panic(text: &str) -> Result<(), TestCaseError> {
    let folder = Folder::new();
    let path = folder.write("spec.yaml", text);
    if let Err(errors) = read_specs(&[path], &[]) {
        prop_assert!(!errors.all().is_empty());
        prop_assert!(!errors.to_string().is_empty());
        let known_lines = text.lines().count().max(1);
        for (line, column) in errors.all().iter().filter_map(|one| one.at) {
            prop_assert!(line >= 1 && column >= 1 && line <= known_lines, "{line}:{column} of {known_lines}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        read_without_panic(&text)?;
    }

    #[test]
    fn no_mix_of_yaml_makes_the_reader_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        read_without_panic(&pieces.concat())?;
    }

    #[test]
    fn no_change_to_the_baseline_makes_the_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..20_usize, prop::sample::select(PIECES)), 1..6)
    ) {
        let mut text: Vec<char> = BASELINE.chars().collect();
        for (place, removed, piece) in changes {
            let place = place.index(text.len());
            text.splice(place..(place + removed).min(text.len()), piece.chars());
        }
        read_without_panic(&text.into_iter().collect::<String>())?;
    }

    #[test]
    fn no_override_makes_the_reader_panic(text in any::<String>(), value in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
        let folder = Folder::new();
        let base = folder.path().join("base.yaml");
        for text in [text.clone(), format!("{text}={}", value.concat()), format!("loss.margin={}", value.concat())] {
            if let Ok(set) = text.parse::<Override>()
                && let Err(errors) = read_specs(std::slice::from_ref(&base), &[set])
            {
                prop_assert!(!errors.to_string().is_empty());
            }
        }
    }
}
