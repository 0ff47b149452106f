//! Where a path leads, be there anything or not yet.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

/// `path` without links, as far as it is there, and without `.` and `..` behind that. Fails where there is no current folder.
pub fn resolved(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let found = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    let Some((above, mut real)) = found else { return Ok(path) };
    for part in path.strip_prefix(above).unwrap_or(Path::new("")).components() {
        match part {
            Component::ParentDir => drop(real.pop()),
            Component::CurDir => (),
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => real.push(part),
        }
    }
    Ok(real)
}
