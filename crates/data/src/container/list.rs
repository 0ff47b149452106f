//! Images by a CSV list with the columns `path,identity`: paths are relative to the list.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::{Candidate, FolderError, Form, Listing, Location, Stamp};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Whether a file that begins with `head` is such a list.
pub(super) fn is_header(head: &[u8]) -> bool {
    let line = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head).split(|&byte| byte == b'\n').next();
    let Ok(line) = std::str::from_utf8(line.unwrap_or_default()) else { return false };
    let has = |column| line.split(',').any(|cell| cell.trim().trim_matches('"') == column);
    has("path") && has("identity")
}

/// Lists what `file` names, in the order of a folder.
pub(super) fn list(file: &Path) -> Result<Listing, FolderError> {
    let malformed = |error: csv::Error| FolderError::malformed(file, Form::List, &error);
    let mut reader =
        ReaderBuilder::new().trim(Trim::All).flexible(true).from_path(file).map_err(malformed)?;
    let columns = Columns::find(reader.byte_headers().map_err(malformed)?, file)?;
    let mut listing = Listing::default();
    listing.notes.extend(columns.note(file));
    let mut lines = BTreeMap::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(malformed)? {
        let line = record.position().map_or(0, csv::Position::line);
        match columns.row(&record).and_then(|row| row.named(line, &mut lines)) {
            Ok((name, path)) => add(&mut listing, file, line, name, &path),
            Err(reason) => listing.leave_out(file, format!("line {line}: {reason}")),
        }
    }
    // The order of the file's lines changes nothing.
    listing.candidates.sort_unstable_by(|a, b| a.name.split_once('/').cmp(&b.name.split_once('/')));
    Ok(listing)
}

fn add(listing: &mut Listing, file: &Path, line: u64, name: String, path: &Path) {
    let path = file.parent().unwrap_or(Path::new("")).join(path);
    match fs::metadata(&path) {
        // A pipe would be waited for without end.
        Ok(about) if !about.is_file() => {
            listing.leave_out(file, format!("line {line}: {} is no regular file", path.display()));
        }
        Ok(about) => {
            let stamp = Stamp::of(&about);
            listing.candidates.push(Candidate { name, stamp, location: Location::File(path) });
        }
        Err(source) => {
            listing.away.push(FolderError::Listed { list: file.to_owned(), line, path, source });
        }
    }
}

/// Where the columns are.
struct Columns {
    path: usize,
    identity: usize,
    others: Vec<String>,
}

impl Columns {
    fn find(header: &ByteRecord, file: &Path) -> Result<Self, FolderError> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let place = |column: &str| {
            let mut places = names.iter().enumerate().filter(|(_, name)| *name == column);
            let problem = match (places.next(), places.next()) {
                (Some((place, _)), None) => return Ok(place),
                (Some(_), Some(_)) => format!("line 1: the column `{column}` is there twice"),
                (None, _) => format!("line 1: there is no column `{column}`"),
            };
            Err(FolderError::malformed(file, Form::List, &problem))
        };
        let (path, identity) = (place("path")?, place("identity")?);
        let others = names.iter().filter(|name| !["path", "identity"].contains(&name.as_str()));
        Ok(Self { path, identity, others: others.map(|name| format!("`{name}`")).collect() })
    }

    fn note(&self, file: &Path) -> Option<String> {
        let (columns, others) = (self.others.len(), self.others.join(", "));
        let are = if columns == 1 { ("column", "is") } else { ("columns", "are") };
        (columns > 0).then(|| format!("{}: the {} {others} {} not read", file.display(), are.0, are.1))
    }

    fn row<'r>(&self, record: &'r ByteRecord) -> Result<Row<'r>, String> {
        let cell = |place, column| {
            let bytes = record.get(place).filter(|bytes| !bytes.is_empty());
            let bytes = bytes.ok_or_else(|| format!("the {column} is empty"))?;
            let text = std::str::from_utf8(bytes).map_err(|_| format!("the {column} is not UTF-8"))?;
            if text.contains('\0') { Err(format!("the {column} has a NUL character")) } else { Ok(text) }
        };
        let row = Row { path: cell(self.path, "path")?, identity: cell(self.identity, "identity")? };
        if row.identity.contains('/') || [".", ".."].contains(&row.identity) {
            return Err(format!("the identity `{}` is no name: it may have no `/`", row.identity));
        }
        Ok(row)
    }
}

struct Row<'r> {
    path: &'r str,
    identity: &'r str,
}

impl Row<'_> {
    /// The image's name: its path where that is `IDENTITY/FILE` already; else the path's folders become a part of the
    /// file's name, since names have one slash.
    fn named(&self, line: u64, lines: &mut BTreeMap<String, u64>) -> Result<(String, PathBuf), String> {
        let Self { path, identity } = self;
        let below = path.strip_prefix(identity).and_then(|rest| rest.strip_prefix('/'));
        let file =
            below.filter(|file| !file.contains('/')).map_or_else(|| path.replace('/', "_"), str::to_owned);
        let name = format!("{identity}/{file}");
        match lines.insert(name.clone(), line) {
            Some(first) => Err(format!("`{path}` of `{identity}` is in line {first} already")),
            None => Ok((name, PathBuf::from(path))),
        }
    }
}
