//! Pixels as PNG files, and back.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Picture;

/// A PNG file of H × W × 3 bytes.
pub(super) fn encode(width: u32, height: u32, rgb: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(rgb));
    written.expect("memory takes every image that has as many bytes as pixels");
    file
}

/// Red, green and blue of a PNG file of this size; `None` of any other.
pub(super) fn decode(file: &[u8], width: u32, height: u32) -> Option<Vec<u8>> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut bytes).ok()?;
    let channels = info.color_type.samples();
    let fits = (info.width, info.height) == (width, height) && channels >= 3;
    fits.then(|| bytes.chunks_exact(channels).flat_map(|pixel| &pixel[..3]).copied().collect())
}

/// A picture within a page.
pub(super) fn data_uri(picture: &Picture) -> String {
    png_uri(&encode(picture.size, picture.size, &picture.rgb))
}

/// A PNG file within a page.
pub(crate) fn png_uri(file: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(file))
}
