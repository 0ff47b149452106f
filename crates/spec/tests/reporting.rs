//! Several mistakes at once, and mistakes in what is extended.

mod support;

use arclab_spec::read_specs;
use support::Folder;

#[test]
fn all_mistakes_of_a_file_are_reported_in_the_order_of_its_lines() {
    let found = Folder::new().mistakes(
        "extends: base.yaml\nresources: {device: gpu}\nloss:\n  marign: 0.3\n  scale: -1\nlos: {}\ndata: {colour: red, split: {seed: x}}\n",
    );
    let places: Vec<_> = found.iter().filter_map(|one| one.at).collect();
    assert_eq!(places, [(2, 21), (4, 3), (5, 10), (6, 1), (7, 16), (7, 35)]);
}

#[test]
fn a_key_that_stands_twice_hides_no_other_mistake() {
    let found = Folder::new().mistakes("extends: base.yaml\nname: a\nname: b\nloss: {margin: 9}\n");
    let places: Vec<_> = found.iter().filter_map(|one| one.at).collect();
    assert_eq!(places, [(3, 1), (4, 16)]);
}

#[test]
fn a_mistake_in_an_extended_spec_is_reported_there_and_once() {
    let folder = Folder::new();
    folder.write("base.yaml", "data: {dataset: synthetic}\nloss:\n  scale: -1\n  scael: 3\n");
    folder.write("a.yaml", "extends: base.yaml\n");
    folder.write("b.yaml", "extends: base.yaml\nloss: {margin: 9}\n");
    let errors = read_specs(&[folder.path().to_owned()], &[]).unwrap_err();
    let found: Vec<_> = errors
        .all()
        .iter()
        .map(|one| (one.file.rsplit('/').next().unwrap().to_owned(), one.at.unwrap()))
        .collect();
    let expected = [("base.yaml", (3, 10)), ("base.yaml", (4, 3)), ("b.yaml", (2, 16))]
        .map(|(f, at)| (f.to_owned(), at));
    assert_eq!(found, expected);
}

#[test]
fn an_extended_spec_that_is_no_yaml_is_reported_at_its_own_line() {
    let folder = Folder::new();
    folder.write("broken.yaml", "data:\n  dataset: [\n");
    let found = folder.mistakes("extends: broken.yaml\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].file.ends_with("broken.yaml"), "{}", found[0]);
}

#[test]
fn a_circle_of_specs_is_printed_as_a_chain() {
    let folder = Folder::new();
    folder.write("a.yaml", "extends: b.yaml\n");
    folder.write("b.yaml", "extends: spec.yaml\n");
    let found = folder.mistakes("extends: a.yaml\n");
    let [one] = found.as_slice() else { panic!("{found:?}") };
    let said = one.to_string().replace(&format!("{}/", folder.path().display()), "");
    assert!(said.contains("spec.yaml → a.yaml → b.yaml → spec.yaml"), "{said}");
    assert!(one.file.ends_with("b.yaml"), "{said}");
}

#[test]
fn a_mistake_is_printed_with_its_line_and_marks_under_what_is_meant() {
    let folder = Folder::new();
    let path = folder.write("spec.yaml", "extends: base.yaml\nloss:\n  marign: 0.3   # häh\n");
    let printed = folder.printed(&read_specs(&[path], &[]).unwrap_err());
    insta::assert_snapshot!(printed, @r"
    spec.yaml:3:3: `loss` has no key `marign`
     3 |   marign: 0.3   # häh
       |   ^^^^^^
      help: did you mean `margin`? Allowed: `name`, `scale`, `margin`, `past_turn`, `gradient`, `focal`, `label_smoothing` or `sample_rate`
    ");
}

#[test]
fn places_count_characters_not_bytes() {
    let found = Folder::new()
        .mistakes("extends: base.yaml\nhypothesis: \"größer\"\nloss: {\"märgin\": 1, margin: 9}\n");
    let places: Vec<_> = found.iter().filter_map(|one| one.at).collect();
    assert_eq!(places, [(3, 8), (3, 29)]);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_do_no_harm() {
    let folder = Folder::new();
    let text = "\u{feff}extends: base.yaml\r\nloss:\r\n  margin: 0.3\r\n";
    folder.read("a.yaml", text).unwrap();
    let found = folder.mistakes("extends: base.yaml\r\nloss:\r\n  marign: 0.3\r\n");
    assert_eq!(found[0].at, Some((3, 3)));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = Folder::new();
    let errors =
        read_specs(&[folder.path().join("bass.yaml"), folder.path().join("base.yaml")], &[]).unwrap_err();
    let [one] = errors.all() else { panic!("{errors}") };
    assert!(one.file.ends_with("bass.yaml") && one.at.is_none() && one.help.is_some(), "{one}");
}

#[test]
fn a_folder_without_specs_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let errors = read_specs(&[folder.path().to_owned()], &[]).unwrap_err();
    assert!(errors.to_string().contains("there is no spec in this folder"), "{errors}");
}

#[test]
fn of_very_many_mistakes_the_first_are_printed_and_the_others_counted() {
    let folder = Folder::new();
    let keys: Vec<String> = (0..60).map(|key| format!("k{key}: 1")).collect();
    let errors = folder.read("a.yaml", &format!("extends: base.yaml\n{}", keys.join("\n"))).unwrap_err();
    let printed = errors.to_string();
    assert_eq!(errors.all().len(), 60);
    assert!(printed.contains("`k49`") && !printed.contains("`k50`"), "{printed}");
    assert!(printed.ends_with("and 10 more"), "{printed}");
}
