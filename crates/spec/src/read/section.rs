//! Reading a mapping key by key. One description of a section serves both: read from a tree it gives values and
//! collects every mistake, read from nothing it gives the JSON Schema.

use std::{
    cell::{OnceCell, RefCell},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json, json};

use super::{
    homes::Homes,
    paths::{self, Environment},
    range::{Counts, Range},
    scalar,
};
use crate::source::{Diagnostic, Entry, Node, Place, joined, remedy, shortened};

/// What all sections of a spec share.
pub(super) struct Reading<'a> {
    found: RefCell<Vec<Diagnostic>>,
    pub(super) environment: Environment<'a>,
    /// Made when the first unknown key is met.
    homes: OnceCell<Homes>,
    /// Folder of the spec that is being read.
    spec_folder: RefCell<PathBuf>,
    /// Points of a sweep's cells that were chosen by results.
    later: Vec<Vec<f64>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(environment: Environment<'a>) -> Self {
        Self {
            found: RefCell::default(),
            environment,
            homes: OnceCell::new(),
            spec_folder: RefCell::default(),
            later: Vec::new(),
        }
    }

    /// Where sweeps have these cells besides those that they begin with.
    pub(super) fn with_later(self, later: &[Vec<f64>]) -> Self {
        Self { later: later.to_vec(), ..self }
    }

    pub(super) fn later(&self) -> &[Vec<f64>] {
        &self.later
    }

    /// Says in which folder the spec lies that is read next.
    pub(super) fn begin(&self, folder: &Path) {
        self.spec_folder.replace(folder.to_owned());
    }

    /// The folder of the spec that is being read; the current one where none was said.
    pub(super) fn spec_folder(&self) -> PathBuf {
        self.spec_folder.borrow().clone()
    }

    /// The number of mistakes so far.
    pub(super) fn mistakes(&self) -> usize {
        self.found.borrow().len()
    }

    pub(super) fn into_mistakes(self) -> Vec<Diagnostic> {
        self.found.into_inner()
    }

    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    pub(super) fn report_all(&self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.found.borrow_mut().extend(diagnostics);
    }
}

/// A mapping that is being read.
pub(super) struct Section<'a> {
    reading: &'a Reading<'a>,
    /// Absent where nothing was written, and where only the schema is wanted.
    node: Option<&'a Node>,
    /// Where it was written, or else where what it should stand in was.
    place: Option<&'a Place>,
    /// Where it stands, for messages: `loss`; empty at the top.
    path: String,
    fields: Map<String, Json>,
    /// What the schema demands beyond single keys.
    conditions: Vec<Json>,
    /// Keys that are known, but have an effect beside another choice only.
    elsewhere: Vec<String>,
}

impl<'a> Section<'a> {
    /// The section `node` at `path`. With no node, nothing is read and all is described.
    pub(super) fn new(reading: &'a Reading<'a>, node: Option<&'a Node>, path: &str) -> Self {
        if let Some(node) = node.filter(|node| node.entries().is_none()) {
            let what = if path.is_empty() { "a spec".to_owned() } else { format!("`{path}`") };
            let message = format!("{what} must be a mapping of keys to values, not `{}`", written(node));
            let help = node
                .scalar()
                .and_then(spaced)
                .unwrap_or_else(|| "write `key: value` lines below it, indented alike".to_owned());
            reading.report(Diagnostic::at(&node.place, message).help(help));
        }
        let place = node.map(|node| &node.place);
        let node = node.filter(|node| node.entries().is_some());
        Self {
            reading,
            node,
            place,
            path: path.to_owned(),
            fields: Map::new(),
            conditions: Vec::new(),
            elsewhere: Vec::new(),
        }
    }

    /// The section under `key`, whose value is `node`.
    pub(super) fn below(&self, key: &str, node: Option<&'a Node>) -> Self {
        let section = Self::new(self.reading, node, &self.path_of(key));
        Self { place: section.place.or(self.place), ..section }
    }

    pub(super) fn reading(&self) -> &'a Reading<'a> {
        self.reading
    }

    /// Where to report what is missing; absent where only the schema is wanted.
    pub(super) fn place(&self) -> Option<&'a Place> {
        self.place
    }

    /// `loss.margin`.
    pub(super) fn path_of(&self, key: &str) -> String {
        joined(&self.path, key)
    }

    /// The keys that are written, in their order: where they are names that people give.
    pub(super) fn keys(&self) -> Vec<&'a str> {
        self.node.and_then(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.as_str()).collect()
    }

    /// Whether anything is written under `key`, be it null.
    pub(super) fn mentions(&self, key: &str) -> bool {
        self.node.is_some_and(|node| node.get(key).is_some())
    }

    /// The value under `key`, null apart.
    pub(super) fn node(&self, key: &str) -> Option<&'a Node> {
        self.node.and_then(|node| node.get(key)).filter(|node| !node.is_null())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    /// Notes a key for the schema and for near misses.
    pub(super) fn describe(&mut self, key: &str, doc: &str, mut schema: Json) {
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), doc.into());
        }
        self.fields.insert(key.to_owned(), schema);
    }

    /// The value under `key`, which must be one where the key is written.
    pub(super) fn take(&mut self, key: &str, doc: &str, schema: Json) -> Option<&'a Node> {
        self.describe(key, doc, schema);
        let entry = self.node.and_then(|node| node.entry(key));
        if let Some(entry) = entry.filter(|entry| entry.node.is_null()) {
            let message = format!("`{}` has no value", self.path_of(key));
            self.reading
                .report(Diagnostic::at(&entry.key_place, message).help("give it one, or leave the key out"));
        }
        self.node(key)
    }

    /// The value under `key`; null takes an inherited one away.
    pub(super) fn take_optional(&mut self, key: &str, doc: &str, schema: Json) -> Option<&'a Node> {
        self.describe(key, doc, nullable(schema));
        self.node(key)
    }

    /// A finite number in `range`.
    pub(super) fn number(&mut self, key: &str, doc: &str, default: f64, range: Range) -> f64 {
        let mut schema = Json::Object(range.schema());
        schema["default"] = default.into();
        let node = self.take(key, doc, schema);
        let read = |node| scalar::number(self.reading, node, &self.path_of(key), range, default);
        node.and_then(read).unwrap_or(default)
    }

    /// A finite number in `range`, such as `example`, or none.
    pub(super) fn optional_number(
        &mut self,
        key: &str,
        doc: &str,
        example: f64,
        range: Range,
    ) -> Option<f64> {
        let node = self.take_optional(key, doc, Json::Object(range.schema()))?;
        scalar::number(self.reading, node, &self.path_of(key), range, example)
    }

    /// A whole number among `counts`, such as `example`, or none.
    pub(super) fn optional_count(
        &mut self,
        key: &str,
        doc: &str,
        example: u64,
        counts: Counts,
    ) -> Option<u64> {
        let node = self.take_optional(key, doc, Json::Object(counts.schema()))?;
        scalar::whole(self.reading, node, &self.path_of(key), counts, example)
    }

    /// A whole number among `counts`.
    pub(super) fn count(&mut self, key: &str, doc: &str, default: u64, counts: Counts) -> u64 {
        let mut schema = Json::Object(counts.schema());
        schema["default"] = default.into();
        let node = self.take(key, doc, schema);
        let read = |node| scalar::whole(self.reading, node, &self.path_of(key), counts, default);
        node.and_then(read).unwrap_or(default)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str, doc: &str, default: bool) -> bool {
        let node = self.take(key, doc, json!({"type": "boolean", "default": default}));
        node.and_then(|node| scalar::flag(self.reading, node, &self.path_of(key))).unwrap_or(default)
    }

    /// One word of several.
    pub(super) fn word<T: Copy>(&mut self, key: &str, doc: &str, default: &str, words: &[(&str, T)]) -> T {
        let node = self.take(key, doc, json!({"enum": names_of(words), "default": default}));
        let chosen = node.and_then(|node| self.chosen(key, node, words));
        chosen.or_else(|| named(default, words)).expect("a default is one of its words")
    }

    /// One word of several, or none; null takes an inherited one away.
    pub(super) fn optional_word<T: Copy>(&mut self, key: &str, doc: &str, words: &[(&str, T)]) -> Option<T> {
        let node = self.take_optional(key, doc, json!({"type": "string", "enum": names_of(words)}))?;
        self.chosen(key, node, words)
    }

    fn chosen<T: Copy>(&self, key: &str, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let found = node.scalar().and_then(|text| named(text, words));
        if found.is_none() {
            self.reading.report(not_one_of(node, &self.path_of(key), &names_of(words)));
        }
        found
    }

    /// Words for people.
    pub(super) fn text(&mut self, key: &str, doc: &str) -> Option<String> {
        let node = self.take(key, doc, json!({"type": "string"}))?;
        let text = node.scalar().map(str::to_owned);
        if text.is_none() {
            let message = format!("`{}` must be a text, not `{}`", self.path_of(key), written(node));
            self.reading.report(
                Diagnostic::at(&node.place, message).help("put a text with braces or brackets in quotes"),
            );
        }
        text
    }

    /// A path, relative to the file it is written in, with `${NAME}` from the environment; null takes it away.
    pub(super) fn path(&mut self, key: &str, doc: &str) -> Option<PathBuf> {
        let node = self.take_optional(key, doc, json!({"type": "string"}))?;
        paths::read(self.reading, node, &self.path_of(key))
    }

    /// A section of its own under `key`; all defaults where absent.
    pub(super) fn section<T>(&mut self, key: &str, doc: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let node = self.take(key, doc, Json::Null);
        let mut section = self.below(key, node);
        let value = read(&mut section);
        let schema = section.finish();
        self.describe(key, doc, schema);
        value
    }

    /// A section under `key`, or none; null takes an inherited one away.
    pub(super) fn optional_section<T>(
        &mut self,
        key: &str,
        doc: &str,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let node = self.node(key);
        let mut section = self.below(key, node);
        let value = read(&mut section);
        let schema = section.finish();
        self.take_optional(key, doc, schema).map(|_| value)
    }

    /// Tells the schema that `keys` cannot stand together; whoever reads them reports it.
    pub(super) fn exclusive(&mut self, keys: [&'static str; 2]) {
        self.demand(json!({"not": {"required": keys}}));
    }

    /// Adds to what the schema demands.
    pub(super) fn demand(&mut self, condition: Json) {
        self.conditions.push(condition);
    }

    /// Notes a key that has `schema` beside another choice; the schema allows what either does.
    pub(super) fn describe_also(&mut self, key: &str, schema: &Json) {
        if !self.fields.contains_key(key) {
            self.elsewhere.push(key.to_owned());
        }
        let known = self.fields.entry(key).or_insert_with(|| schema.clone());
        let mut either = known["anyOf"].as_array().cloned().unwrap_or_else(|| vec![bare(known)]);
        if !either.contains(&bare(schema)) {
            either.push(bare(schema));
            *known =
                json!({"description": known["description"], "default": known["default"], "anyOf": either});
        }
    }

    /// The keys described so far, with their schemas.
    pub(super) fn into_fields(self) -> Map<String, Json> {
        self.fields
    }

    /// Reports a key that is written where it changes nothing.
    pub(super) fn no_effect(&self, key: &str, beside: &str, help: &str) {
        if let Some(entry) = self.node.and_then(|node| node.entry(key)).filter(|entry| !entry.node.is_null())
        {
            let message = format!("`{}` has no effect beside {beside}", self.path_of(key));
            self.reading.report(Diagnostic::at(&entry.key_place, message).help(help));
        }
    }

    /// Reports those of `keys` that are written where they change nothing, but for what says the usual: so an inherited
    /// value is taken back.
    pub(super) fn idle(&self, keys: &[&str], beside: &str) {
        for key in keys {
            let usual = &self.fields[*key]["default"];
            let is_usual = |node: &Node| match usual.as_f64() {
                Some(number) => scalar::plain(node) == Some(number),
                None => node.scalar() == usual.as_str(),
            };
            if self.node(key).is_some_and(|node| !is_usual(node)) {
                self.no_effect(key, beside, &format!("leave it out, or write the usual `{}`", shown(usual)));
            }
        }
    }

    fn unknown(&self, entry: &Entry, known: &[&str]) {
        let of = if self.path.is_empty() { "a spec".to_owned() } else { format!("`{}`", self.path) };
        let message = format!("{of} has no key `{}`", shortened(&entry.key));
        let elsewhere = self.reading.homes.get_or_init(Homes::new).hint(&entry.key);
        let help = spaced(&entry.key).or(elsewhere).unwrap_or_else(|| remedy(&entry.key, known));
        self.reading.report(Diagnostic::at(&entry.key_place, message).help(help));
    }

    /// Reports the keys that nobody asked for, and gives the schema.
    pub(super) fn finish(self) -> Json {
        let known = self.fields.keys().filter(|key| !self.elsewhere.contains(key));
        let known: Vec<&str> = known.map(String::as_str).collect();
        for entry in self.node.and_then(Node::entries).unwrap_or_default() {
            if !self.fields.contains_key(&entry.key) {
                self.unknown(entry, &known);
            }
        }
        let mut schema = json!({"type": "object", "properties": self.fields, "additionalProperties": false});
        if !self.conditions.is_empty() {
            schema["allOf"] = self.conditions.into();
        }
        schema
    }
}

/// The remedy for a `key:value` that YAML takes for one word.
fn spaced(text: &str) -> Option<String> {
    let (key, value) = text.split_once(':')?;
    Some(format!("put a space after the colon: `{}`", shortened(&format!("{key}: {value}"))))
}

fn names_of<'w, T>(words: &[(&'w str, T)]) -> Vec<&'w str> {
    words.iter().map(|(name, _)| *name).collect()
}

fn named<T: Copy>(name: &str, words: &[(&str, T)]) -> Option<T> {
    words.iter().find(|(word, _)| *word == name).map(|(_, value)| *value)
}

/// `schema` without what it says to people.
fn bare(schema: &Json) -> Json {
    let fields = schema.as_object().into_iter().flatten();
    let kept = fields.filter(|(key, _)| !["description", "default"].contains(&key.as_str()));
    Json::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// `schema`, or null.
pub(super) fn nullable(mut schema: Json) -> Json {
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(words) = schema.get_mut("enum").and_then(Json::as_array_mut) {
        words.push(Json::Null);
    }
    schema
}

/// A usual value, for people: `64`, not `64.0`.
pub(super) fn shown(value: &Json) -> String {
    value.as_f64().map_or_else(|| value.as_str().unwrap_or_default().to_owned(), |number| number.to_string())
}

/// What `node` says, for messages.
pub(super) fn written(node: &Node) -> String {
    shortened(&node.inline())
}

/// That `node` is none of `names`.
pub(super) fn not_one_of(node: &Node, path: &str, names: &[&str]) -> Diagnostic {
    let text = node.scalar().unwrap_or_default();
    Diagnostic::at(&node.place, format!("`{path}` cannot be `{}`", written(node))).help(remedy(text, names))
}
