//! The line that a mistake is in, as it can be shown.

use super::Place;

/// Characters of a line that are shown; of a longer one, a window around the mistake.
const WIDTH: usize = 110;
/// Characters of a long line that are shown before the mistake.
const LEAD: usize = 40;

/// A line and the marks under what is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Blank as wide as what stands before the marks.
    pub(super) before: String,
    pub(super) marks: String,
}

impl Excerpt {
    pub(super) fn of(place: &Place) -> Self {
        let line = place.source.line(place.line);
        let start = (place.column - 1).saturating_sub(LEAD);
        let start = if line.chars().count() > WIDTH { start } else { 0 };
        let shown: Vec<char> = line.chars().skip(start).take(WIDTH).map(printable).collect();
        let lead = (place.column - 1 - start).min(shown.len());
        // Tabs stay, so that the marks stand below what they mean however wide a tab is.
        let before = shown[..lead].iter().map(|&c| if c == '\t' { '\t' } else { ' ' }).collect();
        let marks = "^".repeat(place.length.clamp(1, (shown.len() - lead).max(1)));
        Self { text: shown.into_iter().collect(), before, marks }
    }
}

/// Control characters could move a terminal's cursor.
fn printable(c: char) -> char {
    if c.is_control() && c != '\t' { '\u{fffd}' } else { c }
}

/// `text`, or its beginning where it is too long for a message.
pub(crate) fn shortened(text: &str) -> String {
    const MAX: usize = 60;
    let text: String = text.chars().map(printable).collect();
    if text.chars().count() <= MAX { text } else { text.chars().take(MAX - 1).chain(['…']).collect() }
}
