//! Characters: what they make of how a player treats them, and what they hear of each other.

use spacetimedb_sdk::Table;
use worldloom_client::{
    DomainErrorCode, ItemAmount, MyInventoryTableAccess, MyNpcRelationsTableAccess, MyNpcsTableAccess,
    MyStoryEventsTableAccess, NpcInteraction, NpcInteractionRequest, NpcMemoryKind, NpcState, StoryEventKind,
    StorySession, WorldCharacter, WorldEntry, resolve_npc_interaction, resolve_npc_interaction_and_return,
};
use worldloom_tests::playing::{fresh_key, quantity_of};
use worldloom_tests::refusals::{conflict, insufficient};
use worldloom_tests::{Outcome, Player, ask, done, expect_refused, reduce, refusal, sample_world};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_character_remembers_how_it_was_treated() -> Outcome {
    let scene = Scene::open().await?;
    let Scene { alice, bob, world, studio, .. } = scene;
    let story = alice.begin_story(world.world_id).await?;
    let hello = NpcInteractionRequest {
        note: "Asked for the way.".to_owned(),
        ..request(&story, "keeper", NpcInteraction::Talk)
    };
    done(reduce!(alice, resolve_npc_interaction_then(hello.clone())))?;
    let keeper = sees_npc(&alice, "keeper", |_| true).await?;
    let start = character("keeper").initial_affinity;
    assert_eq!(keeper.affinity, start + 1);
    let remembered: Vec<_> = keeper.memories.iter().map(|memory| (memory.kind, memory.note.as_str())).collect();
    assert_eq!(remembered, [(NpcMemoryKind::Talk, "Asked for the way.")]);
    let met = alice.sees("the meeting", |rows| rows.my_story_events().iter().find(|event| event.number == 2)).await?;
    assert_eq!((met.kind, met.subject_key.as_str()), (StoryEventKind::CharacterMet, "keeper"));
    assert_eq!(met.text, "You are early.");
    let relations: Vec<_> = alice.rows().my_npc_relations().iter().map(|row| (row.other_key, row.affinity)).collect();
    assert_eq!(relations, [("child".to_owned(), character("keeper").relations[0].affinity)]);

    let again = ask!(alice, resolve_npc_interaction_and_return_then(None, hello))?;
    assert_eq!(again, keeper, "the same request again");
    let more = alice.interact(&story, "keeper", NpcInteraction::Talk).await?;
    assert_eq!((more.affinity, more.memories.len()), (start + 1, 1), "too soon to gain or mean anything");

    let account = alice.leave();
    let alice = Player::join_as(&studio.database, account).await?;
    assert_eq!(alice.rows().my_npcs().iter().collect::<Vec<_>>(), [more]);

    let intrusion = request(&story, "keeper", NpcInteraction::Talk);
    let refused = refusal(ask!(bob, resolve_npc_interaction_and_return_then(None, intrusion)))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound);
    let shown = (bob.rows().my_npcs().count(), bob.rows().my_npc_relations().count());
    assert_eq!(shown, (0, 0), "a stranger sees nobody's acquaintances");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_leaves_the_bag() -> Outcome {
    let scene = Scene::open().await?;
    let alice = &scene.alice;
    let story = alice.begin_story(scene.world.world_id).await?;
    alice.run_errand(&story).await?;
    let before = sees_npc(alice, "keeper", |_| true).await?.affinity;
    let bread = |quantity| NpcInteraction::Gift(ItemAmount { item_key: "bread".to_owned(), quantity });
    let refused =
        refusal(ask!(alice, resolve_npc_interaction_and_return_then(None, request(&story, "keeper", bread(3)))))?;
    assert_eq!(refused.code, insufficient(3, 2));

    let gift = request(&story, "keeper", bread(1));
    done(reduce!(alice, resolve_npc_interaction_then(gift.clone())))?;
    done(reduce!(alice, resolve_npc_interaction_then(gift)))?;
    sees_npc(alice, "keeper", |npc| npc.affinity == before + 3).await?;
    alice.sees("what is left", |rows| rows.my_inventory().iter().find(|item| item.quantity == 1)).await?;
    let second = alice.interact(&story, "keeper", bread(1)).await?;
    assert_eq!(second.affinity, before + 4, "the second gift of a day counts half");
    assert_eq!(quantity_of(&alice.inventory(scene.world.world_id).await?, "bread"), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insult_is_heard_of_and_ends_good_will() -> Outcome {
    let scene = Scene::open().await?;
    let alice = &scene.alice;
    let story = alice.begin_story(scene.world.world_id).await?;
    let keeper = alice.interact(&story, "keeper", NpcInteraction::Talk).await?;
    let child = alice.interact(&story, "child", NpcInteraction::Talk).await?;
    // Half of the change times how the keeper stands to the child, which was 1 for the talk.
    let regard = character("keeper").relations[0].affinity;
    let echo = -12 * regard / 200;
    assert_ne!(echo, 0, "the sample world's keeper is indifferent to the child");

    done(reduce!(alice, resolve_npc_interaction_then(request(&story, "child", NpcInteraction::Insult))))?;
    sees_npc(alice, "child", |npc| npc.affinity == child.affinity - 12).await?;
    sees_npc(alice, "keeper", |npc| npc.affinity == keeper.affinity + regard / 200 + echo).await?;

    let mut affinity = child.affinity - 12;
    while affinity > -60 {
        let hurt = alice.interact(&story, "child", NpcInteraction::Insult).await?;
        assert_eq!(hurt.affinity, affinity - 12);
        affinity = hurt.affinity;
    }
    let help = request(&story, "child", NpcInteraction::Help);
    let refused = refusal(ask!(alice, resolve_npc_interaction_and_return_then(None, help.clone())))?;
    assert_eq!(refused.code, conflict("above -60", &affinity.to_string()));
    expect_refused(reduce!(alice, resolve_npc_interaction_then(help)), "conflict")?;

    let sorry = alice.interact(&story, "child", NpcInteraction::Apologize).await?;
    assert_eq!(sorry.affinity, affinity + 4);
    let sorry = alice.interact(&story, "child", NpcInteraction::Apologize).await?;
    assert_eq!(sorry.affinity, affinity + 4, "once an hour");
    Ok(())
}

fn request(story: &StorySession, character_key: &str, interaction: NpcInteraction) -> NpcInteractionRequest {
    NpcInteractionRequest {
        idempotency_key: fresh_key(),
        session_id: story.session_id,
        character_key: character_key.to_owned(),
        interaction,
        note: String::new(),
    }
}

/// What the author wrote of a character.
fn character(key: &str) -> WorldCharacter {
    let entry = sample_world::entries("Lighthouse").into_iter().find(|entry| entry.0 == key);
    match entry {
        Some((_, WorldEntry::Character(character))) => character,
        other => panic!("{other:?}"),
    }
}

async fn sees_npc(player: &Player, key: &str, is_so: impl Fn(&NpcState) -> bool) -> anyhow::Result<NpcState> {
    let wanted = |npc: &NpcState| npc.character_key == key && is_so(npc);
    player.sees(key, |rows| rows.my_npcs().iter().find(wanted)).await
}
