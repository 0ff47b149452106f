//! `train.idx`: a line `KEY<tab>OFFSET` a record.

use std::{
    io::{self, BufRead, Read},
    path::Path,
};

use super::super::Listing;

/// No key and offset are longer.
const LONGEST_LINE: u64 = 100;

/// A line of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) key: u64,
    /// From 1.
    pub(super) line: u64,
    /// Byte of the record file at which the record begins.
    pub(super) offset: u64,
}

/// The lines of an index by key. Those that are none are left out of `listing`, under `path`.
pub(super) fn parse(mut reader: impl BufRead, path: &Path, listing: &mut Listing) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        if reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        match entry(&text, line) {
            _ if text.trim_ascii().is_empty() => {}
            Some(entry) => entries.push(entry),
            None => {
                let shown = String::from_utf8_lossy(text.trim_ascii()).escape_debug().to_string();
                listing.leave_out(path, format!("line {line}: `{shown}` is not `KEY<tab>OFFSET`"));
                // What is that long is no index, and need not be shown piece by piece.
                if text.len() as u64 == LONGEST_LINE {
                    break;
                }
            }
        }
    }
    entries.sort_unstable();
    without_repeated(&mut entries, path, listing);
    Ok(entries)
}

fn entry(text: &[u8], line: u64) -> Option<Entry> {
    let mut fields = std::str::from_utf8(text).ok()?.split_whitespace();
    let (key, offset) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    fields.next().is_none().then_some(Entry { key, line, offset })
}

/// Keeps the first line of each key.
fn without_repeated(entries: &mut Vec<Entry>, path: &Path, listing: &mut Listing) {
    entries.dedup_by(|entry, first| {
        let repeated = entry.key == first.key;
        if repeated {
            let Entry { key, line, .. } = *entry;
            listing.leave_out(path, format!("line {line}: the key {key} is in line {} already", first.line));
        }
        repeated
    });
}
