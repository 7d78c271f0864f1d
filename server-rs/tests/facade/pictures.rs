//! Smaller pictures of each type, and files that are made to burst.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use worldloom_facade::pictures::{PictureError, PictureFile, PictureMaker, fitted};

/// Bytes of a PNG up to the end of its head.
const PNG_HEAD_BYTES: usize = 33;

/// Red on the left and transparent on the right.
fn half_transparent(width: u32, height: u32) -> Vec<u8> {
    let pixel = |column: u32| if column < width / 2 { [255, 0, 0, 255] } else { [0, 255, 0, 0] };
    (0..height).flat_map(|_| (0..width).flat_map(pixel)).collect()
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(content);
    let length = content.len() as u32;
    [&length.to_be_bytes()[..], kind, content, &crc.sum().to_be_bytes()].concat()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A PNG whose head says this size, and whose pixels are these scan lines.
fn png(width: u32, height: u32, scan_lines: &[u8]) -> Vec<u8> {
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([8, 6, 0, 0, 0]);
    let pixels = chunk(b"IDAT", &packed(scan_lines));
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &head), pixels, chunk(b"IEND", b"")].concat()
}

/// The PNG with these chunks between its head and its pixels.
fn with_chunks(png: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    let (head, pixels) = png.split_at(PNG_HEAD_BYTES);
    [head, &chunks.concat()[..], pixels].concat()
}

fn scan_lines(width: u32, samples: &[u8]) -> Vec<u8> {
    samples.chunks(width as usize * 4).flat_map(|line| [&[0], line].concat()).collect()
}

fn webp(width: u32, height: u32, samples: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    image_webp::WebPEncoder::new(&mut file).encode(samples, width, height, image_webp::ColorType::Rgba8).unwrap();
    file
}

fn gif(width: u16, height: u16, mut samples: Vec<u8>) -> Vec<u8> {
    let frame = gif::Frame::from_rgba(width, height, &mut samples);
    let mut file = Vec::new();
    let mut encoder = gif::Encoder::new(&mut file, width, height, &[]).unwrap();
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    file
}

/// The pixels of a WebP.
fn unpacked(file: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(file)).unwrap();
    let (width, height) = decoder.dimensions();
    let mut samples = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut samples).unwrap();
    (width, height, samples)
}

#[test]
fn transparent_pictures_of_each_type_stay_transparent() {
    let samples = half_transparent(400, 200);
    let files = [
        ("image/png", png(400, 200, &scan_lines(400, &samples))),
        ("image/webp", webp(400, 200, &samples)),
        ("image/gif", gif(400, 200, samples)),
    ];
    for (content_type, file) in files {
        let made = fitted(content_type, &file, 100).unwrap();
        assert_eq!(made.content_type, "image/webp", "of {content_type}");
        let (width, height, samples) = unpacked(&made.bytes);
        assert_eq!((width, height), (100, 50), "of {content_type}");
        assert_eq!(samples[..4], [255, 0, 0, 255], "of {content_type}");
        assert_eq!(samples[samples.len() - 1], 0, "of {content_type}");
    }
}

#[test]
fn opaque_pictures_become_jpegs_and_small_ones_keep_their_size() {
    let opaque: Vec<u8> = (0..40 * 30).flat_map(|_| [10, 20, 30, 255]).collect();
    let made = fitted("image/png", &png(40, 30, &scan_lines(40, &opaque)), 256).unwrap();
    assert_eq!(made.content_type, "image/jpeg");
    let again = fitted("image/jpeg", &made.bytes, 20).unwrap();
    assert!(again.bytes.starts_with(b"\xff\xd8\xff") && again.bytes.len() < made.bytes.len());
}

#[test]
fn a_head_that_promises_too_much_is_believed_and_refused() {
    let few = scan_lines(1, &[0; 4]);
    for (width, height) in [(60_000, 60_000), (20_000, 1), (5_000, 5_000), (u32::MAX, u32::MAX)] {
        let refusal = fitted("image/png", &png(width, height, &few), 256).unwrap_err();
        assert!(matches!(refusal, PictureError::TooLarge | PictureError::Damaged), "{width} × {height}: {refusal}");
    }
    assert_eq!(fitted("image/png", &png(5_000, 5_000, &few), 256), Err(PictureError::TooLarge));
    let mut gif = gif(4, 4, half_transparent(4, 4));
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(fitted("image/gif", &gif, 256), Err(PictureError::TooLarge));
}

#[test]
fn what_unpacks_to_more_than_its_head_says_is_cut_off() {
    // 200 MB of zeros in 200 KB, under a head of 10 × 10.
    let bomb = png(10, 10, &vec![0; 200_000_000]);
    assert!(bomb.len() < 1_000_000);
    match fitted("image/png", &bomb, 256) {
        Err(refusal) => assert_eq!(refusal, PictureError::Damaged),
        Ok(made) => assert_eq!(unpacked(&made.bytes).0, 10, "no more than the head says"),
    }
}

/// A text that ends with its keyword, after which the decoder would look for the next chunk in the wrong place.
fn misleading_text() -> Vec<u8> {
    chunk(b"zTXt", b"Comment\0")
}

#[test]
fn what_a_png_holds_beside_its_picture_is_never_unpacked() {
    let plain = png(40, 30, &scan_lines(40, &half_transparent(40, 30)));
    let expected = fitted("image/png", &plain, 20).unwrap();
    let burst = packed(&vec![0; 16_000_000]);
    let texts =
        [(b"iCCP", &b"profile\0\0"[..]), (b"zTXt", &b"Comment\0\0"[..]), (b"iTXt", &b"Comment\0\x01\0\0\0"[..])];
    for (kind, beginning) in texts {
        let text = chunk(kind, &[beginning, &burst[..]].concat());
        let file = with_chunks(&plain, &[text, misleading_text()]);
        assert!(file.len() < 100_000);
        assert_eq!(fitted("image/png", &file, 20).unwrap(), expected, "{}", kind.escape_ascii());
    }
}

#[test]
fn of_an_animated_png_the_first_picture_counts_whatever_its_frames_say() {
    let plain = png(40, 30, &scan_lines(40, &half_transparent(40, 30)));
    let side = (1_u32 << 20).to_be_bytes();
    let frame = chunk(b"fcTL", &[&[0_u8; 4][..], &side, &side, &[0; 14]].concat());
    let animated = with_chunks(&plain, &[chunk(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]), frame]);
    let expected = fitted("image/png", &plain, 20).unwrap();
    assert_eq!(fitted("image/png", &animated, 20).unwrap(), expected);
}

#[test]
fn a_png_that_ends_within_a_chunk_is_damaged() {
    let plain = png(4, 4, &scan_lines(4, &half_transparent(4, 4)));
    let file = with_chunks(&plain, &[chunk(b"zTXt", b"Comment\0\0text")]);
    assert!(fitted("image/png", &file, 20).is_ok());
    for length in 0..file.len() {
        assert_eq!(fitted("image/png", &file[..length], 20), Err(PictureError::Damaged), "{length} bytes");
    }
    // The heads of the picture and of the text.
    for at in [8, PNG_HEAD_BYTES] {
        let rest = (file.len() - at - 8) as u32;
        for length in [rest - 4, rest - 3, rest, rest + 1, u32::MAX / 2, u32::MAX - 11, u32::MAX] {
            let mut file = file.clone();
            file[at..at + 4].copy_from_slice(&length.to_be_bytes());
            assert_eq!(fitted("image/png", &file, 20), Err(PictureError::Damaged), "{length} at {at}");
        }
    }
}

#[test]
fn no_chunk_hides_in_a_palette_that_is_too_long() {
    let plain = png(4, 4, &scan_lines(4, &half_transparent(4, 4)));
    // The decoder reads 256 colours and a checksum, and finds a text, whose checksum is that of the palette.
    let text = chunk(b"zTXt", b"Comment\0\0");
    let palette = chunk(b"PLTE", &[&[0_u8; 256 * 3 + 4][..], &text[..text.len() - 4]].concat());
    assert_eq!(fitted("image/png", &with_chunks(&plain, &[palette]), 20), Err(PictureError::Damaged));
}

#[test]
fn nonsense_is_damaged_and_sounds_are_no_pictures() {
    let good = webp(40, 30, &half_transparent(40, 30));
    for content_type in ["image/png", "image/jpeg", "image/webp", "image/gif"] {
        for file in [&b""[..], b"nonsense", &good[..40], &[0xff; 2_000]] {
            assert_eq!(fitted(content_type, file, 256), Err(PictureError::Damaged), "{content_type}");
        }
    }
    assert_eq!(fitted("audio/ogg", &good, 256), Err(PictureError::NoPicture));
    assert_eq!(fitted("image/svg+xml", &good, 256), Err(PictureError::NoPicture));
}

async fn made(maker: &PictureMaker, file: &[u8]) -> Result<PictureFile, PictureError> {
    maker.turn().await?.make("image/webp".to_owned(), file.to_vec(), 64).await
}

#[tokio::test]
async fn pictures_are_made_beside_the_requests() {
    let maker = PictureMaker::default();
    let file = webp(400, 300, &half_transparent(400, 300));
    let made = (0..8).map(|_| made(&maker, &file));
    let made = futures::future::try_join_all(made).await.unwrap();
    assert!(made.iter().all(|picture| *picture == made[0]));
}
