//! The creation agents: what they say is kept, what they suggest is proposed, and what is wrong is repaired once.

use anyhow::{Context, bail, ensure};
use reqwest::StatusCode;
use serde_json::{Value, json};
use spacetimedb_lib::Uuid;
use spacetimedb_sdk::Table;
use worldloom_client::{
    BigFishLadderAcceptance, BigFishSessionRequest, CombatSkill, CombatStats, CustomWorldAgentMessage,
    CustomWorldAuthorMessage, CustomWorldCardAddition, CustomWorldMessageEnding, CustomWorldMessageRole,
    MyAgentMessagesTableAccess, MyAgentOperationsTableAccess, MyFishMessagesTableAccess, WorldEnemy, WorldEntry,
    accept_big_fish_ladder_and_return, accept_draft_operation_and_return, add_draft_card_and_return,
    create_big_fish_session_and_return, post_author_message_and_return,
};
use worldloom_tests::model_endpoint::Exchange;
use worldloom_tests::{ModelEndpoint, Outcome, Player, ask};

use crate::creation::begin;
use crate::world::{Event, Reader, World, ask_for, end_of, text_of};

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

/// An author who has said something and asked the agent for a reply, and the events of it.
struct Conversation {
    model: ModelEndpoint,
    world: World,
    author: Player,
    task: Reader,
}

impl Conversation {
    async fn begin(attempts_max: u32) -> anyhow::Result<Self> {
        Self::begin_with(attempts_max, &[]).await
    }

    async fn begin_with(attempts_max: u32, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let (model, world) = world_with(settings).await?;
        let author = Player::join(&world.database).await?;
        let request = say_something(&author).await?;
        let task = ask_agent(&world, &author, &request, attempts_max).await?;
        Ok(Self { model, world, author, task })
    }

    async fn answer(&self, text: &str) -> Outcome {
        answer_with(&self.model, text).await
    }

    /// The model begins a reply, and the author has seen the beginning.
    async fn begin_reply(&mut self) -> anyhow::Result<Exchange> {
        let mut exchange = self.model.asked().await?;
        exchange.say("{\"reply\": \"I know just the per").await?;
        self.task.next_text().await?;
        Ok(exchange)
    }

    /// What has come of that reply is kept, and is marked as what it is.
    async fn keeps_the_beginning(&self) -> Outcome {
        let kept = agents_words(&self.author, 1).await?.remove(0);
        ensure!(kept.text == "I know just the per" && kept.ending == CustomWorldMessageEnding::Interrupted, "{kept:?}");
        Ok(())
    }
}

/// A world whose agents ask a model that the test answers for.
async fn world_with(settings: &[(&str, &str)]) -> anyhow::Result<(ModelEndpoint, World)> {
    let model = ModelEndpoint::start().await?;
    let provider = model.as_provider("small");
    let settings = [&[("AI__PROVIDERS", provider.as_str())], settings].concat();
    let world = World::start_with(&settings).await?;
    Ok((model, world))
}

/// The author speaks; returns the request for a reply to it.
async fn say_something(author: &Player) -> anyhow::Result<Value> {
    let (creation, conversation) = begin(author).await?;
    let message = CustomWorldAuthorMessage {
        idempotency_key: "hello".to_owned(),
        session_id: conversation,
        text: "Somebody to meet.".to_owned(),
    };
    ask!(author, post_author_message_and_return_then(None, message))?;
    Ok(json!({ "world_id": creation.world_id.to_string(), "conversation_id": conversation.to_string() }))
}

async fn ask_agent(world: &World, author: &Player, request: &Value, attempts_max: u32) -> anyhow::Result<Reader> {
    let client = &world.facade.client;
    let task_id = ask_for(client, &author.account, "world-agent", &request.to_string(), &[], attempts_max).await?;
    Reader::open(client, &author.account, &task_id, None).await
}

/// The model answers the next request.
async fn answer_with(model: &ModelEndpoint, text: &str) -> Outcome {
    let mut exchange = model.asked().await?;
    exchange.say(text).await?;
    exchange.end().await
}

/// Reads a task to its end, which must be a good one.
async fn completed(mut task: Reader) -> anyhow::Result<Vec<Event>> {
    let events = task.rest().await?;
    ensure!(end_of(&events)?["status"] == "completed", "{:?}", events.last());
    Ok(events)
}

/// What the agent has said once it has said so many things, by their number.
async fn agents_words(author: &Player, count: usize) -> anyhow::Result<Vec<CustomWorldAgentMessage>> {
    author
        .sees("the agent's words", |rows| {
            let of_agent = |message: &CustomWorldAgentMessage| message.role == CustomWorldMessageRole::Agent;
            let mut words: Vec<_> = rows.my_agent_messages().iter().filter(of_agent).collect();
            words.sort_by_key(|message| message.number);
            (words.len() >= count).then_some(words)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_fit_is_repaired_by_one_more_request() -> Outcome {
    let Conversation { model, author, task, world: _world } = Conversation::begin(1).await?;

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

    let events = completed(task).await?;
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
    let mut conversation = Conversation::begin(1).await?;
    for answer in ["I would rather talk.", "{\"reply\": 1}"] {
        conversation.answer(answer).await?;
    }
    let events = conversation.task.rest().await?;
    let end = end_of(&events)?;
    ensure!(end["status"] == "failed", "{end}");
    ensure!(end["error"].as_str().is_some_and(|error| error.contains("also not its second")), "{end}");
    ensure!(conversation.author.rows().my_agent_operations().count() == 0, "something was proposed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_broke_off_stays_in_the_conversation_as_interrupted() -> Outcome {
    let mut conversation = Conversation::begin(1).await?;
    let exchange = conversation.begin_reply().await?;
    exchange.hang_up().await?;
    let events = conversation.task.rest().await?;
    ensure!(end_of(&events)?["status"] == "failed", "{events:?}");
    conversation.keeps_the_beginning().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_a_stop_cuts_off_stays_in_the_conversation_as_interrupted() -> Outcome {
    let mut conversation = Conversation::begin_with(1, &[("HTTP__SHUTDOWN_DEADLINE_S", "1")]).await?;
    let _exchange = conversation.begin_reply().await?;
    conversation.world.facade.ask_to_stop()?;
    let status = conversation.world.facade.has_stopped().await?;
    ensure!(status.success(), "{status}");
    conversation.keeps_the_beginning().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_takes_too_long_stays_in_the_conversation_as_interrupted() -> Outcome {
    let mut conversation = Conversation::begin_with(1, &[("AI__STAGE_TIMEOUT_S", "5")]).await?;
    let exchange = conversation.begin_reply().await?;
    let events = conversation.task.rest().await?;
    let end = end_of(&events)?;
    ensure!(end["status"] == "failed", "{end}");
    ensure!(end["error"].as_str().is_some_and(|error| error.contains("took too long")), "{end}");
    exchange.is_abandoned().await?;
    conversation.keeps_the_beginning().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_broke_off_at_its_end_may_come_again_word_for_word() -> Outcome {
    let mut conversation = Conversation::begin(2).await?;
    let answer = reply("Nobody comes to mind.", json!([]));
    let mut first = conversation.model.asked().await?;
    first.say(&answer).await?;
    conversation.task.next_text().await?;
    first.hang_up().await?;
    conversation.answer(&answer).await?;
    completed(conversation.task).await?;
    let said = agents_words(&conversation.author, 2).await?;
    ensure!(said.len() == 2 && said.iter().all(|message| message.text == "Nobody comes to mind."), "{said:?}");
    let endings = [CustomWorldMessageEnding::Interrupted, CustomWorldMessageEnding::Complete];
    ensure!(said.iter().map(|message| message.ending).eq(endings), "{said:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_draft_is_read_once_for_the_prompt_and_once_for_the_answer() -> Outcome {
    let conversation = Conversation::begin(1).await?;
    conversation.answer(&reply("Nobody comes to mind.", json!([]))).await?;
    completed(conversation.task).await?;
    let client = &conversation.world.facade.client;
    let figures = client.request(reqwest::Method::GET, "/metrics", None).send().await?.text().await?;
    let is_reading = |line: &&str| {
        line.starts_with("worldloom_node_calls_total{") && line.contains("\"list_draft_cards_and_return\"")
    };
    let readings: Vec<_> = figures.lines().filter(is_reading).collect();
    // A draft has seven kinds of cards.
    ensure!(readings.len() == 1 && readings[0].ends_with(" 14"), "{readings:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_module_would_refuse_is_repaired_before_anything_is_said() -> Outcome {
    let conversation = Conversation::begin(1).await?;
    let mut mara = character("mara", "mara");
    mara["relations"] = json!([]);
    let mut unfit = mara.clone();
    // The schema counts characters, of which there are few enough; the module counts bytes.
    unfit["name"] = "🦊".repeat(40).into();
    for (text, character) in [("A long name.", unfit), ("A short name.", mara)] {
        conversation.answer(&reply(text, json!([character]))).await?;
    }
    completed(conversation.task).await?;
    let said = agents_words(&conversation.author, 1).await?;
    ensure!(said.len() == 1 && said[0].text == "A short name.", "{said:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_agent_writes_of_an_enemy_outlives_its_being_written_anew() -> Outcome {
    let (model, world) = world_with(&[]).await?;
    let author = Player::join(&world.database).await?;
    let request = say_something(&author).await?;
    let world_id = Uuid::parse_str(request["world_id"].as_str().context("a world")?)?;
    let skill = CombatSkill {
        key: "bite".to_owned(),
        name: "Bite".to_owned(),
        power: 4,
        cost: 1,
        cooldown_turns: 2,
        effect: None,
    };
    let rat = WorldEnemy {
        name: "Rat".to_owned(),
        description: "Grey.".to_owned(),
        stats: CombatStats { health: 9, energy: 5, attack: 1, defense: 0, speed: 1 },
        skills: vec![skill.clone()],
        experience: 1,
        treasure_key: None,
    };
    let addition = CustomWorldCardAddition {
        idempotency_key: "rat".to_owned(),
        world_id,
        key: "rat".to_owned(),
        entry: WorldEntry::Enemy(rat),
    };
    ask!(author, add_draft_card_and_return_then(None, addition))?;
    let task = ask_agent(&world, &author, &request, 1).await?;
    let mut answer: Value = serde_json::from_str(&reply("A larger one.", json!([])))?;
    answer["enemies"] = json!([{
        "key": "rat", "name": "Rat king", "description": "Greyer.", "health": 20, "energy": 5, "attack": 2,
        "defense": 1, "speed": 1, "experience": 5, "treasure_key": null,
    }]);
    answer_with(&model, &answer.to_string()).await?;
    completed(task).await?;
    let operation = author.sees("the proposal", |rows| rows.my_agent_operations().iter().next()).await?;
    let outcome = ask!(author, accept_draft_operation_and_return_then(None, operation.operation_id))?;
    let Some(WorldEntry::Enemy(enemy)) = outcome.card.map(|card| card.entry) else { bail!("no enemy") };
    ensure!(enemy.name == "Rat king" && enemy.skills == [skill], "{enemy:?}");
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
    completed(Reader::open(client, &author.account, &task_id, None).await?).await?;
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
