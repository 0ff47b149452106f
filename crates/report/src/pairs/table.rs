//! Wrong pairs as a table.

use super::{Album, AttributeColumn, Change, WrongPair};
use crate::{Cell, Column, Kind, PairList, Table};

/// The pairs with their images, scores and thresholds, and by what their images differ: for people what is unusual, for programs
/// all values.
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
    let is_unusual = |row: &Vec<Cell>| row.last() != Some(&Cell::Empty);
    if !for_programs && table.rows().iter().any(is_unusual) {
        table.notes.push(
            "Unusual gaps: by what both images differ more than 19 of 20 pairs of the list with the same label.".to_owned(),
        );
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
    if !for_programs {
        columns.push(Column::new("unusual", "Unusual gaps", Kind::Text));
        return columns;
    }
    for attribute in &album.attributes {
        let keys = ["a", "b", "gap"].map(|of| format!("{}_{of}", attribute.name));
        columns.extend(keys.map(|key| Column::new(key.clone(), key, Kind::Number)));
    }
    columns
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
    if !for_programs {
        row.push(unusual(images, list.same[pair.place], album));
        return row;
    }
    for (place, attribute) in album.attributes.iter().enumerate() {
        let number =
            |value: f64, unit: &str| Cell::Number { value, decimals: AttributeColumn::decimals(unit) };
        let values = album.values(place, images);
        row.extend(
            values.map_or([Cell::Empty, Cell::Empty], |values| {
                values.map(|value| number(value, attribute.unit))
            }),
        );
        let gap = album.gap(place, images);
        row.push(gap.map_or(Cell::Empty, |gap| number(gap, attribute.gap_unit)));
    }
    row
}

/// The two rarest: `drawn yaw 43.0 deg (top 2%), blur 0.31 (top 4%)`.
fn unusual(images: &[String; 2], same: bool, album: &Album) -> Cell {
    let found = album.unusual(images, same);
    let shown = found.iter().take(2).map(|unusual| {
        let attribute = &album.attributes[unusual.attribute];
        let gap = AttributeColumn::shown(unusual.gap, attribute.gap_unit);
        let percent = (100.0 * unusual.share).ceil().max(1.0);
        format!("{} {gap} (top {percent}%)", attribute.title().to_lowercase())
    });
    let shown: Vec<String> = shown.collect();
    if shown.is_empty() { Cell::Empty } else { Cell::text(shown.join(", ")) }
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
