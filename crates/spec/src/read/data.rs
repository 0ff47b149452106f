//! `data:`.

use serde_json::json;

use super::{range::Range, section::Section};
use crate::{
    config::{
        Augment, ColourMode, ColourTemperature, DataConfig, Dataset, PhotoVariation, SplitConfig, Synthetic,
    },
    source::Diagnostic,
};

const SHARE: Range = Range::closed(0.0, 1.0);
const PART: Range = Range::open(0.0, 1.0);

pub(super) fn read(data: &mut Section<'_>) -> DataConfig {
    DataConfig {
        dataset: dataset(data),
        split: data.section("split", "Which image serves for what: drawn from the data set, or given by a file.", split),
        image_size: image_size(data),
        colour: data.word(
            "colour",
            "Colour treatment, the same in training and in tests; `grey` puts the luma on all three channels.",
            "rgb",
            &[("rgb", ColourMode::Rgb), ("grey", ColourMode::Grey)],
        ),
        augment: data.section("augment", "Random changes to training images.", augment),
    }
}

fn image_size(data: &mut Section<'_>) -> u32 {
    let size =
        data.count("image_size", "Side of the square input, in pixels; a multiple of 16.", 64, 16, 512);
    if let Some(node) = data.node("image_size").filter(|_| size % 16 != 0) {
        let message = format!("`data.image_size` must be a multiple of 16, not {size}");
        let help = format!("the nearest are {} and {}", size / 16 * 16, (size / 16 + 1) * 16);
        data.reading().report(Diagnostic::at(node.place.clone(), message).help(help));
    }
    size as u32
}

fn dataset(data: &mut Section<'_>) -> Dataset {
    const DOC: &str = "`synthetic` (the embedded faces), `{synthetic: {…}}`, or `{folder: PATH}` with one sub-folder a person.";
    data.require("dataset");
    let node = data.take("dataset", DOC, json!({}));
    let reading = data.reading();
    let mapping = node.filter(|node| node.entries().is_some());
    let mut kinds = Section::new(reading, mapping, &data.path_of("dataset"));
    let folder = kinds.path("folder", "A folder with one sub-folder a person.");
    let synthetic = kinds.section("synthetic", "The embedded faces.", synthetic);
    let two = kinds.has("folder") && kinds.has("synthetic");
    let has_folder = kinds.has("folder");
    let schema = json!({"oneOf": [{"const": "synthetic"}, kinds.finish()]});
    data.describe("dataset", DOC, schema);
    let Some(node) = node else {
        if let Some(place) = data.place() {
            reading.report(
                Diagnostic::at(place.clone(), "`data.dataset` is missing")
                    .help("write `dataset: synthetic`, or `dataset: {folder: PATH}`"),
            );
        }
        return Dataset::Synthetic(synthetic);
    };
    if (mapping.is_none() && node.scalar() != Some("synthetic")) || two {
        let message = format!("`data.dataset` cannot be `{}`", node.inline());
        let help = "allowed: `synthetic`, `{synthetic: {…}}` or `{folder: PATH}`";
        reading.report(Diagnostic::at(node.place.clone(), message).help(help));
    }
    if has_folder { Dataset::Folder(folder.unwrap_or_default()) } else { Dataset::Synthetic(synthetic) }
}

fn synthetic(faces: &mut Section<'_>) -> Synthetic {
    Synthetic {
        identities: faces.count("identities", "Number of people.", 100, 2, 1_000_000) as u32,
        images_per_identity: faces.count("images_per_identity", "Photos of each person.", 20, 2, 10_000)
            as u32,
        seed: faces.count("seed", "Seed of the renderer.", 0, 0, u64::from(u32::MAX)),
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
    let mut strength = |key: &str, doc: &str| vary.number(key, doc, 1.0, Range::closed(0.0, 3.0));
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

fn split(split: &mut Section<'_>) -> SplitConfig {
    let is_given = split.has("file");
    let file = split.path(
        "file",
        "CSV file with columns `path,identity,split`; paths are relative to the data set's folder.",
    );
    let open = ("open_identities", "Share of the people held out for open-set tests.");
    let closed = ("closed_images", "Share of the other people's photos held out for closed-set tests.");
    if is_given {
        for (key, doc) in [open, closed] {
            split.describe(key, doc, json!({"type": "number"}));
            if let Some(node) = split.node(key) {
                let message = format!("`data.split.{key}` has no effect beside `file`");
                let help = "leave one of them out: the file says which image is held out";
                split.reading().report(Diagnostic::at(node.place.clone(), message).help(help));
            }
        }
    }
    let validation_images =
        split.number("validation_images", "Share of the remaining training images that validate.", 0.1, PART);
    let seed = split.count(
        "seed",
        "Seed of the draw; apart from the training seeds, so that all are tested on the same pairs.",
        0,
        0,
        u64::from(u32::MAX),
    );
    if is_given {
        return SplitConfig::File { file: file.unwrap_or_default(), validation_images, seed };
    }
    SplitConfig::Drawn {
        open_identities: split.number(open.0, open.1, 0.25, PART),
        closed_images: split.number(closed.0, closed.1, 0.2, PART),
        validation_images,
        seed,
    }
}

fn augment(augment: &mut Section<'_>) -> Augment {
    let has_temperature = augment.has("colour_temperature");
    let temperature = augment.section("colour_temperature", "Random colour temperatures.", temperature);
    Augment {
        flip: augment.number("flip", "Probability of a horizontal flip.", 0.5, SHARE),
        grey: augment.number(
            "grey",
            "Probability of turning an image grey, each time it is drawn.",
            0.0,
            SHARE,
        ),
        colour_temperature: has_temperature.then_some(temperature),
    }
}

fn temperature(light: &mut Section<'_>) -> ColourTemperature {
    const KELVIN: Range = Range::closed(1_667.0, 25_000.0);
    let read = ColourTemperature {
        probability: light.number("probability", "Share of the images that are changed.", 1.0, SHARE),
        min_kelvin: light.number("min_kelvin", "Warmest light, in kelvin.", 3_500.0, KELVIN),
        max_kelvin: light.number("max_kelvin", "Coldest light, in kelvin.", 10_000.0, KELVIN),
    };
    if let Some(place) = light.place().filter(|_| read.min_kelvin > read.max_kelvin) {
        let message =
            format!("`min_kelvin` ({}) is above `max_kelvin` ({})", read.min_kelvin, read.max_kelvin);
        light.reading().report(Diagnostic::at(place.clone(), message).help("exchange the two"));
    }
    read
}
