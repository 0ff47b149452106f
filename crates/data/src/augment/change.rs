//! What is to be done to one image: light first and colours last, as in the world.

use super::{Tables, flip, relight, to_grey};

/// Changes that a loader makes, or leaves to a device that makes them as it reads the bytes: in the order of the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Light of another colour.
    pub light: Option<Box<Tables>>,
    /// Whether the luma takes the place of all colours.
    pub grey: bool,
    /// Whether left and right are swapped.
    pub flip: bool,
}

impl Change {
    /// Changes the bytes of an image of `size` × `size` pixels.
    pub fn apply(&self, pixels: &mut [u8], size: u32) {
        if let Some(tables) = &self.light {
            relight(pixels, tables);
        }
        if self.grey {
            to_grey(pixels);
        }
        if self.flip {
            flip(pixels, size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_comes_before_grey() {
        // Of green light nothing is left of red.
        let mut tables = [std::array::from_fn(|value| value as u8); 3];
        tables[0] = [0; 256];
        let change = Change { light: Some(Box::new(tables)), grey: true, flip: true };
        let mut pixels = [255, 0, 0, 0, 255, 0];
        change.apply(&mut pixels, 2);
        assert_eq!(pixels, [150, 150, 150, 0, 0, 0]);
    }

    #[test]
    fn no_change_leaves_each_byte_as_it_is() {
        let mut pixels = [1, 2, 3, 4, 5, 6];
        Change::default().apply(&mut pixels, 2);
        assert_eq!(pixels, [1, 2, 3, 4, 5, 6]);
    }
}
