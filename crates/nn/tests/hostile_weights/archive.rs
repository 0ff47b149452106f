//! Zip archives made by hand, right and wrong.

/// An entry, as its headers describe it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    /// 0 is stored, 8 deflated.
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) checksum: u32,
    /// As it is packed, and as it would be.
    pub(crate) sizes: [u32; 2],
    /// Where the directory says that it begins, if that is wrong.
    pub(crate) begins: Option<u32>,
}

impl Entry {
    pub(crate) fn new(name: &str, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        let sizes = [content.len() as u32; 2];
        let checksum = crc32(&content);
        Self { name: name.to_owned(), content, method: 0, flags: 0, checksum, sizes, begins: None }
    }

    /// What both headers share.
    fn header(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for short in [20, self.flags, self.method, 0, 0x21] {
            bytes.extend(short.to_le_bytes());
        }
        for long in [self.checksum, self.sizes[0], self.sizes[1]] {
            bytes.extend(long.to_le_bytes());
        }
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }
}

/// An archive of `entries`.
pub(crate) fn archive(entries: &[Entry]) -> Vec<u8> {
    archive_with(entries, entries.len() as u16)
}

/// An archive that says that it has `count` entries.
pub(crate) fn archive_with(entries: &[Entry], count: u16) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let begins = entry.begins.unwrap_or(bytes.len() as u32);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(entry.header());
        bytes.extend(entry.name.as_bytes());
        bytes.extend(&entry.content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(entry.header());
        directory.extend([0; 10]);
        directory.extend(begins.to_le_bytes());
        directory.extend(entry.name.as_bytes());
    }
    let at = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// What `torch.save` makes of a pickle and its storages.
pub(crate) fn saved(program: &[u8], storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    archive(&entries(program, storages))
}

pub(crate) fn entries(program: &[u8], storages: &[(&str, Vec<u8>)]) -> Vec<Entry> {
    let mut entries = vec![Entry::new("w/data.pkl", program), Entry::new("w/byteorder", "little")];
    entries
        .extend(storages.iter().map(|(key, content)| Entry::new(&format!("w/data/{key}"), content.clone())));
    entries.push(Entry::new("w/version", "3\n"));
    entries
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
