//! One spec from its chain of documents.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{
    chain::{Chain, Link},
    changes, data, evaluation, expect,
    loss::{self, Softmax},
    model, optimizer,
    overrides::Override,
    pairs, queue, resources, schedule,
    section::{Reading, Section, written},
    start, sweep, training,
};
use crate::{
    Expectation, ExperimentName, Lineage, Spec, VariantName,
    config::{Config, QueueConfig, ResourceRequest},
    lineage,
    source::{Diagnostic, Node, Value},
};

/// Reads the spec that `chain` ends in, with `overrides` on top; absent after a mistake, which is reported.
pub(super) fn read(chain: &Chain, overrides: &[Override], reading: &Reading<'_>) -> Option<Spec> {
    let before = reading.mistakes();
    let own = chain.own();
    // The sweep has been read by then.
    let apart = |over: &&Override| chain.sweep.is_none() || over.document().get(sweep::KEY).is_none();
    let overrides: Vec<Override> = overrides.iter().filter(apart).cloned().collect();
    let overrides = overrides.as_slice();
    let folder = folder(&own.file);
    reading.begin(&folder);
    let parents = chain.parents();
    let declared = match parents.clone() {
        Some(parents) => without(parents, &["name", "hypothesis", "expect"]).merged(own.document.clone()),
        None => own.document.clone(),
    };
    let document = set(declared.clone(), overrides);
    let mut top = Section::new(reading, Some(&document), "");
    let written = top_level(&mut top);
    top.finish();
    let name = name(&document, &own.file, reading);
    let of_sweep = chain.sweep.as_ref().map(|part| part.sweep.name.clone());
    let experiment = of_sweep.or_else(|| experiment(&own.file, &folder, reading));
    let (name, experiment) = (name?, experiment?);
    expect::refuse_own(&document, &name, reading);
    queue::refuse_own(&document, &name, reading);
    if reading.mistakes() != before {
        return None;
    }
    Some(Spec {
        experiment,
        name,
        file: own.file.clone(),
        folder,
        parent: chain.parent().and_then(name_of),
        changes: changes::between(parents.map(|parents| set(parents, overrides)).as_ref(), &document),
        lineage: lineage(chain, &declared, &written.config)?,
        hypothesis: written.hypothesis.unwrap_or_default(),
        expect: written.expect,
        sweep: chain.sweep.clone(),
        config: written.config,
        seeds: written.seeds,
        resources: written.resources,
        queue: written.queue,
        written: crate::Written(Some(document)),
    })
}

/// `document` with `overrides` on top. Names first: another one takes away what belonged to the last, and never what is
/// set beside it.
fn set(document: Node, overrides: &[Override]) -> Node {
    let (names, others): (Vec<_>, Vec<_>) = overrides.iter().partition(|over| over.is_name_of_section());
    names.into_iter().chain(others).fold(document, |under, over| under.merged(over.document().clone()))
}

/// What the spec comes to, where `declared` is its document without `--set`.
fn lineage(chain: &Chain, declared: &Node, config: &Config) -> Option<Lineage> {
    let root = chain.root();
    let values = lineage::values(config);
    // Either may say too little to be a spec by itself; then all that is known to differ counts as declared.
    let declared = resolved(declared).map_or_else(|| values.clone(), |config| lineage::values(&config));
    let of_root = resolved(&root.document).map(|config| lineage::values(&config)).unwrap_or_default();
    Some(Lineage {
        root: name_of(root)?,
        depth: chain.links.len(),
        declared: differing(&of_root, &declared),
        overridden: differing(&declared, &values),
        values,
    })
}

/// The configuration of a document by itself; absent where it is none.
fn resolved(document: &Node) -> Option<Config> {
    let environment = |name: &str| std::env::var(name).ok();
    let reading = Reading::new(&environment);
    let written = top_level(&mut Section::new(&reading, Some(document), ""));
    (reading.mistakes() == 0).then_some(written.config)
}

/// Keys whose values are not the same.
fn differing(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> BTreeSet<String> {
    let keys = a.keys().chain(b.keys());
    keys.filter(|key| a.get(*key) != b.get(*key)).cloned().collect()
}

/// What a document says.
pub(super) struct Written {
    hypothesis: Option<String>,
    expect: Vec<Expectation>,
    config: Config,
    seeds: Vec<u64>,
    resources: ResourceRequest,
    queue: QueueConfig,
}

/// All keys of a spec.
pub(super) fn top_level(top: &mut Section<'_>) -> Written {
    top.take(
        "extends",
        "Another spec, relative to this one, of which this one says only what differs.",
        json!({"type": "string"}),
    );
    top.take(
        "name",
        "The variant's name; the file's name where absent.",
        json!({"type": ["string", "number"], "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"}),
    );
    let hypothesis = top.text("hypothesis", "What the run should teach, in words.");
    let data = top.section("data", "Which images, how split, how changed.", data::read);
    let (model, start) =
        top.section("model", "The network.", |section| (model::model(section), start::start(section)));
    let (loss, softmax) = top.section("loss", "The head and what is minimised.", loss::read);
    let optimizer = top.section("optimizer", "How weights follow gradients.", optimizer::optimizer);
    let schedule = top.section("schedule", "How the learning rate moves.", schedule::schedule);
    let (training, seeds) = top.section("training", "How long, in which batches.", training::training);
    let evaluation = top.section("evaluation", "How the trained model is tested.", evaluation::read);
    let resources = top.section("resources", "What a run may use; changes no number.", resources::read);
    let queue = top.section("queue", "When runs are carried out; changes no number.", queue::read);
    schedule::fits(top, &schedule, training.epochs);
    model::fits(top, model, data.colour);
    let Softmax { cross_entropy, sample_rate } = softmax;
    let config = Config {
        data,
        model,
        start,
        loss,
        cross_entropy,
        sample_rate,
        optimizer,
        schedule,
        training,
        evaluation,
    };
    loss::fits(top, &config);
    pairs::fits(top, &config);
    training::fits(top, &config);
    resources::fits(top, resources.device, config.training.precision);
    let expect = expect::expect(top, &config.evaluation);
    Written { hypothesis, expect, config, seeds, resources, queue }
}

fn without(node: Node, keys: &[&str]) -> Node {
    let value = match node.value {
        Value::Map(entries) => {
            let kept = entries.into_iter().filter(|entry| !keys.contains(&entry.key.as_str()));
            Value::Map(kept.collect())
        }
        other @ (Value::Scalar(_) | Value::List(_)) => other,
    };
    Node { value, ..node }
}

fn stem(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The name of a link, if it has a right one.
fn name_of(link: &Link) -> Option<VariantName> {
    let written = link.document.get("name").and_then(Node::scalar).map(str::to_owned);
    VariantName::new(written.unwrap_or_else(|| stem(&link.file))).ok()
}

/// `name:`, or the file's name.
fn name(document: &Node, file: &Path, reading: &Reading<'_>) -> Option<VariantName> {
    let node = document.get("name").filter(|node| !node.is_null());
    if let Some(node) = node.filter(|node| node.scalar().is_none()) {
        let message = format!("`name` must be a word, not `{}`", written(node));
        reading.report(Diagnostic::at(&node.place, message).help("write such as `name: m0.8`"));
        return None;
    }
    let text = node.and_then(Node::scalar).map_or_else(|| stem(file), str::to_owned);
    let wrong = |error: crate::InvalidName| match node {
        Some(node) => Diagnostic::at(&node.place, error.to_string()).help("write such as `name: m0.8`"),
        None => Diagnostic::of_file(file.display(), error.to_string())
            .help("write `name:` in the spec, or rename the file"),
    };
    VariantName::new(text).map_err(|error| reading.report(wrong(error))).ok()
}

fn folder(file: &Path) -> PathBuf {
    let absolute = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    absolute.parent().unwrap_or(Path::new("/")).to_owned()
}

/// The name of the folder that the file lies in.
fn experiment(file: &Path, folder: &Path, reading: &Reading<'_>) -> Option<ExperimentName> {
    let folder = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    named(&folder.unwrap_or_default())
        .map_err(|error| {
            let found = Diagnostic::of_file(file.display(), error.to_string());
            reading.report(found.help("put the spec into a folder with a name of letters and digits"));
        })
        .ok()
}

/// An experiment called `text`, with what no name may have left out.
pub(super) fn named(text: &str) -> Result<ExperimentName, crate::InvalidName> {
    let legal = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' };
    let text: String = text.chars().map(legal).collect();
    let text = text.trim_start_matches(['.', '-', '_']);
    ExperimentName::new(if text.is_empty() { "root".to_owned() } else { text.chars().take(80).collect() })
}
