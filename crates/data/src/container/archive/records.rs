//! A record file within an archive: a part of the archive's file, as long as it is not compressed there.

use std::path::Path;

use super::{
    super::{Blob, FolderError, Listing, Location, Span, form::RECORDS, recordio},
    Member,
};

/// Bytes of an index that are read at once.
const BUFFER: usize = 1 << 16;

/// What the first `train.rec` among `members` holds; none where there is none.
pub(super) fn list(blob: &Blob, members: &[Member]) -> Option<Result<Listing, FolderError>> {
    let mut all = members.iter().filter(|member| member.parts.last().is_some_and(|name| name == RECORDS));
    let (records, others) = (all.next()?, all.count());
    let folder = &records.parts[..records.parts.len() - 1];
    let path = blob.path.join(folder.join("/")).join(RECORDS).with_extension("idx");
    let is_index = |member: &&Member| {
        member.parts.iter().map(String::as_str).eq(folder.iter().map(String::as_str).chain(["train.idx"]))
    };
    let index = members.iter().find(is_index);
    Some(read(blob, records, index, &path).map(|mut listing| {
        if others > 0 {
            listing.notes.push(passed_over(records, others));
        }
        listing
    }))
}

fn read(blob: &Blob, records: &Member, index: Option<&Member>, path: &Path) -> Result<Listing, FolderError> {
    let part = |member: &Member| {
        let span = span(blob, member)?;
        blob.part(span).map_err(|source| FolderError::read(&blob.path, source))
    };
    let begin = span(blob, records)?.offset;
    let index = index.map(part).transpose()?;
    let index = index.as_ref().map(|index| index.reader(BUFFER));
    let mut listing = recordio::list_by(&part(records)?, path, index)?;
    for candidate in &mut listing.candidates {
        let within = std::mem::replace(&mut candidate.location, Location::Named);
        candidate.location = within.within(begin);
    }
    listing.details.push(format!("{} is read within the archive", records.parts.join("/")));
    Ok(listing)
}

fn passed_over(records: &Member, others: usize) -> String {
    format!(
        "{} alone is read, and the archive has {others} more {RECORDS}: pack each into an archive of its own, or unpack them",
        records.parts.join("/")
    )
}

fn span(blob: &Blob, member: &Member) -> Result<Span, FolderError> {
    if let Location::Span(span) = member.location {
        return Ok(span);
    }
    let problem = format!(
        "{} is compressed in it, and so cannot be read at places: pack it without compression (zip -0), or unpack it",
        member.parts.join("/")
    );
    Err(FolderError::malformed(&blob.path, super::Form::Zip, &problem))
}
