//! The author at work: from a brief to the gallery, and once more.

use anyhow::{Context, ensure};
use spacetimedb_lib::Uuid;
use spacetimedb_sdk::{DbContext, Table};
use worldloom_client::{
    AssetEntityBindingRequest, CustomWorldAgentReply, CustomWorldAgentSessionStart, CustomWorldAuthorMessage,
    CustomWorldCardAddition, CustomWorldCardEdit, CustomWorldDraftCard, CustomWorldMessageEnding,
    CustomWorldOperationStatus, CustomWorldProposal, CustomWorldPublication, CustomWorldSession,
    CustomWorldSessionMove, CustomWorldSessionStart, CustomWorldSessionWorld, CustomWorldStage, DomainError,
    DomainErrorCode, GalleryWorldsTableAccess, MyAgentMessagesTableAccess, MyAgentOperationsTableAccess,
    MyAssetBindingsTableAccess, MyCreationSessionsTableAccess, MyCreationStagesTableAccess, MyDraftCardsTableAccess,
    MyWorksTableAccess, accept_draft_operation, add_draft_card_and_return, append_agent_message_and_return,
    bind_asset_object_to_entity_and_return, check_creation_stage_and_return, edit_draft_card_and_return,
    get_creation_session_and_return, get_custom_world_and_return, move_creation_session_and_return,
    post_author_message, propose_draft_operations_and_return, reject_draft_operation, start_agent_session_and_return,
    start_creation_session_and_return,
};
use worldloom_tests::{Outcome, ask, done, reduce, refusal};

use crate::cast::Cast;
use crate::world;

pub async fn the_author_begins_with_a_brief(cast: &Cast) -> anyhow::Result<CustomWorldSession> {
    let start = CustomWorldSessionStart {
        idempotency_key: "mill".to_owned(),
        world: CustomWorldSessionWorld::New(world::TITLE.to_owned()),
        brief: "A mill where somebody has left a light on.".to_owned(),
    };
    let begun = ask!(cast.author, start_creation_session_and_return_then(None, start.clone()))?.session;
    let again = ask!(cast.author, start_creation_session_and_return_then(None, start))?.session;
    ensure!(again == begun, "one request, two creations: {begun:?} and {again:?}");
    cast.author.sees("the creation", |rows| rows.my_creation_sessions().iter().find(|row| *row == begun)).await?;
    cast.author.sees("its six stages", |rows| (rows.my_creation_stages().count() == 6).then_some(())).await?;
    Ok(begun)
}

pub async fn the_author_writes_the_first_cards(cast: &Cast, creation: &CustomWorldSession) -> Outcome {
    move_on(cast, creation, CustomWorldStage::Setting).await??;
    write(cast, creation, &["setting"]).await?;
    move_on(cast, creation, CustomWorldStage::Chapters).await??;
    write(cast, creation, &["arrival", "depths"]).await?;
    move_on(cast, creation, CustomWorldStage::Characters).await??;
    write(cast, creation, &["rat", "warden", "bread", "coal", "lamp", "sack", "chest"]).await?;
    let refused = refusal(move_on(cast, creation, CustomWorldStage::Assets).await?)?;
    ensure!(matches!(refused.code, DomainErrorCode::Conflict(_)), "without a character: {refused:?}");
    cast.author.sees("its cards", |rows| (rows.my_draft_cards().count() == 10).then_some(())).await
}

pub async fn the_agent_proposes_and_the_author_decides(cast: &Cast, creation: &CustomWorldSession) -> Outcome {
    let talk = CustomWorldAgentSessionStart {
        idempotency_key: "talk".to_owned(),
        world_id: creation.world_id,
        title: "Who lives there?".to_owned(),
    };
    let session_id = ask!(cast.author, start_agent_session_and_return_then(None, talk))?.session_id;
    let wish = CustomWorldAuthorMessage {
        idempotency_key: "wish".to_owned(),
        session_id,
        text: "Somebody to meet, and somebody to fear.".to_owned(),
    };
    done(reduce!(cast.author, post_author_message_then(wish)))?;
    cast.author.sees("its own words", |rows| rows.my_agent_messages().iter().find(|row| row.number == 1)).await?;

    agent_answers(cast, session_id).await?;
    cast.author.sees("the agent's words", |rows| rows.my_agent_messages().iter().find(|row| row.number == 2)).await?;
    for key in ["keeper", "child", "errand", "dragon"] {
        let operation_id = operation(cast, key, CustomWorldOperationStatus::Proposed).await?;
        done(reduce!(cast.author, accept_draft_operation_then(operation_id)))?;
    }
    let crown = operation(cast, "crown", CustomWorldOperationStatus::Proposed).await?;
    done(reduce!(cast.author, reject_draft_operation_then(crown)))?;

    operation(cast, "crown", CustomWorldOperationStatus::Rejected).await?;
    for key in ["keeper", "child", "errand", "dragon"] {
        let operation_id = operation(cast, key, CustomWorldOperationStatus::Accepted).await?;
        let card = card(cast, key).await?;
        ensure!(card.operation_id == Some(operation_id) && card.entry == world::entry(key), "{card:?}");
    }
    ensure!(cast.author.rows().my_draft_cards().iter().all(|card| card.key != "crown"), "rejected, but in the draft");
    Ok(())
}

pub async fn the_author_binds_pictures_and_approves(cast: &Cast, creation: &CustomWorldSession) -> Outcome {
    move_on(cast, creation, CustomWorldStage::Assets).await??;
    let checked = ask!(cast.author, check_creation_stage_and_return_then(None, creation.session_id))?;
    let assets = checked.stages.into_iter().find(|row| row.stage == CustomWorldStage::Assets);
    let problems = assets.context("no stage of assets")?.problems;
    ensure!(problems.iter().any(|problem| problem.code == "cover_missing"), "{problems:?}");
    bind(cast, creation.world_id, "cover").await?;
    bind(cast, creation.world_id, "keeper").await?;
    cast.author.sees("both pictures", |rows| (rows.my_asset_bindings().count() == 2).then_some(())).await?;
    move_on(cast, creation, CustomWorldStage::Review).await??;
    move_on(cast, creation, CustomWorldStage::Finished).await??;
    let finished = |row: &CustomWorldSession| row.stage == CustomWorldStage::Finished && !row.is_open;
    cast.author.sees("the finished creation", |rows| rows.my_creation_sessions().iter().find(finished)).await?;
    Ok(())
}

/// Publishes the draft as it stands.
pub async fn the_author_publishes(cast: &Cast, world_id: Uuid) -> anyhow::Result<CustomWorldPublication> {
    let draft = ask!(cast.author, get_custom_world_and_return_then(None, world_id))?;
    let publication = cast.studio.publish(&cast.author, &draft).await?;
    ensure!(publication.version.version == draft.current_version + 1, "{publication:?}");
    let again = cast.studio.publish(&cast.author, &draft).await?;
    ensure!(again.version == publication.version, "one request, two versions: {again:?}");
    let version = publication.version.version_id;
    cast.author
        .sees("its published work", |rows| rows.my_works().iter().find(|work| work.current_version_id == Some(version)))
        .await?;
    for client in cast.everybody().into_iter().filter(|client| client.connection.is_active()) {
        client
            .sees("the world in the gallery", |rows| rows.gallery_worlds().iter().find(|row| row.version_id == version))
            .await?;
    }
    Ok(publication)
}

/// Another title, another opening, and a rat that nobody at the first level can beat.
pub async fn the_author_changes_the_draft(cast: &Cast, published: &CustomWorldPublication) -> Outcome {
    for key in ["setting", "depths", "rat"] {
        let CustomWorldDraftCard { card_id, revision, entry, .. } = card(cast, key).await?;
        let edit = CustomWorldCardEdit { card_id, revision, entry: world::second(entry) };
        ask!(cast.author, edit_draft_card_and_return_then(None, edit.clone()))?;
        let changed = cast.author.sees("its change", |rows| {
            rows.my_draft_cards().iter().find(|card| card.card_id == card_id && card.entry == edit.entry)
        });
        ensure!(changed.await?.revision == revision + 1, "{key} was changed otherwise");
    }
    let shown = cast.author.rows().gallery_worlds().iter().next().context("the gallery is empty")?;
    ensure!(shown.version_id == published.version.version_id, "a draft is in the gallery: {shown:?}");
    Ok(())
}

/// The Service, as the facade with the agent behind it.
async fn agent_answers(cast: &Cast, session_id: Uuid) -> Outcome {
    let (agent, author) = (&cast.studio.service, Some(cast.author.identity));
    let reply = CustomWorldAgentReply {
        idempotency_key: "reply".to_owned(),
        session_id,
        text: "A keeper and a child. And a dragon, for a crown.".to_owned(),
        ending: CustomWorldMessageEnding::Complete,
    };
    let message = ask!(agent, append_agent_message_and_return_then(author, reply))?;
    let proposal = CustomWorldProposal {
        idempotency_key: "proposal".to_owned(),
        session_id,
        message_id: Some(message.message_id),
        changes: ["keeper", "child", "errand", "dragon", "crown"].map(world::suggestion).into(),
    };
    let proposed = ask!(agent, propose_draft_operations_and_return_then(author, proposal.clone()))?;
    let again = ask!(agent, propose_draft_operations_and_return_then(author, proposal))?;
    ensure!(proposed.len() == 5 && again == proposed, "one proposal, two answers: {proposed:?} and {again:?}");
    Ok(())
}

async fn operation(cast: &Cast, key: &str, status: CustomWorldOperationStatus) -> anyhow::Result<Uuid> {
    let wanted = format!("the operation about {key} as {status:?}");
    let operation = cast
        .author
        .sees(&wanted, |rows| rows.my_agent_operations().iter().find(|row| row.key == key && row.status == status));
    Ok(operation.await?.operation_id)
}

async fn card(cast: &Cast, key: &str) -> anyhow::Result<CustomWorldDraftCard> {
    cast.author.sees(key, |rows| rows.my_draft_cards().iter().find(|card| card.key == key)).await
}

async fn write(cast: &Cast, creation: &CustomWorldSession, keys: &[&str]) -> Outcome {
    for &key in keys {
        let addition = CustomWorldCardAddition {
            idempotency_key: format!("card-{key}"),
            world_id: creation.world_id,
            key: key.to_owned(),
            entry: world::entry(key),
        };
        ask!(cast.author, add_draft_card_and_return_then(None, addition))?;
    }
    Ok(())
}

async fn bind(cast: &Cast, world_id: Uuid, slot: &str) -> Outcome {
    let picture = cast.studio.picture(&cast.author, slot).await?;
    let binding = AssetEntityBindingRequest {
        asset_id: picture.asset_id,
        entity_kind: "world".to_owned(),
        entity_id: world_id.to_string(),
        slot: slot.to_owned(),
    };
    let bound = ask!(cast.author, bind_asset_object_to_entity_and_return_then(None, binding))?;
    ensure!(bound.replaced_asset_id.is_none(), "{bound:?}");
    Ok(())
}

/// Approves the present stage; the answer of the module is the inner result.
async fn move_on(
    cast: &Cast,
    creation: &CustomWorldSession,
    to: CustomWorldStage,
) -> anyhow::Result<Result<CustomWorldSession, DomainError>> {
    let session_id = creation.session_id;
    let now = ask!(cast.author, get_creation_session_and_return_then(None, session_id))?.session;
    let step = CustomWorldSessionMove { session_id, revision: now.revision, to };
    Ok(ask!(cast.author, move_creation_session_and_return_then(None, step)).map(|moved| moved.session))
}
