//! One image file to a square of RGB bytes.
//!
//! An image that is not square is cropped to its central square, then brought to the size asked for with a triangle
//! filter that widens with the reduction, so that nothing aliases. Padding would put a border into the network's view
//! that only one data set has. Photos turned by a camera's EXIF note are turned upright, grey is put on all three
//! channels, 16 bits become 8, and transparency is dropped.

use std::io::Cursor;

use image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage,
    error::LimitErrorKind,
};

use crate::resize::resize;

/// Largest width and height of a file's image.
const LARGEST_SIDE: u32 = 16_384;
/// Largest memory that decoding one file may take.
const LARGEST_MEMORY: u64 = 512 << 20;

/// Why a file gives no image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("it is empty")]
    Empty,
    #[error("its content is no JPEG, PNG or PNM")]
    UnknownFormat,
    #[error("it is an image without pixels")]
    NoPixels,
    #[error("the JPEG is cut short")]
    CutShort,
    #[error("it has more than {LARGEST_SIDE} pixels a side")]
    TooLarge,
    #[error("decoding it takes more than {} MB of memory", LARGEST_MEMORY >> 20)]
    TooMuchMemory,
    #[error("{0}")]
    Image(ImageError),
}

impl From<ImageError> for DecodeError {
    fn from(error: ImageError) -> Self {
        match &error {
            ImageError::Limits(limit) => match limit.kind() {
                LimitErrorKind::DimensionError => Self::TooLarge,
                LimitErrorKind::InsufficientMemory => Self::TooMuchMemory,
                LimitErrorKind::Unsupported { .. } | _ => Self::Image(error),
            },
            ImageError::Unsupported(_) => Self::UnknownFormat,
            ImageError::Decoding(_)
            | ImageError::Encoding(_)
            | ImageError::Parameter(_)
            | ImageError::IoError(_) => Self::Image(error),
        }
    }
}

/// `size` × `size` pixels of red, green and blue, row by row.
pub(crate) fn decode(bytes: &[u8], size: u32) -> Result<Vec<u8>, DecodeError> {
    decode_measured(bytes, size).map(|(pixels, _)| pixels)
}

/// The same, with the width and height that the image has in its file, upright.
pub(crate) fn decode_measured(bytes: &[u8], size: u32) -> Result<(Vec<u8>, [u32; 2]), DecodeError> {
    let image = whole(bytes)?;
    let sides = [image.width(), image.height()];
    Ok((fit(image, size)?, sides))
}

/// All pixels of an image, upright.
pub(crate) fn whole(bytes: &[u8]) -> Result<RgbImage, DecodeError> {
    let (_, mut decoder) = begin(bytes)?;
    let (width, height) = decoder.dimensions();
    let rgb = 3 * u64::from(width) * u64::from(height);
    // What is no RGB of 8 bits is there twice: as it is in the file, and as it is wanted.
    let both = if decoder.color_type() == ColorType::Rgb8 { rgb } else { rgb + decoder.total_bytes() };
    limits().reserve(both)?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

/// What an image's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Look {
    /// `JPEG`, `PNG` or `PNM`.
    pub(crate) format: &'static str,
    /// In pixels, as the file has them; a camera's note may turn them.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Whether there is one channel of light alone.
    pub(crate) is_grey: bool,
    /// Of a channel.
    pub(crate) bits: u8,
}

/// Reads an image's header, and no pixels.
pub(crate) fn look(bytes: &[u8]) -> Result<Look, DecodeError> {
    let (format, decoder) = begin(bytes)?;
    let names = [(ImageFormat::Jpeg, "JPEG"), (ImageFormat::Png, "PNG")];
    let format = names.iter().find(|(known, _)| *known == format).map_or("PNM", |(_, name)| name);
    let ((width, height), colour) = (decoder.dimensions(), decoder.color_type());
    let bits = (8 * u16::from(colour.bytes_per_pixel()) / u16::from(colour.channel_count())) as u8;
    Ok(Look { format, width, height, is_grey: !colour.has_color(), bits })
}

fn begin(bytes: &[u8]) -> Result<(ImageFormat, impl ImageDecoder), DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    // By content: endings are often wrong, and that harms nobody.
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let format = image::guess_format(bytes).map_err(|_| DecodeError::UnknownFormat)?;
    // The decoder fills what is missing with grey.
    if format == ImageFormat::Jpeg && !jpeg_has_its_end(bytes) {
        return Err(DecodeError::CutShort);
    }
    reader.set_format(format);
    reader.limits(limits());
    Ok((format, reader.into_decoder()?))
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(LARGEST_MEMORY);
    limits
}

fn fit(image: RgbImage, size: u32) -> Result<Vec<u8>, DecodeError> {
    let (width, height) = image.dimensions();
    let side = width.min(height);
    if side == 0 {
        return Err(DecodeError::NoPixels);
    }
    let square = if width == height { image.into_raw() } else { middle(&image, side as usize) };
    Ok(resize(square, side as usize, size as usize))
}

/// The central square of an image, which is no smaller.
fn middle(image: &RgbImage, side: usize) -> Vec<u8> {
    let [width, height] = [image.width(), image.height()].map(|side| side as usize);
    let mut square = Vec::with_capacity(3 * side * side);
    for row in image.as_raw().chunks_exact(3 * width).skip((height - side) / 2).take(side) {
        square.extend_from_slice(&row[3 * ((width - side) / 2)..][..3 * side]);
    }
    square
}

/// Whether the end marker follows the picture itself. A thumbnail among the headers has one of its own, so headers
/// are stepped over first; within the picture's data the marker cannot occur.
fn jpeg_has_its_end(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    let mut at = 2;
    while let [0xFF, marker, high, low, ..] = bytes.get(at..).unwrap_or_default() {
        match marker {
            // A fill byte before a marker.
            0xFF => at += 1,
            // Markers without a length.
            0x01 | 0xD0..=0xD8 => at += 2,
            &START_OF_SCAN => return bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]),
            _ => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn an_image_of_the_size_asked_for_keeps_its_pixels() {
        let image = RgbImage::from_fn(4, 4, |x, y| Rgb([x as u8, y as u8, 7]));
        assert_eq!(decode(&encoded(&image, ImageFormat::Png), 4).unwrap(), image.into_raw());
    }

    #[test]
    fn a_taller_image_keeps_its_middle() {
        let image = RgbImage::from_fn(2, 5, |_, y| Rgb([10 * y as u8, 0, 0]));
        let red: Vec<u8> =
            decode(&encoded(&image, ImageFormat::Png), 2).unwrap().into_iter().step_by(3).collect();
        assert_eq!(red, [10, 10, 20, 20]);
    }

    #[test]
    fn a_wider_image_keeps_its_middle() {
        let image = RgbImage::from_fn(5, 2, |x, y| Rgb([10 * x as u8, y as u8, 0]));
        let pixels = decode(&encoded(&image, ImageFormat::Png), 2).unwrap();
        assert_eq!(pixels, [10, 0, 0, 20, 0, 0, 10, 1, 0, 20, 1, 0]);
    }

    #[test]
    fn halving_a_chessboard_gives_grey_rather_than_one_of_its_colours() {
        let image = RgbImage::from_fn(32, 32, |x, y| Rgb([255 * ((x + y) % 2) as u8; 3]));
        let half = decode(&encoded(&image, ImageFormat::Png), 16).unwrap();
        assert!(half.iter().all(|&byte| (120..=135).contains(&byte)), "{half:?}");
    }

    #[test]
    fn a_jpeg_is_whole_only_with_its_last_marker() {
        let image = RgbImage::from_fn(32, 32, |x, y| Rgb([(x * 8) as u8, (y * 8) as u8, (x * y) as u8]));
        let jpeg = encoded(&image, ImageFormat::Jpeg);
        assert!(decode(&jpeg, 16).is_ok());
        for length in [jpeg.len() / 4, jpeg.len() / 2, jpeg.len() * 3 / 4, jpeg.len() - 1] {
            assert!(decode(&jpeg[..length], 16).is_err(), "{length} of {} bytes", jpeg.len());
        }
    }

    #[test]
    fn bytes_after_a_jpeg_do_no_harm() {
        let mut jpeg = encoded(&RgbImage::new(8, 8), ImageFormat::Jpeg);
        jpeg.extend([0; 100]);
        assert!(decode(&jpeg, 8).is_ok());
    }

    #[test]
    fn a_grey_map_becomes_equal_channels() {
        let pgm = [b"P5\n2 2\n255\n".as_slice(), &[0, 50, 100, 200]].concat();
        assert_eq!(decode(&pgm, 2).unwrap(), [0, 0, 0, 50, 50, 50, 100, 100, 100, 200, 200, 200]);
    }

    #[test]
    fn a_header_that_promises_a_huge_image_is_refused_before_memory_is_taken() {
        let huge = b"P5\n60000 60000\n255\n".as_slice();
        assert!(decode(huge, 8).is_err());
        let wide = b"P6\n16000 16000\n255\n".as_slice();
        assert!(decode(wide, 8).unwrap_err().to_string().contains("emory"), "by memory");
    }
}
