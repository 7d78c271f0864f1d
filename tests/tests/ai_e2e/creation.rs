//! A whole world, suggested by the offline provider, accepted by its author, and published.

use anyhow::{Context, ensure};
use reqwest::{Method, StatusCode};
use serde_json::json;
use spacetimedb_lib::Uuid;
use spacetimedb_sdk::Table;
use worldloom_client::{
    CustomWorldAgentSessionStart, CustomWorldOperationStatus, CustomWorldPublishing, CustomWorldSession,
    CustomWorldSessionMove, CustomWorldSessionStart, CustomWorldSessionWorld, CustomWorldStage,
    GalleryWorldsTableAccess, MyAgentMessagesTableAccess, MyAgentOperationsTableAccess, MyDraftCardsTableAccess,
    accept_draft_operation_and_return, get_creation_session_and_return, get_custom_world_and_return,
    move_creation_session_and_return, publish_world_and_return, start_agent_session_and_return,
    start_creation_session_and_return,
};
use worldloom_tests::facade::Upload;
use worldloom_tests::pictures::picture;
use worldloom_tests::{Outcome, Player, ask};

use crate::world::{Reader, World, ask_for, body, end_of, text_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_world_grows_from_a_brief_to_the_gallery() -> Outcome {
    let world = World::start().await?;
    let author = Player::join(&world.database).await?;
    let (creation, conversation) = begin(&author).await?;
    let request = json!({ "session_id": creation.session_id.to_string(), "conversation_id": conversation.to_string() });
    let client = &world.facade.client;
    let task_id = ask_for(client, &author.account, "world-creation", &request.to_string(), &[], 2).await?;
    let events = Reader::open(client, &author.account, &task_id, None).await?.rest().await?;
    ensure!(end_of(&events)?["status"] == "completed", "{:?}", events.last());
    for position in 0..4 {
        serde_json::from_str::<serde_json::Value>(&text_of(&events, position, 1)?).context("each stage is JSON")?;
    }

    // Nothing is in the draft before the author says so.
    author.sees("what the agent says", |rows| (rows.my_agent_messages().count() == 4).then_some(())).await?;
    ensure!(author.rows().my_draft_cards().count() == 0, "the agent has written into the draft");
    let proposed: Vec<_> = author.rows().my_agent_operations().iter().collect();
    ensure!(proposed.len() == 11, "{} proposals", proposed.len());
    ensure!(proposed.iter().all(|operation| operation.status == CustomWorldOperationStatus::Proposed), "{proposed:?}");
    for operation in proposed {
        ask!(author, accept_draft_operation_and_return_then(None, operation.operation_id))?;
    }
    let task = client.request(Method::GET, &format!("/ai/tasks/{task_id}"), Some(&author.account));
    let task = body(task.send().await?, StatusCode::OK).await?;
    let results = task["results"].as_array().context("a task has results")?;
    let made = |kind: &str| results.iter().filter(|result| result["kind"] == kind).count();
    ensure!(made("custom_world_proposal") == 3 && made("prompt") == 4, "{results:?}");
    ensure!(results.iter().any(|result| result["id"] == "world-creation.setting.v1"), "{results:?}");

    cover(&world, &author, creation.world_id).await?;
    use CustomWorldStage::{Assets, Chapters, Characters, Finished, Review, Setting};
    for stage in [Setting, Chapters, Characters, Assets, Review, Finished] {
        move_on(&author, &creation, stage).await?;
    }
    let draft = ask!(author, get_custom_world_and_return_then(None, creation.world_id))?;
    let publishing = CustomWorldPublishing {
        idempotency_key: "publish".to_owned(),
        world_id: creation.world_id,
        revision: draft.revision,
        content_hash: None,
    };
    let published = ask!(author, publish_world_and_return_then(None, publishing))?;
    let reader = Player::join(&world.database).await?;
    let version = published.version.version_id;
    reader
        .sees("the world in the gallery", |rows| rows.gallery_worlds().iter().find(|row| row.version_id == version))
        .await?;
    Ok(())
}

/// A creation with a brief, and a conversation about its world.
pub async fn begin(author: &Player) -> anyhow::Result<(CustomWorldSession, Uuid)> {
    let start = CustomWorldSessionStart {
        idempotency_key: "mill".to_owned(),
        world: CustomWorldSessionWorld::New("The mill".to_owned()),
        brief: "A mill where somebody has left a light on.\nAnd \"rats\".".to_owned(),
    };
    let creation = ask!(author, start_creation_session_and_return_then(None, start))?.session;
    let talk = CustomWorldAgentSessionStart {
        idempotency_key: "talk".to_owned(),
        world_id: creation.world_id,
        title: "A first draft".to_owned(),
    };
    let conversation = ask!(author, start_agent_session_and_return_then(None, talk))?.session_id;
    Ok((creation, conversation))
}

async fn cover(world: &World, author: &Player, world_id: Uuid) -> Outcome {
    let upload = Upload { access_policy: "public", ..Upload::private("cover", picture(3)?) };
    let asset = body(world.facade.client.upload(&author.account, &upload)?.send().await?, StatusCode::CREATED).await?;
    let path = format!("/assets/{}/bindings", asset["asset_id"].as_str().context("an asset has an id")?);
    let slot = json!({ "entity_kind": "world", "entity_id": world_id.to_string(), "slot": "cover" });
    let bound = world.facade.client.request(Method::POST, &path, Some(&author.account)).json(&slot).send().await?;
    body(bound, StatusCode::CREATED).await.map(drop)
}

async fn move_on(author: &Player, creation: &CustomWorldSession, to: CustomWorldStage) -> Outcome {
    let session_id = creation.session_id;
    let now = ask!(author, get_creation_session_and_return_then(None, session_id))?.session;
    let step = CustomWorldSessionMove { session_id, revision: now.revision, to };
    ask!(author, move_creation_session_and_return_then(None, step))?;
    Ok(())
}
