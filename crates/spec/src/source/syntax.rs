//! What the YAML parser's messages mean for somebody who writes a spec.

/// A mistake in YAML itself, and its remedy.
pub(super) struct Explained {
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// Fragments of the parser's messages, what has happened, and what helps.
const KNOWN: &[(&[&str], &str, &str)] = &[
    // Before the next, whose fragment it contains.
    (
        &["unprintable"],
        "a character here is none that a text has",
        "save the file as plain text in UTF-8, without control characters",
    ),
    (&["tab"], "a tab indents this line", "indent with spaces: YAML allows no tabs there"),
    (
        &["unknown anchor"],
        "aliases (`*`) are not allowed in a spec",
        "write the value out, or put it into a spec that this one `extends`",
    ),
    (
        &["mapping values are not allowed", "illegal placement of ':'"],
        "this `:` stands where no key can be",
        "write one `key: value` a line, indented alike; a text with `: ` in it needs quotes",
    ),
    (
        &["unexpected end of stream", "unexpected eof", "in quoted scalar"],
        "a quote is opened here and not closed",
        "close it",
    ),
    (
        &["flow mapping", "flow sequence", "flow construct", "misplaced bracket", "while parsing a node"],
        "a bracket is missing or too many near here",
        "write `{key: value, key: value}` or `[1, 2, 3]`, each bracket closed by its like",
    ),
    (
        &["recursion limit"],
        "the brackets here are nested deeper than any spec needs",
        "write `{key: value, key: value}` or `[1, 2, 3]`",
    ),
    (
        &["escape character", "escape code", "hexadecimal number"],
        "this `\\` begins no known escape",
        "use single quotes, in which `\\` has no meaning",
    ),
    (
        &["expected key", "indentation", "indented", "expected '-'", "simple key", "block scalar"],
        "this line does not fit those above it",
        "the keys of one section begin in the same column, each followed by `: ` and a value",
    ),
];

/// The parser's `message` in words that help.
pub(super) fn explained(message: &str) -> Explained {
    let known = KNOWN.iter().find(|(fragments, ..)| fragments.iter().any(|one| message.contains(one)));
    match known {
        Some((_, meaning, help)) => Explained { message: (*meaning).to_owned(), help },
        None => Explained {
            message: format!("this is no YAML: {message}"),
            help: "put quotes around a text that begins with a special character or contains `: ` or ` #`",
        },
    }
}
