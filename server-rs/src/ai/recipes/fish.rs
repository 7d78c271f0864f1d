//! The creation agent of the game of fish: a reply to the author's wish, with a ladder to accept.

use serde::Deserialize;
use serde_json::json;
use worldloom_client::{AiTaskStage, BigFishAgentReply, BigFishLevel};

use super::world::attach;
use super::{NotTaken, parsed, partial_reply};
use crate::ai::prompts::Prompts;
use crate::ai::provider::Prompt;
use crate::ai::worker::{Ended, Job};
use crate::node_client::sdk_uuid;

/// Longest reply that is kept of an answer that broke off; the module takes no more.
const BROKEN_REPLY_BYTES_MAX: usize = 8_000;

/// The request of a reply.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The creation session.
    session_id: uuid::Uuid,
    /// What the author has said in it.
    wish: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    reply: String,
    levels: Vec<Level>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    species_key: String,
    name: String,
    description: String,
    size_milli: u32,
    speed_milli: u32,
}

pub async fn prompt(job: &Job, prompts: &Prompts) -> Result<Prompt, Ended> {
    let Request { wish, .. } = super::request(job)?;
    Ok(prompts.fill("big-fish/reply.v1", json!({ "wish": wish }))?)
}

/// Says what the model says, with its ladder. The module holds the ladder against the rules of the game.
pub async fn store(job: &Job, stage: &AiTaskStage, prompt: &Prompt, answer: &str) -> Result<(), NotTaken> {
    let Answer { reply, levels } = parsed(prompt, answer)?;
    let text = if reply.trim().is_empty() { "Here is a ladder.".to_owned() } else { reply };
    let levels = levels.into_iter().map(|Level { species_key, name, description, size_milli, speed_milli }| {
        BigFishLevel { species_key, name, description, size_milli, speed_milli }
    });
    let message = say(job, stage, text, false, Some(levels.collect())).await?;
    attach(job, stage, "big_fish_agent_message", message).await?;
    attach(job, stage, "prompt", prompt.template.replace('/', ".")).await
}

/// Keeps what had arrived of a reply in the session.
pub async fn keep_broken(job: &Job, stage: &AiTaskStage, answer: &str) {
    let Some(reply) = partial_reply(answer, BROKEN_REPLY_BYTES_MAX) else { return };
    if let Err(reason) = say(job, stage, reply, true, None).await {
        tracing::warn!(task = %job.task.task_id, ?reason, "A reply that broke off could not be kept");
    }
}

async fn say(
    job: &Job,
    stage: &AiTaskStage,
    text: String,
    is_interrupted: bool,
    proposed_levels: Option<Vec<BigFishLevel>>,
) -> Result<String, NotTaken> {
    let Request { session_id, .. } = super::request(job)?;
    let round = if is_interrupted { "broken" } else { "whole" };
    let reply = BigFishAgentReply {
        session_id: sdk_uuid(session_id),
        idempotency_key: format!("{}.{}.{}.{round}", job.task.task_id, stage.position, stage.attempt),
        text,
        is_interrupted,
        proposed_levels,
    };
    let said = job.insist(|| job.node().say_as_fish_agent(job.task.owner, reply.clone())).await;
    Ok(said.map_err(super::refused_or_unfit)?.message_id.to_string())
}
