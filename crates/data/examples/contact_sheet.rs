//! Writes a contact sheet of the embedded faces as a PNG: a row a person, a column a photo.
//!
//! `cargo run --release -p arclab-data --example contact_sheet -- FILE [PEOPLE [PHOTOS [SIZE [STRENGTH [FIRST]]]]]`

use std::error::Error;

use arclab_data::synthetic::render;
use arclab_spec::config::{PhotoVariation, Synthetic};
use image::{Rgb, RgbImage};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("contact_sheet needs the file to write")?;
    let numbers: Vec<f64> = arguments.map(|argument| argument.parse()).collect::<Result<_, _>>()?;
    let number = |index: usize, usual: f64| numbers.get(index).copied().unwrap_or(usual);
    let (people, photos, size) = (number(0, 8.0) as u32, number(1, 10.0) as u32, number(2, 112.0) as u32);
    let config = config(people, photos, number(3, 1.0));
    let first = number(4, 0.0) as u32;
    let mut sheet = RgbImage::new(photos * size, people * size);
    for person in 0..people {
        for photo in 0..photos {
            let rendered = render(&config, first + person, photo, size);
            for (index, pixel) in rendered.rgb.chunks_exact(3).enumerate() {
                let (x, y) = (index as u32 % size, index as u32 / size);
                sheet.put_pixel(photo * size + x, person * size + y, Rgb([pixel[0], pixel[1], pixel[2]]));
            }
        }
    }
    sheet.save(file)?;
    Ok(())
}

fn config(identities: u32, images_per_identity: u32, strength: f64) -> Synthetic {
    let vary = PhotoVariation {
        pose: strength,
        expression: strength,
        exposure: strength,
        light: strength,
        colour_temperature: strength,
        blur: strength,
        noise: strength,
        occlusion: strength,
    };
    Synthetic { identities, images_per_identity, seed: 7, mislabelled: 0.0, vary }
}
