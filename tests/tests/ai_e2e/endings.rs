//! Tasks that do not go well: cancelled, broken off, refused.

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use worldloom_tests::{ModelEndpoint, Outcome};

use crate::world::{Reader, World, ask_for, ask_for_text, body, end_of, text_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_task_stops_its_model_and_keeps_its_text() -> Outcome {
    let model = ModelEndpoint::start().await?;
    // So long that neither a renewal nor the silence of the model ends the work, but only the worker's subscription.
    let (provider, long) = (model.as_provider("small"), "900");
    let settings = [("AI__PROVIDERS", provider.as_str()), ("AI__LEASE_S", long), ("AI__SILENCE_TIMEOUT_S", long)];
    let world = World::start_with(&settings).await?;
    let player = world.node.account().await?;
    let task_id = ask_for_text(&world.facade.client, &player, "An endless song.").await?;
    let mut reader = Reader::open(&world.facade.client, &player, &task_id, None).await?;
    let mut exchange = model.asked().await?;
    exchange.say("La la ").await?;
    ensure!(reader.next_text().await?.1 == "La la ", "the text is on its way before the end");

    let cancel = world.facade.client.request(Method::DELETE, &format!("/ai/tasks/{task_id}"), Some(&player));
    let task = body(cancel.send().await?, StatusCode::OK).await?;
    ensure!(task["status"] == "cancelled", "{task}");
    exchange.is_abandoned().await?;
    let rest = reader.rest().await?;
    ensure!(end_of(&rest)?["status"] == "cancelled", "{rest:?}");
    let again = Reader::open(&world.facade.client, &player, &task_id, None).await?.rest().await?;
    ensure!(text_of(&again, 0, 1)? == "La la ", "{again:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_arrived_of_a_broken_stream_comes_with_the_failure() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let world = World::start_with_model(&model).await?;
    let player = world.node.account().await?;
    let task_id = ask_for(&world.facade.client, &player, "text", "A promise.", &["song"], 1).await?;
    let mut reader = Reader::open(&world.facade.client, &player, &task_id, None).await?;
    let mut exchange = model.asked().await?;
    exchange.say("I will alw").await?;
    ensure!(reader.next_text().await?.1 == "I will alw", "it comes before the failure");
    exchange.hang_up().await?;
    let events = reader.rest().await?;
    let end = end_of(&events)?;
    ensure!(end["status"] == "failed", "{end}");
    ensure!(end["error"].as_str().is_some_and(|error| error.contains("broke off")), "{end}");
    let later = Reader::open(&world.facade.client, &player, &task_id, None).await?.rest().await?;
    ensure!(text_of(&later, 0, 1)? == "I will alw", "{later:?}");
    ensure!(end_of(&later)? == end, "{later:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_in_vain_is_paid_for_like_the_answer() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let world = World::start_with_model(&model).await?;
    let player = world.node.account().await?;
    let task_id = ask_for(&world.facade.client, &player, "text", "A riddle.", &["song"], 1).await?;
    // It says what it has cost, and nothing else.
    model.asked().await?.end().await?;
    let mut second = model.asked().await?;
    second.say("An egg.").await?;
    second.end().await?;
    let events = Reader::open(&world.facade.client, &player, &task_id, None).await?.rest().await?;
    let end = end_of(&events)?;
    ensure!(end["status"] == "completed" && text_of(&events, 0, 1)? == "An egg.", "{events:?}");
    ensure!(end["input_tokens"] == 2 * 11 && end["output_tokens"] == 2 * 7, "{end}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_attempt_begins_anew_and_leaves_the_broken_text_as_it_was() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let world = World::start_with_model(&model).await?;
    let player = world.node.account().await?;
    let task_id = ask_for_text(&world.facade.client, &player, "Two tries.").await?;
    let mut reader = Reader::open(&world.facade.client, &player, &task_id, None).await?;
    let mut first = model.asked().await?;
    first.say("Once").await?;
    let (id, text) = reader.next_text().await?;
    ensure!((id.as_str(), text.as_str()) == ("0.1.1", "Once"), "{id} {text}");
    first.hang_up().await?;
    let mut second = model.asked().await?;
    second.say("Twice").await?;
    second.end().await?;
    let events = reader.rest().await?;
    ensure!(text_of(&events, 0, 2)? == "Twice", "{events:?}");
    let stages: Vec<_> =
        events.iter().filter(|event| event.name == "stage").map(|event| &event.data["status"]).collect();
    ensure!(stages == ["failed", "running", "completed"], "{stages:?}");
    let resumed = Reader::open(&world.facade.client, &player, &task_id, Some("0.1.0")).await?.rest().await?;
    ensure!(text_of(&resumed, 0, 1)? == "Once" && text_of(&resumed, 0, 2)? == "Twice", "{resumed:?}");
    let end = end_of(&events)?;
    ensure!(end["status"] == "completed", "{end}");
    // The second cost what the model said; the first is an estimate, because it never did.
    ensure!(end["output_tokens"] == 7 + 1, "{end}");
    Ok(())
}
