//! `data.dataset:`.

use std::path::PathBuf;

use serde_json::json;

use super::{
    catalogue,
    data::SEEDS,
    range::{Counts, Range},
    section::{Section, not_one_of},
};
use crate::{
    config::{Dataset, PhotoVariation, Synthetic},
    source::{Diagnostic, Node, Place},
};

const DOC: &str = "`synthetic` (the embedded faces), `{synthetic: {…}}`, `{folder: PATH}` with images in any form, or the \
                   NAME of a data set in `datasets.yaml`, which lies beside the spec or above it.";
const FOLDER: &str = "Where the images lie: a folder with one sub-folder a person, a CSV list with the columns \
                      `path,identity`, a RecordIO file or a folder with its `train.rec`, a verification set (`.bin`), or a \
                      tar, tar.gz or zip of a folder. Which of them it is, is found out by looking.";
const FORMS: &[&str] = &["synthetic", "{synthetic: {…}}", "{folder: PATH}"];

/// The one key without a default.
pub(super) fn read(data: &mut Section<'_>) -> Dataset {
    let node = data.take("dataset", DOC, json!({}));
    let mut kinds = data.below("dataset", node.filter(|node| node.entries().is_some()));
    let choices = Choices::read(&mut kinds);
    let mapping = kinds.finish();
    let name = json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"});
    data.describe("dataset", DOC, json!({"anyOf": [{"const": "synthetic"}, name, mapping]}));
    let (key, reading) = (data.path_of("dataset"), data.reading());
    let wrong = match node {
        Some(node) => choices.wrong(node, &key),
        None if data.mentions("dataset") => None,
        None => data.place().map(missing),
    };
    reading.report_all(wrong);
    let named = node.filter(|node| node.scalar().is_some_and(|name| name != "synthetic"));
    if let Some(path) = named.and_then(|node| catalogue::path(reading, node, &key, FORMS)) {
        return Dataset::Folder(path);
    }
    match choices {
        Choices { folder: Some(folder), .. } => Dataset::Folder(folder),
        Choices { synthetic, .. } => Dataset::Synthetic(synthetic),
    }
}

fn missing(place: &Place) -> Diagnostic {
    Diagnostic::at(place, "`data.dataset` is missing")
        .help("write `data: {dataset: synthetic}`, or `data: {dataset: {folder: PATH}}`, or extend a spec that does")
}

/// What stands in a mapping `dataset: {…}`.
struct Choices {
    folder: Option<PathBuf>,
    has_folder: bool,
    synthetic: Synthetic,
    has_synthetic: bool,
}

impl Choices {
    fn read(kinds: &mut Section<'_>) -> Self {
        kinds.exclusive(["folder", "synthetic"]);
        Self {
            has_folder: kinds.has("folder"),
            folder: kinds.path("folder", FOLDER),
            has_synthetic: kinds.has("synthetic"),
            synthetic: kinds.section("synthetic", "The embedded faces.", synthetic),
        }
    }

    fn wrong(&self, node: &Node, path: &str) -> Option<Diagnostic> {
        if let Some(entries) = node.entries() {
            let two = self.has_folder && self.has_synthetic;
            // A key that is none of the two is reported already.
            return (two || entries.is_empty()).then(|| {
                Diagnostic::at(&node.place, format!("`{path}` must have one of `folder` and `synthetic`"))
                    .help("name one data set: `{folder: PATH}`, or `synthetic`")
            });
        }
        // A word is a name, which is looked up.
        node.scalar().is_none().then(|| not_one_of(node, path, FORMS))
    }
}

fn synthetic(faces: &mut Section<'_>) -> Synthetic {
    let identities = faces.count("identities", "Number of people.", 100, Counts::from(4, 1_000_000));
    let images = faces.count("images_per_identity", "Photos of each person.", 20, Counts::from(2, 10_000));
    Synthetic {
        identities: identities as u32,
        images_per_identity: images as u32,
        seed: faces.count("seed", "Seed of the renderer: other faces with another.", 0, SEEDS),
        mislabelled: faces.number(
            "mislabelled",
            "Share of the images that carry another person's label.",
            0.0,
            Range::half_open(0.0, 1.0),
        ),
        vary: faces.section(
            "vary",
            "How much two photos of a person differ: 0 not at all, 1 as usual.",
            variation,
        ),
    }
}

fn variation(vary: &mut Section<'_>) -> PhotoVariation {
    const STRENGTH: Range = Range::closed(0.0, 3.0).because("beyond, no face is left to recognise");
    let mut strength = |key: &str, doc: &str| vary.number(key, doc, 1.0, STRENGTH);
    PhotoVariation {
        pose: strength("pose", "Head turn, tilt, scale and shift."),
        expression: strength("expression", "Mouth, brows and eyelids."),
        exposure: strength("exposure", "Overall brightness."),
        light: strength("light", "Direction of the light."),
        colour_temperature: strength("colour_temperature", "Colour temperature of the light."),
        blur: strength("blur", "Blur."),
        noise: strength("noise", "Sensor noise."),
        occlusion: strength("occlusion", "Things before the face."),
    }
}
