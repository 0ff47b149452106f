//! Wrong pairs as one picture: a contact sheet.

use kuva::{
    backend::raster::RasterBackend,
    render::render::{Primitive, Scene, TextAnchor},
};

use super::{Album, Photo, Picture, WrongPair, png};
use crate::PairList;

/// Side of a photo on the sheet, in pixels.
const SIDE: u32 = 112;
const MARGIN: u32 = 12;
/// Room for two lines of text below a pair.
const CAPTION: u32 = 34;
const COLUMNS: u32 = 5;
const TEXT_SIZE: u32 = 11;
/// Names are cut to what fits below two photos.
const NAME_CHARS: usize = 36;

/// More would make a picture that few programs open.
const MOST: usize = 500;

/// A PNG of the pairs whose images are at hand, the first 500 at most and five in a row, under each what it is and its score; none
/// where there are none.
pub fn contact_sheet(heading: &str, pairs: &[WrongPair], list: &PairList, album: &Album) -> Option<Vec<u8>> {
    let picture = |name: &String| album.photos.get(name).and_then(|Photo { picture, .. }| picture.as_ref());
    let shown: Vec<(&WrongPair, [&Picture; 2])> = pairs
        .iter()
        .filter_map(|pair| {
            let [a, b] = &list.images[pair.place];
            Some((pair, [picture(a)?, picture(b)?]))
        })
        .take(MOST)
        .collect();
    if shown.is_empty() {
        return None;
    }
    let (width, step) = (MARGIN + COLUMNS * (2 * SIDE + MARGIN), SIDE + CAPTION + MARGIN);
    let top = 3 * MARGIN;
    let height = top + (shown.len() as u32).div_ceil(COLUMNS) * step;
    let place = |number: usize| {
        let number = number as u32;
        (MARGIN + number % COLUMNS * (2 * SIDE + MARGIN), top + number / COLUMNS * step)
    };
    let mut scene = Scene::new(f64::from(width), f64::from(height));
    scene.add(text(MARGIN, 2 * MARGIN, heading, 14, true));
    for (number, (pair, _)) in shown.iter().enumerate() {
        let (x, y) = place(number);
        let [first, second] = lines(pair, list);
        scene.add(text(x, y + SIDE + 14, &first, TEXT_SIZE, true));
        scene.add(text(x, y + SIDE + 28, &second, TEXT_SIZE, false));
    }
    let mut sheet = Sheet::drawn(&scene, width, height);
    for (number, (_, photos)) in shown.iter().enumerate() {
        let (x, y) = place(number);
        sheet.paste(x, y, photos[0]);
        sheet.paste(x + SIDE, y, photos[1]);
    }
    Some(png::encode(width, height, &sheet.rgb))
}

/// `FN by 0.213: 0.097, not 0.310`, and the images.
fn lines(pair: &WrongPair, list: &PairList) -> [String; 2] {
    let held = match pair.other {
        Some((other, change)) => format!("{}: {:.3} → {:.3}", change.shown(), pair.held.score, other.score),
        None => format!("by {:.3}: {:.3}, not {:.3}", pair.beyond(), pair.held.score, pair.held.threshold),
    };
    let names: String = list.images[pair.place].join(", ").chars().take(NAME_CHARS).collect();
    [format!("{} {held}", pair.kind.short()), names]
}

fn text(x: u32, y: u32, content: &str, size: u32, bold: bool) -> Primitive {
    Primitive::Text {
        x: f64::from(x),
        y: f64::from(y),
        content: content.to_owned(),
        size,
        anchor: TextAnchor::Start,
        rotate: None,
        bold,
        color: None,
    }
}

struct Sheet {
    width: usize,
    rgb: Vec<u8>,
}

impl Sheet {
    /// With the scene's text on it.
    fn drawn(scene: &Scene, width: u32, height: u32) -> Self {
        let drawn = RasterBackend::new()
            .with_scale(1.0)
            .render_scene(scene)
            .expect("a sheet has a width and a height");
        let rgb = png::decode(&drawn, width, height).expect("what was drawn is a PNG of the scene's size");
        Self { width: width as usize, rgb }
    }

    /// Pixel by nearest pixel, so that nobody sees more in a photo than there is.
    fn paste(&mut self, x: u32, y: u32, photo: &Picture) {
        let size = photo.size as usize;
        let side = SIDE as usize;
        for row in 0..side {
            for column in 0..side {
                let from = 3 * (row * size / side * size + column * size / side);
                let to = 3 * ((y as usize + row) * self.width + x as usize + column);
                self.rgb[to..to + 3].copy_from_slice(&photo.rgb[from..from + 3]);
            }
        }
    }
}
