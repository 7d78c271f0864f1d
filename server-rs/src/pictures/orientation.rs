//! Which way up a photograph is, as the camera noted it (EXIF, tag 0x0112). Smaller pictures carry no such note, so they
//! are turned.

use super::bitmap::Bitmap;

const TAG: u16 = 0x0112;

/// The note's number, from 1 (upright) to 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orientation(u16);

impl Orientation {
    /// As it is.
    pub const UPRIGHT: Self = Self(1);

    /// Reads the note of a block of EXIF; upright if there is none that can be read.
    pub fn of_exif(exif: &[u8]) -> Self {
        let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
        noted(exif).filter(|number| (1..=8).contains(number)).map_or(Self::UPRIGHT, Self)
    }

    /// The picture turned and mirrored as noted.
    pub fn applied(self, picture: Bitmap) -> Bitmap {
        if self == Self::UPRIGHT {
            return picture;
        }
        let (width, height) = (picture.width, picture.height);
        let is_on_its_side = self.0 >= 5;
        let (new_width, new_height) = if is_on_its_side { (height, width) } else { (width, height) };
        let source = |x: u32, y: u32| match self.0 {
            2 => (width - 1 - x, y),
            3 => (width - 1 - x, height - 1 - y),
            4 => (x, height - 1 - y),
            5 => (y, x),
            6 => (y, height - 1 - x),
            7 => (width - 1 - y, height - 1 - x),
            _ => (width - 1 - y, x),
        };
        let pixels = (0..new_height)
            .flat_map(|y| (0..new_width).map(move |x| (x, y)))
            .map(|(x, y)| {
                let (x, y) = source(x, y);
                picture.pixels[y as usize * width as usize + x as usize]
            })
            .collect();
        Bitmap { width: new_width, height: new_height, pixels }
    }
}

/// Looks the tag up in the first directory of a TIFF head.
fn noted(tiff: &[u8]) -> Option<u16> {
    let is_little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| {
        let bytes: [u8; 4] = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let directory = usize::try_from(long(4)?).ok()?;
    let count = usize::from(short(directory)?);
    let entry = (0..count).map(|index| directory + 2 + index * 12).find(|entry| short(*entry) == Some(TAG))?;
    short(entry + 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exif(number: u8) -> Vec<u8> {
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([number, 0, 0]);
        exif
    }

    #[test]
    fn the_note_is_read_and_nonsense_is_upright() {
        assert_eq!(Orientation::of_exif(&exif(6)), Orientation(6));
        assert_eq!(Orientation::of_exif(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0"), Orientation(3));
        for nonsense in
            [&b""[..], b"Exif\0\0", b"II*\0\xff\xff\xff\xff", &exif(9), &exif(6)[..20], b"MM\0*\0\0\0\x08\xff\xff"]
        {
            assert_eq!(Orientation::of_exif(nonsense), Orientation::UPRIGHT, "{nonsense:?}");
        }
    }

    #[test]
    fn pictures_are_turned_as_noted() {
        let pixel = |value: u8| [value, value, value, 255];
        let picture = Bitmap { width: 2, height: 1, pixels: vec![pixel(1), pixel(2)] };
        let turned = |number| {
            let turned = Orientation(number).applied(picture.clone());
            (turned.width, turned.pixels.iter().map(|[value, ..]| *value).collect::<Vec<_>>())
        };
        assert_eq!(turned(1), (2, vec![1, 2]));
        assert_eq!(turned(2), (2, vec![2, 1]));
        assert_eq!(turned(3), (2, vec![2, 1]));
        assert_eq!(turned(4), (2, vec![1, 2]));
        // A quarter to the right: what was on the left is on top.
        assert_eq!(turned(6), (1, vec![1, 2]));
        assert_eq!(turned(8), (1, vec![2, 1]));
    }
}
