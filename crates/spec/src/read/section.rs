//! Reading a mapping key by key. One description of a section serves both: read from a tree it gives values and
//! collects every mistake, read from nothing it gives the JSON Schema.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json, json};

use super::range::Range;
use crate::source::{Diagnostic, Node, Origin, Place, Value, one_of, suggestion};

/// Environment variables, by name.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What all sections of a spec share.
pub(super) struct Reading<'a> {
    pub(super) found: RefCell<Vec<Diagnostic>>,
    pub(super) environment: Environment<'a>,
}

impl Reading<'_> {
    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }
}

/// A mapping that is being read.
pub(super) struct Section<'a> {
    reading: &'a Reading<'a>,
    /// Absent where nothing was written, and where only the schema is wanted.
    node: Option<&'a Node>,
    /// Where it stands, for messages: `loss`; empty at the top.
    path: String,
    fields: Map<String, Json>,
    required: Vec<String>,
}

impl<'a> Section<'a> {
    pub(super) fn new(reading: &'a Reading<'a>, node: Option<&'a Node>, path: &str) -> Self {
        let is_map = node.is_none_or(|node| node.entries().is_some() || node.is_null());
        if let Some(node) = node.filter(|_| !is_map) {
            let what = if path.is_empty() { "a spec".to_owned() } else { format!("`{path}`") };
            reading.report(
                Diagnostic::at(node.place.clone(), format!("{what} must be a mapping of keys to values"))
                    .help("write `key: value` lines, indented alike"),
            );
        }
        let node = node.filter(|node| node.entries().is_some());
        Self { reading, node, path: path.to_owned(), fields: Map::new(), required: Vec::new() }
    }

    /// The value under `key`, which is described for the schema.
    pub(super) fn take(&mut self, key: &str, doc: &str, schema: Json) -> Option<&'a Node> {
        self.describe(key, doc, schema);
        self.node(key)
    }

    /// Notes a key for the schema and for near misses.
    pub(super) fn describe(&mut self, key: &str, doc: &str, mut schema: Json) {
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), doc.into());
        }
        self.fields.insert(key.to_owned(), schema);
    }

    pub(super) fn require(&mut self, key: &str) {
        self.required.push(key.to_owned());
    }

    /// The value under `key`, null apart.
    pub(super) fn node(&self, key: &str) -> Option<&'a Node> {
        self.node.and_then(|node| node.get(key)).filter(|node| !node.is_null())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    pub(super) fn reading(&self) -> &'a Reading<'a> {
        self.reading
    }

    /// Where the section itself was written.
    pub(super) fn place(&self) -> Option<&Place> {
        self.node.map(|node| &node.place)
    }

    /// `loss.margin`.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A finite number in `range`.
    pub(super) fn number(&mut self, key: &str, doc: &str, default: f64, range: Range) -> f64 {
        let mut schema = Json::Object(range.schema("number"));
        schema["default"] = default.into();
        let Some(node) = self.take(key, doc, schema) else { return default };
        number(self.reading, node, &self.path_of(key), range).unwrap_or(default)
    }

    /// A whole number from `low` to `high`.
    pub(super) fn count(&mut self, key: &str, doc: &str, default: u64, low: u64, high: u64) -> u64 {
        let mut schema = Json::Object(Range::closed(low as f64, high as f64).schema("integer"));
        schema["default"] = default.into();
        let Some(node) = self.take(key, doc, schema) else { return default };
        whole(self.reading, node, &self.path_of(key), low, high).unwrap_or(default)
    }

    /// One word of several.
    pub(super) fn word<T: Copy>(&mut self, key: &str, doc: &str, default: &str, words: &[(&str, T)]) -> T {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let node = self.take(key, doc, json!({"enum": names, "default": default}));
        let value = |name: &str| words.iter().find(|(word, _)| *word == name).map(|(_, value)| *value);
        let chosen = node.and_then(|node| {
            let found = node.scalar().and_then(value);
            if found.is_none() {
                self.reading.report(not_one_of(node, &self.path_of(key), &names));
            }
            found
        });
        chosen.or_else(|| value(default)).expect("a default is one of its words")
    }

    /// Words for people.
    pub(super) fn text(&mut self, key: &str, doc: &str) -> Option<String> {
        let node = self.take(key, doc, json!({"type": "string"}))?;
        let text = node.scalar().map(str::to_owned);
        if text.is_none() {
            self.wrong(node, key, "must be a text");
        }
        text
    }

    /// A path, relative to the file it is written in, with `${NAME}` from the environment.
    pub(super) fn path(&mut self, key: &str, doc: &str) -> Option<PathBuf> {
        let node = self.take(key, doc, json!({"type": "string"}))?;
        path(self.reading, node, &self.path_of(key))
    }

    /// A section of its own under `key`.
    pub(super) fn section<T>(&mut self, key: &str, doc: &str, read: impl FnOnce(&mut Section<'a>) -> T) -> T {
        let mut section = Section::new(self.reading, self.node(key), &self.path_of(key));
        let value = read(&mut section);
        let schema = section.finish();
        self.describe(key, doc, schema);
        value
    }

    pub(super) fn wrong(&self, node: &Node, key: &str, message: &str) {
        let message = format!("`{}` {message}, not `{}`", self.path_of(key), node.inline());
        self.reading.report(Diagnostic::at(node.place.clone(), message));
    }

    /// Reports the keys that nobody asked for, and gives the schema.
    pub(super) fn finish(self) -> Json {
        let known: Vec<&str> = self.fields.keys().map(String::as_str).collect();
        for entry in self.node.and_then(Node::entries).unwrap_or_default() {
            if !known.contains(&entry.key.as_str()) {
                self.reading.report(unknown_key(&entry.key, &entry.key_place, &self.path, &known));
            }
        }
        let mut schema = json!({"type": "object", "properties": self.fields, "additionalProperties": false});
        if !self.required.is_empty() {
            schema["required"] = self.required.into();
        }
        schema
    }
}

fn unknown_key(key: &str, place: &Place, path: &str, known: &[&str]) -> Diagnostic {
    let of = if path.is_empty() { "a spec".to_owned() } else { format!("`{path}`") };
    let found = Diagnostic::at(place.clone(), format!("{of} has no key `{key}`"));
    match suggestion(key, known) {
        Some(near) => found.help(format!("did you mean `{near}`? Allowed: {}", one_of(known))),
        None => found.help(format!("allowed: {}", one_of(known))),
    }
}

pub(super) fn not_one_of(node: &Node, path: &str, names: &[&str]) -> Diagnostic {
    let written = node.inline();
    let found = Diagnostic::at(node.place.clone(), format!("`{path}` cannot be `{written}`"));
    match suggestion(&written, names) {
        Some(near) => found.help(format!("did you mean `{near}`? Allowed: {}", one_of(names))),
        None => found.help(format!("allowed: {}", one_of(names))),
    }
}

/// The number that `node` is, if it is one.
fn plain_number(node: &Node) -> Option<f64> {
    let Value::Scalar(scalar) = &node.value else { return None };
    let is_number = scalar.text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    if scalar.quoted || !is_number { None } else { scalar.text.parse().ok().filter(|x: &f64| x.is_finite()) }
}

pub(super) fn number(reading: &Reading<'_>, node: &Node, path: &str, range: Range) -> Option<f64> {
    let number = plain_number(node).filter(|&number| range.contains(number));
    if number.is_none() {
        let message = format!("`{path}` must be a number {range}, not `{}`", node.inline());
        reading.report(Diagnostic::at(node.place.clone(), message));
    }
    number
}

pub(super) fn whole(reading: &Reading<'_>, node: &Node, path: &str, low: u64, high: u64) -> Option<u64> {
    let plain = plain_number(node).and(node.scalar()).and_then(|text| text.parse().ok());
    let number = plain.filter(|number| (low..=high).contains(number));
    if number.is_none() {
        let message =
            format!("`{path}` must be a whole number from {low} to {high}, not `{}`", node.inline());
        reading.report(Diagnostic::at(node.place.clone(), message));
    }
    number
}

pub(super) fn path(reading: &Reading<'_>, node: &Node, path: &str) -> Option<PathBuf> {
    let Some(text) = node.scalar() else {
        let message = format!("`{path}` must be a path, not `{}`", node.inline());
        reading.report(Diagnostic::at(node.place.clone(), message));
        return None;
    };
    match expanded(text, reading.environment) {
        Ok(text) => Some(relative_to(node.place.source.origin.clone(), Path::new(&text))),
        Err(problem) => {
            let found = Diagnostic::at(node.place.clone(), problem.message);
            reading.report(found.help(problem.help));
            None
        }
    }
}

fn relative_to(origin: Origin, path: &Path) -> PathBuf {
    let joined = origin.folder().join(path);
    std::path::absolute(&joined).unwrap_or(joined)
}

struct Unexpanded {
    message: String,
    help: String,
}

/// `text` with each `${NAME}` replaced.
fn expanded(text: &str, environment: Environment<'_>) -> Result<String, Unexpanded> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else {
            return Err(Unexpanded {
                message: format!("`{text}` opens `${{` and does not close it"),
                help: "write `${NAME}`, such as `${ARCLAB_DATA}`".to_owned(),
            });
        };
        let Some(value) = environment(name).filter(|value| !value.is_empty()) else {
            return Err(Unexpanded {
                message: format!("the environment variable `{name}` is not set"),
                help: format!("set it to the folder that is meant: `export {name}=/path/to/folder`"),
            });
        };
        out = out + before + &value;
        rest = after;
    }
    Ok(out + rest)
}
