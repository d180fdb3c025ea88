//! Pixels as a PNG. Must not know plots.
//!
//! A plot has a few flat colours and the shades between them at the edges of letters. Where these are at most 256, a pixel
//! is an index into a palette: a third of the bytes, packed in less time to half the size.

use std::collections::BTreeMap;

use png::{AdaptiveFilterType, BitDepth, ColorType, Encoder, EncodingError, FilterType};

/// Most colours that a palette can have.
const PALETTE_MAX: usize = 256;

/// Bytes of a pixel: red, green, blue.
const PIXEL: usize = 3;

/// The colours of a picture in the order in which they come, and for each pixel the index of its own.
struct Indexed {
    palette: Vec<u8>,
    indices: Vec<u8>,
}

/// A PNG of `pixels`, three bytes each, row by row.
///
/// # Errors
///
/// What the encoder says of a size that a PNG cannot have.
pub(super) fn encode(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, EncodingError> {
    assert_eq!(
        pixels.len(),
        width as usize * height as usize * PIXEL,
        "a picture has three bytes for each of its pixels"
    );
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_depth(BitDepth::Eight);
    // Flat colours pack best without a filter.
    encoder.set_filter(FilterType::NoFilter);
    encoder.set_adaptive_filter(AdaptiveFilterType::NonAdaptive);
    let indexed = index(pixels);
    let data = match &indexed {
        Some(indexed) => {
            encoder.set_color(ColorType::Indexed);
            encoder.set_palette(&indexed.palette[..]);
            &indexed.indices[..]
        }
        None => {
            encoder.set_color(ColorType::Rgb);
            pixels
        }
    };
    let mut writer = encoder.write_header()?;
    writer.write_image_data(data)?;
    writer.finish()?;
    Ok(bytes)
}

/// `None` where there are more colours than a palette has.
fn index(pixels: &[u8]) -> Option<Indexed> {
    let mut known: BTreeMap<[u8; PIXEL], u8> = BTreeMap::new();
    let mut palette = Vec::new();
    let mut indices = Vec::with_capacity(pixels.len() / PIXEL);
    let (pixels, rest) = pixels.as_chunks::<PIXEL>();
    assert!(rest.is_empty(), "a pixel has three bytes");
    for run in pixels.chunk_by(|one, next| one == next) {
        let colour = run[0];
        let index = match known.get(&colour) {
            Some(&index) => index,
            None => {
                let index = u8::try_from(known.len()).ok()?;
                known.insert(colour, index);
                palette.extend(colour);
                index
            }
        };
        indices.resize(indices.len() + run.len(), index);
    }
    assert!(palette.len() <= PALETTE_MAX * PIXEL, "an index is a byte");
    Some(Indexed { palette, indices })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader of PNG gets back, as three bytes a pixel.
    fn decoded(bytes: &[u8]) -> (Vec<u8>, ColorType) {
        let mut decoder = png::Decoder::new(bytes);
        let colour = decoder.read_header_info().expect("a header").color_type;
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size()];
        let size = reader
            .next_frame(&mut pixels)
            .expect("pixels")
            .buffer_size();
        pixels.truncate(size);
        (pixels, colour)
    }

    fn picture(colours: usize) -> Vec<u8> {
        let pixels = (0..1024).map(|at| at % colours);
        pixels
            .flat_map(|colour| [colour as u8, (colour >> 8) as u8, 7])
            .collect()
    }

    #[test]
    fn the_same_pixels_are_read_back_with_and_without_a_palette() {
        for (colours, colour) in [
            (1, ColorType::Indexed),
            (255, ColorType::Indexed),
            (256, ColorType::Indexed),
            (257, ColorType::Rgb),
            (1000, ColorType::Rgb),
        ] {
            let pixels = picture(colours);
            let bytes = encode(&pixels, (64, 16)).expect("a PNG of this size");
            assert_eq!(decoded(&bytes), (pixels, colour), "{colours} colours");
        }
    }
}
