//! Unpacking files that anybody may have made. Sizes are checked as soon as the head is read.

use std::io::Cursor;
use std::num::NonZeroU64;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use super::bitmap::{Bitmap, check_size};
use super::orientation::Orientation;
use super::png_chunks;
use super::{FILE_BYTES_MAX, PIXELS_MAX, PictureError, SIDE_MAX};

/// Memory that one decoder may take, where it can be told: four bytes for each pixel, and as much again for its work.
const MEMORY_MAX: u64 = PIXELS_MAX * 8;
/// Passes over a JPEG; a few dozen make any, and a file can ask for thousands.
const JPEG_SCANS_MAX: usize = 64;

/// Unpacks a file of this type; of an animation, the first picture.
pub fn decode(content_type: &str, bytes: &[u8]) -> Result<(Bitmap, Orientation), PictureError> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(PictureError::TooLarge);
    }
    let upright = |picture| (picture, Orientation::UPRIGHT);
    match content_type {
        "image/jpeg" => jpeg(bytes),
        "image/png" => png(bytes).map(upright),
        "image/webp" => webp(bytes).map(upright),
        "image/gif" => gif(bytes).map(upright),
        _ => Err(PictureError::NoPicture),
    }
}

fn options() -> DecoderOptions {
    // The limits on sides are ours alone, so that a picture above them is told apart from a damaged one.
    DecoderOptions::default()
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .set_use_unsafe(false)
        .jpeg_set_max_scans(JPEG_SCANS_MAX)
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .png_set_strip_to_8bit(true)
        .png_set_decode_animated(false)
}

fn jpeg(bytes: &[u8]) -> Result<(Bitmap, Orientation), PictureError> {
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options());
    decoder.decode_headers().map_err(damaged)?;
    let info = decoder.info().ok_or(PictureError::Damaged)?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size(width, height)?;
    let orientation = decoder.exif().map_or(Orientation::UPRIGHT, |exif| Orientation::of_exif(exif));
    let samples = decoder.decode().map_err(damaged)?;
    Ok((Bitmap::of_samples(width, height, &samples)?, orientation))
}

fn png(bytes: &[u8]) -> Result<Bitmap, PictureError> {
    let picture = png_chunks::of_the_picture(bytes)?;
    let mut decoder = zune_png::PngDecoder::new_with_options(ZCursor::new(picture.as_slice()), options());
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().ok_or(PictureError::Damaged)?;
    let (width, height) = (length(width)?, length(height)?);
    check_size(width, height)?;
    let samples = decoder.decode_raw().map_err(damaged)?;
    Bitmap::of_samples(width, height, &samples)
}

fn webp(bytes: &[u8]) -> Result<Bitmap, PictureError> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    decoder.set_memory_limit(usize::try_from(MEMORY_MAX).unwrap_or(usize::MAX));
    let mut samples = vec![0; decoder.output_buffer_size().ok_or(PictureError::TooLarge)?];
    decoder.read_image(&mut samples).map_err(damaged)?;
    Bitmap::of_samples(width, height, &samples)
}

fn gif(bytes: &[u8]) -> Result<Bitmap, PictureError> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    if let Some(limit) = NonZeroU64::new(MEMORY_MAX) {
        options.set_memory_limit(gif::MemoryLimit::Bytes(limit));
    }
    let mut decoder = options.read_info(Cursor::new(bytes)).map_err(damaged)?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    check_size(width, height)?;
    // The frame may be larger than the picture says.
    let info = decoder.next_frame_info().map_err(damaged)?.ok_or(PictureError::Damaged)?;
    check_size(u32::from(info.width), u32::from(info.height))?;
    let (left, top, frame_width) = (usize::from(info.left), usize::from(info.top), usize::from(info.width));
    let mut samples = vec![0; decoder.buffer_size()];
    decoder.read_into_buffer(&mut samples).map_err(damaged)?;
    let mut picture = Bitmap { width, height, pixels: vec![[0; 4]; width as usize * height as usize] };
    let (frame, _) = samples.as_chunks::<4>();
    let rows = picture.pixels.chunks_exact_mut(width as usize).skip(top);
    for (row, pixels) in rows.zip(frame.chunks_exact(frame_width)) {
        row.iter_mut().skip(left).zip(pixels).for_each(|(place, pixel)| *place = *pixel);
    }
    Ok(picture)
}

fn length(pixels: usize) -> Result<u32, PictureError> {
    u32::try_from(pixels).ok().filter(|pixels| *pixels <= SIDE_MAX).ok_or(PictureError::TooLarge)
}

fn damaged<E: std::fmt::Debug>(cause: E) -> PictureError {
    tracing::debug!(?cause, "A picture cannot be unpacked");
    PictureError::Damaged
}
