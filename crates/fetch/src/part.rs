//! A file that is not whole yet: `NAME.part` beside where it will be, locked while it is written.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use arclab_spec::PublicFile;
use sha2::{Digest as _, Sha256};

use crate::{FetchError, Progress};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// A file that is not whole yet.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Part {
    /// What came of `path` so far.
    pub(crate) fn open(path: &Path) -> Result<Self, FetchError> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        let unfinished = PathBuf::from(unfinished);
        let failed = |source| FetchError::Write(unfinished.clone(), source);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| FetchError::Write(folder.to_owned(), source))?;
        }
        let mut options = OpenOptions::new();
        let file =
            options.create(true).truncate(false).read(true).write(true).open(&unfinished).map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(FetchError::Busy(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Ok(()) => (),
        }
        let mut part = Self { path: unfinished.clone(), file, length: 0 };
        part.length = part.file.seek(io::SeekFrom::End(0)).map_err(failed)?;
        Ok(part)
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(|source| self.failed(source))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Throws away what came behind the first `length` bytes.
    pub(crate) fn cut(&mut self, length: u64) -> Result<(), FetchError> {
        let cut = self.file.set_len(length).and_then(|()| self.file.seek(io::SeekFrom::Start(length)));
        cut.map_err(|source| self.failed(source))?;
        self.length = length;
        Ok(())
    }

    /// Whether it holds `file`, to the last bit.
    pub(crate) fn holds(&mut self, file: &PublicFile) -> Result<bool, FetchError> {
        let same = self.file.rewind().and_then(|()| matches_checksum(&mut self.file, file));
        let same = same.and_then(|same| self.file.seek(io::SeekFrom::End(0)).map(|_| same));
        same.map_err(|source| FetchError::Read(self.path.clone(), source))
    }

    /// Gives it its name.
    pub(crate) fn finish(self, path: &Path) -> Result<(), FetchError> {
        let named = self.file.sync_all().and_then(|()| fs::rename(&self.path, path));
        named.map_err(|source| FetchError::Write(path.to_owned(), source))
    }

    /// Leaves nothing where nothing came.
    pub(crate) fn abandon(self) {
        if self.length == 0 {
            // It is empty, and its folder, too, unless others use it; both are in nobody's way.
            let _ = fs::remove_file(&self.path);
            let _ = self.path.parent().map(fs::remove_dir);
        }
    }

    fn failed(&self, source: io::Error) -> FetchError {
        FetchError::Write(self.path.clone(), source)
    }
}

/// Whether `path` is there, and is `file`.
pub(crate) fn is_there(path: &Path, file: &PublicFile, progress: &dyn Progress) -> Result<bool, FetchError> {
    let mut there = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(|source| FetchError::Read(path.to_owned(), source))?,
    };
    progress.bytes(&file.name, file.bytes, file.bytes);
    let same =
        matches_checksum(&mut there, file).map_err(|source| FetchError::Read(path.to_owned(), source))?;
    if same { Ok(true) } else { Err(FetchError::NotTheListedFile(path.to_owned())) }
}

fn matches_checksum(content: &mut File, file: &PublicFile) -> io::Result<bool> {
    if content.metadata()?.len() != file.bytes {
        return Ok(false);
    }
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        match content.read(&mut chunk)? {
            0 => return Ok(format!("{:x}", hash.finalize()) == file.sha256),
            count => hash.update(&chunk[..count]),
        }
    }
}
