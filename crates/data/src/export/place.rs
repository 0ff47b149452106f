//! Where a folder is made: there whole or not at all, and never over what somebody else put there.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
};

use super::{ExportError, Exported};
use crate::{
    container::{Form, Located},
    resolved::resolved,
};

/// Where a folder is made.
pub(super) struct Place {
    /// As it was said, for people.
    path: PathBuf,
    /// Without links, so that what is written lies beside what it takes the place of.
    real: PathBuf,
    /// A file by which a folder is known that may be replaced; none may be where there is no such file.
    mark: Option<&'static str>,
}

impl Place {
    /// Refuses a place that is taken, and one among the images of `source`.
    pub(super) fn new(
        path: &Path,
        mark: Option<&'static str>,
        source: &Located,
    ) -> Result<Self, ExportError> {
        let place =
            Self { path: path.to_owned(), real: resolved(path).map_err(ExportError::write(path))?, mark };
        place.check()?;
        let not_replaced = || {
            let why = "what is read lies in it".to_owned();
            ExportError::NotReplaced { path: place.path.clone(), why }
        };
        if source.root.starts_with(&place.real) {
            return Err(not_replaced());
        }
        if source.form == Form::Folders && place.real.starts_with(&source.root) {
            return Err(ExportError::AmongImages { path: place.path, images: source.root.clone() });
        }
        Ok(place)
    }

    /// Nothing is there but what may be replaced.
    fn check(&self) -> Result<(), ExportError> {
        // A link that leads nowhere is there, too.
        if self.real.symlink_metadata().is_err() {
            return Ok(());
        }
        let path = self.path.clone();
        match self.mark {
            None => Err(ExportError::Exists { path }),
            Some(mark) if !self.real.join(mark).is_file() => {
                let why = format!("it has no {mark}, and so was not made here");
                Err(ExportError::NotReplaced { path, why })
            }
            Some(_) => Ok(()),
        }
    }

    /// Makes the folder through `write`, in a folder of its own beside it. One that was there goes once the new one is whole.
    pub(super) fn fill(
        &self,
        write: impl FnOnce(&Path) -> Result<Exported, ExportError>,
    ) -> Result<Exported, ExportError> {
        let absent = self.absent_above();
        let workshop = self.workshop().map_err(ExportError::write(&self.path))?;
        let new = workshop.join("new");
        let filled = fs::create_dir(&new)
            .map_err(ExportError::write(&new))
            .and_then(|()| write(&new))
            .and_then(|exported| self.take(&new, &workshop.join("old")).map(|()| exported));
        let removed = fs::remove_dir_all(&workshop);
        if filled.is_err() {
            // The first error is the one to report; folders with anything in them stay.
            for folder in &absent {
                let _ = fs::remove_dir(folder);
            }
        }
        filled.map(|exported| Exported { remains: removed.is_err().then_some(workshop), ..exported })
    }

    /// Puts `new` there, and what was there at `old`. Others may have been at the place meanwhile.
    fn take(&self, new: &Path, old: &Path) -> Result<(), ExportError> {
        self.check()?;
        let failed = ExportError::write(&self.path);
        let is_replaced = self.real.exists();
        if is_replaced {
            fs::rename(&self.real, old).map_err(&failed)?;
        }
        // A folder takes no other's place by this but that of an empty one.
        fs::rename(new, &self.real).map_err(|source| {
            if is_replaced {
                // Whatever hinders the new one, the old one is not lost.
                let _ = fs::rename(old, &self.real);
            }
            failed(source)
        })
    }

    /// A folder beside the place that nobody else has: `NAME.PID.tmp`, or `NAME.PID-1.tmp` where an earlier program left that.
    fn workshop(&self) -> io::Result<PathBuf> {
        if let Some(folder) = self.real.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut number = 0;
        loop {
            let mut path = self.real.clone().into_os_string();
            let further = if number == 0 { String::new() } else { format!("-{number}") };
            path.push(format!(".{}{further}.tmp", process::id()));
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                made => return made.map(|()| path.into()),
            }
        }
    }

    /// Folders above it that are not there, the innermost first.
    fn absent_above(&self) -> Vec<PathBuf> {
        let above = self.real.ancestors().skip(1);
        above.take_while(|folder| !folder.exists()).map(Path::to_owned).collect()
    }
}
