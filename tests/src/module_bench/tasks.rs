//! Generation tasks: asked for by the guest, worked on by the Service.

use anyhow::Context;
use spacetimedb_lib::Uuid;
use worldloom_client::{
    AiFailureOutlook, AiResultAttachment, AiResultReference, AiStageCompletion, AiStagePlan, AiStageStart, AiTask,
    AiTaskCompletion, AiTaskCreation, AiTaskFailure, AiTaskLeaseRequest, AiTaskSnapshot, AiTaskStage, AiTaskStart,
    AiTextChunk, AiTextChunkAppend, AiTextChunkBatch, AiTextChunkListing, AiTextChunkOutcome, AiTokenAccount,
    AiTokenUsage, AiUsageReport,
};

use super::guest::{Arguments, Guest, key, nothing, own, plain};
use super::step::{Step, asks, serves};

const USAGE: AiTokenUsage = AiTokenUsage { input_tokens: 100, output_tokens: 7 };
const LEASE_SECONDS: u32 = 600;

/// A task that is done, one that is cancelled, and one from the queue, which fails.
pub const STEPS: &[Step] = &[
    asks::<AiTaskSnapshot>("create_ai_task_and_return", |_| own(creation("cancelled", "bench"))),
    asks::<AiTaskSnapshot>("cancel_ai_task_and_return", task),
    // Of the kind of which tasks wait in a seeded database.
    asks::<AiTaskSnapshot>("create_ai_task_and_return", |_| own(creation("queued", "seeded"))).unmeasured(),
    serves::<Option<AiTaskSnapshot>>("lease_next_ai_task_and_return", |guest| {
        let kinds = vec!["seeded".to_owned()];
        plain(AiTaskLeaseRequest { kinds, lease_token: token(guest, "next"), lease_seconds: LEASE_SECONDS })
    }),
    serves::<AiTaskSnapshot>("fail_ai_task_and_return", |guest| {
        let leased = guest.last::<Option<AiTaskSnapshot>>()?.as_ref().context("no task waits")?;
        plain(AiTaskFailure {
            task_id: leased.task.task_id,
            lease_token: token(guest, "next"),
            error: "The model was busy.".to_owned(),
            outlook: AiFailureOutlook::Final,
            usage: USAGE,
        })
    }),
    // The guest's own task, found again under its key, still waits if it was not the oldest. Who closes the account is to
    // have none open.
    asks::<AiTaskSnapshot>("create_ai_task_and_return", |_| own(creation("queued", "seeded"))).unmeasured(),
    asks::<AiTaskSnapshot>("cancel_ai_task_and_return", task).refused_or_not(),
    asks::<AiTaskSnapshot>("create_ai_task_and_return", |_| own(creation("done", "bench"))).unmeasured(),
    serves::<AiTaskSnapshot>("start_ai_task_and_return", |guest| plain(lease(guest)?)),
    serves::<AiTask>("renew_ai_task_lease_and_return", |guest| plain(lease(guest)?)),
    serves::<AiTaskStage>("start_ai_task_stage_and_return", |guest| {
        plain(AiStageStart { task_id: id(guest)?, lease_token: token(guest, "own"), position: 0 })
    }),
    serves::<AiTextChunk>("append_ai_text_chunk_and_return", |guest| plain(append(guest, 1)?)),
    serves::<Vec<AiTextChunkOutcome>>("append_ai_text_chunks_and_return", |guest| {
        plain(AiTextChunkBatch { appends: vec![append(guest, 2)?, append(guest, 3)?] })
    }),
    asks::<Vec<AiTextChunk>>("list_ai_task_chunks_and_return", |guest| {
        own(AiTextChunkListing { task_id: id(guest)?, position: 0, attempt: 1, after_sequence: 0, limit: 20 })
    }),
    serves::<AiResultReference>("attach_ai_result_reference_and_return", |guest| {
        plain(AiResultAttachment {
            task_id: id(guest)?,
            lease_token: token(guest, "own"),
            position: Some(0),
            result_kind: "asset_object".to_owned(),
            result_id: "a".to_owned(),
        })
    }),
    serves::<AiTaskStage>("complete_ai_stage_and_return", |guest| {
        let (task_id, lease_token) = (id(guest)?, token(guest, "own"));
        plain(AiStageCompletion { task_id, lease_token, position: 0, usage: USAGE })
    }),
    serves::<AiTaskSnapshot>("complete_ai_task_and_return", |guest| {
        plain(AiTaskCompletion { task_id: id(guest)?, lease_token: token(guest, "own"), usage: USAGE })
    }),
    serves::<AiTokenAccount>("book_ai_token_usage_and_return", |guest| {
        let (task_id, lease_token) = (id(guest)?, token(guest, "own"));
        plain(AiUsageReport { task_id, owner: guest.identity, lease_token, usage: USAGE })
    }),
    asks::<AiTokenAccount>("read_ai_token_account_and_return", nothing),
    serves::<AiTokenAccount>("set_ai_token_quota_and_return", |guest| plain((guest.identity, Some(1_000_000_u64)))),
    asks::<AiTaskSnapshot>("read_ai_task_and_return", task),
    asks::<AiTaskSnapshot>("forget_ai_task_and_return", task),
];

fn creation(name: &str, kind: &str) -> AiTaskCreation {
    AiTaskCreation {
        idempotency_key: key(name),
        kind: kind.to_owned(),
        request: "{\"theme\": \"a mill\"}".to_owned(),
        stages: vec![AiStagePlan { key: "outline".to_owned(), title: "Outline".to_owned() }],
        attempts_max: 1,
    }
}

fn append(guest: &Guest, sequence: u32) -> anyhow::Result<AiTextChunkAppend> {
    Ok(AiTextChunkAppend {
        task_id: id(guest)?,
        lease_token: token(guest, "own"),
        position: 0,
        attempt: 1,
        sequence,
        text: "Once upon a time.".to_owned(),
    })
}

fn id(guest: &Guest) -> anyhow::Result<Uuid> {
    Ok(guest.last::<AiTaskSnapshot>()?.task.task_id)
}

fn task(guest: &Guest) -> Arguments {
    own(id(guest)?)
}

/// A lease's token, which no other lease of the Service has.
fn token(guest: &Guest, name: &str) -> String {
    format!("{name}-{}", &guest.identity.to_hex().as_str()[..32])
}

fn lease(guest: &Guest) -> anyhow::Result<AiTaskStart> {
    Ok(AiTaskStart { task_id: id(guest)?, lease_token: token(guest, "own"), lease_seconds: LEASE_SECONDS })
}
