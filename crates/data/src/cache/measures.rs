//! What was measured of a set's images, kept beside their pixels: a line of JSON, then 5 little-endian float32 an image.

use std::{fs, io::Write, path::PathBuf};

use arclab_spec::Fingerprint;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    measure::{MEASURES_VERSION, Measures},
    replace::replace,
};

/// Where the measures lie, and of which set they must be.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) index: Fingerprint,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct FirstLine {
    version: u32,
    index: Fingerprint,
}

impl File {
    /// The measures of all `count` images, made by `measure` where the file does not have them.
    pub(super) fn read_or_make(
        &self,
        count: usize,
        measure: impl Fn(usize) -> Measures + Sync,
    ) -> Vec<Measures> {
        if let Some(known) = self.read().filter(|known| known.len() == count) {
            return known;
        }
        let made: Vec<Measures> = (0..count).into_par_iter().map(&measure).collect();
        // It only saves time: on a full disk they are measured again the next time.
        let _ = self.write(&made);
        made
    }

    fn first_line(&self) -> FirstLine {
        FirstLine { version: MEASURES_VERSION, index: self.index.clone() }
    }

    /// `None` of other images, of another version, or where there is none.
    fn read(&self) -> Option<Vec<Measures>> {
        let bytes = fs::read(&self.path).ok()?;
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let first: FirstLine = serde_json::from_slice(&bytes[..end]).ok()?;
        let (values, rest) = bytes[end + 1..].as_chunks::<{ 4 * Measures::COUNT }>();
        (first == self.first_line() && rest.is_empty()).then(|| values.iter().map(measures).collect())
    }

    fn write(&self, measures: &[Measures]) -> std::io::Result<()> {
        replace(&self.path, |writer| {
            serde_json::to_writer(&mut *writer, &self.first_line())?;
            writer.write_all(b"\n")?;
            for value in measures.iter().flat_map(|measures| measures.to_array()) {
                writer.write_all(&value.to_le_bytes())?;
            }
            Ok(())
        })
    }
}

fn measures(bytes: &[u8; 4 * Measures::COUNT]) -> Measures {
    let (values, _) = bytes.as_chunks::<4>();
    Measures::from_array(std::array::from_fn(|place| f32::from_le_bytes(values[place])))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn images_are_measured_once_and_anew_where_the_set_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let file =
            |index: &[u8]| File { path: folder.path().join("a.measures"), index: Fingerprint::of(index) };
        let asked = AtomicUsize::new(0);
        let measure = |image: usize| {
            asked.fetch_add(1, Ordering::Relaxed);
            Measures::from_array([image as f32, 0.5, 0.25, 0.125, 1.0])
        };
        let first = file(b"one").read_or_make(3, measure);
        assert_eq!(file(b"one").read_or_make(3, measure), first);
        assert_eq!((first[2].colour_temperature_kelvin, asked.load(Ordering::Relaxed)), (2.0, 3));
        file(b"two").read_or_make(3, measure);
        fs::write(&file(b"two").path, "cut short").unwrap();
        file(b"two").read_or_make(3, measure);
        assert_eq!(asked.load(Ordering::Relaxed), 9);
    }
}
