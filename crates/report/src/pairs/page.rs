//! Wrong pairs as a page: images side by side, with filters.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{Album, AttributeColumn, Change, WrongPair, png};
use crate::{
    PairList,
    format::html::escaped,
    page::{STYLE, fill},
};

const TEMPLATE: &str = include_str!("../../../../dashboards/errors.html");

/// A page of wrong pairs, which needs neither a server nor a network. `heading` is its title, `made` says when and by what it was
/// written.
pub fn errors_page(heading: &str, made: &str, pairs: &[WrongPair], list: &PairList, album: &Album) -> String {
    fill(TEMPLATE, |name| match name {
        "style" => Some(STYLE.to_owned()),
        "title" => Some(escaped(heading)),
        "made" => Some(escaped(made)),
        "attributes" => Some(options(album)),
        "explained" => Some(explained(album)),
        "pairs" => Some(cards(pairs, list, album)),
        _ => None,
    })
}

fn options(album: &Album) -> String {
    let option = |(place, attribute): (usize, &AttributeColumn)| {
        format!("<option value=\"{place}\">{}</option>", escaped(&attribute.title()))
    };
    album.attributes.iter().enumerate().map(option).collect()
}

fn explained(album: &Album) -> String {
    let line = |attribute: &AttributeColumn| {
        format!("<dt>{}</dt><dd>{}</dd>\n", escaped(&attribute.title()), escaped(attribute.about))
    };
    album.attributes.iter().map(line).collect()
}

/// One card a pair. Each image is in the page once, as the background of a class.
pub(crate) fn cards(pairs: &[WrongPair], list: &PairList, album: &Album) -> String {
    let names: BTreeSet<&str> =
        pairs.iter().flat_map(|pair| &list.images[pair.place]).map(String::as_str).collect();
    let class: BTreeMap<&str, usize> = names.iter().enumerate().map(|(n, &name)| (name, n)).collect();
    let mut out = "<style>\n".to_owned();
    for (name, number) in &class {
        if let Some(picture) = album.photos.get(*name).and_then(|photo| photo.picture.as_ref()) {
            let _ = writeln!(out, ".i{number} {{ background-image: url({}) }}", png::data_uri(picture));
        }
    }
    out += "</style>\n<div class=\"pairs\">\n";
    for pair in pairs {
        card(&mut out, pair, list, album, &class);
    }
    out + "</div>\n"
}

fn card(out: &mut String, pair: &WrongPair, list: &PairList, album: &Album, class: &BTreeMap<&str, usize>) {
    let images = &list.images[pair.place];
    let change = pair.other.map_or("", |(_, change)| change.shown());
    let kind = pair.kind.short();
    let _ = write!(
        out,
        "<article class=\"pair\" data-kind=\"{kind}\" data-change=\"{change}\" data-beyond=\"{}\" data-names=\"{}\" data-gaps=\"{}\">\n\
         <div class=\"faces\">",
        pair.beyond(),
        escaped(&images.join(" ")),
        gaps(images, album)
    );
    for name in images {
        let number = class[name.as_str()];
        let name = escaped(name);
        let _ = write!(
            out,
            "<figure><div class=\"face i{number}\" role=\"img\" aria-label=\"{name}\"></div><figcaption>{name}</figcaption></figure>"
        );
    }
    let _ = write!(
        out,
        "</div>\n<p><b>{}</b>{}</p>\n{}</article>\n",
        pair.kind.title(),
        held(pair),
        attributes(images, album)
    );
}

/// What filters read: a number an attribute, in order; nothing where it is not known.
fn gaps(images: &[String; 2], album: &Album) -> String {
    let gap = |place| album.gap(place, images).map_or(String::new(), |gap| gap.to_string());
    (0..album.attributes.len()).map(gap).collect::<Vec<_>>().join(" ")
}

fn held(pair: &WrongPair) -> String {
    let first = format!("score {:.3}, threshold {:.3}", pair.held.score, pair.held.threshold);
    match pair.other {
        None => format!(" by {:.3}: {first}", pair.beyond()),
        Some((other, change)) => {
            let word = match change {
                Change::Mended => "mended",
                Change::Broken => "broken",
            };
            format!(
                " <b class=\"{word}\">{word}</b>: A {first}; B score {:.3}, threshold {:.3}",
                other.score, other.threshold
            )
        }
    }
}

fn attributes(images: &[String; 2], album: &Album) -> String {
    let mut rows = String::new();
    for (place, attribute) in album.attributes.iter().enumerate() {
        let Some([a, b]) = album.values(place, images) else { continue };
        let number = |value: f64| format!("{value:.0$}", AttributeColumn::decimals(attribute.unit));
        let unit = if attribute.unit.is_empty() { String::new() } else { format!(", {}", attribute.unit) };
        let gap = AttributeColumn::shown((attribute.gap)(a, b), attribute.gap_unit);
        let _ = writeln!(
            rows,
            "<tr><th>{}{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&attribute.title()),
            escaped(&unit),
            number(a),
            number(b),
            escaped(&gap)
        );
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<table><thead><tr><th></th><th>a</th><th>b</th><th>gap</th></tr></thead>\n<tbody>{rows}</tbody></table>\n"
    )
}
