//! Images that belong together, side by side under what is to be said of them.

use std::fmt::Write as _;

use super::{Picture, png};
use crate::{
    Part,
    format::{html::escaped, markdown},
};

/// Images that belong together.
#[derive(Debug, Clone)]
pub struct PhotoGroup {
    /// What is to be said of them.
    pub caption: String,
    /// Each with its name.
    pub photos: Vec<(String, Picture)>,
    /// Images in a row.
    pub columns: usize,
}

/// Groups one after the other, as a part of a page; in Markdown their captions alone.
pub fn photo_groups(groups: &[PhotoGroup]) -> Part {
    let (mut html, mut list) = ("<div class=\"photos\">\n".to_owned(), String::new());
    for PhotoGroup { caption, photos, columns } in groups {
        let _ = write!(
            html,
            "<figure><div class=\"row\" style=\"grid-template-columns: repeat({columns}, 7rem)\">"
        );
        for (name, picture) in photos {
            let (name, source) = (escaped(name), png::data_uri(picture));
            let _ = write!(html, "<img src=\"{source}\" alt=\"{name}\" title=\"{name}\">");
        }
        let _ = writeln!(html, "</div><figcaption>{}</figcaption></figure>", escaped(caption));
        let _ = writeln!(list, "- {}", markdown::escaped(caption));
    }
    Part::Written { html: html + "</div>", markdown: list }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_stand_side_by_side_under_their_names_which_are_no_markup() {
        let photo = |name: &str| (name.to_owned(), Picture { size: 1, rgb: vec![1, 2, 3] });
        let group =
            PhotoGroup { caption: "a = <b>".to_owned(), photos: vec![photo("a"), photo("<b>")], columns: 2 };
        let Part::Written { html, markdown } = photo_groups(&[group]) else { panic!("it is written") };
        assert_eq!(html.matches("<img src=\"data:image/png;base64,").count(), 2);
        assert!(
            html.contains("alt=\"&lt;b&gt;\"") && html.contains("<figcaption>a = &lt;b&gt;</figcaption>")
        );
        assert_eq!(markdown.lines().count(), 1);
    }
}
