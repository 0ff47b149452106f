//! `data.augment:`.

use super::{range::Range, section::Section};
use crate::{
    config::{Augment, ColourTemperature, Crop, Varied},
    source::Diagnostic,
};

const SHARE: Range = Range::closed(0.0, 1.0);
const SIDE: Range = Range::above(0.0, 1.0).because("it is a share of the image's side");
const PROBABILITY: &str = "Share of the images that are changed.";

pub(super) fn read(augment: &mut Section<'_>) -> Augment {
    Augment {
        flip: augment.number("flip", "Probability of a horizontal flip.", 0.5, SHARE),
        grey: augment.number(
            "grey",
            "Probability of turning an image grey, each time it is drawn: the network sees both.",
            0.0,
            SHARE,
        ),
        colour_temperature: augment.optional_section(
            "colour_temperature",
            "Light of random colour temperatures along the Planckian locus, in kelvin; none where absent.",
            temperature,
        ),
        crop: augment.optional_section(
            "crop",
            "Random squares of the image, brought to the image's size; none where absent.",
            crop,
        ),
        brightness: varied(augment, "brightness", BRIGHTNESS),
        contrast: varied(augment, "contrast", CONTRAST),
        blur: varied(augment, "blur", BLUR),
        low_resolution: varied(augment, "low_resolution", LOW_RESOLUTION),
        jpeg_quality: varied(augment, "jpeg_quality", JPEG_QUALITY),
        cutout: varied(augment, "cutout", CUTOUT),
    }
}

/// What a section with a least and a most says of itself.
#[derive(Clone, Copy)]
struct Description {
    doc: &'static str,
    /// What `min` and `max` are, in their unit.
    number: &'static str,
    usual: [f64; 2],
    range: Range,
}

const FACTOR: Range = Range::closed(0.0, 10.0).because("values are multiplied by it: 1 changes nothing");

const BRIGHTNESS: Description = Description {
    doc: "Random brightness: what display values are multiplied by; none where absent.",
    number: "factor",
    usual: [0.6, 1.4],
    range: FACTOR,
};
const CONTRAST: Description = Description {
    doc: "Random contrast: what distances from the image's mean luma are multiplied by; none where absent.",
    number: "factor",
    usual: [0.6, 1.4],
    range: FACTOR,
};
const BLUR: Description = Description {
    doc: "Random Gaussian blur; none where absent.",
    number: "standard deviation, in pixels of the network's input",
    usual: [0.3, 1.5],
    range: Range::closed(0.1, 10.0).because("it is in pixels: less than 0.1 changes nothing"),
};
const LOW_RESOLUTION: Description = Description {
    doc: "Random low resolution: down to a smaller side, and up again; none where absent.",
    number: "side, as a share of the image's",
    usual: [0.25, 0.75],
    range: SIDE,
};
const JPEG_QUALITY: Description = Description {
    doc: "Random traces of JPEG; none where absent.",
    number: "quality, as libjpeg counts it",
    usual: [30.0, 90.0],
    range: Range::closed(1.0, 100.0),
};
const CUTOUT: Description = Description {
    doc: "A grey square painted over a random place; none where absent.",
    number: "side, as a share of the image's",
    usual: [0.1, 0.4],
    range: SIDE,
};

fn varied(augment: &mut Section<'_>, key: &str, description: Description) -> Option<Varied> {
    let Description { doc, number, usual: [min, max], range } = description;
    augment.optional_section(key, doc, |section| {
        let probability = section.number("probability", PROBABILITY, 1.0, SHARE);
        let (min, max) = ends(
            section,
            ["min", "max"],
            [&format!("Least {number}."), &format!("Most {number}.")],
            [min, max],
            range,
        );
        Varied { probability, min, max }
    })
}

fn crop(section: &mut Section<'_>) -> Crop {
    let probability = section.number("probability", PROBABILITY, 1.0, SHARE);
    let docs = ["Least side, as a share of the image's.", "Largest side, as a share of the image's."];
    let (min_side, max_side) = ends(section, ["min_side", "max_side"], docs, [0.8, 1.0], SIDE);
    let shift = section.number(
        "shift",
        "How far it may lie beyond an edge, as a share of the image's side; pixels at the edge are repeated there.",
        0.0,
        Range::closed(0.0, 0.5).because("beyond half the side little of the image is left"),
    );
    Crop { probability, min_side, max_side, shift }
}

fn temperature(light: &mut Section<'_>) -> ColourTemperature {
    const KELVIN: Range =
        Range::closed(1_667.0, 25_000.0).because("the colours of a glowing body are tabulated in this range");
    let probability = light.number("probability", PROBABILITY, 1.0, SHARE);
    let docs = ["Warmest light, in kelvin.", "Coldest light, in kelvin."];
    let (min_kelvin, max_kelvin) =
        ends(light, ["min_kelvin", "max_kelvin"], docs, [3_500.0, 10_000.0], KELVIN);
    ColourTemperature { probability, min_kelvin, max_kelvin }
}

/// Both ends of what is drawn.
fn ends(
    section: &mut Section<'_>,
    keys: [&str; 2],
    docs: [&str; 2],
    usual: [f64; 2],
    range: Range,
) -> (f64, f64) {
    let [min, max] = [0, 1].map(|end| section.number(keys[end], docs[end], usual[end], range));
    if let Some(place) = section.place().filter(|_| min > max) {
        let [low, high] = keys.map(|key| section.path_of(key));
        let message = format!("`{low}` ({min}) is above `{high}` ({max})");
        let unwritten = keys.iter().find(|key| !section.has(key));
        let help = unwritten.map_or("exchange the two".to_owned(), |key| format!("write `{key}`, too"));
        section.reading().report(Diagnostic::at(place, message).help(help));
    }
    (min, max)
}
