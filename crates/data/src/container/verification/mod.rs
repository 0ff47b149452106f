//! `InsightFace`'s verification sets (`lfw.bin`): a pickle of a list of encoded images and a list of truths. Images 2k
//! and 2k + 1 are pair k, and its truth says whether they show one person.
//!
//! Who that is, such a file does not say. Images of one content show one person, and so do those of a pair that is said to
//! show one; people are what hangs together by that, each named by the number of their first image. One person may so be
//! counted as several, never several as one, unless the file is wrong.

mod pickle;
mod text;

use std::collections::BTreeMap;

use arclab_spec::Fingerprint;

use self::pickle::Contents;
pub(crate) use self::pickle::{Text, read};
pub(super) use self::text::bytes as bytes_of_text;
use super::{Blob, Candidate, FolderError, Form, Listing, Location, location::LARGEST_IMAGE};

/// Bytes that are read at once; most of the file is stepped over.
const BUFFER: usize = 1 << 12;

/// Lists the images of a verification set in their order.
pub(super) fn list(blob: &Blob) -> Result<Listing, FolderError> {
    let contents = read(blob.reader(BUFFER), blob.stamp.bytes);
    let Contents { images, same } =
        contents.map_err(|error| FolderError::malformed(&blob.path, Form::Verification, &error))?;
    let people = people(blob, &images, &same)?;
    let candidate = |(number, (text, person)): (usize, (Text, usize))| {
        let (bytes, location) = match text {
            Text::Plain(span) => (span.bytes, Location::Span(span)),
            Text::Escaped(_) | Text::Utf8(_) | Text::RawUnicode(_) => {
                (text.span().bytes, Location::Text(text))
            }
        };
        // Of one width, so that the order of their bytes is that of the pairs.
        Candidate { name: format!("{person:07}/{number:07}"), stamp: blob.stamp_of(bytes), location }
    };
    let candidates: Vec<Candidate> = images.into_iter().zip(people).enumerate().map(candidate).collect();
    let details = vec!["who is on an image is not said, and guessed from the pairs".to_owned()];
    Ok(Listing { candidates, same: Some(same), details, ..Listing::default() })
}

/// The first image of each image's person.
fn people(blob: &Blob, images: &[Text], same: &[bool]) -> Result<Vec<usize>, FolderError> {
    let mut first: Vec<usize> = (0..images.len()).collect();
    let mut contents = BTreeMap::new();
    for (number, text) in images.iter().enumerate() {
        let span = text.span();
        // No image, which is said when it is wanted.
        if span.bytes > LARGEST_IMAGE {
            continue;
        }
        let bytes = blob.read(span).map_err(|source| FolderError::read(&blob.path, source))?;
        join(&mut first, number, *contents.entry(Fingerprint::of(&bytes)).or_insert(number));
    }
    for (pair, _) in same.iter().enumerate().filter(|(_, same)| **same) {
        join(&mut first, 2 * pair, 2 * pair + 1);
    }
    Ok((0..images.len()).map(|image| root(&mut first, image)).collect())
}

fn join(first: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(first, a), root(first, b));
    first[a.max(b)] = a.min(b);
}

/// The first image of the person of `image`, to which its way is shortened.
fn root(first: &mut [usize], mut image: usize) -> usize {
    while first[image] != image {
        first[image] = first[first[image]];
        image = first[image];
    }
    image
}
