//! What is told of a comparison, section by section: as a page, as Markdown, and as the tables and figures in it.

use std::fmt::Write as _;

use crate::{
    Figure, Table,
    format::{
        Format,
        html::{self, escaped},
        markdown,
    },
    page, pairs,
};

/// Sections under one title.
pub struct Document {
    /// Its title.
    pub title: String,
    /// Stands below the title, and says when and by what it was written.
    pub made: String,
    /// One after the other.
    pub sections: Vec<Section>,
}

/// Parts under a heading.
pub struct Section {
    /// The heading.
    pub title: String,
    /// What a reader should know first; may be empty.
    pub about: String,
    /// One after the other.
    pub parts: Vec<Part>,
}

/// What can stand in a section.
pub enum Part {
    /// A heading below the section's.
    Heading(String),
    /// A sentence.
    Text(String),
    /// A table; people see no column that has nothing to show.
    Table(Table),
    /// Figures side by side, in narrow columns where they are small.
    Figures {
        /// Whether many of them stand in a row.
        small: bool,
        /// Each with its name among all figures of the document: `roc-open`.
        figures: Vec<(String, Figure)>,
    },
    /// A picture that is no chart.
    Picture {
        /// Its name among all figures of the document.
        name: String,
        /// What stands above it.
        caption: String,
        /// A PNG file.
        png: Vec<u8>,
    },
    /// What its writer has written in both forms.
    Written {
        /// A part of a page, which loads nothing.
        html: String,
        /// The same in Markdown.
        markdown: String,
    },
}

impl Section {
    /// A section without parts.
    pub fn new(title: impl Into<String>, about: impl Into<String>) -> Self {
        Self { title: title.into(), about: about.into(), parts: Vec::new() }
    }

    /// With these parts at its end.
    #[must_use]
    pub fn with(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.parts.extend(parts);
        self
    }
}

impl Document {
    /// One page that opens without a server and loads nothing.
    pub fn page(&self) -> String {
        page::fill(page::TEMPLATE, |name| match name {
            "style" => Some(page::STYLE.to_owned()),
            "title" => Some(escaped(&self.title)),
            "made" => Some(escaped(&self.made)),
            "sections" => Some(self.sections.iter().map(section_html).collect()),
            _ => None,
        })
    }

    /// The same in GitHub's Markdown, with links to `FIGURES/NAME.png` and `.svg`.
    pub fn markdown(&self, figures: &str) -> String {
        let mut out = format!("# {}\n\n{}\n", markdown::escaped(&self.title), markdown::escaped(&self.made));
        for section in &self.sections {
            let _ = writeln!(out, "\n## {}", markdown::escaped(&section.title));
            if !section.about.is_empty() {
                let _ = writeln!(out, "\n{}", markdown::escaped(&section.about));
            }
            section.parts.iter().for_each(|part| part.push_markdown(&mut out, figures));
        }
        out
    }

    /// All tables in it.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.parts().filter_map(|part| if let Part::Table(table) = part { Some(table) } else { None })
    }

    /// All figures in it, with their names.
    pub fn figures(&self) -> impl Iterator<Item = &(String, Figure)> {
        self.parts().flat_map(|part| match part {
            Part::Figures { figures, .. } => figures.as_slice(),
            Part::Heading(_)
            | Part::Text(_)
            | Part::Table(_)
            | Part::Picture { .. }
            | Part::Written { .. } => &[],
        })
    }

    /// All pictures in it that are no charts: their names, and PNG files.
    pub fn pictures(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.parts().filter_map(|part| match part {
            Part::Picture { name, png, .. } => Some((name.as_str(), png.as_slice())),
            Part::Heading(_)
            | Part::Text(_)
            | Part::Table(_)
            | Part::Figures { .. }
            | Part::Written { .. } => None,
        })
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.sections.iter().flat_map(|section| &section.parts)
    }
}

fn section_html(section: &Section) -> String {
    let mut out = format!("\n<h2>{}</h2>\n", escaped(&section.title));
    if !section.about.is_empty() {
        let _ = writeln!(out, "<p class=\"about\">{}</p>", escaped(&section.about));
    }
    section.parts.iter().for_each(|part| part.push_html(&mut out));
    out
}

impl Part {
    fn push_html(&self, out: &mut String) {
        let _ = match self {
            Self::Heading(heading) => writeln!(out, "<h3>{}</h3>", escaped(heading)),
            Self::Text(text) => writeln!(out, "<p>{}</p>", escaped(text)),
            Self::Table(table) => {
                writeln!(out, "<div class=\"card\">{}</div>", html::write(&table.without_empty_columns()))
            }
            Self::Figures { small, figures } => {
                let drawn: String = figures.iter().map(|(_, figure)| figure_html(figure)).collect();
                let class = if *small { "figures small" } else { "figures" };
                writeln!(out, "<div class=\"{class}\">\n{drawn}</div>")
            }
            Self::Picture { caption, png, .. } => {
                let (caption, source) = (escaped(caption), pairs::png_uri(png));
                writeln!(
                    out,
                    "<figure><figcaption>{caption}</figcaption><img src=\"{source}\" alt=\"{caption}\"></figure>"
                )
            }
            Self::Written { html, .. } => writeln!(out, "{html}"),
        };
    }

    fn push_markdown(&self, out: &mut String, folder: &str) {
        let _ = match self {
            Self::Heading(heading) => writeln!(out, "\n### {}", markdown::escaped(heading)),
            Self::Text(text) => writeln!(out, "\n{}", markdown::escaped(text)),
            Self::Table(table) => {
                write!(out, "\n{}", table.without_empty_columns().render(Format::Markdown))
            }
            Self::Figures { figures, .. } => figures.iter().try_for_each(|(name, figure)| {
                let caption = markdown::escaped(&figure.caption().replace('\n', ", "));
                writeln!(out, "\n[![{caption}]({folder}/{name}.png)]({folder}/{name}.svg)")
            }),
            Self::Picture { name, caption, .. } => {
                writeln!(out, "\n![{}]({folder}/{name}.png)", markdown::escaped(caption))
            }
            Self::Written { markdown, .. } => writeln!(out, "\n{}", markdown.trim_end()),
        };
    }
}

fn figure_html(figure: &Figure) -> String {
    let caption = escaped(figure.caption()).replace('\n', "<br>");
    format!("<figure><figcaption>{caption}</figcaption>{}</figure>\n", figure.element())
}
