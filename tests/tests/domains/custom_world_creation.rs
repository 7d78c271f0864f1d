//! An author makes a world with the creation agent, for which the Service speaks.

use anyhow::{Context, ensure};
use spacetimedb_sdk::Uuid;
use worldloom_client::*;
use worldloom_tests::refusals::{conflict, illegal};
use worldloom_tests::{Outcome, Player, Studio, TestNode, ask, done, expect_refused, reduce, refusal, sample_world};

#[tokio::test(flavor = "multi_thread")]
async fn an_author_makes_a_world_with_the_agent_stage_by_stage() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (author, stranger) = (studio.player().await?, studio.player().await?);
    let creation = started(&author).await?;
    let (session_id, world_id) = (creation.session_id, creation.world_id);

    let proposed = proposal(&studio, &author, &stranger, world_id).await?;
    decide(&author, &stranger, &proposed).await?;

    for stage in [CustomWorldStage::Setting, CustomWorldStage::Chapters, CustomWorldStage::Characters] {
        move_to(&author, session_id, stage).await?;
    }
    let skipped = move_to(&author, session_id, CustomWorldStage::Review).await;
    ensure!(skipped.is_err(), "a stage cannot be skipped");
    let assets = move_to(&author, session_id, CustomWorldStage::Assets).await?;
    let uncovered = CustomWorldSessionMove { session_id, revision: assets.revision, to: CustomWorldStage::Review };
    expect_refused(reduce!(author, move_creation_session_then(uncovered)), "conflict")?;
    done(reduce!(author, check_creation_stage_then(session_id)))?;
    let checked = |stage: &CustomWorldSessionStage| stage.validation == CustomWorldValidation::Failed;
    let failed = author.sees("the failed check", |rows| rows.my_creation_stages().iter().find(checked)).await?;
    ensure!(failed.stage == CustomWorldStage::Assets && failed.problems[0].code == "cover_missing", "{failed:?}");
    cover(&studio, &author, world_id).await?;
    move_to(&author, session_id, CustomWorldStage::Review).await?;

    let device = Player::join_as(&studio.database, author.account.clone()).await?;
    change_on_two_devices(&author, &device, session_id).await?;
    for stage in [CustomWorldStage::Characters, CustomWorldStage::Assets, CustomWorldStage::Review] {
        move_to(&device, session_id, stage).await?;
    }
    let finished = move_to(&device, session_id, CustomWorldStage::Finished).await?;
    ensure!(!finished.is_open && finished.closed_at.is_some(), "{finished:?}");
    author.sees("the end", |rows| rows.my_creation_sessions().iter().find(|row| *row == finished)).await?;
    let approved = |stage: &CustomWorldSessionStage| stage.approved_at.is_some();
    author
        .sees("all approvals", |rows| rows.my_creation_stages().iter().all(|row| approved(&row)).then_some(()))
        .await?;

    // What is made this way can be published, and only then does anybody else see any of it.
    let draft = ask!(author, get_custom_world_and_return_then(None, world_id))?;
    let publication = studio.publish(&author, &draft).await?;
    stranger.sees("the world", |rows| rows.gallery_worlds().iter().find(|entry| entry.world_id == world_id)).await?;
    ensure!(publication.version.version == 1 && publication.profile.title == "The mill", "{publication:?}");
    ensure!(sees_nothing_private(stranger.rows()), "the making of a world is its author's alone");
    ensure!(sees_nothing_private(studio.service.rows()), "the Service's own views are empty");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_closed_conversation_proposed_is_superseded() -> Outcome {
    let node = TestNode::start().await?;
    let studio = Studio::open(&node).await?;
    let (author, stranger) = (studio.player().await?, studio.player().await?);
    let creation = started(&author).await?;
    let proposed = proposal(&studio, &author, &stranger, creation.world_id).await?;
    let (first, session_id) = (&proposed[0], proposed[0].session_id);
    done(reduce!(author, accept_draft_operation_then(first.operation_id)))?;

    done(reduce!(author, close_agent_session_then(session_id)))?;
    let superseded = |row: &CustomWorldAgentOperation| row.status == CustomWorldOperationStatus::Superseded;
    let others = proposed.len() - 1;
    let is_settled = |rows: &RemoteTables| rows.my_agent_operations().iter().filter(superseded).count() == others;
    author.sees("the others superseded", |rows| is_settled(rows).then_some(())).await?;
    let late = proposed[1].operation_id;
    expect_refused(reduce!(author, accept_draft_operation_then(late)), "illegal_transition")?;
    let text = "One more thing.".to_owned();
    let ending = CustomWorldMessageEnding::Complete;
    let reply = CustomWorldAgentReply { idempotency_key: "late".to_owned(), session_id, text, ending };
    let refused = ask!(studio.service, append_agent_message_and_return_then(Some(author.identity), reply));
    ensure!(refusal(refused)?.code == illegal("closed", "continued"));
    ensure!(author.rows().my_draft_cards().count() == 1, "what was accepted stays");
    Ok(())
}

/// A creation of a new world, with its six stages.
async fn started(author: &Player) -> anyhow::Result<CustomWorldSession> {
    let request = CustomWorldSessionStart {
        idempotency_key: "mill".to_owned(),
        world: CustomWorldSessionWorld::New("The mill".to_owned()),
        brief: "A mill by a river.".to_owned(),
    };
    done(reduce!(author, start_creation_session_then(request.clone())))?;
    let session = author.sees("the creation", |rows| rows.my_creation_sessions().iter().next()).await?;
    ensure!((session.stage, session.is_open, session.revision) == (CustomWorldStage::Brief, true, 1), "{session:?}");
    ensure!(author.rows().my_creation_stages().count() == 6, "its stages come with it");
    let again = ask!(author, start_creation_session_and_return_then(None, request.clone()))?;
    ensure!(again.session == session, "the same request again begins no second creation: {again:?}");
    let other = CustomWorldSessionStart { brief: "A castle.".to_owned(), ..request };
    expect_refused(reduce!(author, start_creation_session_then(other)), "conflict")?;
    Ok(session)
}

/// What the agent proposes after a word of the author's: the sample world, and one character more.
async fn proposal(
    studio: &Studio,
    author: &Player,
    stranger: &Player,
    world_id: Uuid,
) -> anyhow::Result<Vec<CustomWorldAgentOperation>> {
    let start = CustomWorldAgentSessionStart {
        idempotency_key: "talk".to_owned(),
        world_id,
        title: "About the mill".to_owned(),
    };
    let session_id = ask!(author, start_agent_session_and_return_then(None, start))?.session_id;
    let text = "Who lives there?".to_owned();
    let words = CustomWorldAuthorMessage { idempotency_key: "ask".to_owned(), session_id, text };
    done(reduce!(author, post_author_message_then(words)))?;

    let reply = CustomWorldAgentReply {
        idempotency_key: "reply".to_owned(),
        session_id,
        text: "How about these?".to_owned(),
        ending: CustomWorldMessageEnding::Complete,
    };
    let own_reply = ask!(author, append_agent_message_and_return_then(None, reply.clone()));
    ensure!(refusal(own_reply)?.code == DomainErrorCode::Forbidden, "only the Service speaks for the agent");
    let to = Some(author.identity);
    let said = ask!(studio.service, append_agent_message_and_return_then(to, reply.clone()))?;
    let again = ask!(studio.service, append_agent_message_and_return_then(to, reply))?;
    ensure!(again == said && said.number == 2, "{again:?} is another than {said:?}");

    let mut entries = sample_world::entries("The mill");
    let keeper = entries.iter().find(|(key, _)| key == "keeper").context("the sample has a keeper")?.1.clone();
    entries.push(("rival".to_owned(), keeper));
    let changes = entries.into_iter().map(|(key, entry)| CustomWorldChange::Add(CustomWorldKeyedEntry { key, entry }));
    let proposal = CustomWorldProposal {
        idempotency_key: "propose".to_owned(),
        session_id,
        message_id: Some(said.message_id),
        changes: changes.collect(),
    };
    let astray = Some(stranger.identity);
    let astray = ask!(studio.service, propose_draft_operations_and_return_then(astray, proposal.clone()));
    ensure!(refusal(astray)?.code == DomainErrorCode::NotFound, "only to the author of the world");
    let proposed = ask!(studio.service, propose_draft_operations_and_return_then(to, proposal.clone()))?;
    let again = ask!(studio.service, propose_draft_operations_and_return_then(to, proposal))?;
    ensure!(again == proposed, "the same request again proposes nothing new");
    let count = proposed.len() as u64;
    author.sees("the proposal", |rows| (rows.my_agent_operations().count() == count).then_some(())).await?;
    ensure!(author.rows().my_draft_cards().count() == 0, "a proposal is no draft");
    Ok(proposed)
}

/// The author takes everything but the rival.
async fn decide(author: &Player, stranger: &Player, proposed: &[CustomWorldAgentOperation]) -> Outcome {
    let (rival, wanted) = proposed.split_last().context("there is a proposal")?;
    expect_refused(reduce!(stranger, accept_draft_operation_then(rival.operation_id)), "not_found")?;
    for operation in wanted {
        done(reduce!(author, accept_draft_operation_then(operation.operation_id)))?;
    }
    let rejected = ask!(author, reject_draft_operation_and_return_then(None, rival.operation_id))?;
    ensure!(rejected.operation.status == CustomWorldOperationStatus::Rejected && rejected.card.is_none());
    expect_refused(reduce!(author, accept_draft_operation_then(rival.operation_id)), "illegal_transition")?;
    let again = ask!(author, accept_draft_operation_and_return_then(None, wanted[0].operation_id))?;
    let card = again.card.context("accepting again tells the card")?;
    ensure!(card.operation_id == Some(wanted[0].operation_id) && card.revision == 1, "{card:?}");

    let count = wanted.len() as u64;
    author.sees("the cards", |rows| (rows.my_draft_cards().count() == count).then_some(())).await?;
    ensure!(author.rows().my_draft_cards().iter().all(|card| card.key != "rival"), "what is rejected is no card");
    let statuses = author.rows().my_agent_operations();
    let accepted = statuses.iter().filter(|row| row.status == CustomWorldOperationStatus::Accepted).count();
    ensure!(accepted == wanted.len(), "{accepted} of {}", wanted.len());
    Ok(())
}

/// A change on one device takes approvals away, and the other device learns that it was late.
async fn change_on_two_devices(author: &Player, device: &Player, session_id: Uuid) -> Outcome {
    let is_arrival = |card: &CustomWorldDraftCard| card.key == "arrival";
    let card = device.rows().my_draft_cards().iter().find(is_arrival).context("the draft is on every device")?;
    let seen = author.rows().my_creation_sessions().iter().next().context("the author has a creation")?;
    let WorldEntry::Chapter(chapter) = card.entry.clone() else { anyhow::bail!("{card:?} is no chapter") };
    let entry = |title: &str| WorldEntry::Chapter(WorldChapter { title: title.to_owned(), ..chapter.clone() });
    let edit = |title: &str| CustomWorldCardEdit { card_id: card.card_id, revision: 1, entry: entry(title) };
    done(reduce!(device, edit_draft_card_then(edit("Dawn"))))?;
    let late = refusal(ask!(author, edit_draft_card_and_return_then(None, edit("Dusk"))))?;
    ensure!(late.code == conflict("2", "1"), "{late:?}");

    let is_back = |session: &CustomWorldSession| session.stage == CustomWorldStage::Chapters;
    let back = author.sees("the chapters again", |rows| rows.my_creation_sessions().iter().find(is_back)).await?;
    ensure!(back.revision == seen.revision + 1, "{back:?} follows {seen:?}");
    let late = CustomWorldSessionMove { session_id, revision: seen.revision, to: CustomWorldStage::Characters };
    let late = refusal(ask!(author, move_creation_session_and_return_then(None, late)))?;
    ensure!(late.code == conflict(&back.revision.to_string(), &seen.revision.to_string()), "{late:?}");
    let dawn = |card: &CustomWorldDraftCard| card.revision == 2 && card.entry == entry("Dawn");
    author.sees("the other device's chapter", |rows| rows.my_draft_cards().iter().find(dawn)).await?;
    Ok(())
}

/// Moves a creation as it stands now.
async fn move_to(author: &Player, session_id: Uuid, to: CustomWorldStage) -> anyhow::Result<CustomWorldSession> {
    let revision = ask!(author, get_creation_session_and_return_then(None, session_id))?.session.revision;
    let request = CustomWorldSessionMove { session_id, revision, to };
    let moved = ask!(author, move_creation_session_and_return_then(None, request))?.session;
    author.sees("the stage", |rows| rows.my_creation_sessions().iter().find(|row| *row == moved)).await
}

async fn cover(studio: &Studio, author: &Player, world_id: Uuid) -> Outcome {
    let asset_id = studio.picture(author, "cover").await?.asset_id;
    let binding = AssetEntityBindingRequest {
        asset_id,
        entity_kind: "world".to_owned(),
        entity_id: world_id.to_string(),
        slot: "cover".to_owned(),
    };
    done(reduce!(author, bind_asset_object_to_entity_then(binding)))
}

fn sees_nothing_private(rows: &RemoteTables) -> bool {
    let creation = rows.my_creation_sessions().count() + rows.my_creation_stages().count();
    let agent = rows.my_agent_sessions().count() + rows.my_agent_messages().count();
    creation + agent + rows.my_agent_operations().count() + rows.my_draft_cards().count() + rows.my_works().count() == 0
}
