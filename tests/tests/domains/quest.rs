//! Quests: offered, accepted, completed by what happens, turned in once.

use std::collections::BTreeMap;

use spacetimedb_sdk::Table;
use worldloom_client::{
    DomainErrorCode, MyInventoryTableAccess, MyProgressionTableAccess, MyQuestLogTableAccess, MyQuestsTableAccess,
    MyStoryEventsTableAccess, NpcInteraction, QuestLogKind, QuestRecord, QuestSelection, QuestStatus, StoryEvent,
    StoryEventKind, StorySession, abandon_quest, accept_quest, accept_quest_and_return, list_quest_offers_and_return,
    turn_in_quest, turn_in_quest_and_return,
};
use worldloom_tests::playing::quantity_of;
use worldloom_tests::refusals::{conflict, illegal};
use worldloom_tests::{Outcome, Player, ask, done, expect_refused, reduce, refusal};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn an_errand_is_run_from_the_offer_to_the_reward() -> Outcome {
    let scene = Scene::open().await?;
    let (alice, bob) = (&scene.alice, &scene.bob);
    let story = alice.begin_story(scene.world.world_id).await?;
    let errand = errand_in(&story);
    let strangers = conflict("met", "unknown");
    let [offer] = &ask!(alice, list_quest_offers_and_return_then(None, story.session_id))?[..] else {
        panic!("one quest")
    };
    assert_eq!((offer.quest_key.as_str(), offer.status), ("errand", QuestStatus::Available));
    assert_eq!(offer.obstacle.as_ref().map(|obstacle| &obstacle.code), Some(&strangers));
    assert_eq!(refusal(ask!(alice, accept_quest_and_return_then(None, errand.clone())))?.code, strangers);
    expect_refused(reduce!(alice, accept_quest_then(errand.clone())), "conflict")?;

    alice.interact(&story, "keeper", NpcInteraction::Talk).await?;
    done(reduce!(alice, accept_quest_then(errand.clone())))?;
    let accepted = sees_quest(alice, QuestStatus::Accepted).await?;
    assert_eq!((accepted.objectives[0].count, accepted.objectives[0].needed), (0, 1));
    assert_eq!(ask!(alice, accept_quest_and_return_then(None, errand.clone()))?, accepted, "accepted already");
    let refused = refusal(ask!(alice, turn_in_quest_and_return_then(None, errand.clone())))?;
    assert_eq!(refused.code, illegal("accepted", "turned_in"));

    alice.fight(&story, "rat").await?;
    let completed = sees_quest(alice, QuestStatus::Completed).await?;
    assert_eq!((completed.quest_id, completed.objectives[0].count), (accepted.quest_id, 1));
    let offers = ask!(alice, list_quest_offers_and_return_then(None, story.session_id))?;
    assert_eq!((offers[0].status, &offers[0].obstacle), (QuestStatus::Completed, &None));

    done(reduce!(alice, turn_in_quest_then(errand.clone())))?;
    let turned_in = sees_quest(alice, QuestStatus::TurnedIn).await?;
    alice.sees("the bread", |rows| rows.my_inventory().iter().find(|item| item.quantity == 2)).await?;
    alice.sees("25 and 60 points", |rows| rows.my_progression().iter().find(|row| row.experience == 85)).await?;
    let told = |event: &StoryEvent| event.kind == StoryEventKind::QuestTurnedIn && event.subject_key == "errand";
    alice.sees("the event", |rows| rows.my_story_events().iter().find(told)).await?;
    let log: BTreeMap<_, _> = alice.rows().my_quest_log().iter().map(|entry| (entry.id, entry.kind)).collect();
    use QuestLogKind::{Accepted, Completed, Progressed, TurnedIn};
    assert_eq!(log.into_values().collect::<Vec<_>>(), [Accepted, Progressed, Completed, TurnedIn]);

    assert_eq!(ask!(alice, turn_in_quest_and_return_then(None, errand.clone()))?, turned_in, "turned in already");
    assert_eq!(quantity_of(&alice.inventory(story.world_id).await?, "bread"), 2);
    assert_eq!(alice.rows().my_progression().iter().map(|row| row.experience).collect::<Vec<_>>(), [85]);
    let refused = refusal(ask!(alice, accept_quest_and_return_then(None, errand.clone())))?;
    assert_eq!(refused.code, illegal("turned_in", "accepted"));

    let refused = refusal(ask!(bob, turn_in_quest_and_return_then(None, errand)))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound);
    assert_eq!((bob.rows().my_quests().count(), bob.rows().my_quest_log().count()), (0, 0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_quest_begins_anew() -> Outcome {
    let scene = Scene::open().await?;
    let alice = &scene.alice;
    let story = alice.begin_story(scene.world.world_id).await?;
    alice.interact(&story, "keeper", NpcInteraction::Talk).await?;
    let first = ask!(alice, accept_quest_and_return_then(None, errand_in(&story)))?;
    alice.fight(&story, "rat").await?;
    sees_quest(alice, QuestStatus::Completed).await?;
    done(reduce!(alice, abandon_quest_then(errand_in(&story))))?;
    sees_quest(alice, QuestStatus::Abandoned).await?;
    let refused = refusal(ask!(alice, turn_in_quest_and_return_then(None, errand_in(&story))))?;
    assert_eq!(refused.code, illegal("abandoned", "turned_in"));

    // Another device takes it up again.
    let tablet = scene.device_of(alice).await?;
    let again = ask!(tablet, accept_quest_and_return_then(None, errand_in(&story)))?;
    assert_eq!((again.quest_id, again.attempts, again.objectives[0].count), (first.quest_id, 2, 0));
    assert_eq!(sees_quest(alice, QuestStatus::Accepted).await?, again);
    tablet.fight(&story, "rat").await?;
    sees_quest(alice, QuestStatus::Completed).await?;
    Ok(())
}

/// However many devices turn it in at once, the reward is given once.
#[tokio::test(flavor = "multi_thread")]
async fn two_devices_turn_in_one_quest() -> Outcome {
    let scene = Scene::open().await?;
    let phone = &scene.alice;
    let tablet = scene.device_of(phone).await?;
    let story = phone.begin_story(scene.world.world_id).await?;
    phone.interact(&story, "keeper", NpcInteraction::Talk).await?;
    ask!(phone, accept_quest_and_return_then(None, errand_in(&story)))?;
    phone.fight(&story, "rat").await?;
    let turn_in =
        async |device: &Player| anyhow::Ok(ask!(device, turn_in_quest_and_return_then(None, errand_in(&story)))?);
    let (one, other) = tokio::try_join!(turn_in(phone), turn_in(&tablet))?;
    assert_eq!(one, other);
    assert_eq!(quantity_of(&phone.inventory(story.world_id).await?, "bread"), 2);
    let quest_awards = format!("SELECT * FROM experience_award WHERE source_id = '{}'", one.quest_id);
    let awards = scene.studio.database.sql(&quest_awards).await?;
    assert_eq!(awards.len(), 1, "{awards:?}");
    Ok(())
}

fn errand_in(story: &StorySession) -> QuestSelection {
    QuestSelection { session_id: story.session_id, quest_key: "errand".to_owned() }
}

async fn sees_quest(player: &Player, status: QuestStatus) -> anyhow::Result<QuestRecord> {
    player.sees("the quest", |rows| rows.my_quests().iter().find(|quest| quest.status == status)).await
}
