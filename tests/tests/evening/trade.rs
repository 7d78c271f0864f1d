//! Things: a chest with two lamps, and one of them for somebody else's bread or coal.

use anyhow::{Context, ensure};
use spacetimedb_sdk::Table;
use worldloom_client::{
    CustomWorldPublication, DomainErrorCode, InventoryItem, InventoryTrade, MyInventoryTableAccess,
    MyReceivedTradesTableAccess, MyRuntimeItemsTableAccess, MyTradesTableAccess, MyTreasuresTableAccess, RemoteTables,
    RuntimeItem, StorySession, TradeAcceptance, TradeItemRequest, TradeProposal, TradeRevision, TradeStatus,
    TreasureOpening, TreasureRecord, accept_trade, accept_trade_and_return, offer_trade_and_return,
    open_treasure_and_return, read_trade_and_return, revise_trade_and_return,
};
use worldloom_tests::{Outcome, Player, ask, done, reduce, refusal};

use crate::cast::Cast;
use crate::play::begin_story;

pub async fn the_player_opens_the_chest(cast: &Cast, story: &StorySession) -> Outcome {
    open(&cast.player, story, "chest").await?;
    // Two draws from a chest that holds nothing but lamps.
    ensure!(carried(cast.player.rows(), "lamp") == 2, "other things are in the chest");
    ensure!(cast.player.rows().my_runtime_items().count() == 2, "lamps that nobody has made");
    Ok(())
}

pub async fn the_trader_opens_a_sack(cast: &Cast, published: &CustomWorldPublication) -> Outcome {
    let story = begin_story(&cast.trader, published).await?;
    open(&cast.trader, &story, "sack").await
}

/// A lamp, with all that was rolled for it, for whatever lies first in the trader's bag.
pub async fn the_player_trades_with_a_third(cast: &Cast, story: &StorySession) -> Outcome {
    let (player, trader) = (&cast.player, &cast.trader);
    let lamp = stack(player, |stack| stack.item_key == "lamp")?;
    let made = player.rows().my_runtime_items().iter().find(|made| Some(made.runtime_item_id) == lamp.runtime_item_id);
    let made = made.context("the lamp is not of this world")?;
    let price = stack(trader, |_| true)?;
    let before = carried(player.rows(), &price.item_key);

    let trade = propose(cast, story, &lamp).await?;
    let revised = name_the_price(cast, &trade, &price).await?;
    let outdated = TradeAcceptance { trade_id: trade.trade_id, revision: trade.revision };
    let refused = refusal(ask!(player, accept_trade_and_return_then(None, outdated)))?;
    ensure!(matches!(refused.code, DomainErrorCode::Conflict(_)), "accepted unseen: {refused:?}");
    // A stranger who knows the trade's id learns no more from it.
    let refused = refusal(ask!(cast.stranger, read_trade_and_return_then(None, trade.trade_id)))?;
    ensure!(refused.code == DomainErrorCode::NotFound, "{refused:?}");

    let acceptance = TradeAcceptance { trade_id: trade.trade_id, revision: revised.revision };
    done(reduce!(trader, accept_trade_then(acceptance.clone())))?;
    player.sees("one acceptance", |rows| rows.my_trades().iter().find(|trade| trade.accepted_by.is_some())).await?;
    let settled = ask!(player, accept_trade_and_return_then(None, acceptance))?;
    ensure!(settled.status == TradeStatus::Completed, "{settled:?}");

    player.sees("the settled trade", |rows| rows.my_trades().iter().find(|row| *row == settled)).await?;
    trader.sees("the settled trade", |rows| rows.my_received_trades().iter().find(|row| *row == settled)).await?;
    player.sees("the price", |rows| (carried(rows, &price.item_key) == before + price.quantity).then_some(())).await?;
    let mine = RuntimeItem { owner: trader.identity, ..made };
    trader.sees("the same lamp", |rows| rows.my_runtime_items().iter().find(|row| *row == mine)).await?;
    ensure!(carried(player.rows(), "lamp") == 1 && carried(trader.rows(), "lamp") == 1, "a lamp was lost or copied");
    Ok(())
}

/// How many of an item are in the bags.
pub fn carried(rows: &RemoteTables, item_key: &str) -> u32 {
    rows.my_inventory().iter().filter(|stack| stack.item_key == item_key).map(|stack| stack.quantity).sum()
}

async fn open(player: &Player, story: &StorySession, treasure_key: &str) -> Outcome {
    let opening = TreasureOpening { session_id: story.session_id, treasure_key: treasure_key.to_owned() };
    let opened = ask!(player, open_treasure_and_return_then(None, opening.clone()))?;
    let again = ask!(player, open_treasure_and_return_then(None, opening))?;
    ensure!(again == opened, "opened twice: {opened:?} and {again:?}");
    player.sees("the treasure", |rows| rows.my_treasures().iter().find(|row| *row == opened)).await?;
    player.sees("its loot", |rows| holds(rows, &opened).then_some(())).await
}

/// Whether all of the loot is in the bags.
fn holds(rows: &RemoteTables, treasure: &TreasureRecord) -> bool {
    let drawn = |key: &str| {
        let loot = treasure.loot.iter().filter(|loot| loot.item_key == key);
        loot.map(|loot| loot.quantity).sum::<u32>()
    };
    treasure.loot.iter().all(|loot| carried(rows, &loot.item_key) == drawn(&loot.item_key))
}

fn stack(player: &Player, wanted: impl Fn(&InventoryItem) -> bool) -> anyhow::Result<InventoryItem> {
    player.rows().my_inventory().iter().find(wanted).context("no such thing in the bag")
}

fn whole(stack: &InventoryItem) -> Vec<TradeItemRequest> {
    vec![TradeItemRequest { item_id: stack.item_id, quantity: stack.quantity }]
}

async fn propose(cast: &Cast, story: &StorySession, lamp: &InventoryItem) -> anyhow::Result<InventoryTrade> {
    let proposal = TradeProposal {
        idempotency_key: "lamp".to_owned(),
        world_id: story.world_id,
        partner: cast.trader.identity,
        items: whole(lamp),
    };
    let trade = ask!(cast.player, offer_trade_and_return_then(None, proposal))?;
    cast.trader.sees("the offer", |rows| rows.my_received_trades().iter().find(|row| *row == trade)).await?;
    Ok(trade)
}

async fn name_the_price(cast: &Cast, trade: &InventoryTrade, price: &InventoryItem) -> anyhow::Result<InventoryTrade> {
    let revision = TradeRevision { trade_id: trade.trade_id, revision: trade.revision, items: whole(price) };
    let revised = ask!(cast.trader, revise_trade_and_return_then(None, revision))?;
    cast.player.sees("the price", |rows| rows.my_trades().iter().find(|row| *row == revised)).await
}
