//! One spec from its chain of documents.

use std::path::Path;

use serde_json::json;

use super::{
    chain::Chain,
    data, evaluation, model,
    overrides::Override,
    resources,
    section::{Reading, Section},
    training,
};
use crate::{
    Change, ExperimentName, Spec, VariantName,
    config::{Config, ResourceRequest},
    source::{Diagnostic, Node},
};

/// Reads the spec that `chain` ends in, with `overrides` on top; absent after a mistake, which is reported.
pub(super) fn read(chain: &Chain, overrides: &[Override], reading: &Reading<'_>) -> Option<Spec> {
    let before = reading.found.borrow().len();
    let own = chain.own();
    let parents = chain.parents();
    let document = match parents.clone() {
        Some(parents) => without(parents, &["name", "hypothesis"]).merged(own.document.clone(), ""),
        None => own.document.clone(),
    };
    let document = overrides.iter().fold(document, |under, over| under.merged(over.document().clone(), ""));
    let mut top = Section::new(reading, Some(&document), "");
    let written = top_level(&mut top);
    top.finish();
    let name = name(written.name.as_deref(), &own.file, reading)?;
    let experiment = experiment(&own.file, reading)?;
    let parent = chain.links.iter().rev().nth(1).and_then(|link| {
        let named = link.document.get("name").and_then(Node::scalar).map(str::to_owned);
        VariantName::new(named.or_else(|| stem(&link.file))?).ok()
    });
    let changes = changes(parents.as_ref(), &document);
    (reading.found.borrow().len() == before).then(|| Spec {
        experiment,
        name,
        file: own.file.clone(),
        parent,
        changes,
        hypothesis: written.hypothesis.unwrap_or_default(),
        config: written.config,
        seeds: written.seeds,
        resources: written.resources,
    })
}

/// What a document says.
pub(super) struct Written {
    name: Option<String>,
    hypothesis: Option<String>,
    config: Config,
    seeds: Vec<u64>,
    resources: ResourceRequest,
}

/// All keys of a spec.
pub(super) fn top_level(top: &mut Section<'_>) -> Written {
    top.describe(
        "extends",
        "Another spec, relative to this one, of which this one says only what differs.",
        json!({"type": "string"}),
    );
    let name = top.text("name", "The variant's name; the file's name where absent.");
    let hypothesis = top.text("hypothesis", "What the run should teach, in words.");
    let data = top.section("data", "Which images, how split, how changed.", data::read);
    let model = top.section("model", "The network.", model::model);
    let loss = top.section("loss", "The head and what is minimised.", model::loss);
    let optimizer = top.section("optimizer", "How weights follow gradients.", training::optimizer);
    let schedule = top.section("schedule", "How the learning rate moves.", training::schedule);
    let (training, seeds) = top.section("training", "How long, in which batches.", training::training);
    let evaluation = top.section("evaluation", "How the trained model is tested.", evaluation::read);
    let resources = top.section("resources", "What a run may use; changes no number.", resources::read);
    let config = Config { data, model, loss, optimizer, schedule, training, evaluation };
    Written { name, hypothesis, config, seeds, resources }
}

fn without(node: Node, keys: &[&str]) -> Node {
    use crate::source::Value;
    let value = match node.value {
        Value::Map(entries) => {
            Value::Map(entries.into_iter().filter(|e| !keys.contains(&e.key.as_str())).collect())
        }
        other @ (Value::Scalar(_) | Value::List(_)) => other,
    };
    Node { value, ..node }
}

fn stem(file: &Path) -> Option<String> {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned())
}

fn name(written: Option<&str>, file: &Path, reading: &Reading<'_>) -> Option<VariantName> {
    let text = written.map(str::to_owned).or_else(|| stem(file)).unwrap_or_default();
    VariantName::new(text)
        .map_err(|error| {
            let found = Diagnostic::of_file(file.display(), error.to_string());
            reading.report(found.help("write `name:` in the spec, or rename the file"));
        })
        .ok()
}

/// The name of the folder that the file lies in, with what no name may have left out.
fn experiment(file: &Path, reading: &Reading<'_>) -> Option<ExperimentName> {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folder = absolute.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let legal = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' };
    let text: String = folder.unwrap_or_default().chars().map(legal).collect();
    let text = text.trim_start_matches(['.', '-', '_']);
    let text: String = if text.is_empty() { "root".to_owned() } else { text.chars().take(80).collect() };
    ExperimentName::new(text)
        .map_err(|error| reading.report(Diagnostic::of_file(file.display(), error.to_string())))
        .ok()
}

/// The keys under which `document` differs from `parents`, in the order of the document.
fn changes(parents: Option<&Node>, document: &Node) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(parents, document, "", &mut changes);
    changes
}

/// Keys of a spec that are no part of what it configures.
const WORDS: &[&str] = &["extends", "name", "hypothesis"];

fn compare(from: Option<&Node>, to: &Node, path: &str, changes: &mut Vec<Change>) {
    let Some(entries) = to.entries() else {
        let from = from.map(Node::inline);
        if from.as_ref() != Some(&to.inline()) {
            changes.push(Change { key: path.to_owned(), from, to: to.inline() });
        }
        return;
    };
    for entry in entries.iter().filter(|entry| !(path.is_empty() && WORDS.contains(&entry.key.as_str()))) {
        let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        compare(from.and_then(|from| from.get(&entry.key)), &entry.node, &path, changes);
    }
    let gone =
        from.and_then(Node::entries).unwrap_or_default().iter().filter(|entry| to.get(&entry.key).is_none());
    for entry in gone.filter(|entry| !(path.is_empty() && WORDS.contains(&entry.key.as_str()))) {
        let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        changes.push(Change { key: path, from: Some(entry.node.inline()), to: "-".to_owned() });
    }
}
