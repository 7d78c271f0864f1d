//! Reading a task while it is written.

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use spacetimedb_sdk::Table;
use worldloom_client::{AiTaskStatus, MyAiTasksTableAccess, MyAiTextChunksTableAccess};
use worldloom_tests::{Outcome, Player};

use crate::world::{Reader, World, ask_for_text, body, end_of, text_of};

#[tokio::test(flavor = "multi_thread")]
async fn an_sdk_subscriber_and_a_stream_read_the_same_text() -> Outcome {
    let world = World::start().await?;
    let player = Player::join(&world.database).await?;
    let task_id = ask_for_text(&world.facade.client, &player.account, "A lullaby for a lighthouse.").await?;
    let events = Reader::open(&world.facade.client, &player.account, &task_id, None).await?.rest().await?;
    ensure!(end_of(&events)?["status"] == "completed", "{events:?}");
    let text = text_of(&events, 0, 1)?;
    ensure!(text.split_whitespace().count() > 100, "a short text: {text}");
    let streamed = events.iter().filter(|event| event.name == "text").count();
    ensure!(streamed > 5, "the text came in {streamed} pieces");

    player
        .sees("the completed task", |rows| {
            rows.my_ai_tasks().iter().find(|task| task.status == AiTaskStatus::Completed && task.output_tokens > 0)
        })
        .await?;
    let mut chunks: Vec<_> = player.rows().my_ai_text_chunks().iter().collect();
    chunks.sort_by_key(|chunk| chunk.sequence);
    let seen: String = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
    ensure!(seen == text, "two texts: {seen:?} and {text:?}");

    // Whoever comes after the end reads it as well.
    let later = Reader::open(&world.facade.client, &player.account, &task_id, None).await?.rest().await?;
    ensure!(text_of(&later, 0, 1)? == text && end_of(&later)?["status"] == "completed", "{later:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_after_the_last_event_that_was_seen() -> Outcome {
    let world = World::start().await?;
    let player = world.node.account().await?;
    let task_id = ask_for_text(&world.facade.client, &player, "A ballad of the tides.").await?;
    let mut first = Reader::open(&world.facade.client, &player, &task_id, None).await?;
    let mut text = String::new();
    let mut last_id = String::new();
    for _ in 0..3 {
        let (id, piece) = first.next_text().await?;
        text.push_str(&piece);
        last_id = id;
    }
    drop(first);
    let rest = Reader::open(&world.facade.client, &player, &task_id, Some(&last_id)).await?.rest().await?;
    text.push_str(&text_of(&rest, 0, 1)?);
    let whole = Reader::open(&world.facade.client, &player, &task_id, None).await?.rest().await?;
    ensure!(text == text_of(&whole, 0, 1)?, "lost or doubled: {text:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_reads_a_task() -> Outcome {
    let world = World::start().await?;
    let (player, stranger) = (world.node.account().await?, world.node.account().await?);
    let moderator = world.node.account().await?;
    world.database.grant(&moderator, "moderator").await?;
    let task_id = ask_for_text(&world.facade.client, &player, "A secret.").await?;
    for (method, path) in [
        (Method::GET, format!("/ai/tasks/{task_id}")),
        (Method::GET, format!("/ai/tasks/{task_id}/events")),
        (Method::DELETE, format!("/ai/tasks/{task_id}")),
    ] {
        for other in [&stranger, &moderator] {
            let answer = world.facade.client.request(method.clone(), &path, Some(other)).send().await?;
            let problem = body(answer, StatusCode::NOT_FOUND).await?;
            ensure!(problem["code"] == "not_found", "{problem}");
        }
        let answer = world.facade.client.request(method, &path, None).send().await?;
        body(answer, StatusCode::UNAUTHORIZED).await?;
    }
    let path = format!("/ai/tasks/{task_id}/events");
    let request = world.facade.client.request(Method::GET, &path, Some(&player)).header("last-event-id", "x");
    let problem = body(request.send().await?, StatusCode::UNPROCESSABLE_ENTITY).await?;
    ensure!(problem["field"] == "last-event-id", "{problem}");
    Ok(())
}
