//! PNG files without what their pictures do not need. The decoder unpacks each profile and each packed text while it
//! reads the head, up to 1 GiB a piece and before a size can be checked; and it makes room for frames of an animation
//! as large as they say. What it never sees cannot burst.

use super::PictureError;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Where the head of the picture says how colours are stored.
const COLOUR_AT: usize = 9;
/// Pixels of one sample.
const GREY: u8 = 0;
/// Pixels of three samples.
const RGB: u8 = 2;
/// Entries of a palette.
const COLOURS_MAX: usize = 256;

/// The file with those chunks alone that make up the picture; of an animation, the one that is shown where nothing
/// moves. Checksums are left to the decoder, and what follows the last chunk counts for nothing.
///
/// Errors: `Damaged` if it is not a sequence of chunks from the head to the end, or has one that no picture has.
pub fn of_the_picture(file: &[u8]) -> Result<Vec<u8>, PictureError> {
    let chunks = file.strip_prefix(SIGNATURE).ok_or(PictureError::Damaged)?;
    let (head, mut rest) = first(chunks)?;
    let colour = colour(&head)?;
    let mut copy = Vec::with_capacity(file.len());
    copy.extend_from_slice(SIGNATURE);
    copy.extend_from_slice(head.whole);
    loop {
        let (chunk, following) = first(rest)?;
        if chunk.is_needed(colour)? {
            copy.extend_from_slice(chunk.whole);
        }
        if chunk.kind == b"IEND" {
            return Ok(copy);
        }
        rest = following;
    }
}

struct Chunk<'a> {
    kind: &'a [u8; 4],
    content: &'a [u8],
    /// With its length, its kind and its checksum.
    whole: &'a [u8],
}

/// The first chunk and what follows it.
fn first(chunks: &[u8]) -> Result<(Chunk<'_>, &[u8]), PictureError> {
    split(chunks).ok_or(PictureError::Damaged)
}

fn split(chunks: &[u8]) -> Option<(Chunk<'_>, &[u8])> {
    let (length, rest) = chunks.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (content, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let (_, rest) = rest.split_first_chunk::<4>()?;
    let whole = chunks.get(..chunks.len() - rest.len())?;
    Some((Chunk { kind, content, whole }, rest))
}

fn colour(head: &Chunk<'_>) -> Result<u8, PictureError> {
    let colour = head.content.get(COLOUR_AT).filter(|_| head.kind == b"IHDR");
    colour.copied().ok_or(PictureError::Damaged)
}

impl Chunk<'_> {
    /// Whether it makes up the picture, whose pixels are stored in this way.
    fn is_needed(&self, colour: u8) -> Result<bool, PictureError> {
        let length = self.content.len();
        // Of palettes and transparencies the decoder reads what it expects and takes the rest for the next chunks, so
        // that everything that is kept from it here could hide in one of another length.
        let is_as_expected = match (self.kind, colour) {
            (b"IDAT" | b"IEND", _) => true,
            (b"PLTE", _) => length <= COLOURS_MAX * 3,
            (b"tRNS", GREY) => length == 2,
            (b"tRNS", RGB) => length == 6,
            (b"tRNS", _) => length <= COLOURS_MAX,
            (kind, _) if is_optional(kind) => return Ok(false),
            _ => false,
        };
        if is_as_expected { Ok(true) } else { Err(PictureError::Damaged) }
    }
}

/// Whether a picture can be unpacked without chunks of this kind, which the case of its first letter tells.
fn is_optional(kind: &[u8; 4]) -> bool {
    kind[0] & 0x20 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const PALETTE: u8 = 3;

    fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = content.len() as u32;
        [&length.to_be_bytes()[..], kind, content, b"crc."].concat()
    }

    /// A file of one pixel, stored in this way, with these chunks after its head.
    fn file(colour: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
        let head = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, colour, 0, 0, 0]);
        [SIGNATURE, &head[..], &chunks.concat()[..]].concat()
    }

    fn end() -> Vec<u8> {
        chunk(b"IEND", b"")
    }

    #[test]
    fn only_what_makes_up_the_picture_is_copied() {
        let (palette, transparency) = (chunk(b"PLTE", &[7; 768]), chunk(b"tRNS", &[7; 256]));
        let (pixels, more_pixels) = (chunk(b"IDAT", b"some"), chunk(b"IDAT", b""));
        let picture = [palette, transparency, pixels, more_pixels, end()];
        let mut with_all = Vec::new();
        for part in &picture {
            let others = [b"iCCP", b"zTXt", b"iTXt", b"tEXt", b"gAMA", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"what"];
            with_all.extend(others.map(|kind| chunk(kind, b"something")));
            with_all.push(part.clone());
        }
        with_all.push(b"and more".to_vec());
        let plain = file(PALETTE, &picture);
        assert_eq!(of_the_picture(&file(PALETTE, &with_all)), Ok(plain.clone()));
        assert_eq!(of_the_picture(&plain), Ok(plain));
    }

    #[test]
    fn what_is_no_sequence_of_chunks_is_damaged() {
        let whole = file(RGB, &[chunk(b"zTXt", b"text"), chunk(b"IDAT", b"pixels"), end()]);
        assert!(of_the_picture(&whole).is_ok());
        for length in 0..whole.len() {
            assert_eq!(of_the_picture(&whole[..length]), Err(PictureError::Damaged), "{length} bytes");
        }
        let of_no_picture = [chunk(b"ABCD", b""), chunk(b"IHDR", &[0; 13])];
        for other in of_no_picture {
            assert_eq!(of_the_picture(&file(RGB, &[other, end()])), Err(PictureError::Damaged));
        }
        for head in [chunk(b"IHDR", &[0; 9]), chunk(b"tEXt", &[0; 13])] {
            assert_eq!(of_the_picture(&[SIGNATURE, &head[..], &end()[..]].concat()), Err(PictureError::Damaged));
        }
    }

    #[test]
    fn nothing_hides_in_palettes_and_transparencies() {
        let is_taken = |colour, kind, length: usize| {
            let taken = of_the_picture(&file(colour, &[chunk(kind, &vec![0; length]), end()]));
            assert!(matches!(taken, Ok(_) | Err(PictureError::Damaged)));
            taken.is_ok()
        };
        for (colour, length) in [(GREY, 2), (RGB, 6), (PALETTE, 0), (PALETTE, 256)] {
            assert!(is_taken(colour, b"tRNS", length), "{length} bytes for {colour}");
        }
        for (colour, length) in [(GREY, 0), (GREY, 3), (RGB, 2), (RGB, 600), (PALETTE, 257), (4, 300), (6, 300)] {
            assert!(!is_taken(colour, b"tRNS", length), "{length} bytes for {colour}");
        }
        assert!(is_taken(RGB, b"PLTE", 768));
        assert!(!is_taken(RGB, b"PLTE", 771));
    }
}
