//! Prompt files: what models read, what their answers must look like, and what the offline provider says.
//!
//! Each prompt has a name and a version, `world-creation/setting.v1`, and up to three files: `.prompt` with what
//! models read, `.schema.json` for an answer that is JSON, and `.offline` with the offline provider's answer. A
//! changed prompt is a new version, so that a result can be traced to what was asked. They are templates in
//! Jinja's syntax, built into the program; an operator's folder can replace each file.

use std::path::Path;
use std::sync::Arc;

use minijinja::{Environment, Value as Filled};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::provider::{Message, Prompt, Role};
use super::schema;

/// Parts a prompt's messages from each other.
const SYSTEM_MARK: &str = "=== system\n";
const USER_MARK: &str = "=== user\n";

macro_rules! built_in {
    ($($file:literal),+ $(,)?) => {
        /// The files that are built in.
        const BUILT_IN: &[(&str, &str)] = &[$(($file, include_str!(concat!("../../prompts/", $file)))),+];
    };
}

built_in![
    "big-fish/reply.v1.offline",
    "big-fish/reply.v1.prompt",
    "big-fish/reply.v1.schema.json",
    "text/write.v1.offline",
    "text/write.v1.prompt",
    "world-agent/reply.v1.offline",
    "world-agent/reply.v1.prompt",
    "world-agent/reply.v1.schema.json",
    "world-creation/assets.v1.offline",
    "world-creation/assets.v1.prompt",
    "world-creation/assets.v1.schema.json",
    "world-creation/chapters.v1.offline",
    "world-creation/chapters.v1.prompt",
    "world-creation/chapters.v1.schema.json",
    "world-creation/characters.v1.offline",
    "world-creation/characters.v1.prompt",
    "world-creation/characters.v1.schema.json",
    "world-creation/setting.v1.offline",
    "world-creation/setting.v1.prompt",
    "world-creation/setting.v1.schema.json",
];

/// Why a prompt cannot be used. The text names the file.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A file of the operator's cannot be read.
    #[error("{file}: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        cause: std::io::Error,
    },
    /// There is no such prompt.
    #[error("there is no prompt {0}")]
    Unknown(String),
    /// It is no template, or cannot be filled in.
    #[error("{file}: {cause}")]
    Template {
        /// The file.
        file: String,
        /// Why.
        cause: Box<minijinja::Error>,
    },
    /// It has no messages in it.
    #[error("{0}: begin each message with a line \"=== system\" or \"=== user\"")]
    NoMessages(String),
    /// The schema cannot be used.
    #[error("{file}: {cause}")]
    Schema {
        /// The file.
        file: String,
        /// Why.
        cause: String,
    },
}

/// The prompt files. Clones share them.
#[derive(Clone)]
pub struct Prompts {
    templates: Arc<Environment<'static>>,
    schemas: Arc<std::collections::BTreeMap<String, Value>>,
}

impl Prompts {
    /// Those built in, each replaced by the file of the same name in `folder`, if that is not empty.
    pub fn load(folder: &Path) -> Result<Self, PromptError> {
        let mut templates = environment();
        let mut schemas = std::collections::BTreeMap::new();
        for (file, built_in) in BUILT_IN {
            let text = replaced(folder, file)?.unwrap_or_else(|| (*built_in).to_owned());
            if let Some(name) = file.strip_suffix(".schema.json") {
                let invalid = |cause: String| PromptError::Schema { file: (*file).to_owned(), cause };
                let schema = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
                schema::check_schema(&schema).map_err(invalid)?;
                schemas.insert(name.to_owned(), schema);
            } else {
                templates.add_template_owned(*file, text).map_err(|cause| template_error(file, cause))?;
            }
        }
        Ok(Self { templates: Arc::new(templates), schemas: Arc::new(schemas) })
    }

    /// The prompt `name`, such as `world-creation/setting.v1`, filled in.
    pub fn fill(&self, name: &str, variables: Value) -> Result<Prompt, PromptError> {
        let file = format!("{name}.prompt");
        let template = self.templates.get_template(&file).map_err(|_| PromptError::Unknown(name.to_owned()))?;
        let schema = self.schemas.get(name).cloned();
        let filled =
            template.render(Filled::from_serialize(&variables)).map_err(|cause| template_error(&file, cause))?;
        let messages = messages_in(&filled);
        if messages.is_empty() {
            return Err(PromptError::NoMessages(file));
        }
        Ok(Prompt { template: name.to_owned(), variables, messages, schema })
    }
}

/// What the offline provider answers to the prompt `name`. Its answers are always those built in.
pub fn offline_answer(name: &str, variables: &Value) -> Result<String, PromptError> {
    let file = format!("{name}.offline");
    let (_, source) =
        BUILT_IN.iter().find(|(built_in, _)| *built_in == file).ok_or_else(|| PromptError::Unknown(name.to_owned()))?;
    let rendered = environment().render_str(source, Filled::from_serialize(variables));
    rendered.map_err(|cause| template_error(&file, cause))
}

/// A player's text must not be able to begin a message of its own, so the marks are looked for at the beginnings of
/// lines, and texts are filled in with `quoted`, which indents them.
fn messages_in(filled: &str) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for line in filled.split_inclusive('\n') {
        match line {
            SYSTEM_MARK => messages.push(Message { role: Role::System, text: String::new() }),
            USER_MARK => messages.push(Message { role: Role::User, text: String::new() }),
            line => {
                if let Some(message) = messages.last_mut() {
                    message.text.push_str(line);
                }
            }
        }
    }
    messages
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_keep_trailing_newline(true);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
        .add_filter("quoted", |text: String| text.lines().map(|line| format!("    {line}\n")).collect::<String>());
    environment.add_filter("title_words", |text: String| title_words(&text));
    environment.add_function("pick", pick);
    environment.add_function("words", filler);
    environment
}

/// One of the choices: always the same for the same seed, and another for most others.
fn pick(seed: String, choices: Vec<String>) -> String {
    let index = number_of(&seed) % (choices.len().max(1) as u64);
    choices.into_iter().nth(usize::try_from(index).unwrap_or_default()).unwrap_or_default()
}

/// So many words of sentences about nothing.
fn filler(seed: String, count: usize) -> String {
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
    let mut state = number_of(&seed);
    let mut text = String::new();
    for index in 0..count {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = WORDS[(state >> 33) as usize % WORDS.len()];
        let ends = index % 12 == 11 || index + 1 == count;
        text.push_str(word);
        text.push_str(if ends { ". " } else { " " });
    }
    text.trim_end().to_owned()
}

fn number_of(seed: &str) -> u64 {
    let digest = Sha256::digest(seed.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The first words of a text, for a title.
fn title_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(6).collect();
    words.join(" ").chars().filter(|letter| !letter.is_control()).take(60).collect()
}

fn replaced(folder: &Path, file: &str) -> Result<Option<String>, PromptError> {
    if folder.as_os_str().is_empty() {
        return Ok(None);
    }
    match std::fs::read_to_string(folder.join(file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(PromptError::Unreadable { file: file.to_owned(), cause }),
    }
}

fn template_error(file: &str, cause: minijinja::Error) -> PromptError {
    PromptError::Template { file: file.to_owned(), cause: Box::new(cause) }
}
