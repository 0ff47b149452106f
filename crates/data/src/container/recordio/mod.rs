//! `train.rec` as `InsightFace` has it: a record an image, with the person's number as its label.
//!
//! Beside it lies `train.idx`, which names each record's key and place; without one the records are read in turn. Record 0
//! may be a header without an image, whose labels say which keys are images; then records of people follow these, which
//! hold no image, either. An image is named by its label and its key.

mod index;
mod record;

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

pub(crate) use self::record::{LONGEST, MAGIC, joined};
use self::record::{Record, RecordProblem};
use super::{Blob, Candidate, FolderError, Listing};

/// A record and its key.
#[derive(Debug)]
struct Keyed {
    key: u64,
    offset: u64,
    record: Record,
}

/// Lists the images of a record file by label, then by key.
pub(super) fn list(blob: &Blob) -> Result<Listing, FolderError> {
    let path = blob.path.with_extension("idx");
    let failed = |source| FolderError::read(&path, source);
    let index = if path.is_file() { Some(File::open(&path).map_err(failed)?) } else { None };
    list_by(blob, &path, index.map(BufReader::new))
}

/// The same by an index that is at hand, or not; `path` is what it is called.
pub(super) fn list_by(blob: &Blob, path: &Path, index: Option<impl BufRead>) -> Result<Listing, FolderError> {
    let mut listing = Listing::default();
    let records = if let Some(index) = index {
        let entries = index::parse(index, path, &mut listing);
        let entries = entries.map_err(|source| FolderError::read(path, source))?;
        listing.details.push(format!("{} names {} records", file_name(path), entries.len()));
        indexed(blob, path, &entries, &mut listing)?
    } else {
        let records = scanned(blob, &mut listing)?;
        let read = records.len();
        listing.details.push(format!("no {}, so {read} records were read in turn", file_name(path)));
        records
    };
    let records = without_header(records, &mut listing);
    let mut images = Vec::with_capacity(records.len());
    for Keyed { key, offset, record } in records {
        match label(&record) {
            Ok(label) => images.push((label, key, record)),
            Err(reason) => listing.leave_out(&blob.path, format!("key {key} at byte {offset}: {reason}")),
        }
    }
    images.sort_unstable_by_key(|(label, key, _)| (*label, *key));
    listing.candidates = images.into_iter().map(|image| candidate(blob, image)).collect();
    Ok(listing)
}

fn candidate(blob: &Blob, (label, key, record): (u32, u64, Record)) -> Candidate {
    Candidate { name: format!("{label}/{key}"), stamp: blob.stamp_of(record.bytes), location: record.image }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The person's number.
fn label(record: &Record) -> Result<u32, String> {
    let label = record.labels[0];
    // A label is a float32, which has every whole number up to 2^24.
    if record.bytes == 0 {
        Err("the record holds no image".to_owned())
    } else if label >= 0.0 && label.fract() == 0.0 && label < u32::MAX as f32 {
        Ok(label as u32)
    } else {
        Err(format!("the label {label} is no person's number"))
    }
}

fn indexed(
    blob: &Blob,
    index: &Path,
    entries: &[index::Entry],
    listing: &mut Listing,
) -> Result<Vec<Keyed>, FolderError> {
    let mut records = Vec::with_capacity(entries.len());
    for &index::Entry { key, line, offset } in entries {
        match record::read(blob, offset) {
            Ok(record) => records.push(Keyed { key, offset, record }),
            Err(RecordProblem::Read(source)) => return Err(FolderError::read(&blob.path, source)),
            Err(problem) => {
                let from = format!("key {key} at byte {offset}, by line {line} of {}", file_name(index));
                listing.leave_out(&blob.path, format!("{from}: {problem}"));
            }
        }
    }
    Ok(records)
}

/// All records, one after the other, under their numbers in their headers where these differ, else under their places.
fn scanned(blob: &Blob, listing: &mut Listing) -> Result<Vec<Keyed>, FolderError> {
    let mut records: Vec<Keyed> = Vec::new();
    let mut offset = 0;
    while offset < blob.stamp.bytes {
        match record::read(blob, offset) {
            Ok(record) => {
                let end = record.end;
                records.push(Keyed { key: records.len() as u64, offset, record });
                offset = end;
            }
            Err(RecordProblem::Read(source)) => return Err(FolderError::read(&blob.path, source)),
            Err(problem) => {
                let rest = blob.stamp.bytes - offset;
                let reason = format!("at byte {offset}, and {rest} bytes from there: {problem}");
                listing.leave_out(&blob.path, reason);
                break;
            }
        }
    }
    let ids: BTreeSet<u64> = records.iter().map(|keyed| keyed.record.id).collect();
    if ids.len() == records.len() {
        for keyed in &mut records {
            keyed.key = keyed.record.id;
        }
    }
    records.sort_unstable_by_key(|keyed| keyed.key);
    Ok(records)
}

/// The records of images, where the first is a header.
fn without_header(records: Vec<Keyed>, listing: &mut Listing) -> Vec<Keyed> {
    let holds_none = |keyed: &Keyed| keyed.record.flag > 0 && keyed.record.bytes == 0;
    let Some(first) = records.first().filter(|first| first.key == 0 && holds_none(first)) else {
        listing.details.push("no header record".to_owned());
        return records;
    };
    let [images, _] = first.record.labels;
    let (mut kept, count) = (Vec::with_capacity(records.len()), records.len());
    for keyed in records {
        if keyed.key != 0 && !(holds_none(&keyed) && keyed.key as f32 >= images) {
            kept.push(keyed);
        }
    }
    let people = count - 1 - kept.len();
    listing.details.push(format!("a header record, and {people} records of people, hold no image"));
    kept
}
