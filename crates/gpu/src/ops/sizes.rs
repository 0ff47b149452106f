//! How grids are made for feature maps. They depend on sizes and the device's width alone, as the order of sums does.

use crate::{Buffer, Element, Gpu, gpu::Arg, runtime::Grid};

/// Packs of channels side by side in one block, at most: a warp's threads, which read 512 bytes.
const COLUMNS: usize = 32;
/// Packs side by side where blocks are scarce: 64 bytes, below which memory would be read twice.
const FEW_COLUMNS: usize = 4;
/// Positions that a thread should have at least where it sums over them, so that there are few parts.
const SUMMED: usize = 8;
/// Channels of a block that sums over parts.
const PART_COLUMNS: usize = 8;

/// Feature maps as kernels walk them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// N·H·W.
    pub(crate) positions: usize,
    /// C.
    pub(crate) channels: usize,
}

impl Sizes {
    /// Those of maps with so many channels.
    pub(crate) fn of(maps: &Buffer, channels: usize) -> Self {
        Self { positions: maps.len() / channels, channels }
    }

    /// As most kernels take them last.
    pub(crate) fn arguments(self) -> [Arg<'static>; 2] {
        [Arg::Long(self.positions as i64), Arg::Int(self.channels as i32)]
    }

    /// For kernels that treat each number by itself.
    pub(crate) fn grid(self, gpu: &Gpu) -> Grid {
        self.grid_at(gpu, &[])
    }

    /// The same where maps have other widths, or channels begin elsewhere than at 0: packs only if all are multiples.
    pub(crate) fn grid_at(self, gpu: &Gpu, places: &[usize]) -> Grid {
        let packs = self.packs(gpu, places);
        self.rows(gpu, packs, packs.div_ceil(COLUMNS), 1)
    }

    /// For kernels whose blocks sum over parts of the positions, with the memory for `numbers` of each channel and part.
    pub(crate) fn parts(self, gpu: &Gpu, numbers: usize) -> (Grid, Buffer) {
        let packs = self.packs(gpu, &[]);
        let grid = self.rows(gpu, packs, packs.div_ceil(COLUMNS), SUMMED);
        (grid, gpu.take(grid.blocks[0] as usize * numbers * self.channels, Element::Float32))
    }

    /// For kernels that sum over such parts.
    pub(crate) fn over_parts(self, gpu: &Gpu) -> Grid {
        let groups = self.channels.div_ceil(PART_COLUMNS);
        Grid { blocks: [1, groups as u32], threads: gpu.runtime.width().threads }
    }

    /// For kernels whose blocks sum over whole images.
    pub(crate) fn over_images(self, gpu: &Gpu, images: usize) -> Grid {
        let (width, packs) = (gpu.runtime.width(), self.packs(gpu, &[]));
        let wanted = width.blocks as usize / images;
        let groups = wanted.min(packs.div_ceil(FEW_COLUMNS)).max(packs.div_ceil(COLUMNS));
        let blocks = images.min((width.blocks as usize / groups).max(1));
        Grid { blocks: [blocks as u32, groups as u32], threads: width.threads }
    }

    /// Accesses that the channels of a position take: of packs where all begins at one, else of single numbers.
    fn packs(self, gpu: &Gpu, places: &[usize]) -> usize {
        let pack = 16 / gpu.element().bytes();
        let whole = self.channels.is_multiple_of(pack) && places.iter().all(|at| at.is_multiple_of(pack));
        if whole { self.channels / pack } else { self.channels }
    }

    /// Blocks that have so many `groups` of packs side by side, and positions in rows, at least `each` for a thread.
    fn rows(self, gpu: &Gpu, packs: usize, groups: usize, each: usize) -> Grid {
        let width = gpu.runtime.width();
        let rows = width.threads as usize / packs.div_ceil(groups);
        let most = (width.blocks as usize / groups).max(1);
        let blocks = self.positions.div_ceil(rows * each).clamp(1, most);
        Grid { blocks: [blocks as u32, groups as u32], threads: width.threads }
    }
}
