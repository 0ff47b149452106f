//! Doors to the parsers of files for `fuzz/`, which has them read bytes that nobody wrote.

use std::{
    io::{Cursor, Write},
    path::Path,
};

use crate::{
    container::{Container, locate},
    decode, pairs,
};

/// Looks at `bytes` as a file called `name`, and reads every image that it lists.
pub fn container(name: &str, bytes: &[u8]) {
    with_file(name, bytes, |path, cache| {
        // What is kept of a listing would be written anew for each input; what is unpacked has to be.
        let cache = if name.ends_with("gz") { cache } else { Path::new("") };
        let Ok(set) = locate(path).and_then(|located| Container::open(located, cache)) else { return };
        for position in 0..set.listing.candidates.len() {
            let _ = set.bytes(position);
        }
    });
}

/// Reads `bytes` as a pickle.
pub fn pickle(bytes: &[u8]) {
    let _ = crate::container::read_pickle(Cursor::new(bytes), bytes.len() as u64);
}

/// Reads `bytes` as a pair list.
pub fn pair_list(bytes: &[u8]) {
    with_file("pairs", bytes, |path, _| drop(pairs::written(path)));
}

/// Decodes `bytes`, which may be an image.
pub fn decode(bytes: &[u8]) {
    let _ = decode::look(bytes);
    let _ = decode::decode(bytes, 16);
}

fn with_file(name: &str, bytes: &[u8], look: impl FnOnce(&Path, &Path)) {
    // One file, written over: fuzzing runs in one thread.
    let folder = std::env::temp_dir().join(format!("arclab-fuzz-{}", std::process::id()));
    let path = folder.join(name);
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::File::create(&path).and_then(|mut file| file.write_all(bytes)));
    if written.is_ok() {
        look(&path, &folder);
    }
}
