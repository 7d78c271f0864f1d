//! The creation agents: what they say is kept, what they suggest is proposed, and what is wrong is repaired once.

use anyhow::{Context, ensure};
use reqwest::StatusCode;
use serde_json::{Value, json};
use spacetimedb_sdk::Table;
use worldloom_client::{
    BigFishLadderAcceptance, BigFishSessionRequest, CustomWorldAuthorMessage, CustomWorldMessageEnding,
    CustomWorldMessageRole, MyAgentMessagesTableAccess, MyAgentOperationsTableAccess, MyFishMessagesTableAccess,
    accept_big_fish_ladder_and_return, create_big_fish_session_and_return, post_author_message_and_return,
};
use worldloom_tests::{ModelEndpoint, Outcome, Player, ask};

use crate::creation::begin;
use crate::world::{Reader, World, ask_for, end_of, text_of};

/// A reply of the agent that changes nothing but these characters.
fn reply(text: &str, characters: Value) -> String {
    let mut reply = json!({ "reply": text, "setting": null, "characters": characters });
    for list in ["chapters", "enemies", "items", "quests", "treasures", "removals"] {
        reply[list] = json!([]);
    }
    reply.to_string()
}

fn character(key: &str, friend: &str) -> Value {
    let relations = json!([{ "character_key": friend, "affinity": 5 }]);
    json!({
        "key": key, "name": "Mara", "description": "Keeps the mill.", "greeting": "Early.", "initial_affinity": 0,
        "relations": relations,
    })
}

/// An author who has said something, and the request for a reply.
async fn conversation(world: &World) -> anyhow::Result<(Player, String)> {
    let author = Player::join(&world.database).await?;
    let (creation, conversation) = begin(&author).await?;
    let message = CustomWorldAuthorMessage {
        idempotency_key: "hello".to_owned(),
        session_id: conversation,
        text: "Somebody to meet.".to_owned(),
    };
    ask!(author, post_author_message_and_return_then(None, message))?;
    let request = json!({ "world_id": creation.world_id.to_string(), "conversation_id": conversation.to_string() });
    Ok((author, request.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_fit_is_repaired_by_one_more_request() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let world = World::start_with_model(&model).await?;
    let (author, request) = conversation(&world).await?;
    let client = &world.facade.client;
    let task_id = ask_for(client, &author.account, "world-agent", &request, &[], 1).await?;

    let mut first = model.asked().await?;
    ensure!(first.request["response_format"]["type"] == "json_schema", "{}", first.request);
    let asked = first.request["messages"].to_string();
    ensure!(asked.contains("Somebody to meet."), "{asked}");
    let unfit = reply("Mara it is.", json!([character("mara", "nobody")]));
    first.say(&unfit).await?;
    first.end().await?;

    let mut second = model.asked().await?;
    let messages = second.request["messages"].as_array().context("messages")?.clone();
    ensure!(messages[messages.len() - 2]["content"] == unfit, "the model sees what it said: {messages:?}");
    let wish = messages[messages.len() - 1]["content"].as_str().unwrap_or_default();
    ensure!(wish.contains("there is no character with the key \"nobody\""), "{wish}");
    let mut mara = character("mara", "mara");
    mara["relations"] = json!([]);
    let fit = reply("Mara it is.", json!([mara]));
    second.say(&fit).await?;
    second.end().await?;

    let events = Reader::open(client, &author.account, &task_id, None).await?.rest().await?;
    ensure!(end_of(&events)?["status"] == "completed", "{:?}", events.last());
    ensure!(text_of(&events, 0, 1)? == format!("{unfit}\n---\n{fit}"), "{events:?}");
    let operation = author.sees("the proposal", |rows| rows.my_agent_operations().iter().next()).await?;
    ensure!(operation.key == "mara" && author.rows().my_agent_operations().count() == 1, "{operation:?}");
    let said = author
        .sees("the reply", |rows| {
            rows.my_agent_messages().iter().find(|message| message.role == CustomWorldMessageRole::Agent)
        })
        .await?;
    ensure!(said.text == "Mara it is." && said.ending == CustomWorldMessageEnding::Complete, "{said:?}");
    ensure!(operation.message_id == Some(said.message_id), "{operation:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_fit_twice_is_a_failure_and_proposes_nothing() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let world = World::start_with_model(&model).await?;
    let (author, request) = conversation(&world).await?;
    let client = &world.facade.client;
    let task_id = ask_for(client, &author.account, "world-agent", &request, &[], 1).await?;
    for answer in ["I would rather talk.", "{\"reply\": 1}"] {
        let mut exchange = model.asked().await?;
        exchange.say(answer).await?;
        exchange.end().await?;
    }
    let events = Reader::open(client, &author.account, &task_id, None).await?.rest().await?;
    let end = end_of(&events)?;
    ensure!(end["status"] == "failed", "{end}");
    ensure!(end["error"].as_str().is_some_and(|error| error.contains("also not its second")), "{end}");
    ensure!(author.rows().my_agent_operations().count() == 0, "something was proposed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_broke_off_stays_in_the_conversation_as_interrupted() -> Outcome {
    let model = ModelEndpoint::start().await?;
    let world = World::start_with_model(&model).await?;
    let (author, request) = conversation(&world).await?;
    let client = &world.facade.client;
    let task_id = ask_for(client, &author.account, "world-agent", &request, &[], 1).await?;
    let mut reader = Reader::open(client, &author.account, &task_id, None).await?;
    let mut exchange = model.asked().await?;
    exchange.say("{\"reply\": \"I know just the per").await?;
    reader.next_text().await?;
    exchange.hang_up().await?;
    let events = reader.rest().await?;
    ensure!(end_of(&events)?["status"] == "failed", "{events:?}");
    let kept = author
        .sees("what had arrived", |rows| {
            rows.my_agent_messages().iter().find(|message| message.role == CustomWorldMessageRole::Agent)
        })
        .await?;
    ensure!(kept.text == "I know just the per" && kept.ending == CustomWorldMessageEnding::Interrupted, "{kept:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_names_nothing_fails_at_once_and_says_why() -> Outcome {
    let world = World::start().await?;
    let player = world.node.account().await?;
    let client = &world.facade.client;
    let nowhere = json!({ "session_id": uuid_of_nothing(), "conversation_id": uuid_of_nothing() }).to_string();
    for (kind, request, expected) in
        [("world-creation", nowhere.as_str(), "no such"), ("world-agent", "please", "cannot be read")]
    {
        let task_id = ask_for(client, &player, kind, request, &[], 5).await?;
        let events = Reader::open(client, &player, &task_id, None).await?.rest().await?;
        let end = end_of(&events)?;
        let error = end["error"].as_str().unwrap_or_default();
        ensure!(end["status"] == "failed" && error.contains(expected), "{kind}: {end}");
        let task = client.request(reqwest::Method::GET, &format!("/ai/tasks/{task_id}"), Some(&player)).send().await?;
        let task = crate::world::body(task, StatusCode::OK).await?;
        ensure!(task["attempt"] == 1, "it was tried again: {task}");
    }
    Ok(())
}

fn uuid_of_nothing() -> &'static str {
    "0194f0c5-0000-7000-8000-000000000001"
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_of_the_fish_proposes_a_ladder_that_can_be_accepted() -> Outcome {
    let world = World::start().await?;
    let author = Player::join(&world.database).await?;
    let start = BigFishSessionRequest {
        idempotency_key: "reef".to_owned(),
        title: "The reef".to_owned(),
        description: String::new(),
    };
    let session = ask!(author, create_big_fish_session_and_return_then(None, start))?;
    let request = json!({ "session_id": session.session_id.to_string(), "wish": "A reef with something huge." });
    let client = &world.facade.client;
    let task_id = ask_for(client, &author.account, "big-fish-agent", &request.to_string(), &[], 1).await?;
    let events = Reader::open(client, &author.account, &task_id, None).await?.rest().await?;
    ensure!(end_of(&events)?["status"] == "completed", "{:?}", events.last());
    let message = author
        .sees("the ladder", |rows| rows.my_fish_messages().iter().find(|message| message.proposed_levels.is_some()))
        .await?;
    let acceptance = BigFishLadderAcceptance {
        session_id: session.session_id,
        revision: session.revision,
        message_id: message.message_id,
    };
    let accepted = ask!(author, accept_big_fish_ladder_and_return_then(None, acceptance))?;
    ensure!(accepted.levels.len() == 4, "{accepted:?}");
    Ok(())
}
