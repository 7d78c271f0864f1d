//! The offline provider: templates, filled in and sent piece by piece. **It is not a model.** It understands
//! nothing, and the same prompt has the same answer always; with it, the whole product runs without a key.

use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::{AnswerStream, Delta, Prompt, Provider, ProviderError, Tokens, estimated_tokens};
use crate::ai::config::OfflineConfig;
use crate::ai::prompts;

/// The provider.
pub struct Offline {
    pause: Duration,
}

impl Offline {
    /// A provider of this pace.
    pub fn new(config: &OfflineConfig) -> Self {
        let pause = match config.pieces_per_second {
            0 => Duration::ZERO,
            pieces => Duration::from_secs(1) / pieces,
        };
        Self { pause }
    }
}

impl Provider for Offline {
    fn name(&self) -> &str {
        "offline"
    }

    fn answer(&self, prompt: &Prompt) -> AnswerStream {
        let text = match prompts::offline_answer(&prompt.template, &prompt.variables) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, template = prompt.template, "The offline provider cannot answer");
                let refused = ProviderError::Refused("the offline provider has no template for it".into());
                return stream::iter([Err(refused)]).boxed();
            }
        };
        let asked: usize = prompt.messages.iter().map(|message| message.text.len()).sum();
        let usage = Tokens { input: estimated_tokens(asked), output: estimated_tokens(text.len()) };
        let pieces = words(&text).into_iter().map(Delta::Text).chain([Delta::Usage(usage)]);
        paced(pieces.collect(), self.pause)
    }
}

/// A text in pieces of a word and the blanks after it.
fn words(text: &str) -> Vec<String> {
    text.split_inclusive(char::is_whitespace).map(str::to_owned).collect()
}

/// Sends a piece each time, by a clock that does not drift.
fn paced(pieces: Vec<Delta>, pause: Duration) -> AnswerStream {
    if pause.is_zero() {
        return stream::iter(pieces).map(Ok).boxed();
    }
    let state = (pieces.into_iter(), Instant::now());
    let paced = stream::unfold(state, move |(mut pieces, due)| async move {
        let piece = pieces.next()?;
        sleep_until(due).await;
        Some((Ok(piece), (pieces, due + pause)))
    });
    paced.boxed()
}
