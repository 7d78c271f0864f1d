//! Creating a world: the stages of a creation one after the other, and the agent in a conversation about a draft.
//!
//! Whatever a model suggests is proposed, never written: the author accepts or rejects each entry.

use module_custom_world::{OPERATIONS_PER_CONVERSATION_MAX, OPERATIONS_PER_PROPOSAL_MAX};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spacetimedb_sdk::Uuid;
use worldloom_client::{
    AiResultAttachment, AiTaskStage, CustomWorldAgentMessage, CustomWorldAgentReply, CustomWorldChange,
    CustomWorldDraftCard, CustomWorldMessageEnding, CustomWorldMessageListing, CustomWorldMessageRole,
    CustomWorldOperationListing, CustomWorldProposal, CustomWorldStage, WorldEntryKind,
};

use super::draft::{Answer, broken_rule};
use super::{NotTaken, REPAIR_MARK, parsed, partial_reply, refused};
use crate::ai::prompts::Prompts;
use crate::ai::provider::Prompt;
use crate::ai::worker::{Ended, Job};
use crate::node_client::sdk_uuid;

/// The stages of a creation that a model works on, in their order.
pub const CREATION_STAGES: [&str; 4] = ["setting", "chapters", "characters", "assets"];
/// How many changes go into one proposal.
const PROPOSAL_CHANGES_MAX: usize = OPERATIONS_PER_PROPOSAL_MAX as usize;
/// How many of the newest messages the agent reads.
const MESSAGES_READ: usize = 20;
const MESSAGES_LISTED: u32 = 100;
/// Longest text of a message that is said; the module takes a little more.
const REPLY_BYTES_MAX: usize = 16_000;
const KINDS: [WorldEntryKind; 7] = [
    WorldEntryKind::Setting,
    WorldEntryKind::Chapter,
    WorldEntryKind::Character,
    WorldEntryKind::Enemy,
    WorldEntryKind::Item,
    WorldEntryKind::Quest,
    WorldEntryKind::Treasure,
];

/// The request of a creation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreationRequest {
    /// The creation.
    session_id: uuid::Uuid,
    /// The conversation in which is proposed.
    conversation_id: uuid::Uuid,
}

/// The request of a reply.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyRequest {
    /// The world that the conversation is about.
    world_id: uuid::Uuid,
    /// The conversation.
    conversation_id: uuid::Uuid,
}

/// What a stage of a creation is asked.
pub async fn creation_prompt(job: &Job, prompts: &Prompts, stage: &AiTaskStage) -> Result<Prompt, Ended> {
    let request: CreationRequest = super::request(job)?;
    let stage_of_creation = match stage.key.as_str() {
        "setting" => CustomWorldStage::Setting,
        "chapters" => CustomWorldStage::Chapters,
        "characters" => CustomWorldStage::Characters,
        "assets" => CustomWorldStage::Assets,
        other => return Err(Ended::for_good(format!("A creation has no stage \"{other}\"."))),
    };
    let author = job.task.owner;
    let detail = job.node().creation(author, sdk_uuid(request.session_id)).await.map_err(refused)?;
    let world = job.node().world(author, detail.session.world_id).await.map_err(refused)?;
    let cards = cards(job, detail.session.world_id).await?;
    let text_of = |stage| detail.stages.iter().find(|row| row.stage == stage).map(|row| row.draft.clone());
    let variables = json!({
        "title": world.title,
        "brief": text_of(CustomWorldStage::Brief).unwrap_or_default(),
        "notes": text_of(stage_of_creation).unwrap_or_default(),
        "draft": draft(job, &cards, stage).await?,
    });
    Ok(prompts.fill(&format!("world-creation/{}.v1", stage.key), variables)?)
}

/// What the agent of a conversation is asked.
pub async fn reply_prompt(job: &Job, prompts: &Prompts, stage: &AiTaskStage) -> Result<Prompt, Ended> {
    let request: ReplyRequest = super::request(job)?;
    let messages = newest_messages(job, sdk_uuid(request.conversation_id)).await?;
    if messages.is_empty() {
        return Err(Ended::for_good("There is nothing to reply to: say something in the conversation first."));
    }
    let messages: Vec<Value> = messages.into_iter().map(spoken).collect();
    let cards = cards(job, sdk_uuid(request.world_id)).await?;
    let draft = draft(job, &cards, stage).await?;
    Ok(prompts.fill("world-agent/reply.v1", json!({ "messages": messages, "draft": draft }))?)
}

/// Says what the model says, and proposes what it suggests.
pub async fn store(job: &Job, stage: &AiTaskStage, prompt: &Prompt, answer: &str) -> Result<(), NotTaken> {
    let (world_id, conversation_id) = places(job).await?;
    let text = answer;
    let answer: Answer = parsed(prompt, answer)?;
    let changes = fitting_changes(job, stage, world_id, &answer).await?;
    check_room(job, conversation_id, changes.len() as u64).await?;
    let key = idempotency_key(job, stage, text);
    let (message_key, whole) = (format!("{key}.message"), CustomWorldMessageEnding::Complete);
    let message = say(job, conversation_id, message_key, spoken_text(&answer), whole).await?;
    for (number, changes) in changes.chunks(PROPOSAL_CHANGES_MAX).enumerate() {
        let proposal = CustomWorldProposal {
            idempotency_key: format!("{key}.{number}"),
            session_id: conversation_id,
            message_id: Some(message.message_id),
            changes: changes.to_vec(),
        };
        let proposed = job.insist(|| job.node().propose(job.task.owner, proposal.clone())).await;
        // Not for the model to repair: the author would have a second reply beside this one.
        let proposed = proposed.map_err(refused)?;
        if let Some(first) = proposed.first() {
            attach(job, stage, "custom_world_proposal", first.proposal_id.to_string()).await?;
        }
    }
    attach(job, stage, "custom_world_agent_message", message.message_id.to_string()).await?;
    attach(job, stage, "prompt", prompt.template.replace('/', ".")).await
}

/// The changes that an answer proposes, held against the draft and against the module's rules: what the module would
/// refuse must be known before anything is said.
async fn fitting_changes(
    job: &Job,
    stage: &AiTaskStage,
    world_id: Uuid,
    answer: &Answer,
) -> Result<Vec<CustomWorldChange>, NotTaken> {
    let cards = cards(job, world_id).await?;
    let known = draft(job, &cards, stage).await?;
    let mut problems = answer.problems(&known);
    if stage.key == "chapters" {
        problems.extend(answer.chapter_problems());
    }
    let card_at = |kind, key: &str| cards.iter().find(|card| card.kind == kind && card.key == key);
    let changes = answer.changes(|kind, key| card_at(kind, key).map(|card| &card.entry));
    problems.extend(changes.iter().filter_map(broken_rule));
    if problems.is_empty() { Ok(changes) } else { Err(NotTaken::Unfit(problems)) }
}

/// Errors: `Unfit` unless the conversation has room for so many changes. Its operations are numbered without gaps.
async fn check_room(job: &Job, session_id: Uuid, changes: u64) -> Result<(), NotTaken> {
    let max = OPERATIONS_PER_CONVERSATION_MAX;
    let full = || NotTaken::Unfit(vec![format!("the conversation has no room for {changes} changes: propose fewer")]);
    let after_number = max.checked_sub(changes).and_then(|number| u32::try_from(number).ok()).ok_or_else(full)?;
    let listing = CustomWorldOperationListing { session_id, after_number, limit: 1 };
    let beyond = job.node().operations(job.task.owner, listing).await.map_err(refused)?;
    if beyond.is_empty() { Ok(()) } else { Err(full()) }
}

/// Keeps what had arrived of a reply in the conversation.
pub async fn keep_broken(job: &Job, stage: &AiTaskStage, answer: &str) {
    let Some(reply) = partial_reply(answer, REPLY_BYTES_MAX) else { return };
    if let Err(reason) = say_broken(job, stage, reply).await {
        tracing::warn!(task = %job.task.task_id, ?reason, "A reply that broke off could not be kept");
    }
}

async fn say_broken(job: &Job, stage: &AiTaskStage, reply: String) -> Result<(), NotTaken> {
    let (_, conversation_id) = places(job).await?;
    // The attempt's and not the answer's: the next attempt may bring the same words, and they are whole then.
    let key = format!("{}.{}.{}.broken", job.task.task_id, stage.position, stage.attempt);
    say(job, conversation_id, key, reply, CustomWorldMessageEnding::Interrupted).await.map(drop)
}

/// The world and the conversation that a task is about.
async fn places(job: &Job) -> Result<(Uuid, Uuid), Ended> {
    if let Ok(ReplyRequest { world_id, conversation_id }) = super::request(job) {
        return Ok((sdk_uuid(world_id), sdk_uuid(conversation_id)));
    }
    let CreationRequest { session_id, conversation_id } = super::request(job)?;
    let detail = job.node().creation(job.task.owner, sdk_uuid(session_id)).await.map_err(refused)?;
    Ok((detail.session.world_id, sdk_uuid(conversation_id)))
}

/// The draft of these cards as it would be if the author accepted what this task's stages have suggested so far.
async fn draft(job: &Job, cards: &[CustomWorldDraftCard], stage: &AiTaskStage) -> Result<Answer, Ended> {
    let mut draft = Answer::default();
    for card in cards {
        draft.take_up_card(card.key.clone(), card.entry.clone());
    }
    for position in 0..stage.position {
        let text = job.text_of(position).await?;
        // The last answer of a stage is the one that was taken.
        let taken = text.rsplit(REPAIR_MARK).next().unwrap_or_default();
        let earlier = crate::ai::schema::json_in(taken).ok().and_then(|json| serde_json::from_value(json).ok());
        draft.take_up(earlier.unwrap_or_default());
    }
    Ok(draft)
}

/// The cards of the draft, kind by kind.
async fn cards(job: &Job, world_id: Uuid) -> Result<Vec<CustomWorldDraftCard>, Ended> {
    let mut cards = Vec::new();
    for kind in KINDS {
        cards.extend(job.node().cards(job.task.owner, world_id, kind).await.map_err(refused)?);
    }
    Ok(cards)
}

async fn newest_messages(job: &Job, session_id: Uuid) -> Result<Vec<CustomWorldAgentMessage>, Ended> {
    let mut messages: Vec<CustomWorldAgentMessage> = Vec::new();
    loop {
        let after_number = messages.last().map_or(0, |message| message.number);
        let request = CustomWorldMessageListing { session_id, after_number, limit: MESSAGES_LISTED };
        let page = job.node().messages(job.task.owner, request).await.map_err(refused)?;
        let is_last = page.len() < MESSAGES_LISTED as usize;
        messages.extend(page);
        messages.drain(..messages.len().saturating_sub(MESSAGES_READ));
        if is_last {
            return Ok(messages);
        }
    }
}

fn spoken(message: CustomWorldAgentMessage) -> Value {
    let role = match message.role {
        CustomWorldMessageRole::Author => "author",
        CustomWorldMessageRole::Agent => "agent",
    };
    json!({ "role": role, "text": message.text })
}

async fn say(
    job: &Job,
    session_id: Uuid,
    idempotency_key: String,
    text: String,
    ending: CustomWorldMessageEnding,
) -> Result<CustomWorldAgentMessage, NotTaken> {
    let reply = CustomWorldAgentReply { idempotency_key, session_id, text, ending };
    let said = job.insist(|| job.node().say_as_agent(job.task.owner, reply.clone())).await;
    said.map_err(super::refused_or_unfit)
}

/// The reply, and the plan of pictures, for which a draft has no cards.
fn spoken_text(answer: &Answer) -> String {
    let mut text =
        if answer.reply.trim().is_empty() { "Here is a suggestion.".to_owned() } else { answer.reply.clone() };
    for asset in &answer.assets {
        let (kind, key, slot, description) = (asset.kind.word(), &asset.key, &asset.slot, &asset.description);
        text.push_str(&format!("\n- {kind} {key}, {slot}: {description}"));
    }
    text.truncate(text.floor_char_boundary(REPLY_BYTES_MAX));
    text
}

/// The same for the same answer to the same stage, so that what is stored twice is stored once.
fn idempotency_key(job: &Job, stage: &AiTaskStage, answer: &str) -> String {
    let digest = Sha256::digest(answer.as_bytes());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}.{}.{digest}", job.task.task_id, stage.position)
}

/// Notes on the task what it has made.
pub async fn attach(job: &Job, stage: &AiTaskStage, kind: &str, id: String) -> Result<(), NotTaken> {
    let attachment = AiResultAttachment {
        task_id: job.task.task_id,
        lease_token: job.lease_token(),
        position: Some(stage.position),
        result_kind: kind.to_owned(),
        result_id: id,
    };
    job.insist(|| job.node().attach_result(attachment.clone())).await?;
    Ok(())
}
