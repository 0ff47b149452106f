//! Files that an `Evaluated` line refers to: pair lists in the cache, scores in the run's folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use arclab_spec::{Fingerprint, ProtocolName};
use arclab_store::records::{PairListRecord, PairRecord};
use serde::Deserialize;

/// Why such a file is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("failed to read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    #[error("failed to read the pair list {}", .0.display())]
    Pairs(PathBuf, #[source] csv::Error),
    #[error("{} says `{same}` where 1 or 0 is due", .file.display())]
    Same { file: PathBuf, same: String },
    #[error("{} holds {bytes} bytes, not one float32 for each of {pairs} pairs", .file.display())]
    Length { file: PathBuf, bytes: usize, pairs: u64 },
    #[error("`{0}` is not the name of a file in the run's folder")]
    Name(String),
}

#[derive(Deserialize)]
struct Row {
    a: String,
    b: String,
    same: String,
    #[serde(default)]
    fold: Option<u32>,
}

/// The pair list with this fingerprint, as the worker left it in the cache.
pub(crate) fn read_pairs(
    cache: &Path,
    fingerprint: &Fingerprint,
    name: &ProtocolName,
) -> Result<PairListRecord, FileError> {
    let file = cache.join("pairs").join(format!("{fingerprint}.csv"));
    let broken = |source| FileError::Pairs(file.clone(), source);
    let mut pairs = Vec::new();
    for row in csv::Reader::from_path(&file).map_err(broken)?.deserialize() {
        let Row { a, b, same, fold } = row.map_err(broken)?;
        let same = match same.as_str() {
            "1" | "true" => true,
            "0" | "false" => false,
            _ => return Err(FileError::Same { file, same }),
        };
        pairs.push(PairRecord { a, b, same, fold });
    }
    Ok(PairListRecord { fingerprint: fingerprint.clone(), name: name.clone(), pairs })
}

/// The scores that the file `name` in the run's folder holds: as many as there are pairs.
pub(crate) fn read_scores(folder: &Path, name: &str, pairs: u64) -> Result<Vec<f32>, FileError> {
    if Path::new(name).file_name().is_none_or(|plain| plain != name) {
        return Err(FileError::Name(name.to_owned()));
    }
    let file = folder.join(name);
    let bytes = fs::read(&file).map_err(|source| FileError::Read(file.clone(), source))?;
    let (whole, rest) = bytes.as_chunks::<4>();
    if whole.len() as u64 != pairs || !rest.is_empty() {
        return Err(FileError::Length { file, bytes: bytes.len(), pairs });
    }
    Ok(whole.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(text: &str) -> (tempfile::TempDir, Fingerprint) {
        let cache = tempfile::tempdir().unwrap();
        let fingerprint = Fingerprint::of(b"list");
        fs::create_dir(cache.path().join("pairs")).unwrap();
        fs::write(cache.path().join("pairs").join(format!("{fingerprint}.csv")), text).unwrap();
        (cache, fingerprint)
    }

    #[test]
    fn a_pair_list_is_read_with_or_without_folds() {
        let open = ProtocolName::new("open").unwrap();
        let (folder, fingerprint) = cache("a,b,same,fold\n\"x, y/1.jpg\",z/2.jpg,1,\nq,r,0,3\n");
        let list = read_pairs(folder.path(), &fingerprint, &open).unwrap();
        assert_eq!(list.pairs[0].a, "x, y/1.jpg");
        assert_eq!((list.pairs[0].same, list.pairs[0].fold), (true, None));
        assert_eq!((list.pairs[1].same, list.pairs[1].fold), (false, Some(3)));
        let (folder, fingerprint) = cache("a,b,same\nq,r,true\n");
        assert_eq!(read_pairs(folder.path(), &fingerprint, &open).unwrap().pairs.len(), 1);
        let (folder, fingerprint) = cache("a,b,same\nq,r,perhaps\n");
        let error = read_pairs(folder.path(), &fingerprint, &open).unwrap_err().to_string();
        assert!(error.ends_with("says `perhaps` where 1 or 0 is due"));
    }

    #[test]
    fn scores_must_be_one_a_pair_and_lie_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("open.f32"), [0.5_f32.to_le_bytes(), (-1_f32).to_le_bytes()].concat())
            .unwrap();
        assert_eq!(read_scores(folder.path(), "open.f32", 2).unwrap(), [0.5, -1.0]);
        assert!(matches!(read_scores(folder.path(), "open.f32", 3), Err(FileError::Length { .. })));
        assert!(matches!(read_scores(folder.path(), "../open.f32", 2), Err(FileError::Name(_))));
        assert!(matches!(read_scores(folder.path(), "closed.f32", 2), Err(FileError::Read(..))));
    }
}
