//! YAML text to the untyped tree, with `saphyr-parser` (MIT OR Apache-2.0): maintained, pure Rust, YAML 1.2, and it
//! hands out events with places, so that limits hold before anything is built and `extends` and `--set` work before any
//! type is known. `serde_yaml` is archived; `serde-saphyr` is maintained, but goes straight to types and ends at the
//! first mistake.
//!
//! Refused here: aliases (a few lines of them expand to gigabytes, and `extends` serves their purpose), tags, several
//! documents, a key twice, and more values or deeper nesting than any spec has.

use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::{Diagnostic, Entry, Node, Place, Scalar, SourceFile, Value, shortened, syntax::explained};

/// No spec needs more than six.
const MAX_DEPTH: usize = 24;
/// A spec in full has about a hundred.
const MAX_VALUES: usize = 4_000;

/// The document in `source`, which is never null, and the mistakes that did not hinder reading on.
pub(crate) fn parse(source: &Arc<SourceFile>) -> Result<(Node, Vec<Diagnostic>), Diagnostic> {
    let parser = Parser::new_from_str(&source.text);
    let lines = source.text.lines().count().max(1);
    let mut reader = Reader { parser, source, lines, depth: 0, values: 0, found: Vec::new() };
    let nothing = |place: &Place| {
        Diagnostic::at(place, "there is nothing in it")
            .help("a spec begins with `extends: OTHER.yaml`, or with `data:`")
    };
    loop {
        match reader.next()? {
            (Event::StreamEnd, span) => return Err(nothing(&reader.place(span))),
            (Event::DocumentStart(_), _) => break,
            _ => {}
        }
    }
    let (event, span) = reader.next()?;
    let node = reader.node(event, span)?;
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) if node.is_null() => return Err(nothing(&node.place)),
            (Event::StreamEnd, _) => return Ok((node, reader.found)),
            (Event::DocumentStart(_), span) => {
                return Err(Diagnostic::at(&reader.place(span), "a second document begins here")
                    .help("put each spec into a file of its own"));
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    source: &'a Arc<SourceFile>,
    /// For the parser, the text may end in a line that an editor does not have.
    lines: usize,
    depth: usize,
    values: usize,
    found: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Diagnostic> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(self.not_yaml(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn not_yaml(&self, error: &ScanError) -> Diagnostic {
        let place = self.place(Span::new(*error.marker(), *error.marker()));
        let line = self.source.line(place.line);
        let tab = line.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t');
        let explained = explained(if tab { "tab" } else { error.info() });
        Diagnostic::at(&place, explained.message).help(explained.help)
    }

    fn place(&self, span: Span) -> Place {
        let (start, end) = (span.start, span.end);
        let length = if end.line() == start.line() { end.col().saturating_sub(start.col()) } else { 1 };
        let source = Arc::clone(self.source);
        if start.line() > self.lines {
            let column = source.line(self.lines).chars().count() + 1;
            return Place { source, line: self.lines, column, length: 1 };
        }
        Place { source, line: start.line().max(1), column: start.col() + 1, length: length.max(1) }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, Diagnostic> {
        let place = self.place(span);
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(Diagnostic::at(&place, format!("more than {MAX_VALUES} values"))
                .help("a spec has about a hundred: is this another file?"));
        }
        if has_tag(&event) {
            let tag = Diagnostic::at(&place, "tags (`!`) have no meaning in a spec");
            self.found.push(tag.help("leave the tag out"));
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let quoted = !matches!(style, ScalarStyle::Plain);
                Ok(Node { value: Value::Scalar(Scalar { text: text.into_owned(), quoted }), place })
            }
            Event::SequenceStart(..) => self.nested(place, Self::list),
            Event::MappingStart(..) => self.nested(place, Self::map),
            Event::Alias(_) => Err(Diagnostic::at(&place, "aliases (`*`) are not allowed in a spec")
                .help("write the value out, or put it into a spec that this one `extends`")),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Err(Diagnostic::at(&place, "the text ends in the middle of a value")
                .help("close every bracket and quote")),
        }
    }

    fn nested(
        &mut self,
        place: Place,
        read: fn(&mut Self) -> Result<Value, Diagnostic>,
    ) -> Result<Node, Diagnostic> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Diagnostic::at(&place, format!("nested more than {MAX_DEPTH} deep"))
                .help("no spec needs so many levels: is this another file?"));
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(Node { value, place })
    }

    fn list(&mut self) -> Result<Value, Diagnostic> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self) -> Result<Value, Diagnostic> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(Value::Map(entries));
            }
            let (key, key_place) = self.key(event, span)?;
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let line = first.key_place.line;
                let message = format!("`{}` stands here a second time", shortened(&key));
                let twice = Diagnostic::at(&key_place, message);
                self.found.push(twice.help(format!("the first is in line {line}: keep one of them")));
            }
            let (event, span) = self.next()?;
            let node = self.node(event, span)?;
            entries.push(Entry { key, key_place, node });
        }
    }

    fn key(&mut self, event: Event<'a>, span: Span) -> Result<(String, Place), Diagnostic> {
        let node = self.node(event, span)?;
        match node.scalar().map(str::to_owned) {
            Some(key) => Ok((key, node.place)),
            None => Err(Diagnostic::at(&node.place, "a key must be a word")
                .help("write `key: value`; a text with braces or `? ` needs quotes")),
        }
    }
}

fn has_tag(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Scalar(.., Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_))
    )
}
