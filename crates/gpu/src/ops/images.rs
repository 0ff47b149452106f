//! Bytes of images to the numbers that a network reads, with what is to be done to each on the way: see `images.cu`.

use crate::{Buffer, Gpu, Staged, gpu::Arg, runtime::Grid, times::Work};

/// What is to be done to an image: in the order of the fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change<'a> {
    /// What takes the place of each value of red, of green and of blue.
    pub light: Option<&'a [[u8; 256]; 3]>,
    /// Whether the luma takes the place of all colours.
    pub grey: bool,
    /// Whether left and right are swapped.
    pub flip: bool,
}

/// Rows and columns of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// H.
    pub height: usize,
    /// W.
    pub width: usize,
}

impl Size {
    fn positions(self) -> usize {
        self.height * self.width
    }
}

/// Where in a batch's bytes its changes and their tables begin.
#[derive(Debug, Clone, Copy)]
struct Changes {
    words: usize,
    tables: usize,
}

/// A batch of images that is on its way to the GPU, or there.
#[derive(Debug)]
pub struct Ahead {
    staged: Staged,
    size: Size,
    count: usize,
    changes: Option<Changes>,
}

impl Ahead {
    /// Begins to upload the bytes of images, N×H×W×3, with one change each or none at all. Two batches are uploaded beside
    /// all other work, and more that are held at once in its order.
    ///
    /// # Panics
    /// Where there are changes, but not as many as images.
    pub fn upload(gpu: &Gpu, pixels: &[u8], size: Size, changes: &[Change<'_>]) -> Self {
        let count = pixels.len() / (3 * size.positions());
        assert!(changes.is_empty() || changes.len() == count, "there is one change an image, or none at all");
        // Tables for all, so that batches are of one length whatever chance has done to them.
        let words = pixels.len().next_multiple_of(4);
        let places = Changes { words, tables: words + 4 * changes.len() };
        let (words, tables) = encode(changes);
        let parts = [
            (0, pixels),
            (places.words, bytemuck::cast_slice(&words)),
            (places.tables, tables.as_flattened().as_flattened()),
        ];
        let staged = gpu.stage(&parts, places.tables + changes.len() * size_of::<[[u8; 256]; 3]>());
        Self { staged, size, count, changes: (!changes.is_empty()).then_some(places) }
    }

    /// The numbers of `count` images from number `first` on, as feature maps of three channels, or of one: the luma.
    ///
    /// # Panics
    /// Where there are not so many, or they are of another size.
    pub fn maps(&self, gpu: &Gpu, size: Size, first: usize, count: usize, channels: usize) -> Buffer {
        assert_eq!(size, self.size, "images are of the size that they were handed over in");
        assert!(first + count <= self.count, "{count} images from {first} on are not in {}", self.count);
        self.staged.read(gpu, |bytes| convert(gpu, bytes, self.size, self.changes, first, count, channels))
    }
}

/// The word of each change, and the tables, as the kernel reads them.
fn encode(changes: &[Change<'_>]) -> (Vec<u32>, Vec<[[u8; 256]; 3]>) {
    let mut tables = Vec::new();
    let word = |change: &Change<'_>| {
        tables.extend(change.light);
        let light = change.light.map_or(0, |_| tables.len() as u32);
        u32::from(change.flip) | u32::from(change.grey) << 1 | light << 2
    };
    (changes.iter().map(word).collect(), tables)
}

/// The numbers of images as they are.
pub fn images(gpu: &Gpu, pixels: &[u8], size: Size, channels: usize) -> Buffer {
    convert(gpu, &gpu.upload_bytes(pixels), size, None, 0, pixels.len() / (3 * size.positions()), channels)
}

fn convert(
    gpu: &Gpu,
    bytes: &Buffer,
    size: Size,
    changes: Option<Changes>,
    first: usize,
    count: usize,
    channels: usize,
) -> Buffer {
    let maps = gpu.take(count * size.positions() * channels, gpu.element());
    let _time = gpu.operator("images", || Work::on(&[bytes, &maps]));
    let Grid { blocks: [across, _], threads } = gpu.over(size.positions());
    let grid = Grid { blocks: [across, count.clamp(1, MOST_ROWS) as u32], threads };
    let place = |of: fn(Changes) -> usize| Arg::Long(changes.map_or(-1, |changes| of(changes) as i64));
    let sizes = [first, count, size.positions(), size.width, channels].map(|size| Arg::Int(size as i32));
    let places = [place(|changes| changes.words), place(|changes| changes.tables)];
    gpu.launch("images", grid, &[&[Arg::Buffer(bytes), Arg::Buffer(&maps)][..], &sizes, &places].concat());
    maps
}

/// Blocks that a grid has at most in its second direction.
const MOST_ROWS: usize = 65_535;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_its_tables_by_how_many_end_with_them() {
        let [warm, cool] = [[[1; 256]; 3], [[2; 256]; 3]];
        let none = Change::default();
        let (words, tables) = encode(&[
            Change { light: Some(&warm), flip: true, ..none },
            Change { grey: true, ..none },
            Change { light: Some(&cool), grey: true, flip: true },
        ]);
        assert_eq!(words, [0b101, 0b10, 0b1011]);
        assert_eq!(tables, [warm, cool]);
    }
}
