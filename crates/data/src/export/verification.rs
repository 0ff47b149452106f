//! A verification set: a pickle of a list of encoded images and a list of truths, of protocol 3, which Python reads since 3.0.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::Path,
};

use super::{ExportError, Exported, Work};
use crate::{
    container::LeftOut,
    pairs::{PairProblem, PairsError, Written, stem, written},
    replace::replace,
};

/// An instruction takes four bytes for a length.
const MOST_BYTES: u64 = u32::MAX as u64;

pub(super) fn write(work: &Work<'_>, pairs: Option<&Path>, out: &Path) -> Result<Exported, ExportError> {
    let pairs = match (pairs, &work.set.listing.same) {
        (Some(list), _) => listed(work, list)?,
        (None, Some(same)) => {
            same.iter().enumerate().map(|(pair, &same)| (2 * pair, 2 * pair + 1, same)).collect()
        }
        (None, None) => return Err(ExportError::NoPairs),
    };
    let places: Vec<usize> = pairs.iter().flat_map(|&(a, b, _)| [a, b]).collect();
    let mut left_out = Vec::new();
    replace(out, |writer| {
        left_out = pickle(work, writer, &places, &pairs)?;
        // Others may have been at the place meanwhile.
        if out.symlink_metadata().is_ok() {
            return Err(Halt::Export(ExportError::Exists { path: out.to_owned() }));
        }
        Ok(())
    })
    .map_err(|halt| match halt {
        Halt::Export(error) => error,
        Halt::Write(source) => ExportError::write(out)(source),
    })?;
    let people: BTreeSet<&str> = places.iter().map(|&place| work.candidates()[place].identity()).collect();
    Ok(Exported { images: places.len(), identities: people.len(), left_out, remains: None })
}

/// What ends the writing.
enum Halt {
    Export(ExportError),
    Write(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

fn pickle(
    work: &Work<'_>,
    writer: &mut impl Write,
    places: &[usize],
    pairs: &[(usize, usize, bool)],
) -> Result<Vec<LeftOut>, Halt> {
    writer.write_all(&[0x80, 3, b']', b'('])?;
    let mut failed = Ok(());
    let left_out = work.each(places, |place, image| {
        let bytes = image.bytes.len() as u64;
        if bytes > MOST_BYTES {
            let what = format!("{} has {bytes} bytes", work.path(place).display());
            return Err(ExportError::TooLarge { what, form: "a verification set", most: MOST_BYTES });
        }
        let head = [b"B".as_slice(), &(bytes as u32).to_le_bytes()].concat();
        let written = writer.write_all(&head).and_then(|()| writer.write_all(&image.bytes));
        failed = std::mem::replace(&mut failed, Ok(())).and(written);
        Ok(())
    });
    failed?;
    let left_out = left_out.map_err(Halt::Export)?;
    // Beside what the set itself leaves out, an image that a pair is about.
    if let Some(LeftOut { path, reason }) = left_out.get(work.set.listing.left_out.len()) {
        let (path, reason) = (path.clone(), reason.clone());
        return Err(Halt::Export(ExportError::PairLeftOut { path, reason }));
    }
    let truths: Vec<u8> = pairs.iter().map(|&(_, _, same)| if same { 0x88 } else { 0x89 }).collect();
    writer.write_all(&[b"e](".as_slice(), &truths, b"e\x86."].concat())?;
    Ok(left_out)
}

/// The pairs of a list, by the places of their images.
fn listed(work: &Work<'_>, list: &Path) -> Result<Vec<(usize, usize, bool)>, ExportError> {
    let (form, pairs) = written(list)?;
    let name = |name| if form.is_without_endings() { stem(name) } else { name };
    let candidates = work.candidates().iter().enumerate();
    let places: BTreeMap<&str, usize> =
        candidates.map(|(place, candidate)| (name(candidate.name.as_str()), place)).collect();
    let find = |pair: &Written, name: &str| {
        places.get(name).copied().ok_or_else(|| {
            let folder = work.set.located.root.clone();
            let problem = PairProblem::NoImage { name: name.to_owned(), folder };
            PairsError::Line { path: list.to_owned(), line: pair.line, problem }
        })
    };
    pairs
        .iter()
        .map(|pair| Ok((find(pair, &pair.names[0])?, find(pair, &pair.names[1])?, pair.same)))
        .collect()
}
