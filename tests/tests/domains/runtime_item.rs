//! Treasures, and the things that are rolled for them.

use spacetimedb_sdk::Table;
use worldloom_client::{
    DomainErrorCode, ItemAttribute, MyInventoryTableAccess, MyRuntimeItemsTableAccess, MyStoryEventsTableAccess,
    MyTreasuresTableAccess, RemoteTables, StoryEnding, StoryEvent, StoryEventKind, StorySession, TreasureOpening,
    end_story_and_return, open_treasure, open_treasure_and_return,
};
use worldloom_tests::playing::quantity_of;
use worldloom_tests::refusals::{conflict, illegal};
use worldloom_tests::{Outcome, ask, done, expect_refused, reduce, refusal};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_treasure_is_opened_once_in_a_story() -> Outcome {
    let scene = Scene::open().await?;
    let (alice, bob, world_id) = (&scene.alice, &scene.bob, scene.world.world_id);
    let story = alice.begin_story(world_id).await?;
    done(reduce!(alice, open_treasure_then(opening(&story, "sack"))))?;
    let opened = alice.sees("the treasure", |rows| rows.my_treasures().iter().next()).await?;
    assert_eq!((opened.owner, opened.name.as_str()), (alice.identity, "Sack"));
    let total: u32 = opened.loot.iter().map(|amount| amount.quantity).sum();
    assert!((2..=6).contains(&total), "two draws of one to three: {opened:?}");
    let bag = alice.inventory(world_id).await?;
    for amount in &opened.loot {
        assert_eq!(quantity_of(&bag, &amount.item_key), amount.quantity, "{opened:?}");
    }
    let shown: u32 = alice.rows().my_inventory().iter().map(|item| item.quantity).sum();
    assert_eq!(shown, total);
    let told = |event: &StoryEvent| event.kind == StoryEventKind::TreasureOpened && event.subject_key == "sack";
    alice.sees("the event", |rows| rows.my_story_events().iter().find(told)).await?;

    let again = async || anyhow::Ok(ask!(alice, open_treasure_and_return_then(None, opening(&story, "sack")))?);
    let (one, other) = tokio::try_join!(again(), again())?;
    assert_eq!((&one, &other), (&opened, &opened));
    done(reduce!(alice, open_treasure_then(opening(&story, "sack"))))?;
    assert_eq!(alice.inventory(world_id).await?, bag, "nothing more comes out of it");

    let refused = refusal(ask!(bob, open_treasure_and_return_then(None, opening(&story, "sack"))))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound, "another player's story");
    assert_eq!((bob.rows().my_treasures().count(), bob.rows().my_inventory().count()), (0, 0));
    let next = alice.begin_story(world_id).await?;
    let refilled = alice.open_treasure(&next, "sack").await?;
    assert_ne!(refilled.record_id, opened.record_id, "each story has its own");

    let ending = StoryEnding {
        session_id: next.session_id,
        expected_event_number: next.next_event_number + 1,
        text: "Enough.".to_owned(),
    };
    ask!(alice, end_story_and_return_then(None, ending))?;
    let refused = refusal(ask!(alice, open_treasure_and_return_then(None, opening(&next, "chest"))))?;
    assert_eq!(refused.code, illegal("ended", "continued"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guarded_chest_holds_things_to_wear() -> Outcome {
    let scene = Scene::open().await?;
    let tablet = scene.device_of(&scene.alice).await?;
    let (alice, bob, world_id) = (&scene.alice, &scene.bob, scene.world.world_id);
    let story = alice.begin_story(world_id).await?;
    let refused = refusal(ask!(alice, open_treasure_and_return_then(None, opening(&story, "chest"))))?;
    assert_eq!(refused.code, conflict("defeated", "standing"));
    expect_refused(reduce!(alice, open_treasure_then(opening(&story, "chest"))), "conflict")?;

    alice.fight(&story, "warden").await?;
    let opened = alice.open_treasure(&story, "chest").await?;
    let loot: Vec<_> = opened.loot.iter().map(|amount| (amount.item_key.as_str(), amount.quantity)).collect();
    assert_eq!(loot, [("lamp", 2)]);
    let lamps = |rows: &RemoteTables| {
        let lamps: Vec<_> = rows.my_runtime_items().iter().collect();
        (lamps.len() == 2).then_some(lamps)
    };
    for lamp in tablet.sees("two lamps", lamps).await? {
        assert_eq!((lamp.owner, lamp.world_id, lamp.version_id), (alice.identity, world_id, scene.world.version_id));
        let [rolled] = &lamp.attributes[..] else { panic!("one attribute: {lamp:?}") };
        assert_eq!(rolled.attribute, ItemAttribute::Attack);
        assert!((1..=4).contains(&rolled.value), "{lamp:?}");
        let lies = |rows: &RemoteTables| {
            rows.my_inventory().iter().find(|item| item.runtime_item_id == Some(lamp.runtime_item_id))
        };
        assert_eq!(tablet.sees("the lamp", lies).await?.quantity, 1, "each lies in a slot of its own");
    }
    let refused = refusal(ask!(bob, open_treasure_and_return_then(None, opening(&story, "chest"))))?;
    assert_eq!((refused.code, bob.rows().my_runtime_items().count()), (DomainErrorCode::NotFound, 0));
    Ok(())
}

fn opening(story: &StorySession, treasure_key: &str) -> TreasureOpening {
    TreasureOpening { session_id: story.session_id, treasure_key: treasure_key.to_owned() }
}
