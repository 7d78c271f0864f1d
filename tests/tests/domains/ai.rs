//! Generation tasks: asked for by a player, worked on by the facades' workers, watched as they go.

use anyhow::{Context, ensure};
use spacetimedb_sdk::Uuid;
use worldloom_client::*;
use worldloom_tests::refusals::{conflict, illegal};
use worldloom_tests::{Outcome, Player, Studio, TestNode, ask, done, expect_refused, reduce, refusal};

/// The shortest lease that there is, in seconds.
const SHORT: u32 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_player_watches_its_task_being_worked_on() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (player, stranger) = (studio.player().await?, studio.player().await?);
    let worker = &studio.service;
    let task_id = asked_for(&player).await?;
    refused_to_outsiders(&player, &stranger, task_id).await?;

    let leased = lease(worker, "first", 60).await?.context("a task waits")?;
    ensure!((leased.task.task_id, leased.task.attempt) == (task_id, 1), "{leased:?}");
    ensure!(lease(worker, "first", 60).await?.as_ref() == Some(&leased), "the same token gets the same task");
    ensure!(lease(worker, "second", 60).await?.is_none(), "nothing else waits");
    player.sees("the task at work", |rows| task(rows, task_id, AiTaskStatus::Running)).await?;

    let skipped = refusal(ask!(worker, start_ai_task_stage_and_return_then(stage_start(task_id, "first", 1))))?;
    ensure!(skipped.code == conflict("completed", "pending"), "{skipped:?}");
    done(reduce!(worker, start_ai_task_stage_then(stage_start(task_id, "first", 0))))?;
    let texts = ["A mill ", "by a ", "river."];
    for (sequence, text) in (1..).zip(texts) {
        ask!(worker, append_ai_text_chunk_and_return_then(chunk(task_id, "first", 1, sequence, text)))?;
        let so_far = texts[..sequence as usize].concat();
        player.sees("the text so far", |rows| (text_of(rows, task_id, 1) == so_far).then_some(())).await?;
    }
    let repeated = ask!(worker, append_ai_text_chunk_and_return_then(chunk(task_id, "first", 1, 2, "late")))?;
    ensure!(repeated.text == "by a ", "what is stored stays: {repeated:?}");
    let gap = refusal(ask!(worker, append_ai_text_chunk_and_return_then(chunk(task_id, "first", 1, 5, "far"))))?;
    ensure!(gap.code == conflict("4", "5"), "{gap:?}");
    let rest = AiTextChunkListing { task_id, position: 0, attempt: 1, after_sequence: 1, limit: 10 };
    let rest = ask!(player, list_ai_task_chunks_and_return_then(None, rest))?;
    ensure!(rest.iter().map(|chunk| chunk.sequence).collect::<Vec<_>>() == [2, 3], "{rest:?}");

    let early = refusal(ask!(worker, complete_ai_task_and_return_then(completion(task_id, "first"))))?;
    ensure!(matches!(early.code, DomainErrorCode::Conflict(_)), "{early:?}");
    finish(worker, task_id, "first").await?;
    let completed = player.sees("the end", |rows| task(rows, task_id, AiTaskStatus::Completed)).await?;
    // Two stages of 100 and 7 tokens, and 1 and 2 for the task.
    ensure!((completed.input_tokens, completed.output_tokens) == (201, 16), "{completed:?}");
    let made = player.sees("what it made", |rows| rows.my_ai_result_references().iter().next()).await?;
    ensure!((made.task_id, made.result_kind.as_str(), made.position) == (task_id, "world", Some(1)), "{made:?}");
    let statuses = player.rows().my_ai_task_stages().iter().map(|stage| stage.status).collect::<Vec<_>>();
    ensure!(statuses == [AiStageStatus::Completed; 2], "{statuses:?}");

    expect_refused(reduce!(player, cancel_ai_task_then(task_id)), "illegal_transition")?;
    // The stranger's own task comes after everything that it could have been told before.
    let own = asked_for(&stranger).await?;
    ensure!(stranger.rows().my_ai_tasks().iter().all(|task| task.task_id == own), "a task is its player's alone");
    let others = stranger.rows().my_ai_text_chunks().count() + stranger.rows().my_ai_result_references().count();
    ensure!(others == 0 && stranger.rows().my_ai_task_stages().iter().all(|stage| stage.task_id == own));
    done(reduce!(player, forget_ai_task_then(task_id)))?;
    player.sees("nothing more of it", |rows| is_forgotten(rows).then_some(())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_takes_over_when_a_lease_has_run_out() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let player = studio.player().await?;
    let account = studio.database.account().await?;
    studio.database.grant(&account, "service").await?;
    let second = Player::join_as(&studio.database, account).await?;
    let task_id = asked_for(&player).await?;

    let first = &studio.service;
    lease(first, "lost", SHORT).await?.context("a task waits")?;
    ask!(first, start_ai_task_stage_and_return_then(stage_start(task_id, "lost", 0)))?;
    ask!(first, append_ai_text_chunk_and_return_then(chunk(task_id, "lost", 1, 1, "Half a")))?;
    ensure!(lease(&second, "early", 60).await?.is_none(), "it is in the first worker's hands");

    // From here on the first worker says nothing, and the schedule takes the task from it.
    let lost = player.sees("the task back in the queue", |rows| task(rows, task_id, AiTaskStatus::Pending)).await?;
    ensure!(lost.error.as_deref() == Some("The worker's lease ran out.") && lost.attempt == 1, "{lost:?}");
    let taken = lease(&second, "found", 60).await?.context("the task waits again")?;
    ensure!((taken.task.task_id, taken.task.attempt) == (task_id, 2), "{taken:?}");
    ensure!(taken.task.lease_owner == Some(second.identity), "{taken:?}");
    let late = refusal(ask!(first, append_ai_text_chunk_and_return_then(chunk(task_id, "lost", 1, 2, " mill."))))?;
    ensure!(late.code == conflict("the task's present one", "another one"), "{late:?}");

    let stage = ask!(second, start_ai_task_stage_and_return_then(stage_start(task_id, "found", 0)))?;
    ensure!((stage.attempt, stage.next_sequence) == (2, 1), "its text begins anew: {stage:?}");
    ask!(second, append_ai_text_chunk_and_return_then(chunk(task_id, "found", 2, 1, "A mill.")))?;
    finish(&second, task_id, "found").await?;
    player.sees("the end", |rows| task(rows, task_id, AiTaskStatus::Completed)).await?;
    let (before, after) = (text_of(player.rows(), task_id, 1), text_of(player.rows(), task_id, 2));
    ensure!((before.as_str(), after.as_str()) == ("Half a", "A mill."), "{before:?}, {after:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_task_keeps_its_text_and_stops_its_worker() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let player = studio.player().await?;
    let second_device = Player::join_as(&studio.database, player.account.clone()).await?;
    let worker = &studio.service;
    let task_id = asked_for(&player).await?;
    lease(worker, "lease", 60).await?.context("a task waits")?;
    ask!(worker, start_ai_task_stage_and_return_then(stage_start(task_id, "lease", 0)))?;
    ask!(worker, append_ai_text_chunk_and_return_then(chunk(task_id, "lease", 1, 1, "A mill")))?;

    done(reduce!(player, cancel_ai_task_then(task_id)))?;
    second_device.sees("the cancellation", |rows| task(rows, task_id, AiTaskStatus::Cancelled)).await?;
    let refused = refusal(ask!(worker, append_ai_text_chunk_and_return_then(chunk(task_id, "lease", 1, 2, " by"))))?;
    ensure!(refused.code == illegal("cancelled", "continued"), "{refused:?}");
    let again = ask!(second_device, cancel_ai_task_and_return_then(None, task_id))?;
    ensure!(again.stages.iter().all(|stage| stage.status == AiStageStatus::Cancelled), "{again:?}");
    ensure!(text_of(second_device.rows(), task_id, 1) == "A mill", "what had arrived stays");
    ensure!(lease(worker, "next", 60).await?.is_none(), "nobody works on it any more");
    Ok(())
}

/// A task of two stages, which the player sees waiting.
async fn asked_for(player: &Player) -> anyhow::Result<Uuid> {
    let stage = |key: &str| AiStagePlan { key: key.to_owned(), title: key.to_uppercase() };
    let request = AiTaskCreation {
        idempotency_key: "mill".to_owned(),
        kind: "world-outline".to_owned(),
        request: "A mill by a river.".to_owned(),
        stages: vec![stage("outline"), stage("chapters")],
        attempts_max: 2,
    };
    done(reduce!(player, create_ai_task_then(request.clone())))?;
    let waiting = player.sees("the task", |rows| rows.my_ai_tasks().iter().next()).await?;
    ensure!((waiting.status, waiting.attempt, waiting.owner) == (AiTaskStatus::Pending, 0, player.identity));
    ensure!(player.rows().my_ai_task_stages().count() == 2, "its stages come with it");
    let again = ask!(player, create_ai_task_and_return_then(None, request.clone()))?;
    ensure!(again.task == waiting, "the same request again is the same task: {again:?}");
    let other = AiTaskCreation { request: "A castle.".to_owned(), ..request };
    expect_refused(reduce!(player, create_ai_task_then(other)), "conflict")?;
    Ok(waiting.task_id)
}

/// Players do not work on tasks, and strangers do not know of them.
async fn refused_to_outsiders(player: &Player, stranger: &Player, task_id: Uuid) -> Outcome {
    expect_refused(reduce!(player, start_ai_task_then(task_start(task_id))), "forbidden")?;
    let refused = refusal(ask!(player, start_ai_task_and_return_then(task_start(task_id))))?;
    ensure!(refused.code == DomainErrorCode::Forbidden, "{refused:?}");
    expect_refused(reduce!(stranger, cancel_ai_task_then(task_id)), "not_found")?;
    let refused = refusal(ask!(stranger, read_ai_task_and_return_then(None, task_id)))?;
    ensure!(refused.code == DomainErrorCode::NotFound, "{refused:?}");
    let refused = refusal(ask!(stranger, read_ai_task_and_return_then(Some(player.identity), task_id)))?;
    ensure!(refused.code == DomainErrorCode::Forbidden, "{refused:?}");
    Ok(())
}

/// Completes what is left of a task, with a reference to what it has made.
async fn finish(worker: &Player, task_id: Uuid, token: &str) -> Outcome {
    for position in 0..2 {
        if position == 1 {
            ask!(worker, start_ai_task_stage_and_return_then(stage_start(task_id, token, position)))?;
        }
        let usage = AiTokenUsage { input_tokens: 100, output_tokens: 7 };
        let request = AiStageCompletion { task_id, lease_token: token.to_owned(), position, usage };
        ask!(worker, complete_ai_stage_and_return_then(request))?;
    }
    let attachment = AiResultAttachment {
        task_id,
        lease_token: token.to_owned(),
        position: Some(1),
        result_kind: "world".to_owned(),
        result_id: "mill".to_owned(),
    };
    let first = ask!(worker, attach_ai_result_reference_and_return_then(attachment.clone()))?;
    let again = ask!(worker, attach_ai_result_reference_and_return_then(attachment))?;
    ensure!(again == first, "attaching it again changes nothing: {again:?}");
    let completed = ask!(worker, complete_ai_task_and_return_then(completion(task_id, token)))?;
    let again = ask!(worker, complete_ai_task_and_return_then(completion(task_id, token)))?;
    ensure!(again == completed, "completing it again changes nothing: {again:?}");
    Ok(())
}

async fn lease(worker: &Player, token: &str, lease_seconds: u32) -> anyhow::Result<Option<AiTaskSnapshot>> {
    let kinds = vec!["world-outline".to_owned()];
    let request = AiTaskLeaseRequest { kinds, lease_token: token.to_owned(), lease_seconds };
    Ok(ask!(worker, lease_next_ai_task_and_return_then(request))?)
}

fn task(rows: &RemoteTables, task_id: Uuid, status: AiTaskStatus) -> Option<AiTask> {
    rows.my_ai_tasks().iter().find(|task| task.task_id == task_id && task.status == status)
}

/// The text of an attempt at the first stage, as far as the client has it, in its order.
fn text_of(rows: &RemoteTables, task_id: Uuid, attempt: u32) -> String {
    let is_of_it = |chunk: &AiTextChunk| (chunk.task_id, chunk.position, chunk.attempt) == (task_id, 0, attempt);
    let mut chunks: Vec<_> = rows.my_ai_text_chunks().iter().filter(is_of_it).collect();
    chunks.sort_by_key(|chunk| chunk.sequence);
    chunks.into_iter().map(|chunk| chunk.text).collect()
}

fn is_forgotten(rows: &RemoteTables) -> bool {
    let (tasks, stages) = (rows.my_ai_tasks().count(), rows.my_ai_task_stages().count());
    tasks + stages + rows.my_ai_text_chunks().count() + rows.my_ai_result_references().count() == 0
}

fn task_start(task_id: Uuid) -> AiTaskStart {
    AiTaskStart { task_id, lease_token: "mine".to_owned(), lease_seconds: 60 }
}

fn stage_start(task_id: Uuid, token: &str, position: u32) -> AiStageStart {
    AiStageStart { task_id, lease_token: token.to_owned(), position }
}

fn chunk(task_id: Uuid, token: &str, attempt: u32, sequence: u32, text: &str) -> AiTextChunkAppend {
    let (lease_token, text) = (token.to_owned(), text.to_owned());
    AiTextChunkAppend { task_id, lease_token, position: 0, attempt, sequence, text }
}

fn completion(task_id: Uuid, token: &str) -> AiTaskCompletion {
    let usage = AiTokenUsage { input_tokens: 1, output_tokens: 2 };
    AiTaskCompletion { task_id, lease_token: token.to_owned(), usage }
}
