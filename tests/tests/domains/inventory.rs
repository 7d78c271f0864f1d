//! What players carry and wear, and how two of them trade.

use spacetimedb_lib::Uuid;
use spacetimedb_sdk::Table;
use worldloom_client::{
    DomainErrorCode, InventoryDiscard, InventoryItem, InventoryMerge, InventoryMove, InventoryRecord, InventorySplit,
    InventoryTrade, MyEquipmentTableAccess, MyInventoryBagsTableAccess, MyInventoryTableAccess,
    MyReceivedTradesTableAccess, MyRuntimeItemsTableAccess, MyTradesTableAccess, RemoteTables, TradeAcceptance,
    TradeItemRequest, TradeProposal, TradeRevision, TradeSide, TradeStatus, accept_trade, accept_trade_and_return,
    cancel_trade, decline_trade, discard_inventory_item, discard_inventory_item_and_return, equip_item,
    equip_item_and_return, list_open_trades_and_return, merge_inventory_stacks, move_inventory_item_and_return,
    offer_trade, offer_trade_and_return, read_trade_and_return, revise_trade, revise_trade_and_return,
    split_inventory_stack, split_inventory_stack_and_return, unequip_item,
};
use worldloom_tests::playing::{fresh_key, quantity_of};
use worldloom_tests::refusals::{conflict, insufficient};
use worldloom_tests::{Outcome, Player, ask, done, expect_refused, reduce, refusal};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_tidy_one_bag() -> Outcome {
    let scene = Scene::open().await?;
    let tablet = scene.device_of(&scene.alice).await?;
    let (phone, bob, world_id) = (&scene.alice, &scene.bob, scene.world.world_id);
    let story = phone.begin_story(world_id).await?;
    phone.run_errand(&story).await?;
    let bread = tablet.sees("the bread", |rows| rows.my_inventory().iter().next()).await?;
    assert_eq!((bread.item_key.as_str(), bread.quantity, bread.slot), ("bread", 2, 0));
    let revision = tablet.sees("the bag", |rows| rows.my_inventory_bags().iter().next()).await?.revision;

    let split = InventorySplit { item_id: bread.item_id, revision, quantity: 1, to_slot: Some(7) };
    done(reduce!(tablet, split_inventory_stack_then(split.clone())))?;
    let half = phone.sees("the other loaf", |rows| rows.my_inventory().iter().find(|item| item.slot == 7)).await?;
    let late = refusal(ask!(phone, split_inventory_stack_and_return_then(None, split.clone())))?;
    assert_eq!(late.code, conflict(&(revision + 1).to_string(), &revision.to_string()));
    expect_refused(reduce!(phone, split_inventory_stack_then(split)), "conflict")?;
    let moving = InventoryMove { item_id: half.item_id, to_slot: 39, revision: revision + 1 };
    let moved = ask!(phone, move_inventory_item_and_return_then(None, moving))?;
    assert_eq!(moved.items.iter().map(|item| item.slot).collect::<Vec<_>>(), [0, 39]);
    let merge =
        InventoryMerge { from_item_id: half.item_id, into_item_id: bread.item_id, revision: moved.bag.revision };
    done(reduce!(phone, merge_inventory_stacks_then(merge)))?;
    tablet.sees("one stack", |rows| rows.my_inventory().iter().find(|item| item.quantity == 2)).await?;

    let discard = |quantity| InventoryDiscard { item_id: bread.item_id, quantity, revision: moved.bag.revision + 1 };
    let refused = refusal(ask!(phone, discard_inventory_item_and_return_then(None, discard(3))))?;
    assert_eq!(refused.code, insufficient(3, 2));
    let refused = refusal(ask!(bob, discard_inventory_item_and_return_then(None, discard(1))))?;
    assert_eq!((refused.code, bob.rows().my_inventory().count()), (DomainErrorCode::NotFound, 0));
    done(reduce!(phone, discard_inventory_item_then(discard(2))))?;
    let empty = |rows: &RemoteTables| (rows.my_inventory().count() == 0).then_some(());
    tablet.sees("an empty bag", empty).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_worn_counts_in_battle() -> Outcome {
    let scene = Scene::open().await?;
    let (alice, bob, world_id) = (&scene.alice, &scene.bob, scene.world.world_id);
    let story = alice.begin_story(world_id).await?;
    alice.fight(&story, "warden").await?;
    alice.open_treasure(&story, "chest").await?;
    let bag = alice.inventory(world_id).await?;
    let [one, other] = &bag.runtime_items[..] else { panic!("two lamps: {bag:?}") };
    done(reduce!(alice, equip_item_then(one.runtime_item_id)))?;
    sees_worn(alice, one.runtime_item_id).await?;
    let dressed = ask!(alice, equip_item_and_return_then(None, one.runtime_item_id))?;
    assert_eq!((dressed.equipment.len(), dressed.items.len()), (1, 1), "worn already, and in no slot");
    let swapped = ask!(alice, equip_item_and_return_then(None, other.runtime_item_id))?;
    let in_bag: Vec<_> = swapped.items.iter().map(|item| item.runtime_item_id).collect();
    assert_eq!((swapped.equipment.len(), in_bag), (1, vec![Some(one.runtime_item_id)]));
    sees_worn(alice, other.runtime_item_id).await?;
    let refused = refusal(ask!(bob, equip_item_and_return_then(None, one.runtime_item_id)))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound);
    assert_eq!((alice.rows().my_equipment().count(), bob.rows().my_equipment().count()), (1, 0));
    let armed = alice.fight(&story, "rat").await?.player.stats.attack;
    assert_eq!(armed, 10 + other.attributes[0].value);

    done(reduce!(alice, unequip_item_then(other.runtime_item_id)))?;
    done(reduce!(alice, unequip_item_then(other.runtime_item_id)))?;
    let bare = |rows: &RemoteTables| (rows.my_equipment().count() == 0).then_some(());
    alice.sees("nothing worn", bare).await?;
    assert_eq!(alice.start_battle(&story, "rat").await?.player.stats.attack, 10);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_players_trade_what_both_have_seen() -> Outcome {
    let Market { scene, bread, lamp } = Market::open().await?;
    let (alice, bob, stranger, world_id) = (&scene.alice, &scene.bob, &scene.author, scene.world.world_id);
    let proposal = proposal(&scene, &[(&bread, 1)]);
    done(reduce!(alice, offer_trade_then(proposal.clone())))?;
    let offered = bob.sees("the offer", |rows| rows.my_received_trades().iter().next()).await?;
    assert_eq!((offered.revision, offered.proposer_items[0].item_key.as_str()), (1, "bread"));
    assert_eq!(ask!(alice, offer_trade_and_return_then(None, proposal))?, offered, "the same request again");
    let open = ask!(bob, list_open_trades_and_return_then(None))?;
    assert_eq!(open, std::slice::from_ref(&offered));

    done(reduce!(alice, accept_trade_then(accepting(&offered))))?;
    let revision = |items| TradeRevision { trade_id: offered.trade_id, revision: 1, items };
    done(reduce!(bob, revise_trade_then(revision(vec![wanted(&lamp, 1)]))))?;
    let revised = sees_trade(alice, &offered, |trade| trade.revision == 2).await?;
    assert_eq!((revised.accepted_by, revised.partner_items.len()), (None, 1), "an acceptance is taken back");
    assert_eq!(revised.partner_items[0].runtime_item_id, lamp.runtime_item_id, "with what was rolled");
    let refused = refusal(ask!(alice, accept_trade_and_return_then(None, accepting(&offered))))?;
    assert_eq!(refused.code, conflict("2", "1"), "nobody accepts what it has not seen");
    let refused = refusal(ask!(bob, revise_trade_and_return_then(None, revision(Vec::new()))))?;
    assert_eq!(refused.code, conflict("2", "1"));

    for refused in [
        refusal(ask!(stranger, read_trade_and_return_then(None, offered.trade_id)))?,
        refusal(ask!(stranger, accept_trade_and_return_then(None, accepting(&revised))))?,
    ] {
        assert_eq!(refused.code, DomainErrorCode::NotFound);
    }
    assert_eq!((stranger.rows().my_trades().count(), stranger.rows().my_received_trades().count()), (0, 0));

    let noted = ask!(alice, accept_trade_and_return_then(None, accepting(&revised)))?;
    assert_eq!((noted.status, noted.accepted_by), (TradeStatus::Open, Some(TradeSide::Proposer)));
    done(reduce!(bob, accept_trade_then(accepting(&revised))))?;
    done(reduce!(bob, accept_trade_then(accepting(&revised))))?;
    let done = sees_trade(alice, &offered, |trade| trade.status == TradeStatus::Completed).await?;
    assert!(done.settled_at.is_some());
    alice.sees("the lamp", |rows| rows.my_runtime_items().iter().next()).await?;
    bob.sees("the bread", |rows| rows.my_inventory().iter().find(|item| item.item_key == "bread")).await?;
    let (alices, bobs) = (alice.inventory(world_id).await?, bob.inventory(world_id).await?);
    assert_eq!((quantity_of(&alices, "bread"), quantity_of(&bobs, "bread")), (1, 1), "nothing is made or lost");
    assert_eq!((quantity_of(&alices, "lamp"), quantity_of(&bobs, "lamp")), (1, 1));
    assert_eq!(Some(alices.runtime_items[0].runtime_item_id), lamp.runtime_item_id, "the very same lamp");
    assert_eq!(bob.rows().my_runtime_items().count(), 1, "the other lamp");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_reserves_nothing() -> Outcome {
    let Market { scene, bread, lamp } = Market::open().await?;
    let (alice, bob, world_id) = (&scene.alice, &scene.bob, scene.world.world_id);
    let trade = ask!(alice, offer_trade_and_return_then(None, proposal(&scene, &[(&bread, 2)])))?;
    let adding = TradeRevision { trade_id: trade.trade_id, revision: 1, items: vec![wanted(&lamp, 1)] };
    let trade = ask!(bob, revise_trade_and_return_then(None, adding))?;
    ask!(alice, accept_trade_and_return_then(None, accepting(&trade)))?;
    let revision = alice.inventory(world_id).await?.bag.revision;
    let eaten = InventoryDiscard { item_id: bread.item_id, quantity: 1, revision };
    ask!(alice, discard_inventory_item_and_return_then(None, eaten))?;
    let before = bob.inventory(world_id).await?;
    let refused = refusal(ask!(bob, accept_trade_and_return_then(None, accepting(&trade))))?;
    assert_eq!(refused.code, insufficient(2, 1));
    expect_refused(reduce!(bob, accept_trade_then(accepting(&trade))), "insufficient")?;
    assert_eq!(bob.inventory(world_id).await?, before, "nothing moved");

    expect_refused(reduce!(alice, decline_trade_then(trade.trade_id)), "conflict")?;
    done(reduce!(bob, decline_trade_then(trade.trade_id)))?;
    sees_trade(alice, &trade, |trade| trade.status == TradeStatus::Declined).await?;
    let second = ask!(alice, offer_trade_and_return_then(None, proposal(&scene, &[(&bread, 1)])))?;
    done(reduce!(alice, cancel_trade_then(second.trade_id)))?;
    let cancelled = |trade: &InventoryTrade| trade.status == TradeStatus::Cancelled;
    bob.sees("the withdrawal", |rows| rows.my_received_trades().iter().find(cancelled)).await?;
    assert_eq!(ask!(bob, list_open_trades_and_return_then(None))?, []);
    Ok(())
}

/// Two players of one world: Alice has two loaves of bread, Bob two lamps.
struct Market {
    scene: Scene,
    bread: InventoryItem,
    lamp: InventoryItem,
}

impl Market {
    async fn open() -> anyhow::Result<Self> {
        let scene = Scene::open().await?;
        let (alice, bob, world_id) = (&scene.alice, &scene.bob, scene.world.world_id);
        let story = alice.begin_story(world_id).await?;
        alice.run_errand(&story).await?;
        let story = bob.begin_story(world_id).await?;
        bob.fight(&story, "warden").await?;
        bob.open_treasure(&story, "chest").await?;
        let first = |bag: InventoryRecord| bag.items.into_iter().next().expect("something lies there");
        let (bread, lamp) = (first(alice.inventory(world_id).await?), first(bob.inventory(world_id).await?));
        Ok(Self { scene, bread, lamp })
    }
}

/// What Alice proposes to Bob.
fn proposal(scene: &Scene, items: &[(&InventoryItem, u32)]) -> TradeProposal {
    TradeProposal {
        idempotency_key: fresh_key(),
        world_id: scene.world.world_id,
        partner: scene.bob.identity,
        items: items.iter().map(|(item, quantity)| wanted(item, *quantity)).collect(),
    }
}

const fn wanted(item: &InventoryItem, quantity: u32) -> TradeItemRequest {
    TradeItemRequest { item_id: item.item_id, quantity }
}

/// The acceptance of a trade as it was seen.
const fn accepting(trade: &InventoryTrade) -> TradeAcceptance {
    TradeAcceptance { trade_id: trade.trade_id, revision: trade.revision }
}

async fn sees_trade(
    proposer: &Player,
    trade: &InventoryTrade,
    is_so: impl Fn(&InventoryTrade) -> bool,
) -> anyhow::Result<InventoryTrade> {
    let wanted = |row: &InventoryTrade| row.trade_id == trade.trade_id && is_so(row);
    proposer.sees("the trade", |rows| rows.my_trades().iter().find(wanted)).await
}

async fn sees_worn(player: &Player, runtime_item_id: Uuid) -> Outcome {
    let worn = |rows: &RemoteTables| rows.my_equipment().iter().find(|row| row.runtime_item_id == runtime_item_id);
    player.sees("what is worn", worn).await.map(drop)
}
