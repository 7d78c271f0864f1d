//! What the facade's offline provider writes, told once more (`server-rs/src/ai/prompts.rs` and
//! `server-rs/prompts/text/write.v1.offline`): the same for the same request, so that each word can be expected.

use sha2::{Digest, Sha256};

use super::texts::Wish;

/// The one stage of a text, which gives it its title.
const TITLE: &str = "text";
/// Words in a sentence.
const SENTENCE: u32 = 12;
const WORDS: [&str; 24] = [
    "river",
    "lantern",
    "the",
    "old",
    "keeps",
    "a",
    "quiet",
    "promise",
    "under",
    "stone",
    "and",
    "wind",
    "tells",
    "of",
    "distant",
    "harbours",
    "where",
    "nobody",
    "sleeps",
    "until",
    "bells",
    "answer",
    "every",
    "traveller",
];

/// The text for a wish.
pub fn offline_text(wish: &Wish) -> String {
    let mut text = format!("{TITLE}. ");
    let mut state = number_of(&format!("{TITLE}{}", wish.key));
    for index in 1..=wish.words {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 33) as usize % WORDS.len()]);
        text.push_str(if index % SENTENCE == 0 || index == wish.words { ". " } else { " " });
    }
    format!("{}\n", text.trim_end())
}

fn number_of(seed: &str) -> u64 {
    Sha256::digest(seed).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
