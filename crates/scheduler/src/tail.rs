//! Reading a journal from where it was left: whole lines only.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use arclab_spec::{JOURNAL_VERSION, JournalLine};

/// Read at once; a longer journal takes several batches, so that no transaction grows without bound.
const CHUNK: u64 = 1 << 20;
/// No worker writes a longer line: beyond this it is garbage and passed over.
const LONGEST_LINE: u64 = 16 << 20;

/// A part of a journal.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Part {
    /// Where it ends.
    pub(crate) to: u64,
    /// The lines in it that could be read.
    pub(crate) lines: Vec<JournalLine>,
    /// Those that could not, and why.
    pub(crate) bad: Vec<String>,
}

/// The next part of the journal after byte `from`; `None` while there is no whole line more.
pub(crate) fn next(file: &Path, from: u64) -> io::Result<Option<Part>> {
    let mut file = match File::open(file) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    // A journal shorter than what was stored was begun anew: the folder had been removed.
    let from = if file.metadata()?.len() < from { 0 } else { from };
    let mut chunk = CHUNK;
    loop {
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.by_ref().take(chunk).read_to_end(&mut bytes)?;
        if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(parse(&bytes[..=end], from)));
        }
        if (bytes.len() as u64) < chunk {
            return Ok(None);
        }
        if chunk >= LONGEST_LINE {
            let bad = vec![format!("{chunk} bytes without an end")];
            return Ok(Some(Part { to: from + chunk, lines: Vec::new(), bad }));
        }
        chunk *= 4;
    }
}

/// Whether a file is not there; nor its folder, where another file may lie.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn parse(bytes: &[u8], from: u64) -> Part {
    let mut part = Part { to: from + bytes.len() as u64, ..Part::default() };
    for line in bytes.split(|byte| *byte == b'\n') {
        // A new attempt ends the line that its predecessor may have left open, which leaves empty ones.
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match read(line) {
            Ok(line) => part.lines.push(line),
            Err(why) => part.bad.push(why),
        }
    }
    part
}

fn read(line: &[u8]) -> Result<JournalLine, String> {
    let read: JournalLine = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if read.version == JOURNAL_VERSION {
        return Ok(read);
    }
    Err(format!("journal version {}, and this program reads {JOURNAL_VERSION}", read.version))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use arclab_spec::{Attempt, Event, Heartbeat, Position};

    use super::*;

    fn line(step: u64) -> String {
        let event = Event::Heartbeat(Heartbeat { at: Position { epoch: 0, step } });
        let line = JournalLine { version: JOURNAL_VERSION, attempt: Attempt::FIRST, at_ms: 1, event };
        serde_json::to_string(&line).unwrap() + "\n"
    }

    #[test]
    fn a_line_cut_short_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.jsonl");
        assert_eq!(next(&file, 0).unwrap(), None);
        let (first, second) = (line(1), line(2));
        fs::write(&file, first.clone() + &second[..20]).unwrap();
        let part = next(&file, 0).unwrap().unwrap();
        assert_eq!((part.to, part.lines.len(), part.bad.len()), (first.len() as u64, 1, 0));
        assert_eq!(next(&file, part.to).unwrap(), None);
        fs::write(&file, first + &second).unwrap();
        assert_eq!(next(&file, part.to).unwrap().unwrap().lines.len(), 1);
    }

    #[test]
    fn garbage_is_counted_and_passed_over() {
        let text = format!("{}{{\"version\":1,\"att\n\n\u{0}\u{1}\n{}", line(1), line(2));
        let part = parse(text.as_bytes(), 10);
        assert_eq!((part.lines.len(), part.bad.len()), (2, 2));
        assert_eq!(part.to, 10 + text.len() as u64);
        let newer = line(3).replace("\"version\":1", "\"version\":9");
        assert_eq!(parse(newer.as_bytes(), 0).bad, ["journal version 9, and this program reads 1"]);
    }

    #[test]
    fn a_journal_that_was_begun_anew_is_read_from_its_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.jsonl");
        fs::write(&file, line(1)).unwrap();
        assert_eq!(next(&file, 1_000_000).unwrap().unwrap().to, line(1).len() as u64);
    }

    #[test]
    fn an_endless_line_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.jsonl");
        let mut journal = File::create(&file).unwrap();
        journal.write_all(&vec![b'x'; LONGEST_LINE as usize + 9]).unwrap();
        journal.write_all(format!("\n{}", line(1)).as_bytes()).unwrap();
        let first = next(&file, 0).unwrap().unwrap();
        assert_eq!((first.lines.len(), first.bad.len()), (0, 1));
        assert_eq!(next(&file, first.to).unwrap().unwrap().lines.len(), 1);
    }
}
