//! A photo in memory.

/// Red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// H × W × 3 bytes, row by row.
    pub rgb: Vec<u8>,
}

impl Photo {
    /// One channel of the pixel at a place, 0 beyond the border.
    pub(crate) fn at(&self, x: isize, y: isize, channel: usize) -> f32 {
        let within = (0..self.width as isize).contains(&x) && (0..self.height as isize).contains(&y);
        if within { f32::from(self.rgb[3 * (y as usize * self.width + x as usize) + channel]) } else { 0.0 }
    }

    /// The square of `side` pixels at a place within, less what lies beyond the border.
    pub(crate) fn part(&self, (x, y): (usize, usize), side: usize) -> Self {
        let (width, height) = (side.min(self.width - x), side.min(self.height - y));
        let row = |row: usize| &self.rgb[3 * (row * self.width + x)..3 * (row * self.width + x + width)];
        Self { width, height, rgb: (y..y + height).flat_map(row).copied().collect() }
    }

    /// Each `factor` × `factor` pixels as their mean; the rest at the right and lower border falls away.
    pub(crate) fn reduced(&self, factor: usize) -> Self {
        let (width, height) = (self.width / factor, self.height / factor);
        let mean = |place: usize| {
            let (pixel, channel) = (place / 3, place % 3);
            let (x, y) = (pixel % width * factor, pixel / width * factor);
            let row = |dy: usize| {
                let of = |dx: usize| u32::from(self.rgb[3 * ((y + dy) * self.width + x + dx) + channel]);
                (0..factor).map(of).sum::<u32>()
            };
            let count = (factor * factor) as u32;
            (((0..factor).map(row).sum::<u32>() + count / 2) / count) as u8
        };
        Self { width, height, rgb: (0..3 * width * height).map(mean).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reduced_photo_holds_means_and_whole_blocks_alone() {
        let rgb = (0..5 * 2 * 3).map(|place| (place / 3) as u8).collect();
        let photo = Photo { width: 5, height: 2, rgb };
        // 0, 1, 5, 6 and 2, 3, 7, 8; the fifth column falls away.
        assert_eq!(photo.reduced(2), Photo { width: 2, height: 1, rgb: vec![3, 3, 3, 5, 5, 5] });
        assert_eq!(photo.part((3, 1), 4), Photo { width: 2, height: 1, rgb: vec![8, 8, 8, 9, 9, 9] });
        assert_eq!(photo.at(4, 1, 2), 9.0);
        assert_eq!(photo.at(5, 0, 0), 0.0);
        assert_eq!(photo.at(0, -1, 0), 0.0);
    }
}
