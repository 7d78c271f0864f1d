//! Who writes text: language models, or the templates that stand in for them.
//!
//! A provider is asked once and answers with a stream. Whether to ask again, and whom, is decided in `models`,
//! for all of them alike.

mod models;
mod offline;
mod openai;

use std::time::Duration;

use futures::stream::BoxStream;
use serde_json::Value;

pub use models::{Models, Patience};
pub use offline::Offline;
pub use openai::OpenAi;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Name and version of the prompt file, such as `world-creation/setting.v1`.
    pub template: String,
    /// What was filled into it. The offline provider fills its own templates with it.
    pub variables: Value,
    /// What a model reads, in order.
    pub messages: Vec<Message>,
    /// What the answer must look like, if it is to be JSON.
    pub schema: Option<Value>,
}

/// One message to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The product, to the model.
    System,
    /// The player, or the product on the player's behalf.
    User,
    /// The model, earlier.
    Assistant,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// Text, never empty.
    Text(String),
    /// What the answer cost, if the provider says it at all. Said again, the last one counts.
    Usage(Tokens),
    /// What a request cost that brought no answer. Told of each, beside the one that is answered.
    Spent(Tokens),
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Tokens that the model read.
    pub input: u64,
    /// Tokens that the model wrote.
    pub output: u64,
}

/// Pieces in their order. The answer is whole if no error came; dropping the stream stops the provider.
pub type AnswerStream = BoxStream<'static, Result<Delta, ProviderError>>;

/// Writes text.
pub trait Provider: Send + Sync {
    /// For logs and figures.
    fn name(&self) -> &str;
    /// Begins to answer.
    fn answer(&self, prompt: &Prompt) -> AnswerStream;
}

/// Why there is no answer, or no whole one. The texts are for players: they name neither hosts nor keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It asks for less or later requests.
    #[error("The model is busy.")]
    Busy {
        /// How long it wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
    /// It cannot be reached, or fails without having begun.
    #[error("The model is not available: {0}.")]
    Unavailable(String),
    /// The answer ended before its end.
    #[error("The model's answer broke off: {0}.")]
    Broken(String),
    /// What came is no answer.
    #[error("The model sent something that is no answer: {0}.")]
    Garbage(String),
    /// It will not answer this, however often it is asked.
    #[error("The model refused the request: {0}.")]
    Refused(String),
}

impl ProviderError {
    /// Whether asking again may help.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }

    /// Label for figures.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Unavailable(_) => "unavailable",
            Self::Broken(_) => "broken",
            Self::Garbage(_) => "garbage",
            Self::Refused(_) => "refused",
        }
    }
}

/// About how many tokens a text is, for answers of which nobody said it: four bytes each.
pub fn estimated_tokens(text_bytes: usize) -> u64 {
    (text_bytes as u64).div_ceil(4)
}
