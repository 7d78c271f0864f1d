//! What happens when a player has used up the day's tokens.

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use serde_json::json;
use spacetimedb_lib::Uuid;
use spacetimedb_sdk::Table;
use worldloom_client::{MyAiTokenAccountTableAccess, RemoteTables, cancel_ai_task, forget_ai_task};
use worldloom_tests::{Account, ModelEndpoint, Outcome, Player, done, reduce};

use crate::world::{Reader, World, ask_for, ask_for_text, body, end_of, text_of};

/// What the endpoint says that an answer has cost.
const ANSWER: u64 = 11 + 7;

#[tokio::test(flavor = "multi_thread")]
async fn a_task_ends_where_the_quota_does_and_no_further_one_begins() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let world = World::start_with_model(&model).await?;
    let (player, other) = (world.node.account().await?, world.node.account().await?);
    give_quota(&world, &player, Some(ANSWER)).await?;
    let client = &world.facade.client;
    let task_id = ask_for(client, &player, "text", "Two verses.", &["first", "second"], 2).await?;
    let mut exchange = model.asked().await?;
    exchange.say("One verse.").await?;
    exchange.end().await?;

    let events = Reader::open(client, &player, &task_id, None).await?.rest().await?;
    let end = end_of(&events)?;
    ensure!(end["status"] == "failed" && end["input_tokens"] == 11 && end["output_tokens"] == 7, "{end}");
    ensure!(end["error"].as_str().is_some_and(|error| error.contains("tokens")), "{end}");
    ensure!(text_of(&events, 0, 1)? == "One verse.", "what was paid for is there: {events:?}");

    let refused = body(ask(&world, &player).await?, StatusCode::UNPROCESSABLE_ENTITY).await?;
    ensure!(refused["code"] == "limit_exceeded" && refused["limit"] == ANSWER, "{refused}");
    body(ask(&world, &other).await?, StatusCode::CREATED).await?;
    give_quota(&world, &player, None).await?;
    body(ask(&world, &player).await?, StatusCode::CREATED).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_and_forgotten_at_once_is_paid_for() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let world = World::start_with_model(&model).await?;
    let player = Player::join(&world.database).await?;
    let client = &world.facade.client;
    let task_id = ask_for_text(client, &player.account, "An endless song.").await?;
    let mut reader = Reader::open(client, &player.account, &task_id, None).await?;
    let mut exchange = model.asked().await?;
    exchange.say("La la ").await?;
    ensure!(reader.next_text().await?.1 == "La la ", "there is something to pay for");

    let task_id = Uuid::parse_str(&task_id)?;
    player.connection.reducers.cancel_ai_task(task_id)?;
    done(reduce!(player, forget_ai_task_then(task_id)))?;
    let paid = |rows: &RemoteTables| rows.my_ai_token_account().iter().find(|account| account.output_tokens > 0);
    let account = player.sees("the tokens on its account", paid).await?;
    ensure!(account.input_tokens > 0, "{account:?}");
    Ok(())
}

/// An Operator says how many tokens a player has in a day.
async fn give_quota(world: &World, player: &Account, tokens: Option<u64>) -> Outcome {
    let operator = world.node.account().await?;
    world.database.grant(&operator, "operator").await?;
    let tokens = tokens.map_or(json!({ "none": [] }), |tokens| json!({ "some": tokens }));
    let args = json!([[format!("0x{}", player.identity)], tokens]);
    world.database.call_ok(&operator, "set_ai_token_quota_and_return", args).await.map(drop)
}

async fn ask(world: &World, player: &Account) -> anyhow::Result<reqwest::Response> {
    let task = json!({ "kind": "text", "request": "Another one." });
    let request = world.facade.client.request(Method::POST, "/ai/tasks", Some(player));
    Ok(request.header("idempotency-key", "another").json(&task).send().await?)
}
