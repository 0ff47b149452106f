//! The specs that are shipped.

mod support;

use std::{fmt::Write as _, path::PathBuf, process::Command};

use arclab_spec::{
    Spec,
    config::{Dataset, PairSource},
    read_specs,
};
use support::experiments;

/// Names, parents and changes; of what extends nothing only the name, since its numbers are tuned now and then.
fn outline(specs: &[Spec]) -> String {
    let mut out = String::new();
    for spec in specs {
        let parent = spec.parent.as_ref().map_or("nothing".to_owned(), ToString::to_string);
        let _ = writeln!(out, "{} extends {parent}", spec.name);
        for change in spec.changes.iter().filter(|_| spec.parent.is_some()) {
            let _ = writeln!(out, "  {}: {}", change.key, change.to);
        }
    }
    out
}

#[test]
fn the_specs_of_losses_differ_in_their_loss_alone() {
    let specs = read_specs(&[experiments().join("losses")], &[]).unwrap();
    assert_eq!(specs.len(), 8);
    for spec in &specs {
        assert!(spec.changes.iter().all(|change| change.key.starts_with("loss.")), "{}", outline(&specs));
        assert!(!spec.hypothesis.is_empty(), "{}", spec.name);
    }
    let names = specs.iter().map(|spec| format!("{:?}", spec.config.loss));
    let names: std::collections::BTreeSet<_> = names.collect();
    assert_eq!(names.len(), 8, "each is another loss");
}

#[test]
fn the_specs_on_rendered_faces_say_what_differs_from_the_baseline() {
    let specs = read_specs(&[experiments()], &[]).unwrap();
    insta::assert_snapshot!(outline(&specs), @r"
    baseline extends nothing
    colour-temperature extends baseline
      data.augment.colour_temperature.probability: 1
      data.augment.colour_temperature.min_kelvin: 3500
      data.augment.colour_temperature.max_kelvin: 10000
    gray-mix extends baseline
      data.augment.grey: 0.5
    grayscale extends baseline
      data.colour: grey
    m0.2 extends baseline
      loss.margin: 0.2
    m0.8 extends baseline
      loss.margin: 0.8
    ");
    assert!(specs.iter().all(|spec| spec.experiment.as_str() == "experiments"));
    assert!(specs.iter().all(|spec| !spec.hypothesis.is_empty()));
    assert!(specs.iter().all(|spec| matches!(spec.config.data.dataset, Dataset::Synthetic(_))));
}

#[test]
fn the_sweep_over_the_margin_has_the_baseline_and_seven_cells_with_three_seeds_each() {
    let specs = read_specs(&[experiments().join("sweeps/margin.yaml")], &[]).unwrap();
    insta::assert_snapshot!(outline(&specs), @r"
    baseline extends nothing
    margin-0.2 extends margin
      loss.margin: 0.2
    margin-0.3 extends margin
      loss.margin: 0.3
    margin-0.4 extends margin
      loss.margin: 0.4
    margin-0.5 extends margin
    margin-0.6 extends margin
      loss.margin: 0.6
    margin-0.7 extends margin
      loss.margin: 0.7
    margin-0.8 extends margin
      loss.margin: 0.8
    ");
    assert!(specs.iter().all(|spec| spec.experiment.as_str() == "margin" && spec.seeds == [0, 1, 2]));
    assert_eq!(
        specs[0].config, specs[4].config,
        "the baseline's margin is one of them, and their runs are shared"
    );
}

/// Runs the test `name` of this program once more, with `ARCLAB_DATA` set: a program cannot safely set its own
/// environment while its tests run on several threads.
fn again_with_data(name: &str) -> bool {
    if std::env::var_os("ARCLAB_TEST_CHILD").is_some() {
        return false;
    }
    let program = std::env::current_exe().expect("a program knows its file");
    let output = Command::new(program)
        .args(["--exact", name, "--nocapture"])
        .env("ARCLAB_TEST_CHILD", "1")
        .env("ARCLAB_DATA", "/photos")
        .output()
        .expect("this program starts");
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
    true
}

#[test]
fn the_specs_on_photos_find_them_through_the_environment() {
    if again_with_data("the_specs_on_photos_find_them_through_the_environment") {
        return;
    }
    for experiment in ["celeba", "celeba-112"] {
        let specs = read_specs(&[experiments().join(experiment)], &[]).unwrap();
        let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names, ["baseline", "grayscale", "m0.2", "m0.8"]);
        for spec in &specs {
            assert_eq!(spec.experiment.as_str(), experiment);
            assert_eq!(spec.parent.as_ref().unwrap().as_str(), "baseline");
            assert_eq!(spec.config.data.dataset, Dataset::Folder(PathBuf::from("/photos/celeba")));
            let protocols: Vec<_> = spec.config.evaluation.protocols.iter().collect();
            assert_eq!(
                protocols.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
                ["closed", "lfw", "open"]
            );
            for (_, protocol) in protocols {
                let PairSource::Listed { list, .. } = &protocol.pairs else { panic!("{protocol:?}") };
                assert!(list.starts_with("/photos"), "{}", list.display());
            }
        }
        let keys = |name: &str| {
            let spec = specs.iter().find(|spec| spec.name.as_str() == name).unwrap();
            spec.changes.iter().map(|change| change.key.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(keys("grayscale"), ["data.colour"]);
        assert_eq!(keys("m0.2"), ["loss.margin"]);
        assert_eq!(keys("m0.8"), ["loss.margin"]);
    }
}

#[test]
fn the_specs_at_full_size_differ_from_those_of_photos_in_size_network_and_length_alone() {
    if again_with_data("the_specs_at_full_size_differ_from_those_of_photos_in_size_network_and_length_alone")
    {
        return;
    }
    let specs = read_specs(&[experiments().join("celeba-112/baseline.yaml")], &[]).unwrap();
    insta::assert_snapshot!(outline(&specs), @r"
    baseline extends baseline
      data.image_size: 112
      model.backbone: mobilefacenet
      model.embedding_size: 512
      training.epochs: 12
    ");
}

/// A copy of what is shipped, with a catalogue of its own: the clone's may not have the name, or have it for another place.
fn with_catalogue(text: &str) -> support::Folder {
    let copy = support::Folder::new();
    for folder in ["", "lfw"] {
        let entries = std::fs::read_dir(experiments().join(folder)).expect("specs are shipped");
        let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
        for path in paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")) {
            let name = path.file_name().expect("a file has a name").to_string_lossy();
            let text = std::fs::read(&path).expect("specs can be read");
            copy.write(&format!("experiments/{folder}/{name}"), text);
        }
    }
    copy.write("experiments/datasets.yaml", text);
    copy
}

#[test]
fn the_specs_on_lfw_train_on_what_the_catalogue_has_as_its_aligned_photos() {
    let copy = with_catalogue("lfw-aligned: {path: /photos/aligned}\n");
    let specs = read_specs(&[copy.path().join("experiments/lfw")], &[]).unwrap();
    insta::assert_snapshot!(outline(&specs), @r"
    baseline extends baseline
      data.dataset: lfw-aligned
      evaluation.protocols.closed.pairs: 3000
      evaluation.protocols.open.pairs: 3000
    grayscale extends baseline
      data.colour: grey
    m0.2 extends baseline
      loss.margin: 0.2
    ");
    for spec in &specs {
        assert_eq!(spec.config.data.dataset, Dataset::Folder(PathBuf::from("/photos/aligned")));
        assert!(spec.experiment.as_str() == "lfw" && !spec.hypothesis.is_empty());
    }

    let without = with_catalogue("");
    let errors = read_specs(&[without.path().join("experiments/lfw")], &[]).unwrap_err();
    assert!(!errors.all().is_empty());
    for one in errors.all() {
        assert!(one.message.contains("has no such name"), "{one}");
        assert!(one.file.ends_with("lfw/baseline.yaml"), "{one}");
    }
}

#[test]
fn every_folder_of_shipped_specs_has_a_test_here() {
    let folders = support::shipped_folders().into_iter().skip(1);
    let names: std::collections::BTreeSet<_> =
        folders.map(|(folder, _)| folder.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["celeba", "celeba-112", "lfw", "losses", "sweeps"].map(str::to_owned).into());
}

#[test]
fn without_the_folder_of_photos_every_mistake_names_the_variable() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "photos_without_a_folder", "--ignored", "--nocapture"])
        .env_remove("ARCLAB_DATA")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

#[test]
#[ignore = "runs as a child without `ARCLAB_DATA`"]
fn photos_without_a_folder() {
    let errors = read_specs(&[experiments().join("celeba")], &[]).unwrap_err();
    assert!(!errors.all().is_empty());
    for one in errors.all() {
        assert!(one.message.contains("`ARCLAB_DATA` is not set"), "{one}");
        assert!(one.file.ends_with("celeba/baseline.yaml"), "{one}");
    }
}
