//! YAML text to the untyped tree, with `saphyr-parser`: maintained, pure Rust, and the one parser of its family that
//! hands out events with places, which limits and `--set` need before any type is known.
//!
//! Refused here: aliases (a few lines of them expand to gigabytes, and `extends` serves their purpose), tags, several
//! documents, a key twice, and nesting that no spec has.

use std::{borrow::Cow, sync::Arc};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use super::{Diagnostic, Entry, Node, Place, Scalar, SourceFile, Value};

/// No spec needs more than six.
const MAX_DEPTH: usize = 24;

/// The document in `source`.
pub(crate) fn parse(source: &Arc<SourceFile>) -> Result<Node, Diagnostic> {
    let mut reader = Reader { parser: Parser::new_from_str(&source.text), source, depth: 0 };
    loop {
        match reader.next()? {
            (Event::StreamEnd, span) => {
                return Err(Diagnostic::at(reader.place(span), "there is nothing in it")
                    .help("a spec begins with `extends: OTHER.yaml`, or with `data:`"));
            }
            (Event::DocumentStart(_), _) => break,
            _ => {}
        }
    }
    let (event, span) = reader.next()?;
    let node = reader.node(event, span)?;
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(node),
            (Event::DocumentStart(_), span) => {
                return Err(Diagnostic::at(reader.place(span), "a second document begins here")
                    .help("put each spec into a file of its own"));
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    source: &'a Arc<SourceFile>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Diagnostic> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let marker = *error.marker();
                let tab = self.source.line(marker.line()).starts_with(|c: char| c == '\t');
                let found = Diagnostic::at(self.place(Span::new(marker, marker)), error.info());
                Err(if tab { found.help("indent with spaces: YAML allows no tabs there") } else { found })
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn place(&self, span: Span) -> Place {
        let (start, end) = (span.start, span.end);
        let length = if end.line() == start.line() { end.col().saturating_sub(start.col()) } else { 1 };
        let source = Arc::clone(self.source);
        Place { source, line: start.line().max(1), column: start.col() + 1, length: length.max(1) }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, Diagnostic> {
        let place = self.place(span);
        match event {
            Event::Scalar(.., Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                Err(Diagnostic::at(place, "tags (`!`) have no meaning in a spec").help("leave the tag out"))
            }
            Event::Scalar(text, style, ..) => Ok(Node { value: scalar(text, style), place }),
            Event::SequenceStart(..) => self.nested(&place, Self::list),
            Event::MappingStart(..) => self.nested(&place, Self::map),
            Event::Alias(_) => Err(Diagnostic::at(place, "aliases (`*`) are not allowed in a spec")
                .help("write the value out, or put it into a spec that this one `extends`")),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => Err(Diagnostic::at(place, "the text ends in the middle of a value")),
        }
    }

    fn nested(
        &mut self,
        place: &Place,
        read: fn(&mut Self) -> Result<Value, Diagnostic>,
    ) -> Result<Node, Diagnostic> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Diagnostic::at(place.clone(), format!("nested more than {MAX_DEPTH} deep"))
                .help("no spec needs so many levels: is this a spec?"));
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(Node { value, place: place.clone() })
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
            let key_node = self.node(event, span)?;
            let Some(key) = key_node.scalar().map(str::to_owned) else {
                return Err(Diagnostic::at(key_node.place, "a key must be a word"));
            };
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let line = first.key_place.line;
                return Err(Diagnostic::at(key_node.place, format!("`{key}` stands here a second time"))
                    .help(format!("the first is in line {line}: keep one of them")));
            }
            let (event, span) = self.next()?;
            let node = self.node(event, span)?;
            entries.push(Entry { key, key_place: key_node.place, node });
        }
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value {
    Value::Scalar(Scalar { text: text.into_owned(), quoted: !matches!(style, ScalarStyle::Plain) })
}
