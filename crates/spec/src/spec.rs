//! A spec as resolved: what a file says once everything it extends and `--set` is applied.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    Diagnostic, Expectation, ExperimentName, Fingerprint, Lineage, Membership, Plan, TRAINER_VERSION,
    VariantName,
    config::{Config, QueueConfig, ResourceRequest},
    source::Node,
};

/// A variant, ready to be planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The group it is compared in: the name of the folder its file lies in.
    pub experiment: ExperimentName,
    /// `name:`, or the file's name without `.yaml`.
    pub name: VariantName,
    /// The file it was read from.
    pub file: PathBuf,
    /// The folder that the file lies in, as an absolute path.
    pub folder: PathBuf,
    /// The variant it extends.
    pub parent: Option<VariantName>,
    /// What differs from the parent (from nothing, where there is none), by dotted key.
    pub changes: Vec<Change>,
    /// What it says as planned, and which spec says so.
    pub lineage: Lineage,
    /// What the run should teach, in words.
    pub hypothesis: String,
    /// The same, as results can answer it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expectation>,
    /// The sweep that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Membership>,
    /// Everything that decides the numbers.
    pub config: Config,
    /// Each makes a plan.
    pub seeds: Vec<u64>,
    /// What each run may use.
    pub resources: ResourceRequest,
    /// When they are carried out.
    #[serde(default, skip_serializing_if = "QueueConfig::is_usual")]
    pub queue: QueueConfig,
    /// Where all that is written, for mistakes that are found later.
    #[serde(skip)]
    pub written: Written,
}

/// What a spec says as it is written, `extends` and `--set` applied: knows the place of every value. Nothing of a spec
/// that was read back from where it was recorded, or that a program derived.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Written(pub(crate) Option<Node>);

/// One key that a variant sets otherwise than its parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `loss.margin`.
    pub key: String,
    /// The parent's value as YAML on one line; absent where the parent has none.
    pub from: Option<String>,
    /// The variant's value.
    pub to: String,
}

/// `loss.margin: 0.5 → 0.8`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.key, self.from.as_deref().unwrap_or("-"), self.to)
    }
}

impl Spec {
    /// Notes the content of the weights that its runs begin with, which is a part of their plans.
    pub fn begins_with(&mut self, content: Fingerprint) {
        if let Some(init) = &mut self.config.start.init {
            self.lineage.begins_with(&init.file, &content);
            init.content = Some(content);
        }
    }

    /// The variant `name` of `experiment` that a program makes of this one, where no file declares it. It expects nothing.
    #[must_use]
    pub fn derived(
        &self,
        experiment: ExperimentName,
        name: VariantName,
        hypothesis: String,
        config: Config,
    ) -> Self {
        let mut derived = Self {
            lineage: Lineage::derived(&name, &config),
            experiment,
            name,
            parent: None,
            changes: Vec::new(),
            hypothesis,
            expect: Vec::new(),
            sweep: None,
            config,
            written: Written::default(),
            ..self.clone()
        };
        if let Some(content) = derived.config.start.init.as_ref().and_then(|init| init.content.clone()) {
            derived.begins_with(content);
        }
        derived
    }

    /// A mistake that was found in what it says under a dotted key.
    pub fn mistake(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        let node = self.written.0.as_ref();
        let node = node.and_then(|top| key.split('.').try_fold(top, |node, key| node.get(key)));
        match node {
            Some(node) => Diagnostic::at(&node.place, message),
            None => Diagnostic::of_file(self.file.display(), message),
        }
    }

    /// One plan a seed, over data with the fingerprint `data`.
    pub fn plans<'a>(&'a self, data: &'a Fingerprint) -> impl Iterator<Item = Plan> + 'a {
        self.seeds.iter().map(|&seed| Plan {
            config: self.config.clone(),
            seed,
            data: data.clone(),
            trainer: TRAINER_VERSION,
        })
    }
}
