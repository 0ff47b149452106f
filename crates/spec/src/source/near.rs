//! Lists of what is allowed, and which of it was probably meant.

/// `` `a`, `b` or `c` ``.
pub(crate) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The known name that `written` is probably meant to be.
pub(crate) fn suggestion<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    // Edit distance takes time with the product of the lengths, and no name is so long.
    if written.chars().count() > 64 {
        return None;
    }
    let written = written.to_lowercase().replace('-', "_");
    let distance = |name: &str| strsim::damerau_levenshtein(&written, name);
    let nearest = known.iter().min_by_key(|name| distance(name))?;
    // Of three letters any other word is near: `gpu` is no misspelt `cpu`.
    let limit = (nearest.chars().count() / 4).min(3).max(usize::from(nearest.chars().count() > 3));
    // A part of a name, such as `batch`, is as good as a near miss.
    let begun = |name: &&&str| written.len() >= 3 && name.starts_with(&written);
    if distance(nearest) <= limit { Some(*nearest) } else { known.iter().find(begun).copied() }
}

/// What to write instead of `written`: the nearest name, and all that are allowed.
pub(crate) fn remedy(written: &str, known: &[&str]) -> String {
    match suggestion(written, known) {
        Some(near) => format!("did you mean `{near}`? Allowed: {}", one_of(known)),
        None => format!("allowed: {}", one_of(known)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_suggested_and_a_far_one_is_not() {
        let known = ["name", "scale", "margin", "gradient"];
        assert_eq!(suggestion("marign", &known), Some("margin"));
        assert_eq!(suggestion("Margin", &known), Some("margin"));
        assert_eq!(suggestion("temperature", &known), None);
        assert_eq!(suggestion("s", &known), None);
        assert_eq!(suggestion("gpu", &["auto", "cpu", "cuda"]), None);
        assert_eq!(suggestion("CPU", &["auto", "cpu", "cuda"]), Some("cpu"));
    }

    #[test]
    fn the_beginning_of_a_name_is_completed() {
        assert_eq!(suggestion("batch", &["epochs", "batch_size"]), Some("batch_size"));
        assert_eq!(suggestion("", &["epochs", "batch_size"]), None);
    }

    #[test]
    fn a_hyphen_is_taken_for_an_underscore() {
        assert_eq!(suggestion("image-size", &["image_size", "colour"]), Some("image_size"));
    }
}
