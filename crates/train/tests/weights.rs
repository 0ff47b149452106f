//! `arclab-worker test` and `embed`: weights at hand, used again.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[path = "../../nn/tests/hostile_weights/archive.rs"]
mod archive;
#[path = "../../nn/tests/hostile_weights/program.rs"]
#[expect(dead_code, reason = "it makes broken pickles, too")]
mod program;
mod support;

use std::{
    fs,
    process::{Command, Output},
};

use arclab_data::{Silent, prepare};
use arclab_metrics::ThresholdPolicy;
use arclab_nn::checkpoint::Tensors;
use arclab_spec::{
    EmbedReport, EmbedRequest, Event, PLAN_VERSION, ProtocolName, TestReport, TestRequest,
    config::{Backbone, ColourMode, Dataset, DeviceRequest, ModelConfig, ModelInput, PairSource, Protocol},
    run_folder,
};
use support::{RunFolder, with_all_of_a_step};

fn trained() -> RunFolder {
    let run = RunFolder::new();
    assert_eq!(run.finish(), 0, "{}", run.log());
    run
}

fn request(run: &RunFolder, mode: &str) -> TestRequest {
    let (mode, config) = (ProtocolName::new(mode).unwrap(), &run.assignment.plan.config);
    TestRequest {
        version: PLAN_VERSION,
        checkpoint: run.file(run_folder::WEIGHTS),
        model: None,
        data: config.data.clone(),
        protocol: config.evaluation.protocols[&mode].clone(),
        mode,
        device: DeviceRequest::Auto,
        threads: 1,
        cache: run.assignment.cache.clone(),
        output: run.file("tested"),
    }
}

fn ask(run: &RunFolder, request: &TestRequest) -> Output {
    let path = run.file("request.json");
    fs::write(&path, serde_json::to_vec(request).unwrap()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_arclab-worker")).arg("test").arg(path).output().unwrap()
}

fn report(run: &RunFolder, request: &TestRequest) -> TestReport {
    let output = ask(run, request);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refusal(run: &RunFolder, request: &TestRequest) -> String {
    let output = ask(run, request);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn weights_at_hand_give_the_numbers_and_the_predictions_of_their_run() {
    gives_the_numbers_of_its_run(&trained());
}

#[test]
fn averaged_weights_at_hand_do_so_too() {
    let run = RunFolder::with(with_all_of_a_step);
    assert_eq!(run.finish(), 0, "{}", run.log());
    gives_the_numbers_of_its_run(&run);
}

fn gives_the_numbers_of_its_run(run: &RunFolder) {
    for event in run.events() {
        let Event::Evaluated { protocol, evaluation, pair_list, .. } = event else { continue };
        let mut request = request(run, protocol.as_str());
        // The treatment of the input belongs to the weights, whatever the request says.
        (request.data.image_size, request.data.colour) = (64, ColourMode::Grey);
        let report = report(run, &request);
        assert_eq!(report.evaluation, evaluation);
        assert_eq!((report.pair_list, report.model.as_str()), (pair_list, run.assignment.run.as_str()));
        let of_run = run.file(report.predictions.file_name().unwrap());
        assert_eq!(fs::read(&report.predictions).unwrap(), fs::read(of_run).unwrap());
    }
}

fn embed(run: &RunFolder, change: impl FnOnce(&mut EmbedRequest)) -> Result<EmbedReport, String> {
    let (config, cache) = (&run.assignment.plan.config, run.assignment.cache.clone());
    let mut request = EmbedRequest {
        version: PLAN_VERSION,
        checkpoint: run.file(run_folder::WEIGHTS),
        dataset: config.data.dataset.clone(),
        images: Vec::new(),
        threads: 1,
        cache,
        output: run.file("embeddings.f32"),
    };
    change(&mut request);
    let path = run.file("request.json");
    fs::write(&path, serde_json::to_vec(&request).unwrap()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_arclab-worker")).arg("embed").arg(path).output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[test]
fn embeddings_of_named_images_have_the_cosines_that_the_run_gave_them() {
    let run = trained();
    let config = &run.assignment.plan.config;
    let data = prepare(&config.data, &config.evaluation, &run.assignment.cache, &Silent).unwrap();
    let (_, list) = data.protocols.iter().find(|(name, _)| name.as_str() == "open").unwrap();
    let images = list.pairs.iter().flat_map(|pair| [pair.a, pair.b]);
    let names = images.map(|image| data.images.name(image).to_owned()).collect();
    let report = embed(&run, |request| request.images = names).unwrap();
    assert_eq!(report.width, 32);
    let rows = floats(&fs::read(run.file("embeddings.f32")).unwrap());
    let scores = floats(&fs::read(run.file("scores-open.f32")).unwrap());
    assert_eq!(rows.len(), 2 * 32 * scores.len());
    for (pair, score) in rows.chunks_exact(64).zip(scores) {
        let (a, b) = pair.split_at(32);
        let cosine: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        assert!((cosine - f64::from(score)).abs() < 1e-6, "{cosine} is not {score}");
    }
}

#[test]
fn what_cannot_be_embedded_is_named() {
    let run = trained();
    let error =
        embed(&run, |request| request.images = vec!["p00000/000".to_owned(), "p00000/999".to_owned()]);
    assert!(error.unwrap_err().contains("no image `p00000/999`"));
    let bare = run.file("bare.safetensors");
    let (tensors, _) = arclab_nn::checkpoint::load_tensors(&run.file(run_folder::WEIGHTS)).unwrap();
    arclab_nn::checkpoint::save_tensors(&bare, &tensors, None).unwrap();
    let error = embed(&run, |request| request.checkpoint = bare).unwrap_err();
    assert!(error.contains("bare.safetensors does not say which network"), "{error}");
    let error = embed(&run, |request| request.version = 99).unwrap_err();
    assert!(error.contains("version 99"), "{error}");
}

#[test]
fn weights_without_a_card_need_their_network_named() {
    let run = trained();
    let bare = run.file("bare.safetensors");
    let (tensors, _) = arclab_nn::checkpoint::load_tensors(&run.file(run_folder::WEIGHTS)).unwrap();
    arclab_nn::checkpoint::save_tensors(&bare, &tensors, None).unwrap();
    let mut request = request(&run, "open");
    request.checkpoint = bare;
    assert!(refusal(&run, &request).contains("name a spec that does with `--spec`"));

    request.model = Some(run.assignment.plan.config.model);
    assert_eq!(report(&run, &request).model, "bare");
    let log = String::from_utf8(ask(&run, &request).stderr).unwrap();
    assert!(
        log.contains("not checked") && log.contains("bare.safetensors does not say which run made it"),
        "{log}"
    );

    request.model = Some(ModelConfig {
        backbone: Backbone::Small,
        embedding_size: 48,
        input: ModelInput::Rgb,
        dropout: 0.0,
    });
    let refused = refusal(&run, &request);
    assert!(refused.contains("the weights do not fit the network"), "{refused}");

    request.model = Some(run.assignment.plan.config.model);
    request.protocol.threshold = ThresholdPolicy::Validation;
    assert!(refusal(&run, &request).contains("carries no threshold from validation"));
}

/// What PyTorch saves of a state dictionary.
fn pth(tensors: &Tensors) -> Vec<u8> {
    let (mut entries, mut storages) = (Vec::new(), Vec::new());
    let keys: Vec<String> = (0..tensors.len()).map(|key| key.to_string()).collect();
    for ((name, tensor), key) in tensors.iter().zip(&keys) {
        let flat = tensor.flatten_all().unwrap();
        let (kind, content) = if tensor.dtype().is_float() {
            ("FloatStorage", flat.to_vec1::<f32>().unwrap().into_iter().flat_map(f32::to_le_bytes).collect())
        } else {
            ("LongStorage", flat.to_vec1::<i64>().unwrap().into_iter().flat_map(i64::to_le_bytes).collect())
        };
        let numbers = |sizes: &[usize]| sizes.iter().map(|&size| size as i64).collect::<Vec<_>>();
        let (shape, strides) = (numbers(tensor.dims()), numbers(tensor.stride()));
        let count = tensor.elem_count() as i64;
        let saved = program::Tensor { kind, key, count, offset: 0, shape: &shape, strides: &strides };
        entries.push((name.as_str(), saved.pickled()));
        storages.push((key.as_str(), content));
    }
    archive::saved(&program::program(program::dict(&entries)), &storages)
}

#[test]
fn weights_that_pytorch_saved_give_the_same_numbers() {
    let run = trained();
    let mut request = request(&run, "open");
    request.protocol.threshold = ThresholdPolicy::Fixed(0.3);
    let expected = report(&run, &request).evaluation;
    let (tensors, _) = arclab_nn::checkpoint::load_tensors(&request.checkpoint).unwrap();
    request.checkpoint = run.file("saved.pth");
    fs::write(&request.checkpoint, pth(&tensors)).unwrap();
    assert!(refusal(&run, &request).contains("name a spec that does with `--spec`"));
    request.model = Some(run.assignment.plan.config.model);
    let found = report(&run, &request);
    assert_eq!((found.evaluation, found.model.as_str()), (expected, "saved"));
}

/// A list of two pairs of rendered faces, one of the same person and one of different people.
fn list(run: &RunFolder, [a, b]: [&str; 2], other: &str) -> Protocol {
    let list = run.file("list.csv");
    fs::write(&list, format!("a,b,same\n{a},{b},1\n{a},{other},0\n")).unwrap();
    Protocol { pairs: PairSource::Listed { list, images: None }, threshold: ThresholdPolicy::Fixed(0.3) }
}

#[test]
fn images_that_the_weights_were_trained_on_are_refused_while_that_can_be_known() {
    let run = trained();
    let config = &run.assignment.plan.config;
    let data = prepare(&config.data, &config.evaluation, &run.assignment.cache, &Silent).unwrap();
    let name = |image| data.images.name(image);
    let seen = data.train[0].image;
    let (closed, open) = (&data.protocols[0].1.pairs[0], &data.protocols[1].1.pairs[0]);
    assert!(open.same);
    let mut request = request(&run, "open");

    request.protocol = list(&run, [name(open.a), name(open.b)], name(closed.a));
    let output = ask(&run, &request);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !log.contains("not checked"), "{log}");

    request.protocol = list(&run, [name(open.a), name(open.b)], name(seen));
    let refused = refusal(&run, &request);
    assert!(refused.contains("the weights have seen images of this test"), "{refused}");
    assert!(refused.contains("1 images of the pairs of `open` are among"), "{refused}");
    assert!(refused.contains(name(seen)), "{refused}");

    // By content: the same faces under the same names, but of another seed, are other faces.
    let mut elsewhere = request.clone();
    let Dataset::Synthetic(faces) = &mut elsewhere.data.dataset else { unreachable!() };
    faces.seed = 2;
    report(&run, &elsewhere);

    fs::rename(run.file(run_folder::PLAN), run.file("plan.away")).unwrap();
    let output = ask(&run, &request);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert!(log.contains("not checked: whether the weights were trained on images of a test"), "{log}");
    assert!(log.contains("the plan of the run that made"), "{log}");
}

#[test]
fn a_network_that_contradicts_the_weights_is_refused() {
    let run = trained();
    let mut request = request(&run, "open");
    request.model = Some(ModelConfig {
        backbone: Backbone::IResNet18,
        embedding_size: 512,
        input: ModelInput::Rgb,
        dropout: 0.0,
    });
    let refused = refusal(&run, &request);
    let words = |backbone, size| format!("`{{backbone: {backbone}, embedding_size: {size}, input: rgb}}`");
    let (found, asked) = (words("small", 32), words("iresnet18", 512));
    assert!(refused.contains(&found) && refused.contains(&asked), "{refused}");
}

#[test]
fn weights_whose_note_cannot_be_read_or_is_beyond_all_reason_are_refused() {
    let run = trained();
    let mut request = request(&run, "open");
    let (tensors, note) = arclab_nn::checkpoint::load_tensors(&request.checkpoint).unwrap();
    let note: serde_json::Value = serde_json::from_str(&note.unwrap()).unwrap();
    request.checkpoint = run.file("noted.safetensors");
    for (key, value, says) in [
        (
            "/channel_order",
            serde_json::json!("BGR"),
            "turn the input channels of its first convolution around",
        ),
        ("/channel_order", serde_json::json!("GBR"), "use the arclab that wrote it"),
        ("/validation_threshold", serde_json::json!(2), "validation_threshold 2 is no cosine, in [-1, 1]"),
        ("/model/embedding_size", serde_json::json!(4_000_000_000_u32), "an embedding has 1 to 4096 numbers"),
        ("/image_size", serde_json::json!(4_000_000_000_u32), "square images of 32 to 512 pixels"),
    ] {
        let mut other = note.clone();
        *other.pointer_mut(key).unwrap() = value;
        let other = other.to_string();
        arclab_nn::checkpoint::save_tensors(&request.checkpoint, &tensors, Some(&other)).unwrap();
        let refused = refusal(&run, &request);
        assert!(refused.contains(says) && !refused.contains("panicked"), "{refused}");
    }
}

#[test]
fn weights_cut_short_are_refused_by_name() {
    let run = trained();
    let mut request = request(&run, "open");
    let bytes = fs::read(&request.checkpoint).unwrap();
    request.checkpoint = run.file("half.safetensors");
    fs::write(&request.checkpoint, &bytes[..bytes.len() / 2]).unwrap();
    let refused = refusal(&run, &request);
    assert!(refused.contains("half.safetensors: cut short"), "{refused}");
}
