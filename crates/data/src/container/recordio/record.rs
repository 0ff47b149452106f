//! One record of a `RecordIO` file: dmlc's framing, and within it `MXNet`'s `IRHeader` and an encoded image.
//!
//! A record is a magic number, a word with its length (29 bits) and what part it is (3 bits), its bytes, and zeros up to
//! a multiple of four. Where the bytes hold the magic number at such a multiple, the writer ends the part there and leaves
//! the number out, so that a reader that is lost finds the next record; whoever puts the parts together puts it back.

use std::io;

use super::super::{Blob, Location, Span};

pub(crate) const MAGIC: u32 = 0xCED7_230A;
/// Longest part of a record.
pub(crate) const LONGEST: u64 = (1 << 29) - 1;
/// Bytes of an `IRHeader`: flag, label, two numbers.
const HEADER: u64 = 24;
/// Parts of a record. Images hold the magic number once in gigabytes.
const MOST_PARTS: usize = 1 << 12;

/// Labels of a record. `InsightFace` has one, or a few with the places of eyes, nose and mouth.
const MOST_LABELS: u32 = 1 << 12;

/// What a record says, and where its image lies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// Number of labels that follow the header; 0 where the label stands in it.
    pub(super) flag: u32,
    /// The first two labels; the second is 0 where there is one.
    pub(super) labels: [f32; 2],
    pub(super) id: u64,
    pub(super) image: Location,
    /// Of the image.
    pub(super) bytes: u64,
    /// Where the next record begins.
    pub(super) end: u64,
}

/// Why there is no record at a place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordProblem {
    #[error("no record begins there: its first bytes are {found:08x}, and a record's are {MAGIC:08x}")]
    NoMagic { found: u32 },
    #[error("the record is cut short: it reaches to byte {end}, and the file has {file}")]
    CutShort { end: u64, file: u64 },
    #[error("part {found} of a record follows where part {wanted} would be right")]
    Part { found: u32, wanted: &'static str },
    #[error("the record is in more than {MOST_PARTS} parts")]
    TooManyParts,
    #[error("the record has {bytes} bytes, and its header alone needs {needed}")]
    NoHeader { bytes: u64, needed: u64 },
    #[error("the record has {flag} labels, and {MOST_LABELS} are read at most")]
    TooManyLabels { flag: u32 },
    #[error("{0}")]
    Read(io::Error),
}

/// The record that begins at `offset`.
pub(crate) fn read(blob: &Blob, offset: u64) -> Result<Record, RecordProblem> {
    let (part, span) = frame(blob, offset)?;
    let spans = match part {
        0 => vec![span],
        1 => parts(blob, span)?,
        found => return Err(RecordProblem::Part { found, wanted: "0 or 1" }),
    };
    let bytes = length(&spans);
    let head = joined(blob, &spans, (HEADER + 8) as usize).map_err(RecordProblem::Read)?;
    let word = |at: usize| head.get(at..at + 4).and_then(|word| word.try_into().ok()).unwrap_or([0; 4]);
    let flag = u32::from_le_bytes(word(0));
    // What is shorter than a header has no flag, either.
    let header = if bytes < HEADER { HEADER } else { HEADER + 4 * u64::from(flag) };
    if bytes < header {
        return Err(RecordProblem::NoHeader { bytes, needed: header });
    }
    if flag > MOST_LABELS {
        return Err(RecordProblem::TooManyLabels { flag });
    }
    let label = |at| f32::from_le_bytes(word(at));
    let labels = match flag {
        0 => [label(4), 0.0],
        1 => [label(24), 0.0],
        _ => [label(24), label(28)],
    };
    let id = u64::from(u32::from_le_bytes(word(8))) | u64::from(u32::from_le_bytes(word(12))) << 32;
    let end = next(spans[spans.len() - 1]);
    let image = match *spans.as_slice() {
        [span] => Location::Span(Span { offset: span.offset + header, bytes: bytes - header }),
        _ => Location::Parts { spans, header: header as u32 },
    };
    Ok(Record { flag, labels, id, image, bytes: bytes - header, end })
}

/// What part the frame at `offset` is, and where its bytes lie.
fn frame(blob: &Blob, offset: u64) -> Result<(u32, Span), RecordProblem> {
    let file = blob.stamp.bytes;
    let begun = Span { offset, bytes: 8 };
    if begun.end() > file {
        return Err(RecordProblem::CutShort { end: begun.end(), file });
    }
    let words = blob.read(begun).map_err(RecordProblem::Read)?;
    let word = |at: usize| u32::from_le_bytes([words[at], words[at + 1], words[at + 2], words[at + 3]]);
    if word(0) != MAGIC {
        return Err(RecordProblem::NoMagic { found: word(0) });
    }
    let span = Span { offset: offset + 8, bytes: u64::from(word(4)) & LONGEST };
    if span.end() > file {
        return Err(RecordProblem::CutShort { end: span.end(), file });
    }
    Ok((word(4) >> 29, span))
}

/// The spans of a record that begins with `first`.
fn parts(blob: &Blob, first: Span) -> Result<Vec<Span>, RecordProblem> {
    let mut spans = vec![first];
    loop {
        let (part, span) = frame(blob, next(spans[spans.len() - 1]))?;
        spans.push(span);
        match part {
            2 if spans.len() < MOST_PARTS => {}
            2 => return Err(RecordProblem::TooManyParts),
            3 => return Ok(spans),
            found => return Err(RecordProblem::Part { found, wanted: "2 or 3" }),
        }
    }
}

fn next(span: Span) -> u64 {
    span.end().next_multiple_of(4)
}

fn length(spans: &[Span]) -> u64 {
    spans.iter().map(|span| span.bytes).sum::<u64>() + 4 * (spans.len() as u64 - 1)
}

/// The bytes of a record in `spans`, `limit` at most.
pub(crate) fn joined(blob: &Blob, spans: &[Span], limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::new();
    for (place, span) in spans.iter().enumerate() {
        if place > 0 {
            bytes.extend(MAGIC.to_le_bytes());
        }
        let wanted = limit.saturating_sub(bytes.len()) as u64;
        bytes.extend(blob.read(Span { bytes: span.bytes.min(wanted), ..*span })?);
        if bytes.len() >= limit {
            break;
        }
    }
    bytes.truncate(limit);
    Ok(bytes)
}
