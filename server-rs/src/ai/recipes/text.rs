//! Any text. The request is the player's wish as it is, or JSON with it and a length.

use serde::Deserialize;
use serde_json::json;
use worldloom_client::AiTaskStage;

use crate::ai::prompts::Prompts;
use crate::ai::provider::Prompt;
use crate::ai::worker::{Ended, Job};

/// How many words the offline provider writes unless the request says it.
const WORDS: u32 = 120;
const WORDS_MAX: u32 = 20_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    prompt: String,
    #[serde(default = "words")]
    words: u32,
}

fn words() -> u32 {
    WORDS
}

pub async fn prompt(job: &Job, prompts: &Prompts, stage: &AiTaskStage) -> Result<Prompt, Ended> {
    let request = serde_json::from_str::<Request>(&job.task.request)
        .unwrap_or_else(|_| Request { prompt: job.task.request.clone(), words: WORDS });
    let mut earlier = Vec::new();
    for position in 0..stage.position {
        earlier.push(job.text_of(position).await?);
    }
    let variables = json!({
        "request": request.prompt,
        "length": request.words.min(WORDS_MAX),
        "stage_title": stage.title,
        "earlier": earlier.join("\n\n"),
    });
    Ok(prompts.fill("text/write.v1", variables)?)
}
