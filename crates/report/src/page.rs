//! The page of a document: one file that opens without a server and needs no network.

/// The page.
pub(crate) const TEMPLATE: &str = include_str!("../../../dashboards/compare.html");
/// What all pages look like, and the colours of charts.
pub(crate) const STYLE: &str = include_str!("../../../dashboards/style.css");

/// The template with each `{{ name }}` replaced by what `value` gives. One pass, so that nothing filled in is taken
/// for a name; what is no name stays as it stands.
pub(crate) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out += before;
        let filled = after.split_once("}}").and_then(|(name, after)| Some((value(name.trim())?, after)));
        if let Some((text, after)) = filled {
            out += &text;
            rest = after;
        } else {
            out += "{{";
            rest = after;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn a_template_is_filled_in_one_pass() {
        let value = |name: &str| match name {
            "a" => Some("{{ b }}".to_owned()),
            "b" => Some("B".to_owned()),
            _ => None,
        };
        assert_eq!(fill("x {{ a }}{{b}} {{ c }} {{", value), "x {{ b }}B {{ c }} {{");
    }
}
