//! How each kind of task is done: what is asked in each stage, and what is done with the answer.

mod text;

use worldloom_client::AiTaskStage;

use super::prompts::{PromptError, Prompts};
use super::provider::Prompt;
use super::worker::{Ended, Job};

/// Stands in a stage's text between an answer that could not be used and the one that repairs it.
pub const REPAIR_MARK: &str = "\n---\n";

/// The kinds of tasks that are worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// Any text: one part for each stage.
    Text,
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
    pub const ALL: [Recipe; 1] = [Recipe::Text];

    /// Its kind, as tasks name it.
    pub const fn kind(self) -> &'static str {
        match self {
            Recipe::Text => "text",
        }
    }

    /// The recipe for tasks of this kind.
    pub fn of_kind(kind: &str) -> Option<Recipe> {
        Recipe::ALL.into_iter().find(|recipe| recipe.kind() == kind)
    }

    /// What is asked in a stage.
    pub async fn prompt(self, job: &Job, prompts: &Prompts, stage: &AiTaskStage) -> Result<Prompt, Ended> {
        match self {
            Recipe::Text => text::prompt(job, prompts, stage).await,
        }
    }

    /// Holds an answer against what was asked for, and stores what came of it. May be done twice for one answer.
    pub async fn store(self, _job: &Job, _stage: &AiTaskStage, _prompt: &Prompt, _answer: &str) -> Result<(), NotTaken> {
        match self {
            // The text is what was asked for.
            Recipe::Text => Ok(()),
        }
    }

    /// Keeps what had arrived of an answer that broke off where its reader looks for it, if that is not the text.
    pub async fn keep_broken(self, _job: &Job, _stage: &AiTaskStage, _answer: &str) {
        match self {
            Recipe::Text => {}
        }
    }
}
