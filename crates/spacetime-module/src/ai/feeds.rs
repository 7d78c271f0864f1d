//! What readers of a task are told as it happens.
//!
//! The view reads by whole keys only. The engine runs a view again when a row changes that it
//! has read by a whole key, and one that reads in any other way whenever its table changes; text
//! arrives many times a second, so here that is the difference between a cost for each reader of
//! the task and one for each reader there is.

use crate::*;

/// How many of the newest chunks a feed shows. A reader that is connected sees each chunk as the
/// transaction that appended it is done; more than one, for batches with several of one task.
const FEED_CHUNKS: u32 = 4;

/// One piece of news about a task.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTaskNews {
    /// The task.
    pub task_id: Uuid,
    /// What there is to say.
    pub news: AiNews,
}

/// What there is to say about a task.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum AiNews {
    /// How far the task has come.
    Task(AiTaskState),
    /// How far a stage of it has come.
    Stage(AiStageState),
    /// Text that has arrived.
    Text(AiTextPiece),
}

/// How far a task has come.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTaskState {
    /// How far.
    pub status: AiTaskStatus,
    /// How often a worker has begun it.
    pub attempt: u32,
    /// What went wrong last.
    pub error: Option<String>,
}

/// How far a stage has come.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiStageState {
    /// Place in the task, from 0.
    pub position: u32,
    /// What it is, such as `outline`.
    pub key: String,
    /// How far.
    pub status: AiStageStatus,
    /// How often it has been begun; each attempt has a text of its own.
    pub attempt: u32,
}

/// A chunk.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AiTextPiece {
    /// Place of the stage.
    pub position: u32,
    /// Which attempt at the stage, from 1.
    pub attempt: u32,
    /// Place in the attempt's text, from 1 without gaps.
    pub sequence: u32,
    /// The text.
    pub text: String,
}

/// How a task and its stages stand, and the newest of its text: what a reader needs who has listed
/// the chunks that there were before. For its owner and the Service; others see nothing.
#[view(accessor = ai_task_feed, public)]
pub fn ai_task_feed(ctx: &ViewContext, task_id: Uuid) -> Vec<AiTaskNews> {
    let Some(task) = ctx.db.ai_task().task_id().find(task_id) else {
        return Vec::new();
    };
    if task.owner != ctx.sender() && !is_service(ctx) {
        return Vec::new();
    }
    let mut news = vec![AiNews::Task(AiTaskState { status: task.status, attempt: task.attempt, error: task.error })];
    for position in 0u32.. {
        let Some(stage) = ctx.db.ai_task_stage().by_position().filter((task_id, position)).next() else {
            break;
        };
        newest_text(ctx, &stage, &mut news);
        let AiTaskStage { position, key, status, attempt, .. } = stage;
        news.push(AiNews::Stage(AiStageState { position, key, status, attempt }));
    }
    news.into_iter().map(|news| AiTaskNews { task_id, news }).collect()
}

/// Only of a stage that is worked on: what is done is listed by whoever wants it.
fn newest_text(ctx: &ViewContext, stage: &AiTaskStage, news: &mut Vec<AiNews>) {
    if stage.status != AiStageStatus::Running {
        return;
    }
    for sequence in stage.next_sequence.saturating_sub(FEED_CHUNKS).max(1)..stage.next_sequence {
        let place = (stage.task_id, stage.position, stage.attempt, sequence);
        if let Some(chunk) = ctx.db.ai_text_chunk().by_sequence().filter(place).next() {
            let AiTextChunk { position, attempt, sequence, text, .. } = chunk;
            news.push(AiNews::Text(AiTextPiece { position, attempt, sequence, text }));
        }
    }
}

/// Whether who looks holds the role Service.
pub(crate) fn is_service(ctx: &ViewContext) -> bool {
    let mut grants = ctx.db.access_grant().identity().filter(ctx.sender());
    grants.any(|grant| grant.role == AccessRole::Service)
}
