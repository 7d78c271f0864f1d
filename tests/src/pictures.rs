//! Real pictures, made on the spot.

use jpeg_encoder::{ColorType, Encoder};

const WIDTH: u16 = 160;
const HEIGHT: u16 = 120;

/// A JPEG of several kilobytes; each seed gives another one.
pub fn picture(seed: u32) -> anyhow::Result<Vec<u8>> {
    let mut noise = seed;
    let mut pixels = Vec::with_capacity(usize::from(WIDTH) * usize::from(HEIGHT) * 3);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            // The constants of a common linear congruential generator: noise that repeats with its seed.
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [grain, ..] = noise.to_be_bytes();
            pixels.extend([x as u8, grain, y as u8]);
        }
    }
    let mut file = Vec::new();
    Encoder::new(&mut file, 80).encode(&pixels, WIDTH, HEIGHT, ColorType::Rgb)?;
    Ok(file)
}
