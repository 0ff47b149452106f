//! What chance does to each training image: a function of (seed, epoch, image), whatever came before.
//!
//! The order is that of a photo's making: where the camera looks (crop), light (colour temperature, brightness, contrast),
//! lens (blur), sensor (low resolution), file (JPEG), what is in the way (cutout), and at the end colours (grey) and
//! the mirror (flip). A device that changes images itself does what [`Change`] can say, which is light, grey and flip; all
//! that comes before the last change that it cannot make is done here.

use arclab_spec::config::{Augment, ColourMode, Crop, Varied};

use super::{
    Change, Hole, Tables, Window, blur, brightness, contrast, crop, cut_out, draw_kelvin, lower_resolution,
    relight, tables, temperature::relit, through_jpeg,
};
use crate::random::{Draws, Purpose};

/// What changes may come, and how they are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance {
    pub(crate) augment: Augment,
    /// Images that are grey anyway turn grey last.
    pub(crate) colour: ColourMode,
    pub(crate) seed: u64,
}

/// What was drawn for one image, in the order in which it is done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawn {
    crop: Option<Window>,
    kelvin: Option<f64>,
    brightness: Option<f64>,
    contrast: Option<f64>,
    /// Standard deviation in pixels.
    blur: Option<f64>,
    /// Side in pixels that it is brought down to.
    low_resolution: Option<usize>,
    jpeg_quality: Option<u8>,
    cutout: Option<Hole>,
    grey: bool,
    flip: bool,
}

impl Chance {
    /// What is done in `epoch` to the image of `size` × `size` pixels that has this number there.
    pub(crate) fn draw(&self, epoch: u32, number: u64, size: u32) -> Drawn {
        let Augment { flip, grey, colour_temperature, .. } = self.augment;
        let draws = |purpose| Draws::in_epoch(self.seed, purpose, epoch);
        let unit = |purpose| draws(purpose).unit(number);
        let own = |purpose| draws(purpose).stream(number);
        let varied = |range, purpose| varied(range, own(purpose));
        let pixels = |share: f64| ((share * f64::from(size)).round() as usize).max(1);
        let cutout = varied(self.augment.cutout, Purpose::Cutout);
        Drawn {
            crop: self.augment.crop.and_then(|range| window(range, size, own(Purpose::Crop))),
            kelvin: colour_temperature
                .filter(|range| unit(Purpose::Temperature) < range.probability)
                .map(|range| draw_kelvin(range, unit(Purpose::Kelvin))),
            brightness: varied(self.augment.brightness, Purpose::Brightness),
            contrast: varied(self.augment.contrast, Purpose::Contrast),
            blur: varied(self.augment.blur, Purpose::Blur),
            low_resolution: varied(self.augment.low_resolution, Purpose::LowResolution).map(pixels),
            jpeg_quality: varied(self.augment.jpeg_quality, Purpose::JpegQuality).map(|q| q.round() as u8),
            cutout: cutout.map(|share| Hole {
                side: pixels(share),
                centre: [2, 3].map(|index| own(Purpose::Cutout).below(index, size.into()) as usize),
            }),
            grey: self.colour == ColourMode::Grey || unit(Purpose::Grey) < grey,
            flip: unit(Purpose::Flip) < flip,
        }
    }
}

/// The numbers of an image: the first says whether, the second how much, further ones where.
fn varied(range: Option<Varied>, draws: Draws) -> Option<f64> {
    let range = range.filter(|range| draws.unit(0) < range.probability)?;
    Some(between([range.min, range.max], draws.unit(1)))
}

fn window(range: Crop, size: u32, draws: Draws) -> Option<Window> {
    let Crop { probability, min_side, max_side, shift } = range;
    let side = varied(Some(Varied { probability, min: min_side, max: max_side }), draws)?;
    let side = (side * f64::from(size)).round().max(1.0);
    let beyond = (shift * f64::from(size)).round();
    // As many places as there are whole pixels, each as likely.
    let places = (f64::from(size) - side + 2.0 * beyond) as u64 + 1;
    let left_top = [2, 3].map(|index| draws.below(index, places) as isize - beyond as isize);
    Some(Window { side: side as usize, left_top })
}

fn between([min, max]: [f64; 2], unit: f64) -> f64 {
    min + (max - min) * unit
}

impl Drawn {
    /// Changes the bytes of an image of `size` × `size` pixels, but for what is handed out to be done last.
    pub(crate) fn begin(&self, pixels: &mut [u8], size: u32) -> Change {
        if let Some(window) = self.crop {
            let cropped = crop(pixels, size, window);
            pixels.copy_from_slice(&cropped);
        }
        let light = self.light(pixels).map(Box::new);
        let last = Change { light: None, grey: self.grey, flip: self.flip };
        if self.ends_with_light() {
            return Change { light, ..last };
        }
        if let Some(tables) = light {
            relight(pixels, &tables);
        }
        if let Some(sigma) = self.blur {
            blur(pixels, size, sigma);
        }
        if let Some(small) = self.low_resolution {
            lower_resolution(pixels, size, small);
        }
        if let Some(quality) = self.jpeg_quality {
            through_jpeg(pixels, size, quality);
        }
        if let Some(hole) = self.cutout {
            cut_out(pixels, size, hole);
        }
        last
    }

    /// Whether nothing comes between light and colours.
    fn ends_with_light(&self) -> bool {
        let Self { blur, low_resolution, jpeg_quality, cutout, .. } = self;
        blur.is_none() && low_resolution.is_none() && jpeg_quality.is_none() && cutout.is_none()
    }

    /// What becomes of each value: all that changes light, one after the other.
    fn light(&self, pixels: &[u8]) -> Option<Tables> {
        let mut light = self.kelvin.map(tables);
        if let Some(factor) = self.brightness {
            light = Some(then(light, &brightness(factor)));
        }
        if let Some(factor) = self.contrast {
            let mean =
                super::contrast::mean_luma(pixels, |pixel| light.map_or(pixel, |light| relit(pixel, &light)));
            light = Some(then(light, &contrast(mean, factor)));
        }
        light
    }
}

/// `next` after `light`.
fn then(light: Option<Tables>, next: &[u8; 256]) -> Tables {
    light.map_or([*next; 3], |light| light.map(|table| table.map(|value| next[usize::from(value)])))
}

#[cfg(test)]
mod tests;
