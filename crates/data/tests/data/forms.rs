//! Sets of images in other forms than folders, written by hand, so that what reads them is not tested by its like.

use std::io::{Cursor, Write};

use flate2::{Compression, Crc, write::DeflateEncoder, write::GzEncoder};
use image::{ImageFormat, RgbImage};

pub(crate) const MAGIC: [u8; 4] = [0x0A, 0x23, 0xD7, 0xCE];

pub(crate) fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn png(picture: &RgbImage) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

/// A part of a record: 0 is a whole one, 1 its beginning, 2 a middle, 3 its end.
pub(crate) fn frame(part: u32, bytes: &[u8]) -> Vec<u8> {
    let word = part << 29 | bytes.len() as u32;
    let mut frame = [&MAGIC, &word.to_le_bytes(), bytes].concat();
    frame.resize(frame.len().next_multiple_of(4), 0);
    frame
}

/// `IRHeader` with one label, and an image.
pub(crate) fn labelled(label: f32, id: u64, image: &[u8]) -> Vec<u8> {
    [&0_u32.to_le_bytes(), &label.to_le_bytes(), id.to_le_bytes().as_slice(), &[0; 8], image].concat()
}

/// `IRHeader` with several labels, and an image.
pub(crate) fn with_labels(labels: &[f32], id: u64, image: &[u8]) -> Vec<u8> {
    let head = [&(labels.len() as u32).to_le_bytes(), &[0; 4], id.to_le_bytes().as_slice(), &[0; 8]].concat();
    let labels: Vec<u8> = labels.iter().flat_map(|label| label.to_le_bytes()).collect();
    [head, labels, image.to_vec()].concat()
}

/// The bytes of a record file, and of its index, of records with keys.
pub(crate) fn record_file(records: &[(u64, Vec<u8>)]) -> (Vec<u8>, String) {
    let (mut file, mut index) = (Vec::new(), String::new());
    for (key, record) in records {
        index.push_str(&[key.to_string(), file.len().to_string()].join("\t"));
        index.push('\n');
        file.extend(record);
    }
    (file, index)
}

/// A pickle as Python 2 writes one of protocol 2: `str`s, and a memory of everything.
pub(crate) fn pickle_of_protocol_2(images: &[Vec<u8>], same: &[bool]) -> Vec<u8> {
    let mut out = b"\x80\x02]q\x00(".to_vec();
    for (number, image) in images.iter().enumerate() {
        out.push(b'T');
        out.extend((image.len() as u32).to_le_bytes());
        out.extend(image);
        out.push(b'r');
        out.extend((number as u32 + 1).to_le_bytes());
    }
    out.extend(b"e]r\x00\x01\x00\x00(");
    out.extend(same.iter().map(|&same| if same { 0x88 } else { 0x89 }));
    out.extend(b"e\x86r\x01\x01\x00\x00.");
    out
}

/// As Python 3 writes one of protocol 4: frames, short lengths, and a memory that counts by itself.
pub(crate) fn pickle_of_protocol_4(images: &[Vec<u8>], same: &[bool]) -> Vec<u8> {
    let mut body = b"]\x94(".to_vec();
    for image in images {
        if image.len() < 256 {
            body.extend([b'C', image.len() as u8]);
        } else {
            body.push(b'B');
            body.extend((image.len() as u32).to_le_bytes());
        }
        body.extend(image);
        body.push(0x94);
    }
    body.extend(b"e]\x94(");
    body.extend(same.iter().map(|&same| if same { 0x88 } else { 0x89 }));
    body.extend(b"e\x86\x94.");
    [b"\x80\x04\x95".as_slice(), &(body.len() as u64).to_le_bytes(), &body].concat()
}

/// As Python 2 writes one of protocol 0: text, with escapes.
pub(crate) fn pickle_of_protocol_0(images: &[Vec<u8>], same: &[bool]) -> Vec<u8> {
    let mut out = b"((lp0\n".to_vec();
    for (number, image) in images.iter().enumerate() {
        out.extend(b"S'");
        for &byte in image {
            match byte {
                b'\\' | b'\'' => out.extend([b'\\', byte]),
                b'\n' => out.extend(b"\\n"),
                b'\r' => out.extend(b"\\r"),
                b'\t' => out.extend(b"\\t"),
                b' '..=b'~' => out.push(byte),
                _ => out.extend(format!("\\x{byte:02x}").bytes()),
            }
        }
        out.extend(format!("'\np{}\na", number + 1).bytes());
    }
    out.extend(b"(lp900\n");
    out.extend(same.iter().flat_map(|&same| if same { *b"I01\na" } else { *b"I00\na" }));
    out.extend(b"tp901\n.");
    out
}

/// A tar of `files`.
pub(crate) fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Set by hand, since the library refuses names that lead elsewhere.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An entry of a zip, as its directory has it.
pub(crate) struct Zipped {
    pub(crate) name: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) packed: Vec<u8>,
    /// What the directory promises.
    pub(crate) bytes: u32,
    pub(crate) crc32: u32,
    pub(crate) unix_mode: u32,
}

impl Zipped {
    pub(crate) fn stored(name: &str, bytes: &[u8]) -> Self {
        Self { method: 0, packed: bytes.to_vec(), ..Self::deflated(name, bytes) }
    }

    pub(crate) fn deflated(name: &str, bytes: &[u8]) -> Self {
        let mut sum = Crc::new();
        sum.update(bytes);
        Self {
            name: name.as_bytes().to_vec(),
            method: 8,
            packed: deflated(bytes),
            bytes: bytes.len() as u32,
            crc32: sum.sum(),
            unix_mode: 0o100_644,
        }
    }
}

/// A zip of `entries`: local heads and bytes, then the directory.
pub(crate) fn zip_of(entries: &[Zipped]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = out.len() as u32;
        let common = |version: u16| {
            let mut head = version.to_le_bytes().to_vec();
            // Bit 11: names are UTF-8.
            head.extend(0x0800_u16.to_le_bytes());
            head.extend(entry.method.to_le_bytes());
            head.extend([0, 0, 0x21, 0x5A]);
            head.extend(entry.crc32.to_le_bytes());
            head.extend((entry.packed.len() as u32).to_le_bytes());
            head.extend(entry.bytes.to_le_bytes());
            head.extend((entry.name.len() as u16).to_le_bytes());
            head.extend([0, 0]);
            head
        };
        out.extend([b"PK\x03\x04".as_slice(), &common(20), &entry.name, &entry.packed].concat());
        directory.extend([b"PK\x01\x02\x14\x03".as_slice(), &common(20)].concat());
        directory.extend([0; 6]);
        directory.extend((entry.unix_mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
    }
    let (at, count) = (out.len() as u32, entries.len() as u16);
    out.extend(&directory);
    out.extend([b"PK\x05\x06".as_slice(), &[0; 4], &count.to_le_bytes(), &count.to_le_bytes()].concat());
    out.extend([(directory.len() as u32).to_le_bytes(), at.to_le_bytes()].concat());
    out.extend([0, 0]);
    out
}
