//! Wrong pairs as a table.

use super::{Album, AttributeColumn, Change, WrongPair};
use crate::{Cell, Column, Kind, PairList, Table};

/// The pairs with their images, scores and thresholds, and by how much their images differ: for programs also the values of
/// each image.
pub fn errors_listing(
    caption: impl Into<String>,
    pairs: &[WrongPair],
    list: &PairList,
    album: &Album,
    for_programs: bool,
) -> Table {
    let compared = pairs.iter().any(|pair| pair.other.is_some());
    let mut table = Table::new("pairs", caption, columns(compared, album, for_programs));
    for pair in pairs {
        table.push(row(pair, compared, list, album, for_programs));
    }
    table
}

fn columns(compared: bool, album: &Album, for_programs: bool) -> Vec<Column> {
    let number = |key: &str, title: &str| Column::new(key, title, Kind::Number);
    let mut columns = vec![number("place", "Pair")];
    if compared {
        columns.push(Column::new("change", "Change", Kind::Text));
    }
    columns.extend([
        Column::new("kind", "Kind", Kind::Text),
        Column::new("a", "Image a", Kind::Text),
        Column::new("b", "Image b", Kind::Text),
        number("score", "Score"),
        number("threshold", "Threshold"),
    ]);
    if compared {
        columns.extend([number("other_score", "Score of B"), number("other_threshold", "Threshold of B")]);
    }
    columns.push(number("beyond", "Beyond"));
    for attribute in &album.attributes {
        if for_programs {
            let key = |image: &str| format!("{}_{image}", attribute.name);
            columns.extend(["a", "b"].map(|image| Column::new(key(image), key(image), Kind::Number)));
        }
        columns.push(Column::new(format!("{}_gap", attribute.name), heading(attribute), Kind::Number));
    }
    columns
}

/// `Blur gap (px)`.
fn heading(attribute: &AttributeColumn) -> String {
    match attribute.gap_unit {
        "" => format!("{} gap", attribute.title()),
        unit => format!("{} gap ({unit})", attribute.title()),
    }
}

fn row(pair: &WrongPair, compared: bool, list: &PairList, album: &Album, for_programs: bool) -> Vec<Cell> {
    let decimal = |value: f64| Cell::Number { value, decimals: 3 };
    let images = &list.images[pair.place];
    let mut row = vec![Cell::Count(pair.place as u64)];
    if compared {
        row.push(pair.other.map_or(Cell::Empty, |(_, change)| Cell::text(change.shown())));
    }
    row.extend([Cell::text(pair.kind.short()), Cell::text(&*images[0]), Cell::text(&*images[1])]);
    row.extend([decimal(pair.held.score), decimal(pair.held.threshold)]);
    if compared {
        let other = pair
            .other
            .map_or([Cell::Empty, Cell::Empty], |(held, _)| [held.score, held.threshold].map(decimal));
        row.extend(other);
    }
    row.push(decimal(pair.beyond()));
    for (place, attribute) in album.attributes.iter().enumerate() {
        let number =
            |value: f64, unit: &str| Cell::Number { value, decimals: AttributeColumn::decimals(unit) };
        let values = album.values(place, images);
        if for_programs {
            row.extend(values.map_or([Cell::Empty, Cell::Empty], |values| {
                values.map(|value| number(value, attribute.unit))
            }));
        }
        let gap = album.gap(place, images);
        row.push(gap.map_or(Cell::Empty, |gap| number(gap, attribute.gap_unit)));
    }
    row
}

impl Change {
    /// `mended` or `broken`.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Mended => "mended",
            Self::Broken => "broken",
        }
    }
}
