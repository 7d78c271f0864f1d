//! Several facades at once.

use anyhow::{Context, ensure};
use worldloom_tests::{ModelEndpoint, Outcome, TestFacade};

use crate::world::{Reader, World, ask_for_text, end_of, text_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_facades_task_is_taken_over_by_another() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let settings = |name: &str| [("AI__PROVIDERS", model.as_provider(name)), ("AI__LEASE_S", "5".to_owned())];
    let first = settings("first");
    let mut world = World::start_with(&first.each_ref().map(|(key, value)| (*key, value.as_str()))).await?;
    let second = settings("second");
    let second = second.each_ref().map(|(key, value)| (*key, value.as_str()));
    let mut other = TestFacade::start_with(&world.node, &world.database, &second).await?;
    let player = world.node.account().await?;
    let task_id = ask_for_text(&world.facade.client, &player, "A long watch.").await?;

    let mut exchange = model.asked().await?;
    exchange.say("The night").await?;
    let taken_by_first = exchange.request["model"] == "first";
    let (victim, survivor) =
        if taken_by_first { (&mut world.facade, &mut other) } else { (&mut other, &mut world.facade) };
    let mut reader = Reader::open(&survivor.client, &player, &task_id, None).await?;
    ensure!(reader.next_text().await?.1 == "The night", "the other facade streams it as well");
    victim.kill()?;

    let mut resumed = model.asked().await?;
    let worker = resumed.request["model"].as_str().context("a model is named")?.to_owned();
    ensure!(worker == if taken_by_first { "second" } else { "first" }, "{worker} works on it");
    resumed.say("The night is over.").await?;
    resumed.end().await?;
    let events = reader.rest().await?;
    ensure!(text_of(&events, 0, 2)? == "The night is over.", "{events:?}");
    ensure!(end_of(&events)?["status"] == "completed", "{events:?}");
    Ok(())
}
