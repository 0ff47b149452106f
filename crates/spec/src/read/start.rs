//! `model.init:` and `model.freeze:`.

use std::{collections::BTreeSet, path::Path};

use serde_json::json;

use super::{
    list,
    section::{Section, written},
};
use crate::{
    config::{InitialWeights, StartConfig},
    source::{Diagnostic, Node},
};

const INIT: &str = "Weights to begin with, rather than random ones: a safetensors file, or a `.pth` of PyTorch's, under \
                    InsightFace's names. The head begins anew. Null begins with random weights.";
const FREEZE: &str = "Parameters that stay as they are: names of parameters or of parts of the network, such as \
                      `layer1` or `*.bn1`, where `*` is any characters. Layers at the beginning that are frozen whole \
                      keep their running statistics, too.";

pub(super) fn start(model: &mut Section<'_>) -> StartConfig {
    let init = model.path("init", INIT).map(|file| InitialWeights { file, content: None });
    if let (Some(InitialWeights { file, .. }), Some(node)) = (&init, model.node("init")) {
        model.reading().report_all(missing(file, node));
    }
    let freeze = freeze(model);
    if let (None, Some(node)) = (&init, model.node("freeze").filter(|_| !model.has("init"))) {
        let found = Diagnostic::at(&node.place, "`model.freeze` would keep random weights as they are");
        model
            .reading()
            .report(found.help("name weights to begin with in `model.init`, or write `freeze: null`"));
    }
    StartConfig { init, freeze }
}

fn missing(file: &Path, node: &Node) -> Option<Diagnostic> {
    let what = match file.metadata() {
        Ok(about) if about.is_file() => return None,
        Ok(_) => "this is no file",
        Err(_) => "there is no such file, or it cannot be read",
    };
    let found = Diagnostic::at(&node.place, format!("{what}: {}", file.display()));
    Some(found.help("name a `.safetensors` or `.pth` file with weights; a path is relative to its spec"))
}

fn freeze(model: &mut Section<'_>) -> Vec<String> {
    let items = json!({"type": "string", "pattern": "^[A-Za-z0-9_.*]+$"});
    let schema = json!({"type": "array", "items": items, "minItems": 1});
    let node = model.take_optional("freeze", FREEZE, schema);
    // Neither order nor repetition changes what they match, nor may it make another plan.
    let mut patterns = BTreeSet::new();
    for item in list::items(model, "freeze", node, "[conv1, layer1]") {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '*');
        let Some(pattern) = item.scalar().filter(|text| !text.is_empty() && text.chars().all(legal)) else {
            let message = format!("`{}` is no name of parameters", written(item));
            let help = "write names as they stand in the weights, such as `layer1` or `*.bn1`";
            model.reading().report(Diagnostic::at(&item.place, message).help(help));
            continue;
        };
        patterns.insert(pattern.to_owned());
    }
    patterns.into_iter().collect()
}
