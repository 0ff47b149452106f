//! Runs that begin with weights at hand: `model.init` and `model.freeze`.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use arclab_nn::{
    BackboneKind, Cpu, Design, Input, Network,
    checkpoint::{Tensors, load_tensors, save_tensors},
};
use arclab_spec::{
    Fingerprint, PLAN_VERSION, WeightsReport, WeightsRequest,
    config::{Backbone, ColourMode, Config, InitialWeights, LossConfig, SplitConfig, StartConfig},
    run_folder,
};
use support::{RunFolder, with_all_of_a_step};

/// Weights of a run, with what they say of themselves.
fn trained() -> (RunFolder, PathBuf) {
    let run = RunFolder::with(|config| config.training.epochs = 1);
    assert_eq!(run.finish(), 0, "{}", run.log());
    let weights = run.file(run_folder::WEIGHTS);
    (run, weights)
}

fn start(file: &Path, freeze: &[&str]) -> StartConfig {
    let init = InitialWeights { file: file.to_owned(), content: None };
    StartConfig { init: Some(init), freeze: freeze.iter().map(|&pattern| pattern.to_owned()).collect() }
}

fn ask(run: &RunFolder, config: &Config, cache: Option<PathBuf>) -> Output {
    let request = WeightsRequest { version: PLAN_VERSION, config: config.clone(), cache };
    let path = run.file("request.json");
    fs::write(&path, serde_json::to_vec(&request).unwrap()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_arclab-worker")).arg("weights").arg(path).output().unwrap()
}

/// The notes; or the key of the spec that is wrong, with the reason.
fn answer(run: &RunFolder, config: &Config) -> Result<Vec<String>, String> {
    answer_with(run, config, None)
}

/// The same, with what the weights have seen held against the tests' images.
fn answer_with(run: &RunFolder, config: &Config, cache: Option<PathBuf>) -> Result<Vec<String>, String> {
    let output = ask(run, config, cache);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    match serde_json::from_slice(&output.stdout).unwrap() {
        WeightsReport::Suits { notes, .. } => Ok(notes),
        WeightsReport::Refused { key, reason } => Err(format!("{key}: {reason}")),
    }
}

/// Values of the weights in bits, by name.
fn bits(path: &Path) -> BTreeMap<String, Vec<u32>> {
    let bits = |values: Vec<f32>| values.iter().map(|value| value.to_bits()).collect();
    let (tensors, _) = load_tensors(path).unwrap();
    let floats = tensors.into_iter().filter(|(_, tensor)| tensor.dtype().is_float());
    floats.map(|(name, tensor)| (name, bits(tensor.flatten_all().unwrap().to_vec1().unwrap()))).collect()
}

#[test]
fn what_is_frozen_is_bit_identical_after_training_and_all_else_has_moved() {
    let (_run, weights) = trained();
    let frozen = ["conv1", "bn1", "prelu", "layer1", "*.bn2", "fc.bias"];
    let tuned = RunFolder::with(|config| {
        with_all_of_a_step(config);
        config.start = start(&weights, &frozen);
    });
    assert_eq!(tuned.finish(), 0, "{}", tuned.log());
    assert!(tuned.log().contains("began with the weights of"), "{}", tuned.log());
    let (before, after) = (bits(&weights), bits(&tuned.file(run_folder::WEIGHTS)));
    let is_statistic = |name: &str| name.contains(".running_");
    // Of what is frozen whole at the beginning, running statistics stay, too; further on they follow.
    let stays = |name: &str| {
        ["conv1", "bn1.", "prelu", "layer1."].iter().any(|part| name.starts_with(part))
            || name == "fc.bias"
            || name == "features.weight"
            || (name.contains(".bn2.") && !is_statistic(name))
    };
    let (mut still, mut moved) = (0, 0);
    for (name, value) in &before {
        assert_eq!(*value == after[name], stays(name), "{name}");
        *(if stays(name) { &mut still } else { &mut moved }) += 1;
    }
    assert!(still > 20 && moved > 30, "{still} {moved}");
}

#[test]
fn a_run_with_frozen_weights_that_was_stopped_goes_on_without_the_file_that_it_began_with() {
    let (_run, weights) = trained();
    let change = |config: &mut Config| config.start = start(&weights, &["conv1", "bn1", "prelu", "layer1"]);
    let (through, mut stopped) = (RunFolder::with(change), RunFolder::with(change));
    assert_eq!(through.finish(), 0, "{}", through.log());
    let mut worker = stopped.start();
    stopped.wait_for("checkpoint", |event| matches!(event, arclab_spec::Event::Checkpoint { .. }));
    let _ = worker.0.kill();
    let _ = worker.0.wait();
    fs::remove_file(&weights).unwrap();
    stopped.next_attempt();
    assert_eq!(stopped.finish(), 0, "{}", stopped.log());
    support::assert_same_results(&through, &stopped);
}

#[test]
fn weights_that_suit_are_reported_with_their_content_and_those_that_changed_are_refused() {
    let (run, weights) = trained();
    let mut config = run.assignment.plan.config.clone();
    config.start = start(&weights, &["layer1"]);
    assert_eq!(answer(&run, &config).unwrap(), [""; 0]);
    let init = config.start.init.as_mut().unwrap();
    init.content = Some(arclab_spec::Fingerprint::of(b"other"));
    assert!(answer(&run, &config).unwrap_err().contains("changed since the run was planned"));

    // Without a note, InsightFace's input is taken for granted, and that is said.
    let bare = run.file("bare.safetensors");
    save_tensors(&bare, &load_tensors(&weights).unwrap().0, None).unwrap();
    config.start = start(&bare, &[]);
    let notes = answer(&run, &config).unwrap();
    assert!(notes[0].contains("taken for InsightFace's"), "{notes:?}");
    assert!(notes[0].contains("as the embedded faces are drawn, which is another alignment"), "{notes:?}");
    assert!(
        notes[1].contains("not checked") && notes[1].contains("does not say which run made it"),
        "{notes:?}"
    );
}

/// What is said where the note of the weights, or what a spec asks, is another one.
fn refused(run: &RunFolder, weights: &Path, change: impl FnOnce(&mut Config), note: [&str; 2]) -> String {
    let (tensors, text): (Tensors, _) = load_tensors(weights).unwrap();
    let (text, changed) = (text.unwrap(), run.file("changed.safetensors"));
    let other = text.replace(note[0], note[1]);
    assert_eq!(other == text, note[0] == note[1], "{text}");
    save_tensors(&changed, &tensors, Some(&other)).unwrap();
    let mut config = run.assignment.plan.config.clone();
    config.start = start(&changed, &[]);
    change(&mut config);
    let said = answer(run, &config).unwrap_err();
    let key = if said.contains("is no parameter") { "model.freeze: " } else { "model.init: " };
    assert!(said.starts_with(key), "{said}");
    assert!(said.contains("changed.safetensors") || said.contains("model.freeze"), "{said}");
    said
}

#[test]
fn weights_of_another_input_or_network_are_refused_with_what_to_do() {
    let (run, weights) = trained();
    let refused = |change: &dyn Fn(&mut Config), note| refused(&run, &weights, change, note);
    for (note, says) in [
        ([r#""RGB""#, r#""BGR""#], "turn the input channels of its first convolution around"),
        ([r#""channels":3"#, r#""channels":1"#], "its input has 1 channels"),
        (["x / 255 - 0.5", "x / 256 - 0.5"], "normalised as `(x / 256 - 0.5) / 0.5`"),
        ([r#""rendered""#, r#""insight_face""#], "aligned to InsightFace's five points"),
        (
            ["\"image_size\":32", "\"image_size\":64"],
            "images of 64 pixels, and `data.image_size` is 32: set it to 64",
        ),
        (["\"run\"", "\"runs\""], "use the arclab that wrote it"),
        (
            [r#""colour":"rgb""#, r#""colour":"grey""#],
            "trained on grey images, and `data.colour` is `rgb`: set it to `grey`",
        ),
        (
            [r#""embedding_size":32"#, r#""embedding_size":32,"input":"grey""#],
            "reads grey images in one channel, and `model.input` is `rgb`: write `model: {input: grey}`",
        ),
    ] {
        let said = refused(&|_| {}, note);
        assert!(said.contains(says), "{said}");
    }
    let same = ["", ""];
    let said = refused(&|config| config.model.embedding_size = 16, same);
    assert!(
        said.contains("embeddings of 32 numbers, and `model.embedding_size` is 16: set it to 32"),
        "{said}"
    );
    let said = refused(&|config| config.model.backbone = Backbone::IResNet18, same);
    assert!(said.contains("it holds a network `small`, and `model.backbone` is `iresnet18`"), "{said}");
    let said = refused(&|config| config.start.freeze = vec!["layr1".into()], same);
    assert!(said.contains("`layr1` is no parameter and no part of small: nearest are `layer1`"), "{said}");
}

#[test]
fn a_network_that_is_frozen_whole_is_refused_beside_a_loss_that_learns_nothing_itself() {
    let (run, weights) = trained();
    let mut config = run.assignment.plan.config.clone();
    config.start = start(&weights, &["*"]);
    assert!(answer(&run, &config).is_ok());
    config.loss = LossConfig::Contrastive { positive_margin: 1.0, negative_margin: 0.5 };
    let said = answer(&run, &config).unwrap_err();
    assert!(said.contains("`model.freeze` leaves nothing to learn"), "{said}");
}

#[test]
fn a_network_that_is_frozen_whole_trains_its_head_alone() {
    let (_run, weights) = trained();
    let tuned = RunFolder::with(|config| config.start = start(&weights, &["*"]));
    assert_eq!(tuned.finish(), 0, "{}", tuned.log());
    assert_eq!(bits(&weights), bits(&tuned.file(run_folder::WEIGHTS)));
}

#[test]
fn weights_without_a_note_whose_input_alone_is_another_are_told_so() {
    let run = RunFolder::new();
    let mut config = run.assignment.plan.config.clone();
    let mut said = |(kind, backbone), image_size, input| {
        let design = Design { input, ..Design::new(kind, 32, image_size) };
        let network = Network::of(Arc::new(Cpu::new(1)), &design, 0).unwrap();
        let bare = run.file("bare.safetensors");
        save_tensors(&bare, &network.state().into_iter().collect(), None).unwrap();
        (config.start, config.model.backbone) = (start(&bare, &[]), backbone);
        answer(&run, &config).unwrap_err()
    };
    let small = (BackboneKind::Small, Backbone::Small);
    for network in [
        small,
        (BackboneKind::IResNet18, Backbone::IResNet18),
        (BackboneKind::MobileFaceNet, Backbone::MobileFaceNet),
        (BackboneKind::GhostFaceNetV1Stride2, Backbone::GhostFaceNetV1Stride2),
    ] {
        let of_64 = said(network, 64, Input::Rgb);
        assert!(of_64.contains("images of 64 pixels, and `data.image_size` is 32: set it to 64"), "{of_64}");
    }
    let grey = said(small, 32, Input::Grey);
    assert!(grey.contains("reads grey images in one channel, and `model.input` is `rgb`"), "{grey}");
    let both = said(small, 64, Input::Grey);
    assert!(both.contains("is not of the backbone that the spec names"), "{both}");
}

#[test]
fn weights_of_colours_begin_a_run_on_grey_images_with_a_word() {
    let (run, weights) = trained();
    let mut config = run.assignment.plan.config.clone();
    config.start = start(&weights, &[]);
    config.data.colour = ColourMode::Grey;
    let notes = answer(&run, &config).unwrap();
    assert!(matches!(&*notes, [note] if note.contains("goes on with grey images")), "{notes:?}");
}

/// A change to a run that is tested on people that other runs train on.
fn with_other_people_held_out(config: &mut Config) {
    let SplitConfig::Drawn { seed, .. } = &mut config.data.split else { unreachable!() };
    *seed = 2;
}

#[test]
fn a_run_is_not_tested_on_images_that_its_first_weights_were_trained_on() {
    let (first, weights) = trained();
    let with_init = |weights: &Path, change: fn(&mut Config)| {
        RunFolder::with(|config| {
            config.training.epochs = 1;
            config.start = start(weights, &[]);
            config.start.init.as_mut().unwrap().content = Some(Fingerprint::of(&fs::read(weights).unwrap()));
            change(config);
        })
    };
    let seen = "has seen images of this run's tests";
    let direct = with_init(&weights, with_other_people_held_out);
    // Planning asks first, and once the images are prepared the worker knows.
    let (config, cache) = (&direct.assignment.plan.config, &direct.assignment.cache);
    assert!(answer(&direct, config).is_ok(), "images were not asked for");
    let refused = answer_with(&direct, config, Some(cache.clone())).unwrap_err();
    assert!(refused.starts_with("model.init: ") && refused.contains(seen), "{refused}");
    assert_eq!(direct.finish(), 1, "{}", direct.log());
    assert!(direct.log().contains(seen), "{}", direct.log());

    // Nor by way of another run, which saw none of them itself.
    let second = with_init(&weights, |_| {});
    assert_eq!(second.finish(), 0, "{}", second.log());
    assert!(!second.log().contains("not checked"), "{}", second.log());
    let between = with_init(&second.file(run_folder::WEIGHTS), with_other_people_held_out);
    assert_eq!(between.finish(), 1, "{}", between.log());
    assert!(between.log().contains(seen), "{}", between.log());

    // Where it cannot be known, that is said.
    fs::rename(first.file(run_folder::PLAN), first.file("plan.away")).unwrap();
    let unknown = with_init(&weights, with_other_people_held_out);
    assert_eq!(unknown.finish(), 0, "{}", unknown.log());
    assert!(
        unknown.log().contains("not checked: whether the weights were trained on images"),
        "{}",
        unknown.log()
    );
    assert!(unknown.log().contains("is not beside it"), "{}", unknown.log());
}
