//! `train.rec` and what lies beside it, as `InsightFace` reads them: record 0 is a header, an image is a record from 1 on,
//! and behind the images each person has a record that says which are theirs.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::Path,
};

use super::{ExportError, Exported, Work, place::Place};
use crate::{
    container::{Candidate, LONGEST_RECORD, RECORD_MAGIC},
    decode::look,
};

/// Whole numbers up to here are float32s.
const MOST_LABELS: u64 = 1 << 24;

pub(super) fn write(work: &Work<'_>, place: &Place) -> Result<Exported, ExportError> {
    let labels = labels(work)?;
    let mut places: Vec<usize> = (0..labels.len()).collect();
    // Stable, so that images of a person keep their order.
    places.sort_by_key(|&place| labels[place]);
    place.fill(|folder| {
        let path = folder.join("train.rec");
        let failed = ExportError::write(&path);
        let mut records = Records::create(&path).map_err(&failed)?;
        let left_out = work.each(&places, |place, image| {
            let (label, name) = (labels[place], &work.candidates()[place].name);
            if image.bytes.len() as u64 > LONGEST_RECORD / 2 {
                return Err(too_large(format!("{name} has {} bytes", image.bytes.len()), LONGEST_RECORD / 2));
            }
            records.image(label, name, &image.bytes).map_err(&failed)
        })?;
        let people = records.people.len();
        let images = records.finish(folder).map_err(&failed)?;
        Ok(Exported { images: images as usize, identities: people, left_out, remains: None })
    })
}

fn too_large(what: String, most: u64) -> ExportError {
    ExportError::TooLarge { what, form: "a RecordIO file", most }
}

/// The label of each candidate: its identity, where all are numbers, else the place of its name among them.
fn labels(work: &Work<'_>) -> Result<Vec<u32>, ExportError> {
    let identities = || work.candidates().iter().map(Candidate::identity);
    let number = |name: &str| name.parse::<u32>().ok().filter(|number| number.to_string() == name);
    let numbers: Option<Vec<u32>> = identities().map(number).collect();
    let labels = numbers.unwrap_or_else(|| {
        let mut places: BTreeMap<&str, u32> = identities().map(|name| (name, 0)).collect();
        places.values_mut().zip(0..).for_each(|(place, label)| *place = label);
        identities().map(|name| places[name]).collect()
    });
    let most = labels.iter().copied().max().unwrap_or_default();
    if u64::from(most) > MOST_LABELS {
        return Err(too_large(format!("a person has the label {most}"), MOST_LABELS));
    }
    Ok(labels)
}

/// The files while they are written.
struct Records {
    writer: BufWriter<File>,
    /// Where the next record begins.
    at: u64,
    /// Of the next record.
    key: u64,
    /// `train.idx`.
    index: String,
    /// `train.lst`: key, label and name of each image.
    list: String,
    /// By label, the first key and the one behind the last.
    people: BTreeMap<u32, [u64; 2]>,
    /// Height and width of the first image.
    size: Option<[u32; 2]>,
}

impl Records {
    fn create(path: &Path) -> io::Result<Self> {
        let writer = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let (index, list) = (String::new(), String::new());
        let mut records = Self { writer, at: 0, key: 0, index, list, people: BTreeMap::new(), size: None };
        // Its numbers are known, and written over these, once all images are there.
        records.record(&[0.0, 0.0], &[])?;
        Ok(records)
    }

    fn image(&mut self, label: u32, name: &str, bytes: &[u8]) -> io::Result<()> {
        let size = || look(bytes).ok().map(|look| [look.height, look.width]);
        self.size = self.size.or_else(size);
        let key = self.key;
        // Memory takes every line.
        let _ = writeln!(self.list, "{key}\t{label}\t{}", name.replace(char::is_control, "_"));
        self.people.entry(label).or_insert([key, key])[1] = key + 1;
        self.record(&[label as f32], bytes)
    }

    /// Writes what is known once the images are there; their number.
    fn finish(mut self, folder: &Path) -> io::Result<u64> {
        let images = self.key - 1;
        let people = std::mem::take(&mut self.people);
        let header = [self.key as f32, (self.key + people.len() as u64) as f32];
        for [first, behind] in people.values() {
            self.record(&[*first as f32, *behind as f32], &[])?;
        }
        self.writer.seek(SeekFrom::Start(0))?;
        self.writer.write_all(&framed(&headed(&header, 0, &[])))?;
        self.writer.flush()?;
        self.writer.get_ref().sync_all()?;
        fs::write(folder.join("train.idx"), &self.index)?;
        fs::write(folder.join("train.lst"), &self.list)?;
        let [height, width] = self.size.unwrap_or_default();
        fs::write(folder.join("property"), format!("{},{height},{width}\n", people.len()))?;
        Ok(images)
    }

    fn record(&mut self, labels: &[f32], bytes: &[u8]) -> io::Result<()> {
        let framed = framed(&headed(labels, self.key, bytes));
        let _ = writeln!(self.index, "{}\t{}", self.key, self.at);
        self.writer.write_all(&framed)?;
        self.at += framed.len() as u64;
        self.key += 1;
        Ok(())
    }
}

/// An `IRHeader`, several labels and the bytes.
fn headed(labels: &[f32], key: u64, bytes: &[u8]) -> Vec<u8> {
    let (flag, label) = if let [label] = labels { (0, *label) } else { (labels.len() as u32, 0.0) };
    let mut record = Vec::with_capacity(32 + bytes.len());
    record.extend(flag.to_le_bytes());
    record.extend(label.to_le_bytes());
    record.extend(key.to_le_bytes());
    record.extend(0_u64.to_le_bytes());
    if flag > 0 {
        record.extend(labels.iter().flat_map(|label| label.to_le_bytes()));
    }
    record.extend(bytes);
    record
}

/// `record` in parts, which end where it holds the magic number at a multiple of four.
fn framed(record: &[u8]) -> Vec<u8> {
    let magic = RECORD_MAGIC.to_le_bytes();
    let (words, _) = record.as_chunks::<4>();
    let found = words.iter().enumerate().filter(|(_, word)| **word == magic).map(|(place, _)| 4 * place);
    let mut starts: Vec<usize> = found.collect();
    let parts = starts.len() + 1;
    starts.push(record.len());
    let (mut framed, mut start) = (Vec::with_capacity(record.len() + 12), 0);
    for (part, &end) in starts.iter().enumerate() {
        let kind: u32 = match (part, parts) {
            (_, 1) => 0,
            (0, _) => 1,
            (part, parts) if part + 1 == parts => 3,
            _ => 2,
        };
        let bytes = &record[start..end];
        framed.extend(magic);
        framed.extend((kind << 29 | bytes.len() as u32).to_le_bytes());
        framed.extend(bytes);
        framed.resize(framed.len().next_multiple_of(4), 0);
        // The number itself is left out, and whoever joins the parts puts it back.
        start = end + 4;
    }
    framed
}
