//! Smaller pictures made of uploaded ones. Uploads are hostile until shown otherwise: dimensions are read and limited
//! before anything is unpacked, and few pictures are worked on at a time, away from the threads that serve requests.
//!
//! The codecs are used one by one, because the usual library around them would change features of crates that the engine
//! is built with.

mod bitmap;
mod decode;
mod orientation;
mod png_chunks;

use std::sync::Arc;

use jpeg_encoder::{ColorType, Encoder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use bitmap::Bitmap;

/// Largest picture that is unpacked: 24 million pixels, about 100 MB.
pub const PIXELS_MAX: u64 = 24_000_000;
/// Longest side of a picture that is unpacked.
pub const SIDE_MAX: u32 = 16_384;
/// Largest file that is unpacked, in bytes.
pub const FILE_BYTES_MAX: u64 = 32 << 20;
/// Pictures worked on at a time.
const AT_ONCE: usize = 2;
/// Requests that may wait for that at a time.
const WAITING_MAX: usize = 64;
const JPEG_QUALITY: u8 = 82;

/// Why no smaller picture can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The file is of a type that holds no picture.
    #[error("the asset is no PNG, JPEG, WebP or GIF")]
    NoPicture,
    /// It has too many pixels or bytes.
    #[error("the picture is too large to be made smaller")]
    TooLarge,
    /// It cannot be unpacked.
    #[error("the picture is damaged")]
    Damaged,
    /// Too many wait for their turn already.
    #[error("too many pictures are waiting to be made smaller")]
    Busy,
}

/// A picture in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct PictureFile {
    /// Media type.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Makes smaller pictures, few at a time. Clones share the limits.
#[derive(Debug, Clone)]
pub struct PictureMaker {
    turns: Arc<Semaphore>,
    /// Where one waits for a turn.
    places: Arc<Semaphore>,
}

/// A turn at making pictures. It is over when this value is dropped and the work that was begun in it has ended.
#[derive(Debug)]
pub struct Turn(Arc<OwnedSemaphorePermit>);

impl Default for PictureMaker {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), places: Arc::new(Semaphore::new(WAITING_MAX)) }
    }
}

impl PictureMaker {
    /// Waits for a turn. Files are to be read in it and not before, so that no memory is taken by who waits.
    ///
    /// Errors: `Busy` at once, if too many wait already.
    pub async fn turn(&self) -> Result<Turn, PictureError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| PictureError::Busy)?;
        // The semaphore is never closed.
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| PictureError::Busy)?;
        drop(place);
        Ok(Turn(Arc::new(turn)))
    }
}

impl Turn {
    /// Makes a picture whose sides are at most `side`.
    pub async fn make(&self, content_type: String, bytes: Vec<u8>, side: u32) -> Result<PictureFile, PictureError> {
        // The work cannot be stopped, so it keeps the turn even if nobody waits for it any more.
        let turn = self.0.clone();
        let work = tokio::task::spawn_blocking(move || {
            let made = fitted(&content_type, &bytes, side);
            drop(turn);
            made
        });
        // A decoder that panics has met a damaged file, and the panic is in the log.
        work.await.unwrap_or(Err(PictureError::Damaged))
    }
}

/// The picture, made to fit into a square of this side and never made larger: a JPEG, or a WebP if it has transparent
/// parts.
///
/// Errors: [`PictureError`] if it cannot be unpacked, or may not be.
pub fn fitted(content_type: &str, bytes: &[u8], side: u32) -> Result<PictureFile, PictureError> {
    let (picture, orientation) = decode::decode(content_type, bytes)?;
    let picture = orientation.applied(picture.fitted(side));
    if picture.is_opaque() { jpeg(&picture) } else { webp(&picture) }
}

fn jpeg(picture: &Bitmap) -> Result<PictureFile, PictureError> {
    let mut bytes = Vec::new();
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let encoded = Encoder::new(&mut bytes, JPEG_QUALITY).encode(&picture.rgb(), width, height, ColorType::Rgb);
    encoded.map_err(|_| PictureError::Damaged)?;
    Ok(PictureFile { content_type: "image/jpeg", bytes })
}

fn webp(picture: &Bitmap) -> Result<PictureFile, PictureError> {
    let mut bytes = Vec::new();
    let encoder = image_webp::WebPEncoder::new(&mut bytes);
    let encoded = encoder.encode(&picture.rgba(), picture.width, picture.height, image_webp::ColorType::Rgba8);
    encoded.map_err(|_| PictureError::Damaged)?;
    Ok(PictureFile { content_type: "image/webp", bytes })
}

fn side(pixels: u32) -> Result<u16, PictureError> {
    u16::try_from(pixels).map_err(|_| PictureError::TooLarge)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn so_many_wait_for_a_turn_and_no_more() {
        let maker = PictureMaker::default();
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(maker.turn().await.unwrap());
        }
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(maker.turn())).collect();
        assert!(waiting.iter_mut().all(|turn| turn.now_or_never().is_none()));
        assert_eq!(maker.turn().await.unwrap_err(), PictureError::Busy);
        // Whoever gives up makes room for another one.
        drop(waiting.pop());
        assert!(maker.turn().now_or_never().is_none());
        drop(turns);
        for turn in waiting {
            turn.await.unwrap();
        }
        maker.turn().await.unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_while_there_is_a_turn() {
        let maker = PictureMaker::default();
        for _ in 0..WAITING_MAX * 2 {
            maker.turn().await.unwrap();
        }
    }
}
