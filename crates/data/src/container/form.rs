//! Which form a set of images has, found out by looking: at what a folder holds, at the first bytes of a file.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{FolderError, list};

/// What a folder of InsightFace's form holds.
pub(super) const RECORDS: &str = "train.rec";
/// Enough to tell all forms apart: a tar says what it is at byte 257.
const HEAD: u64 = 1 << 10;

/// The form of a set of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One sub-folder an identity.
    Folders,
    /// A CSV file with the columns `path,identity`.
    List,
    /// A `RecordIO` file as `InsightFace` has it.
    RecordIo,
    /// `InsightFace`'s verification set: a pickle of images and of which pairs show one person.
    Verification,
    /// A tar of folders.
    Tar,
    /// A tar of folders, compressed.
    TarGz,
    /// A zip of folders.
    Zip,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folders => "a folder of identities",
            Self::List => "a CSV list",
            Self::RecordIo => "a RecordIO file",
            Self::Verification => "a verification set",
            Self::Tar => "a tar",
            Self::TarGz => "a compressed tar",
            Self::Zip => "a zip",
        })
    }
}

/// Where a set of images lies, and in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    /// The folder or file, without links, so that one set under two paths is one.
    pub(crate) root: PathBuf,
    pub(crate) form: Form,
    /// By what the form was recognised, for people.
    pub(crate) sign: String,
}

/// Looks at `path`.
pub(crate) fn locate(path: &Path) -> Result<Located, FolderError> {
    let error = |source| FolderError::list(path, source);
    let root = fs::canonicalize(path).map_err(error)?;
    let about = fs::metadata(&root).map_err(error)?;
    if about.is_dir() {
        let records = root.join(RECORDS);
        if !records.is_file() {
            return Ok(Located { root, form: Form::Folders, sign: "it is a folder".to_owned() });
        }
        // Where that is a link, its index lies beside the link.
        return Ok(Located { root: records, form: Form::RecordIo, sign: format!("it holds {RECORDS}") });
    }
    // A pipe would be waited for without end.
    if !about.is_file() {
        return Err(error(io::Error::other("it is neither a folder nor a regular file")));
    }
    let mut head = Vec::new();
    File::open(&root).and_then(|file| file.take(HEAD).read_to_end(&mut head)).map_err(error)?;
    match of_file(&head, &root) {
        Ok((form, sign)) => Ok(Located { root, form, sign: sign.to_owned() }),
        Err(found) => Err(FolderError::UnknownForm { path: root, found }),
    }
}

/// Whether `path` is a file that holds pairs together with their images.
pub fn holds_its_images(path: &Path) -> bool {
    locate(path).is_ok_and(|located| located.form == Form::Verification)
}

/// The form of a file that begins with `head`, or what it looks like.
fn of_file(head: &[u8], path: &Path) -> Result<(Form, &'static str), String> {
    let ends_in = |ending: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
    match head {
        [] => Err("is empty".to_owned()),
        [0x0A, 0x23, 0xD7, 0xCE, ..] => Ok((Form::RecordIo, "its first bytes begin a RecordIO record")),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Ok((Form::Zip, "its first bytes are a zip's")),
        [0x1F, 0x8B, ..] => Ok((Form::TarGz, "its first bytes are gzip's")),
        [0x80, ..] if !ends_in("csv") => Ok((Form::Verification, "its first bytes are a pickle's")),
        // Protocols 0 and 1 begin with no number.
        [b'(' | b']', ..] if ends_in("bin") || ends_in("pkl") => {
            Ok((Form::Verification, "its ending is .bin, and it begins as old pickles do"))
        }
        _ if head.get(257..262) == Some(b"ustar") => Ok((Form::Tar, "it has a tar's mark at byte 257")),
        // The oldest tars have no mark.
        _ if ends_in("tar") => Ok((Form::Tar, "its ending is .tar")),
        _ if list::is_header(head) => {
            Ok((Form::List, "its first line names the columns `path` and `identity`"))
        }
        _ => Err(looks_like(head)),
    }
}

fn looks_like(head: &[u8]) -> String {
    let packed: [(&[u8], &str); 5] = [
        (b"7z\xBC\xAF\x27\x1C", "7z"),
        (b"Rar!", "rar"),
        (b"BZh", "bzip2"),
        (b"\xFD7zXZ\0", "xz"),
        (&[0x28, 0xB5, 0x2F, 0xFD], "zstd"),
    ];
    if let Some((_, name)) = packed.iter().find(|(magic, _)| head.starts_with(magic)) {
        return format!("is packed with {name}, which is not read: unpack it, and name the folder");
    }
    if image::guess_format(head).is_ok() {
        return "is a single image: name the folder of all".to_owned();
    }
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    match std::str::from_utf8(&line[..line.len().min(60)]) {
        Ok(text) => format!("is of no known form: its first line is `{}`", text.trim().escape_debug()),
        Err(_) => format!("is of no known form: its first bytes are {:02x?}", &head[..head.len().min(8)]),
    }
}
