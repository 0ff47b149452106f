//! The colours of charts: by name on a page, whose style sheet defines them, and as they are in print.

use kuva::prelude::Theme;

use crate::page::STYLE;

/// Where a chart is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Palette {
    /// On a page in a light or a dark scheme: `var(--c0)`.
    Page,
    /// On white: the light scheme's own colours.
    Print,
}

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Text,
    Axis,
    Grid,
    /// What is there and needs no attention.
    Quiet,
    /// A difference for the better.
    Gain,
    /// A difference for the worse.
    Loss,
    /// Pairs of one person.
    Same,
    /// Pairs of different people.
    Different,
    /// The n-th variant, from 0.
    Variant(usize),
}

/// Colours of variants that the style sheet defines: `--c0` to `--c7`.
pub(crate) const VARIANT_COLOURS: usize = 8;

/// Fonts that are there, or near to what is measured: that of PNG files, and what stands in for it.
const PRINT_FONTS: &str = "DejaVu Sans, Verdana, Liberation Sans, Arial, sans-serif";

impl Palette {
    pub(crate) fn colour(self, colour: Colour) -> String {
        let name = colour.name();
        match self {
            Self::Page => format!("var({name})"),
            Self::Print => light(&name).to_owned(),
        }
    }

    pub(crate) fn theme(self) -> Theme {
        let (background, font) = match self {
            Self::Page => ("none", "inherit"),
            Self::Print => ("#ffffff", PRINT_FONTS),
        };
        Theme {
            background: background.to_owned(),
            axis_color: self.colour(Colour::Axis),
            grid_color: self.colour(Colour::Grid),
            tick_color: self.colour(Colour::Axis),
            text_color: self.colour(Colour::Text),
            legend_bg: "none".to_owned(),
            legend_border: "none".to_owned(),
            font_family: Some(font.to_owned()),
            ..Theme::light()
        }
    }
}

impl Colour {
    /// In the style sheet.
    fn name(self) -> String {
        match self {
            Self::Text => "--text".to_owned(),
            Self::Axis => "--axis".to_owned(),
            Self::Grid => "--grid".to_owned(),
            Self::Quiet => "--quiet".to_owned(),
            Self::Gain => "--gain".to_owned(),
            Self::Loss => "--loss".to_owned(),
            Self::Same => "--same".to_owned(),
            Self::Different => "--different".to_owned(),
            Self::Variant(place) => format!("--c{}", place % VARIANT_COLOURS),
        }
    }
}

/// The style sheet's first value of a name, which is that of the light scheme.
fn light(name: &str) -> &'static str {
    let value = STYLE.split_once(&format!(" {name}: ")).and_then(|(_, rest)| rest.split_once(';'));
    value.map_or("#000000", |(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_in_print_is_one_of_the_light_scheme() {
        let variants = (0..VARIANT_COLOURS).map(Colour::Variant);
        let chrome = [Colour::Text, Colour::Axis, Colour::Grid, Colour::Quiet];
        let others = chrome.into_iter().chain([Colour::Gain, Colour::Loss, Colour::Same, Colour::Different]);
        for colour in variants.chain(others) {
            let value = Palette::Print.colour(colour);
            let digits = value.strip_prefix('#').unwrap_or_else(|| panic!("{colour:?} is {value}"));
            assert!(
                matches!(digits.len(), 6 | 8) && digits.chars().all(|c| c.is_ascii_hexdigit()),
                "{value}"
            );
            assert_ne!(digits, "000000", "{colour:?} is in the style sheet");
        }
        assert_eq!(Palette::Print.colour(Colour::Variant(8)), Palette::Print.colour(Colour::Variant(0)));
    }
}
