//! Reading a pickle's instructions and their arguments.

use std::io::{self, BufRead, Seek};

use super::{super::super::Span, problem::Problem};

/// Longest number that is written in digits.
const LONGEST_NUMBER: usize = 24;

/// The pickle's bytes, of which only as many are read as there are.
pub(super) struct Input<R> {
    pub(super) reader: R,
    /// Of the whole pickle.
    pub(super) length: u64,
    /// The byte that is read next.
    pub(super) at: u64,
}

impl<R: BufRead + Seek> Input<R> {
    pub(super) fn byte(&mut self) -> Result<u8, Problem> {
        self.number(1).map(|number| number as u8)
    }

    /// A little-endian number of `width` bytes.
    pub(super) fn number(&mut self, width: usize) -> Result<u64, Problem> {
        let mut bytes = [0; 8];
        self.reader.read_exact(&mut bytes[..width]).map_err(|error| {
            let is_end = error.kind() == io::ErrorKind::UnexpectedEof;
            if is_end { Problem::CutShort } else { Problem::Read(error) }
        })?;
        self.at += width as u64;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Steps over `bytes` bytes, which must be there.
    pub(super) fn skip(&mut self, bytes: u64) -> Result<Span, Problem> {
        let span = Span { offset: self.at, bytes };
        if span.end() > self.length {
            return Err(Problem::Promise { promised: bytes });
        }
        self.reader.seek_relative(bytes as i64).map_err(Problem::Read)?;
        self.at = span.end();
        Ok(span)
    }

    /// A number in digits, up to the line's end.
    pub(super) fn digits(&mut self) -> Result<u64, Problem> {
        let mut digits = String::new();
        loop {
            match self.byte()? {
                b'\n' => return digits.parse().map_err(|_| Problem::Number),
                _ if digits.len() == LONGEST_NUMBER => return Err(Problem::Number),
                digit => digits.push(char::from(digit)),
            }
        }
    }

    /// Where the rest of the line lies.
    pub(super) fn line(&mut self) -> Result<Span, Problem> {
        self.line_or(b"").map(|(span, _)| span)
    }

    /// Where the rest of the line lies, and whether it is `word`.
    pub(super) fn line_or(&mut self, word: &[u8]) -> Result<(Span, bool), Problem> {
        let offset = self.at;
        // Of a long line no more than the word would need.
        let mut begun = Vec::new();
        loop {
            let buffer = self.reader.fill_buf().map_err(Problem::Read)?;
            let (read, end) = match buffer.iter().position(|&byte| byte == b'\n') {
                _ if buffer.is_empty() => return Err(Problem::CutShort),
                Some(place) => (place + 1, true),
                None => (buffer.len(), false),
            };
            let wanted = (word.len() + 2).saturating_sub(begun.len()).min(read);
            begun.extend_from_slice(&buffer[..wanted]);
            self.reader.consume(read);
            self.at += read as u64;
            if end {
                let is_word = begun.strip_suffix(b"\n").is_some_and(|found| found == word);
                return Ok((Span { offset, bytes: self.at - 1 - offset }, is_word));
            }
        }
    }

    /// Steps over `bytes` bytes, which must be there; whether they are `word`.
    pub(super) fn skip_or(&mut self, bytes: u64, word: &[u8]) -> Result<(Span, bool), Problem> {
        if bytes != word.len() as u64 {
            return self.skip(bytes).map(|span| (span, false));
        }
        let offset = self.at;
        let mut is_word = true;
        for letter in word {
            is_word &= self.byte()? == *letter;
        }
        Ok((Span { offset, bytes }, is_word))
    }
}
