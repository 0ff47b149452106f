//! The sections of a report that need the images: errors by what they differ in, and the pairs that are most wrong.

use arclab_data::Attribute;
use arclab_report::{
    ErrorKind, PairLists, Part, Section, VariantResults, contact_sheet, correct_trends, protocol_title,
    slices_table, trends_table, wrong_pairs,
};
use arclab_store::Store;

use crate::{
    album::{self, PairImages},
    commands::slices::{OnList, on_lists, slice},
    named,
    output::Output,
};

/// Slices of a list.
const BINS: usize = 5;
/// Pairs of each kind that are shown of a variant.
const SHOWN: usize = 10;

const ABOUT_SLICES: &str =
    "Error rates of pairs by how far their images are apart, and whether they rise with it.";
const ABOUT_PAIRS: &str = "The ten false positives and the ten false negatives of each variant that lie farthest beyond its threshold. \
    Of several seeds, the first is shown.";

/// Both sections; without the images neither, and a note says why.
pub(super) async fn sections(
    store: &Store,
    variants: &[VariantResults],
    lists: &PairLists,
    by: Attribute,
    output: Output,
) -> Vec<Section> {
    let mut at_hand = Vec::new();
    let on_lists = on_lists(variants, None).unwrap_or_else(|error| {
        output.note(format_args!("without slices and wrong pairs: {error:#}"));
        Vec::new()
    });
    for on_list in on_lists {
        match PairImages::of(store, on_list.run, on_list.list, output).await {
            Ok(images) => at_hand.push((on_list, images)),
            Err(error) => output.note(format_args!("without images of `{}`: {error:#}", on_list.protocol)),
        }
    }
    let sections = [slices(&at_hand, lists, by, output), pairs(variants, &at_hand, lists, output)];
    sections.into_iter().filter(|section| !section.parts.is_empty()).collect()
}

fn slices(at_hand: &[(OnList<'_>, PairImages)], lists: &PairLists, by: Attribute, output: Output) -> Section {
    let (mut names, mut all) = (Vec::new(), Vec::new());
    for (on_list, images) in at_hand {
        match slice(on_list, lists, images, by, BINS) {
            Ok(slices) => {
                names.push(on_list.protocol);
                all.push(slices);
            }
            Err(error) => output.note(format_args!("{error:#}")),
        }
    }
    let section = Section::new("Errors by what images differ in", ABOUT_SLICES);
    if all.is_empty() {
        return section;
    }
    correct_trends(&mut all);
    let tests: Vec<_> = names.iter().map(|name| protocol_title(name)).zip(&all).collect();
    let column = album::column(by);
    let figures = names.iter().zip(&tests).flat_map(|(name, (title, slices))| {
        let figures = ["fn", "fp"].into_iter().zip(slices.figures(title, &column));
        figures.map(move |(kind, figure)| (format!("slices-{name}-{}-{kind}", by.name()), figure))
    });
    let figures = Part::Figures { small: false, figures: figures.collect() };
    section.with([
        Part::Table(trends_table(&tests, &column)),
        figures,
        Part::Table(slices_table(&tests, &column)),
    ])
}

fn pairs(
    variants: &[VariantResults],
    at_hand: &[(OnList<'_>, PairImages)],
    lists: &PairLists,
    output: Output,
) -> Section {
    let mut parts = Vec::new();
    for variant in variants {
        let Some(run) = variant.runs.first() else { continue };
        let Ok((protocol, result)) = named::test(run, None) else { continue };
        let images = at_hand.iter().find(|(on_list, _)| on_list.protocol == protocol);
        let Some(((_, images), list)) = images.zip(lists.get(&result.pair_list)) else { continue };
        let wrong = match wrong_pairs(result, list) {
            Ok(wrong) => wrong,
            Err(error) => {
                output.note(format_args!("without the wrong pairs of {}: {error}", run.run));
                continue;
            }
        };
        let of_kind = |kind| wrong.iter().filter(move |pair| pair.kind == kind).take(SHOWN).copied();
        let shown: Vec<_> =
            [ErrorKind::FalseNegative, ErrorKind::FalsePositive].into_iter().flat_map(of_kind).collect();
        let album = images.album(shown.iter().map(|pair| pair.place), true);
        let caption = format!("{}, {}", variant.name, protocol_title(protocol));
        let png = contact_sheet(&caption, &shown, list, &album);
        parts.extend(png.map(|png| Part::Picture {
            name: format!("wrong-pairs-{protocol}-{}", variant.name),
            caption,
            png,
        }));
    }
    Section::new("Wrong pairs", ABOUT_PAIRS).with(parts)
}
