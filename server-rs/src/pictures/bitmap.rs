//! Unpacked pictures, and making them smaller.

use super::{PIXELS_MAX, PictureError, SIDE_MAX};

/// Red, green, blue and opacity.
pub type Pixel = [u8; 4];

/// A picture, row by row from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<Pixel>,
}

/// Errors: `TooLarge` unless a picture of this size may be unpacked, `Damaged` if there is none.
pub fn check_size(width: u32, height: u32) -> Result<(), PictureError> {
    if width == 0 || height == 0 {
        return Err(PictureError::Damaged);
    }
    let is_small = width.max(height) <= SIDE_MAX && u64::from(width) * u64::from(height) <= PIXELS_MAX;
    if is_small { Ok(()) } else { Err(PictureError::TooLarge) }
}

impl Bitmap {
    /// A picture of samples with one (grey), two (grey, opacity), three (colour) or four (colour, opacity) to a pixel.
    pub fn of_samples(width: u32, height: u32, samples: &[u8]) -> Result<Self, PictureError> {
        let count = width as usize * height as usize;
        let per_pixel = samples.len().checked_div(count).unwrap_or(0);
        if count * per_pixel != samples.len() {
            return Err(PictureError::Damaged);
        }
        let pixel = |samples: &[u8]| match *samples {
            [grey] => Ok([grey, grey, grey, 255]),
            [grey, opacity] => Ok([grey, grey, grey, opacity]),
            [red, green, blue] => Ok([red, green, blue, 255]),
            [red, green, blue, opacity] => Ok([red, green, blue, opacity]),
            _ => Err(PictureError::Damaged),
        };
        if per_pixel == 0 {
            return Err(PictureError::Damaged);
        }
        let pixels: Result<Vec<Pixel>, _> = samples.chunks_exact(per_pixel).map(pixel).collect();
        Ok(Self { width, height, pixels: pixels? })
    }

    /// The picture within a square of this side, in its own proportions. It is never made larger.
    pub fn fitted(self, side: u32) -> Self {
        let longest = self.width.max(self.height);
        if longest <= side {
            return self;
        }
        let scaled = |length: u32| {
            let length = u64::from(length) * u64::from(side) / u64::from(longest);
            u32::try_from(length).unwrap_or(side).max(1)
        };
        self.averaged(scaled(self.width), scaled(self.height))
    }

    /// Each pixel the average of those that it stands for, which keeps fine patterns from flickering.
    fn averaged(&self, width: u32, height: u32) -> Self {
        let pixels = (0..height)
            .flat_map(|row| (0..width).map(move |column| (row, column)))
            .map(|(row, column)| {
                let (left, right) = span(column, width, self.width);
                let (top, bottom) = span(row, height, self.height);
                self.average(left..right, top..bottom)
            })
            .collect();
        Self { width, height, pixels }
    }

    fn average(&self, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> Pixel {
        let count = (columns.len() * rows.len()) as u64;
        let (mut colours, mut opacities) = ([0_u64; 3], 0_u64);
        for row in rows {
            let start = row * self.width as usize;
            for [red, green, blue, opacity] in &self.pixels[start + columns.start..start + columns.end] {
                // Colours weigh as much as they are seen, or what is hidden would shine through at the edges.
                let weight = u64::from(*opacity);
                for (sum, colour) in colours.iter_mut().zip([red, green, blue]) {
                    *sum += u64::from(*colour) * weight;
                }
                opacities += weight;
            }
        }
        let colour = |sum: u64| (sum + opacities / 2).checked_div(opacities).unwrap_or(0) as u8;
        let [red, green, blue] = colours.map(colour);
        [red, green, blue, ((opacities + count / 2) / count) as u8]
    }

    /// Whether nothing shines through.
    pub fn is_opaque(&self) -> bool {
        self.pixels.iter().all(|[.., opacity]| *opacity == 255)
    }

    /// Three samples to a pixel.
    pub fn rgb(&self) -> Vec<u8> {
        self.pixels.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect()
    }

    /// Four samples to a pixel.
    pub fn rgba(&self) -> Vec<u8> {
        self.pixels.as_flattened().to_vec()
    }
}

/// Which of `from` pixels the one at `at` of `to` stands for; at least one.
fn span(at: u32, to: u32, from: u32) -> (usize, usize) {
    let edge = |at: u32| (u64::from(at) * u64::from(from) / u64::from(to)) as usize;
    (edge(at), edge(at + 1).max(edge(at) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_fitted_in_its_proportions_and_never_made_larger() {
        let picture = |width, height| Bitmap { width, height, pixels: vec![[1, 2, 3, 255]; (width * height) as usize] };
        let size = |picture: Bitmap| (picture.width, picture.height, picture.pixels.len());
        assert_eq!(size(picture(400, 300).fitted(100)), (100, 75, 7_500));
        assert_eq!(size(picture(3, 999).fitted(100)), (1, 100, 100));
        assert_eq!(picture(40, 30).fitted(100), picture(40, 30));
        assert_eq!(picture(400, 300).fitted(100).pixels[7], [1, 2, 3, 255]);
    }

    #[test]
    fn hidden_colours_do_not_shine_through() {
        let pixels = vec![[255, 0, 0, 255], [0, 255, 0, 0], [255, 0, 0, 255], [0, 255, 0, 0]];
        let picture = Bitmap { width: 2, height: 2, pixels }.fitted(1);
        assert_eq!(picture.pixels, [[255, 0, 0, 128]]);
        assert!(!picture.is_opaque());
    }

    #[test]
    fn samples_must_fill_the_picture() {
        assert_eq!(Bitmap::of_samples(2, 1, &[9, 8]).unwrap().pixels, [[9, 9, 9, 255], [8, 8, 8, 255]]);
        assert_eq!(Bitmap::of_samples(1, 1, &[1, 2]).unwrap().pixels, [[1, 1, 1, 2]]);
        for samples in [&[][..], &[1], &[0; 10], &[0; 7]] {
            assert_eq!(Bitmap::of_samples(2, 1, samples), Err(PictureError::Damaged), "{samples:?}");
        }
    }
}
