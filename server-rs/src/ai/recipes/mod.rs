//! How each kind of task is done: what is asked in each stage, and what is done with the answer.

mod draft;
mod fish;
mod text;
mod world;

use serde::de::DeserializeOwned;
use worldloom_client::{AiTaskStage, DomainErrorCode};

use super::prompts::{PromptError, Prompts};
use super::provider::Prompt;
use super::schema;
use super::worker::{Ended, Job};
use crate::node_client::CallError;

/// Stands in a stage's text between an answer that could not be used and the one that repairs it.
pub const REPAIR_MARK: &str = "\n---\n";
/// The longest escape in a JSON string: two surrogates, for one character.
const ESCAPE_BYTES_MAX: usize = 12;

/// The kinds of tasks that are worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// Any text: one part for each stage.
    Text,
    /// A world, stage by stage.
    WorldCreation,
    /// A reply of the agent in a conversation about a world.
    WorldAgent,
    /// A reply of the agent that helps to make a game of fish.
    BigFishAgent,
}

/// Why an answer was not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// It is not what was asked for; the problems are for the model.
    Unfit(Vec<String>),
    /// It could not be stored, or the task is no longer this worker's.
    Ended(Ended),
}

impl<E: Into<Ended>> From<E> for NotTaken {
    fn from(error: E) -> Self {
        Self::Ended(error.into())
    }
}

impl From<PromptError> for Ended {
    fn from(error: PromptError) -> Self {
        tracing::error!(%error, "A prompt cannot be used");
        Self::for_good("The service has no usable prompt for this.")
    }
}

impl Recipe {
    /// All of them.
    pub const ALL: [Recipe; 4] = [Recipe::Text, Recipe::WorldCreation, Recipe::WorldAgent, Recipe::BigFishAgent];

    /// Its kind, as tasks name it.
    pub const fn kind(self) -> &'static str {
        match self {
            Recipe::Text => "text",
            Recipe::WorldCreation => "world-creation",
            Recipe::WorldAgent => "world-agent",
            Recipe::BigFishAgent => "big-fish-agent",
        }
    }

    /// The recipe for tasks of this kind.
    pub fn of_kind(kind: &str) -> Option<Recipe> {
        Recipe::ALL.into_iter().find(|recipe| recipe.kind() == kind)
    }

    /// The keys of its stages, for requests that leave them out.
    pub const fn stages(self) -> &'static [&'static str] {
        match self {
            Recipe::Text => &["text"],
            Recipe::WorldCreation => &world::CREATION_STAGES,
            Recipe::WorldAgent | Recipe::BigFishAgent => &["reply"],
        }
    }

    /// What is asked in a stage.
    pub async fn prompt(self, job: &Job, prompts: &Prompts, stage: &AiTaskStage) -> Result<Prompt, Ended> {
        match self {
            Recipe::Text => text::prompt(job, prompts, stage).await,
            Recipe::WorldCreation => world::creation_prompt(job, prompts, stage).await,
            Recipe::WorldAgent => world::reply_prompt(job, prompts, stage).await,
            Recipe::BigFishAgent => fish::prompt(job, prompts).await,
        }
    }

    /// Holds an answer against what was asked for, and stores what came of it. May be done twice for one answer.
    pub async fn store(self, job: &Job, stage: &AiTaskStage, prompt: &Prompt, answer: &str) -> Result<(), NotTaken> {
        match self {
            // The text is what was asked for.
            Recipe::Text => Ok(()),
            Recipe::WorldCreation | Recipe::WorldAgent => world::store(job, stage, prompt, answer).await,
            Recipe::BigFishAgent => fish::store(job, stage, prompt, answer).await,
        }
    }

    /// Keeps what had arrived of an answer that broke off where its reader looks for it, if that is not the text.
    pub async fn keep_broken(self, job: &Job, stage: &AiTaskStage, answer: &str) {
        match self {
            Recipe::Text => {}
            Recipe::WorldCreation | Recipe::WorldAgent => world::keep_broken(job, stage, answer).await,
            Recipe::BigFishAgent => fish::keep_broken(job, stage, answer).await,
        }
    }
}

/// A task's request, which its owner wrote.
fn request<T: DeserializeOwned>(job: &Job) -> Result<T, Ended> {
    serde_json::from_str(&job.task.request)
        .map_err(|error| Ended::for_good(format!("The request of the task cannot be read: {error}. See docs/ai.md.")))
}

/// An answer that is to be JSON, held against its schema.
fn parsed<T: DeserializeOwned>(prompt: &Prompt, answer: &str) -> Result<T, NotTaken> {
    let unfit = |problem: String| NotTaken::Unfit(vec![problem]);
    let json = schema::json_in(answer).map_err(unfit)?;
    let problems = prompt.schema.as_ref().map(|schema| schema::problems(schema, &json)).unwrap_or_default();
    if !problems.is_empty() {
        return Err(NotTaken::Unfit(problems));
    }
    serde_json::from_value(json).map_err(|error| unfit(error.to_string()))
}

/// A refusal of something other than the task itself: it says what the owner has to change.
fn refused(error: CallError) -> Ended {
    match error {
        CallError::Refused(refusal) => Ended::for_good(refusal.message),
        error => Ended::passing(error.to_string()),
    }
}

/// A refusal of what the model suggested, which it may repair, or of something else.
fn refused_or_unfit(error: CallError) -> NotTaken {
    match error {
        CallError::Refused(refusal)
            if matches!(refusal.code, DomainErrorCode::InvalidArgument(_) | DomainErrorCode::LimitExceeded(_)) =>
        {
            NotTaken::Unfit(vec![refusal.message])
        }
        error => NotTaken::Ended(refused(error)),
    }
}

/// As much of the member `reply`, which comes first, as there is in an answer that broke off and as may be kept.
fn partial_reply(answer: &str, bytes_max: usize) -> Option<String> {
    let (_, rest) = answer.rsplit(REPAIR_MARK).next()?.split_once("\"reply\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let end = end_of_string(rest);
    // An escape may be cut in two, so less and less is tried.
    let cuts = (end.saturating_sub(ESCAPE_BYTES_MAX - 1)..=end).rev().filter(|cut| rest.is_char_boundary(*cut));
    let mut reply: String =
        cuts.map(|cut| format!("\"{}\"", &rest[..cut])).find_map(|text| serde_json::from_str(&text).ok())?;
    reply.truncate(reply.floor_char_boundary(bytes_max));
    (!reply.trim().is_empty()).then_some(reply)
}

/// Where a JSON string ends whose opening quote has been read: at its closing quote, or with the text.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: Option<&str>) {
        assert_eq!(partial_reply(answer, 20).as_deref(), expected, "{answer}");
    }

    #[test]
    fn a_reply_that_broke_off_is_kept_as_far_as_it_came() {
        check("{\"reply\": \"Once upon", Some("Once upon"));
        check("{ \"reply\" : \"Said: \\\"no", Some("Said: \"no"));
        check("{\"reply\":\"Tab\\", Some("Tab"));
        check("{\"reply\":\"\\u00e4\\ud83", Some("ä"));
        check("{\"reply\":\"Hi \\ud83d", Some("Hi "));
        check("{\"reply\":\"Hi \\ud83d\\ude0", Some("Hi "));
        check("{\"reply\":\"Hi \\ud83d\\ude00", Some("Hi 😀"));
        check("{\"reply\":\"whole\", \"setting\": {\"ti", Some("whole"));
        check("{\"reply\":\"first\"}\n---\n{\"reply\":\"seco", Some("seco"));
        check("{\"reply\":\"nineteen bytes and ä and more", Some("nineteen bytes and "));
    }

    #[test]
    fn what_has_no_reply_has_none_to_keep() {
        for answer in ["", "{", "{\"rep", "{\"reply\"", "{\"reply\": \"", "{\"reply\": \"  "] {
            check(answer, None);
        }
    }
}
