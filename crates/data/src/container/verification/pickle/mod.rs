//! The few instructions of a pickle that lists of bytes and of truths need, protocols 0 to 5.
//!
//! Nothing is called, imported or built: every other instruction is refused by its name. One pattern that looks like a call is
//! read for what it means: Python 3 writes bytes in protocols 0 to 2 as `_codecs.encode(text, 'latin1')`, a text of which each
//! character is a byte. The pair of names is known by its letters, as nothing else is. Bytes are not read, only their
//! places remembered; each instruction leaves one small value at most, so that memory is bounded by the pickle's own
//! length, and by [`MOST_VALUES`].

mod input;
mod problem;

use std::{
    collections::BTreeMap,
    io::{BufRead, Seek},
};

use serde::{Deserialize, Serialize};

pub(crate) use self::problem::PickleError;
use self::{input::Input, problem::Problem};
use super::super::Span;

/// How Python calls the encoding in which a character is a byte.
const LATIN1: &[u8] = b"latin1";
/// Verification sets have tens of thousands of images.
const MOST_VALUES: usize = 4_000_000;

/// Where an image's bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Text {
    /// As they are.
    Plain(Span),
    /// Between quotes, with Python's escapes.
    Escaped(Span),
    /// As a text in UTF-8, a character a byte.
    Utf8(Span),
    /// As a text in Latin-1 with `\uXXXX` for some, a character a byte.
    RawUnicode(Span),
}

impl Text {
    /// Where it is written.
    pub(crate) fn span(self) -> Span {
        match self {
            Self::Plain(span) | Self::Escaped(span) | Self::Utf8(span) | Self::RawUnicode(span) => span,
        }
    }
}

/// What a verification set holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) images: Vec<Text>,
    pub(crate) same: Vec<bool>,
}

#[derive(Debug, Clone, Copy)]
enum Value {
    Mark,
    Text(Text),
    /// What is no bytes yet.
    Characters(Text),
    /// The name of the encoding that makes bytes of characters.
    Latin1,
    /// `_codecs.encode`.
    Encode,
    /// Characters, and how they are encoded.
    Encoded(Text),
    Truth(bool),
    /// Its place among the lists.
    List(usize),
    Pair([usize; 2]),
}

impl Value {
    fn in_words(self) -> &'static str {
        match self {
            Self::Mark => "a mark",
            Self::Text(_) => "bytes",
            Self::Characters(_) | Self::Latin1 => "a text",
            Self::Encode => "a name",
            Self::Encoded(_) => "a pair of texts",
            Self::Truth(_) => "a truth",
            Self::List(_) => "a list",
            Self::Pair(_) => "a pair",
        }
    }
}

#[derive(Debug, Default)]
struct List {
    texts: Vec<Text>,
    truths: Vec<bool>,
}

/// Reads the pickle in `reader`, of `length` bytes.
pub(crate) fn read(reader: impl BufRead + Seek, length: u64) -> Result<Contents, PickleError> {
    let mut machine = Machine {
        input: Input { reader, length, at: 0 },
        stack: Vec::new(),
        lists: Vec::new(),
        memory: BTreeMap::new(),
        values: 0,
    };
    let mut offset = 0;
    machine.run(&mut offset).map_err(|problem| PickleError { offset, problem })
}

struct Machine<R> {
    input: Input<R>,
    stack: Vec<Value>,
    lists: Vec<List>,
    memory: BTreeMap<u64, Value>,
    /// Made so far.
    values: usize,
}

impl<R: BufRead + Seek> Machine<R> {
    fn run(&mut self, offset: &mut u64) -> Result<Contents, Problem> {
        loop {
            *offset = self.input.at;
            match self.input.byte()? {
                b'.' => return self.contents(),
                instruction => self.carry_out(instruction)?,
            }
        }
    }

    fn carry_out(&mut self, instruction: u8) -> Result<(), Problem> {
        match instruction {
            0x80 => match self.input.byte()? {
                0..=5 => Ok(()),
                protocol => Err(Problem::Protocol(protocol)),
            },
            // The length of what follows, which is read as it comes.
            0x95 => self.input.number(8).map(drop),
            b'(' => self.push(Value::Mark),
            b']' => self.list(),
            b'l' => self.list_of_marked(),
            b'a' => {
                let value = self.pop("append")?;
                self.append(&[value])
            }
            b'e' => {
                let values = self.marked()?;
                self.append(&values)
            }
            0x86 => {
                let second = self.pop("pair")?;
                let first = self.pop("pair")?;
                self.pair(&[first, second])
            }
            b't' => {
                let values = self.marked()?;
                self.pair(&values)
            }
            0x88 => self.push(Value::Truth(true)),
            0x89 => self.push(Value::Truth(false)),
            b'K' | b'I' => self.small_number(instruction),
            b'U' | b'C' => self.text(1),
            b'T' | b'B' => self.text(4),
            0x8E | 0x96 => self.text(8),
            b'S' => {
                let span = self.input.line()?;
                self.push(Value::Text(Text::Escaped(span)))
            }
            b'X' => {
                let bytes = self.input.number(4)?;
                let (span, is_latin1) = self.input.skip_or(bytes, LATIN1)?;
                self.characters(Text::Utf8(span), is_latin1)
            }
            b'V' => {
                let (span, is_latin1) = self.input.line_or(LATIN1)?;
                self.characters(Text::RawUnicode(span), is_latin1)
            }
            b'c' if self.input.line_or(b"_codecs")?.1 && self.input.line_or(b"encode")?.1 => {
                self.push(Value::Encode)
            }
            b'R' => self.encode(),
            b'q' | b'r' | b'p' | 0x94 => self.remember(instruction),
            b'h' | b'j' | b'g' => self.recall(instruction),
            other => Err(Problem::Refused(other)),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), Problem> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(Problem::TooMany);
        }
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self, purpose: &'static str) -> Result<Value, Problem> {
        self.stack.pop().ok_or(Problem::Nothing(purpose))
    }

    /// What lies above the last mark, which is taken away.
    fn marked(&mut self) -> Result<Vec<Value>, Problem> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark));
        let mark = mark.ok_or(Problem::Nothing("take from a mark on"))?;
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(values)
    }

    fn list(&mut self) -> Result<(), Problem> {
        self.lists.push(List::default());
        self.push(Value::List(self.lists.len() - 1))
    }

    fn list_of_marked(&mut self) -> Result<(), Problem> {
        let values = self.marked()?;
        self.list()?;
        self.append(&values)
    }

    /// Appends to the list on top. Lists hold no lists, so nothing can be within itself.
    fn append(&mut self, values: &[Value]) -> Result<(), Problem> {
        let list = match self.stack.last() {
            Some(Value::List(list)) => &mut self.lists[*list],
            Some(_) | None => return Err(Problem::Nothing("append to")),
        };
        for &value in values {
            match value {
                Value::Text(text) if list.truths.is_empty() => list.texts.push(text),
                Value::Truth(truth) if list.texts.is_empty() => list.truths.push(truth),
                Value::Mark
                | Value::Text(_)
                | Value::Characters(_)
                | Value::Latin1
                | Value::Encode
                | Value::Encoded(_)
                | Value::Truth(_)
                | Value::List(_)
                | Value::Pair(_) => return Err(Problem::InList(value.in_words())),
            }
        }
        Ok(())
    }

    fn pair(&mut self, values: &[Value]) -> Result<(), Problem> {
        match *values {
            [Value::List(first), Value::List(second)] => self.push(Value::Pair([first, second])),
            [Value::Characters(text), Value::Latin1] => self.push(Value::Encoded(text)),
            [_, _] => Err(Problem::NoPair("a pair of other things than lists")),
            _ => Err(Problem::NoPair("a tuple of another length than two")),
        }
    }

    /// Truths are written as 0 and 1 by old protocols, and by some programs.
    fn small_number(&mut self, instruction: u8) -> Result<(), Problem> {
        let number = if instruction == b'K' { self.input.byte()?.into() } else { self.input.digits()? };
        match number {
            0 | 1 => self.push(Value::Truth(number == 1)),
            _ => Err(Problem::Number),
        }
    }

    fn text(&mut self, width: usize) -> Result<(), Problem> {
        let bytes = self.input.number(width)?;
        let span = self.input.skip(bytes)?;
        self.push(Value::Text(Text::Plain(span)))
    }

    fn characters(&mut self, text: Text, is_latin1: bool) -> Result<(), Problem> {
        self.push(if is_latin1 { Value::Latin1 } else { Value::Characters(text) })
    }

    /// Bytes of characters; any other call is none of this.
    fn encode(&mut self) -> Result<(), Problem> {
        match (self.stack.pop(), self.stack.pop()) {
            (Some(Value::Encoded(text)), Some(Value::Encode)) => self.push(Value::Text(text)),
            _ => Err(Problem::Refused(b'R')),
        }
    }

    fn remember(&mut self, instruction: u8) -> Result<(), Problem> {
        let place = match instruction {
            0x94 => self.memory.len() as u64,
            other => self.place(other)?,
        };
        let value = *self.stack.last().ok_or(Problem::Nothing("remember"))?;
        self.values += 1;
        self.memory.insert(place, value);
        if self.values > MOST_VALUES { Err(Problem::TooMany) } else { Ok(()) }
    }

    fn recall(&mut self, instruction: u8) -> Result<(), Problem> {
        let place = self.place(instruction)?;
        let value = self.memory.get(&place).copied().ok_or(Problem::Nothing("recall"))?;
        self.push(value)
    }

    fn place(&mut self, instruction: u8) -> Result<u64, Problem> {
        match instruction {
            b'q' | b'h' => self.input.number(1),
            b'r' | b'j' => self.input.number(4),
            _ => self.input.digits(),
        }
    }

    fn contents(&mut self) -> Result<Contents, Problem> {
        let (images, truths) = match self.stack.pop() {
            Some(Value::Pair([images, truths])) => (images, truths),
            Some(other) => return Err(Problem::NoPair(other.in_words())),
            None => return Err(Problem::NoPair("nothing")),
        };
        let images = std::mem::take(&mut self.lists[images]);
        let truths = std::mem::take(&mut self.lists[truths]);
        if !images.truths.is_empty() || !truths.texts.is_empty() {
            return Err(Problem::NoPair("a pair of lists of other things"));
        }
        let (images, same) = (images.texts, truths.truths);
        if images.len() != 2 * same.len() {
            return Err(Problem::Count { images: images.len(), truths: same.len() });
        }
        Ok(Contents { images, same })
    }
}
