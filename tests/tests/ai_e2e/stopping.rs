//! A facade that stops and a node that is lost while a text is written.

use anyhow::ensure;
use worldloom_tests::{ModelEndpoint, Outcome, TestFacade, eventually};

use crate::world::{Event, Reader, World, ask_for, ask_for_text, end_of, text_of};

/// So long that nobody takes a task over because a lease has run out.
const LONG_LEASE: (&str, &str) = ("AI__LEASE_S", "900");

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_facade_finishes_what_it_can() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let mut world = World::start_with_model(&model).await?;
    let player = world.node.account().await?;
    let settings = [("AI__ENABLED", "false")];
    let other = TestFacade::start_with(&world.node, &world.database, &settings).await?;
    let task_id = ask_for_text(&world.facade.client, &player, "A short farewell.").await?;
    let mut reader = Reader::open(&other.client, &player, &task_id, None).await?;
    let mut exchange = model.asked().await?;
    exchange.say("Good").await?;
    ensure!(reader.next_text().await?.1 == "Good");
    world.facade.ask_to_stop()?;
    eventually("the facade to take no connections", || async {
        world.facade.client.request(reqwest::Method::GET, "/health/live", None).send().await.err()
    })
    .await?;
    exchange.say("bye.").await?;
    exchange.end().await?;
    let status = world.facade.has_stopped().await?;
    ensure!(status.success(), "{status}");
    let events = reader.rest().await?;
    ensure!(end_of(&events)?["status"] == "completed", "{events:?}");
    ensure!(text_of(&events, 0, 1)? == "bye.", "{events:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_facade_gives_back_what_it_cannot_finish_with_its_text() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let (first, second) = (model.as_provider("first"), model.as_provider("second"));
    let settings = [("AI__PROVIDERS", first.as_str()), LONG_LEASE, ("HTTP__SHUTDOWN_DEADLINE_S", "1")];
    let mut world = World::start_with(&settings).await?;
    let player = world.node.account().await?;
    let task_id = ask_for_text(&world.facade.client, &player, "A long farewell.").await?;
    let mut exchange = model.asked().await?;
    exchange.say("Once upon").await?;
    let settings = [("AI__PROVIDERS", second.as_str()), LONG_LEASE];
    let other = TestFacade::start_with(&world.node, &world.database, &settings).await?;
    let mut reader = Reader::open(&other.client, &player, &task_id, None).await?;
    ensure!(reader.next_text().await?.1 == "Once upon");

    world.facade.ask_to_stop()?;
    let status = world.facade.has_stopped().await?;
    ensure!(status.success(), "{status}");
    exchange.is_abandoned().await?;
    let mut taken_over = model.asked().await?;
    ensure!(taken_over.request["model"] == "second", "{}", taken_over.request);
    taken_over.say("Goodbye.").await?;
    taken_over.end().await?;
    let events = reader.rest().await?;
    ensure!(end_of(&events)?["status"] == "completed", "{events:?}");
    ensure!(stages(&events) == ["failed", "running", "completed"], "{events:?}");
    ensure!(text_of(&events, 0, 2)? == "Goodbye.", "{events:?}");
    let all = Reader::open(&other.client, &player, &task_id, Some("0.1.0")).await?.rest().await?;
    ensure!(text_of(&all, 0, 1)? == "Once upon", "{all:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_goes_on_when_the_node_is_lost_and_comes_back() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let mut world = World::start_with(&[("AI__PROVIDERS", &model.as_provider("small")), LONG_LEASE]).await?;
    let player = world.node.account().await?;
    let task_id = ask_for_text(&world.facade.client, &player, "A storm.").await?;
    let mut reader = Reader::open(&world.facade.client, &player, &task_id, None).await?;
    let mut exchange = model.asked().await?;
    exchange.say("The wind ").await?;
    ensure!(reader.next_text().await?.1 == "The wind ");

    world.node.kill()?;
    exchange.say("tears at ").await?;
    eventually("the facade to miss the node", || async {
        let ready = world.facade.client.request(reqwest::Method::GET, "/health/ready", None).send().await.ok()?;
        (!ready.status().is_success()).then_some(())
    })
    .await?;
    exchange.say("the ropes, ").await?;
    world.node.restart().await?;
    exchange.say("and is gone.").await?;
    exchange.end().await?;

    let events = reader.rest().await?;
    ensure!(end_of(&events)?["status"] == "completed", "{events:?}");
    ensure!(text_of(&events, 0, 1)? == "tears at the ropes, and is gone.", "{events:?}");
    let all = Reader::open(&world.facade.client, &player, &task_id, None).await?.rest().await?;
    ensure!(text_of(&all, 0, 1)? == "The wind tears at the ropes, and is gone.", "{all:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_whose_node_stays_away_longer_than_its_lease_fails_with_what_had_arrived() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let settings = [("AI__PROVIDERS", model.as_provider("small")), ("AI__LEASE_S", "5".to_owned())];
    let settings = settings.each_ref().map(|(key, value)| (*key, value.as_str()));
    let mut world = World::start_with(&settings).await?;
    let player = world.node.account().await?;
    let task_id = ask_for(&world.facade.client, &player, "text", "A long night.", &["song"], 1).await?;
    let mut reader = Reader::open(&world.facade.client, &player, &task_id, None).await?;
    let mut exchange = model.asked().await?;
    exchange.say("It is dark").await?;
    ensure!(reader.next_text().await?.1 == "It is dark");
    world.node.kill()?;
    // The worker lets go of its model once the lease has run out.
    exchange.is_abandoned().await?;
    world.node.restart().await?;
    let events = reader.rest().await?;
    ensure!(end_of(&events)?["status"] == "failed", "{events:?}");
    let all = Reader::open(&world.facade.client, &player, &task_id, None).await?.rest().await?;
    ensure!(text_of(&all, 0, 1)? == "It is dark", "{all:?}");
    Ok(())
}

/// How the stages went.
fn stages(events: &[Event]) -> Vec<&serde_json::Value> {
    events.iter().filter(|event| event.name == "stage").map(|event| &event.data["status"]).collect()
}
