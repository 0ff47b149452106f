//! What variants differ in, and which of that no spec declares.

mod support;

use arclab_spec::{Change, Fingerprint, Spec};
use support::Folder;

const BASE: &str = "data: {dataset: synthetic}\nloss: {margin: 0.5, scale: 30}\ntraining: {epochs: 14}\n";

fn lines(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| {
        format!("{}: {} → {}", change.key, change.from.as_deref().unwrap_or("nothing"), change.to)
    };
    changes.iter().map(line).collect()
}

fn undeclared(spec: &Spec, other: &Spec) -> Vec<String> {
    lines(&spec.lineage.undeclared_differences(&other.lineage))
}

#[test]
fn what_a_chain_declares_is_a_difference_that_nobody_need_be_warned_of() {
    let folder = Folder::new();
    folder.write("middle.yaml", "extends: a.yaml\nloss: {scale: 32}\n");
    let base = folder.read("a.yaml", BASE).unwrap();
    let spec = folder.read("leaf.yaml", "extends: middle.yaml\ntraining: {epochs: 20}\n").unwrap();
    let differences = lines(&spec.lineage.differences(&base.lineage));
    assert_eq!(differences, ["loss.scale: 30.0 → 32.0", "training.epochs: 14 → 20"]);
    assert_eq!(undeclared(&spec, &base), [""; 0]);
    assert_eq!(undeclared(&base, &spec), [""; 0]);
}

#[test]
fn a_value_that_was_set_for_one_of_two_variants_is_undeclared_even_where_its_spec_names_the_key() {
    let folder = Folder::new();
    let base = folder.read_with("a.yaml", BASE, &["training.epochs=4"]).unwrap();
    let text = "extends: a.yaml\nloss: {margin: 0.8}\n";
    let plain = folder.read("m0.8.yaml", text).unwrap();
    assert_eq!(undeclared(&plain, &base), ["training.epochs: 4 → 14"]);
    let set = folder.read_with("m0.8.yaml", text, &["training.epochs=4"]).unwrap();
    assert_eq!(undeclared(&set, &base), [""; 0]);
    let other = folder.read_with("m0.8.yaml", text, &["training.epochs=4", "loss.margin=0.7"]).unwrap();
    assert_eq!(undeclared(&other, &base), ["loss.margin: 0.5 → 0.7"]);
}

#[test]
fn a_file_that_was_edited_between_two_plannings_shows_as_undeclared() {
    let folder = Folder::new();
    let base = folder.read("a.yaml", BASE).unwrap();
    folder.write("a.yaml", BASE.replace("14", "3"));
    let spec = folder.read("m0.8.yaml", "extends: a.yaml\nloss: {margin: 0.8}\n").unwrap();
    assert_eq!(undeclared(&spec, &base), ["training.epochs: 14 → 3"]);
}

#[test]
fn seeds_and_what_changes_no_number_are_no_differences() {
    let folder = Folder::new();
    let base = folder.read("a.yaml", BASE).unwrap();
    let set = ["training.seeds=[1, 2]", "resources.threads=1", "training.log_every=3"];
    let spec = folder.read_with("a.yaml", BASE, &set).unwrap();
    assert_eq!(lines(&spec.lineage.differences(&base.lineage)), [""; 0]);
}

#[test]
fn a_section_that_one_variant_lacks_is_told_of_by_its_parts() {
    let folder = Folder::new();
    let base = folder.read("a.yaml", BASE).unwrap();
    let text = "extends: a.yaml\ndata: {augment: {colour_temperature: {probability: 1}}}\n";
    let differences = lines(&folder.read("warm.yaml", text).unwrap().lineage.differences(&base.lineage));
    assert_eq!(differences[0], "data.augment.colour_temperature.max_kelvin: nothing → 10000.0");
    assert!(differences.iter().all(|change| !change.starts_with("data.augment.colour_temperature:")));
}

#[test]
fn another_kind_of_data_set_is_declared_with_all_that_it_takes_away() {
    let folder = Folder::new();
    let base = folder.read("a.yaml", "data: {dataset: {synthetic: {identities: 40}}}\n").unwrap();
    let spec = folder.read("photos.yaml", "extends: a.yaml\ndata: {dataset: {folder: photos}}\n").unwrap();
    let differences = lines(&spec.lineage.differences(&base.lineage));
    assert!(
        differences.contains(&"data.dataset.synthetic.identities: 40 → null".to_owned()),
        "{differences:?}"
    );
    assert_eq!(undeclared(&spec, &base), [""; 0]);
}

#[test]
fn a_default_that_is_written_out_and_data_that_moved_are_no_differences() {
    let folder = Folder::new();
    let base = folder.read("a.yaml", "data: {dataset: {folder: here}}\n").unwrap();
    let text = "data: {dataset: {folder: there}}\nloss: {scale: 64}\n";
    let spec = folder.read("a.yaml", text).unwrap();
    assert_eq!(lines(&spec.lineage.differences(&base.lineage)), [""; 0]);
}

#[test]
fn weights_to_begin_with_are_named_by_their_file_and_keys_are_those_of_specs() {
    let folder = Folder::new();
    folder.write("w.pth", "");
    let base = folder.read("a.yaml", BASE).unwrap();
    let text = "extends: a.yaml\nmodel: {init: w.pth, freeze: [conv1]}\nloss: {focal: 2, sample_rate: 0.5}\n";
    let spec = folder.read("tuned.yaml", text).unwrap();
    let expected = [
        "loss.focal: nothing → 2.0",
        "loss.sample_rate: nothing → 0.5",
        "model.freeze: nothing → [\"conv1\"]",
        "model.init: nothing → w.pth",
    ];
    assert_eq!(lines(&spec.lineage.differences(&base.lineage)), expected);
    assert_eq!(undeclared(&spec, &base), [""; 0]);
}

#[test]
fn weights_of_another_content_are_an_undeclared_difference_and_moved_ones_are_none() {
    let folder = Folder::new();
    folder.write("w.pth", "");
    folder.write("moved.pth", "");
    let spec = |file: &str, content: Option<&str>| {
        folder.write("a.yaml", format!("{BASE}model: {{init: {file}}}\n"));
        let mut spec = folder.read("m0.2.yaml", "extends: a.yaml\nloss: {margin: 0.2}\n").unwrap();
        if let Some(content) = content {
            spec.begins_with(Fingerprint::of(content.as_bytes()));
        }
        spec
    };
    let base = spec("w.pth", Some("one"));
    let [one, other] = ["one", "other"].map(|content| Fingerprint::of(content.as_bytes()));
    let expected = format!("model.init: w.pth ({}) → w.pth ({})", one.short(), other.short());
    assert_eq!(undeclared(&spec("w.pth", Some("other")), &base), [expected]);
    assert_eq!(undeclared(&spec("moved.pth", Some("one")), &base), [""; 0]);

    // Of a variant whose lineage was kept without the content, the name is known.
    assert_eq!(undeclared(&spec("w.pth", None), &base), [""; 0]);
    assert_eq!(undeclared(&spec("moved.pth", None), &base).len(), 1);
}

#[test]
fn specs_that_rest_on_no_common_file_may_differ_in_anything() {
    let folder = Folder::new();
    let one = folder.read("a.yaml", BASE).unwrap();
    let other = folder.read("b.yaml", "data: {dataset: synthetic}\n").unwrap();
    assert_eq!(undeclared(&one, &other), [""; 0]);
}

#[test]
fn a_spec_that_was_recorded_reads_back_as_it_was() {
    let folder = Folder::new();
    folder.write("a.yaml", BASE);
    let text = "extends: a.yaml\nloss: {margin: 0.8}\nexpect: [{metric: open.accuracy, change: increases, versus: a}]\n";
    let spec = folder.read("m0.8.yaml", text).unwrap();
    let read: Spec = serde_json::from_value(serde_json::to_value(&spec).unwrap()).unwrap();
    assert_eq!(Spec { written: spec.written.clone(), ..read.clone() }, spec);
    // Where it was written is not recorded: what is found wrong in it later is told of the file.
    assert!(read.mistake("loss.margin", "too large").to_string().contains("m0.8.yaml"));
}

#[test]
fn what_a_program_derives_from_a_spec_has_its_plans_and_is_held_against_no_other() {
    let folder = Folder::new();
    let spec = folder.read("a.yaml", BASE).unwrap();
    let mut config = spec.config.clone();
    config.training.epochs = 3;
    let name = |text: &str| arclab_spec::VariantName::new(text).unwrap();
    let derived = spec.derived(spec.experiment.clone(), name("less"), String::new(), config);
    assert_eq!(lines(&derived.lineage.differences(&spec.lineage)), ["training.epochs: 14 → 3"]);
    assert_eq!(undeclared(&derived, &spec), [""; 0]);
    let data = Fingerprint::of(b"data");
    let (plans, ours): (Vec<_>, Vec<_>) = (spec.plans(&data).collect(), derived.plans(&data).collect());
    assert_eq!(
        plans.iter().map(|plan| plan.seed).collect::<Vec<_>>(),
        ours.iter().map(|plan| plan.seed).collect::<Vec<_>>()
    );
    assert_ne!(plans[0].hash(), ours[0].hash());
}
