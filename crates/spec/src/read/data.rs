//! `data:`, but for the data set.

use super::{
    augment, dataset,
    range::{Counts, Range},
    section::Section,
};
use crate::config::{ColourMode, DataConfig, SplitConfig};

const PART: Range = Range::open(0.0, 1.0)
    .because("it is a share of the whole, and something must be left for training and for the test");
/// What a renderer or a draw takes as its seed.
pub(super) const SEEDS: Counts = Counts::from(0, u32::MAX as u64);

pub(super) fn read(data: &mut Section<'_>) -> DataConfig {
    let dataset = dataset::read(data);
    let split = data.section(
        "split",
        "Which image serves for what: drawn from the data set, or given by a file.",
        split,
    );
    // Four halvings, of which the last leaves two rows or more.
    let sizes = Counts::from(32, 512).multiples_of(16);
    let image_size =
        data.count("image_size", "Side of the square input, in pixels; a multiple of 16.", 64, sizes);
    let colour = data.word(
        "colour",
        "Colour treatment, the same in training and in tests; `grey` puts the luma on all three channels.",
        "rgb",
        &[("rgb", ColourMode::Rgb), ("grey", ColourMode::Grey)],
    );
    let augment = data.section("augment", "Random changes to training images.", |section| {
        let augment = augment::read(section);
        if colour == ColourMode::Grey && augment.grey > 0.0 {
            section.no_effect("grey", "`data.colour: grey`", "leave it out, or write `data.colour: rgb`");
        }
        augment
    });
    DataConfig { dataset, split, image_size: image_size as u32, colour, augment }
}

fn split(split: &mut Section<'_>) -> SplitConfig {
    let is_given = split.has("file");
    split.exclusive(["file", "open_identities"]);
    split.exclusive(["file", "closed_images"]);
    let file = split.path(
        "file",
        "CSV file with columns `path,identity,split`; its paths are relative to the data set's folder.",
    );
    let open_identities =
        split.number("open_identities", "Share of the people held out for open-set tests.", 0.25, PART);
    let closed_images = split.number(
        "closed_images",
        "Share of the other people's photos held out for closed-set tests.",
        0.2,
        PART,
    );
    let validation_images =
        split.number("validation_images", "Share of the remaining training images that validate.", 0.1, PART);
    let seed = split.count(
        "seed",
        "Seed of the draw; apart from the training seeds, so that all are tested on the same pairs.",
        0,
        SEEDS,
    );
    if !is_given {
        return SplitConfig::Drawn { open_identities, closed_images, validation_images, seed };
    }
    for key in ["open_identities", "closed_images"] {
        split.no_effect(key, "`file`", "leave one of them out: the file says which image is held out");
    }
    // A mistake in the path is reported, and nothing is read then.
    SplitConfig::File { file: file.unwrap_or_default(), validation_images, seed }
}
