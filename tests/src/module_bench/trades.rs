//! Trades between the guest and a friend.

use worldloom_client::{InventoryTrade, TradeAcceptance, TradeItemRequest, TradeProposal, TradeRevision};

use super::bags::stack;
use super::guest::{Arguments, Guest, key, nothing, own};
use super::step::{Step, asks, serves};

/// A trade that is made, one that is cancelled, one that is declined.
pub const STEPS: &[Step] = &[
    asks::<InventoryTrade>("offer_trade_and_return", |guest| offer(guest, "made")),
    asks::<InventoryTrade>("read_trade_and_return", last_trade),
    asks::<Vec<InventoryTrade>>("list_open_trades_and_return", nothing),
    asks::<InventoryTrade>("revise_trade_and_return", |guest| {
        let InventoryTrade { trade_id, revision, .. } = *guest.last::<InventoryTrade>()?;
        own(TradeRevision { trade_id, revision, items: goods(guest)? })
    }),
    asks::<InventoryTrade>("accept_trade_and_return", |guest| own(acceptance(guest)?)),
    serves::<InventoryTrade>("accept_trade_and_return", |guest| guest.for_friend(acceptance(guest)?)).unmeasured(),
    asks::<InventoryTrade>("offer_trade_and_return", |guest| offer(guest, "cancelled")).unmeasured(),
    asks::<InventoryTrade>("cancel_trade_and_return", last_trade),
    serves::<InventoryTrade>("offer_trade_and_return", |guest| {
        guest.for_friend(TradeProposal {
            idempotency_key: key("declined"),
            world_id: guest.world_id(),
            partner: guest.identity,
            items: Vec::new(),
        })
    })
    .unmeasured(),
    asks::<InventoryTrade>("decline_trade_and_return", last_trade),
];

fn offer(guest: &Guest, name: &str) -> Arguments {
    // What was given away in the first trade is not asked for again.
    let items = if name == "made" { goods(guest)? } else { Vec::new() };
    own(TradeProposal { idempotency_key: key(name), world_id: guest.world_id(), partner: guest.friend, items })
}

fn goods(guest: &Guest) -> anyhow::Result<Vec<TradeItemRequest>> {
    Ok(vec![TradeItemRequest { item_id: stack(guest, 1)?.item_id, quantity: 1 }])
}

fn acceptance(guest: &Guest) -> anyhow::Result<TradeAcceptance> {
    let InventoryTrade { trade_id, revision, .. } = *guest.last::<InventoryTrade>()?;
    Ok(TradeAcceptance { trade_id, revision })
}

fn last_trade(guest: &Guest) -> Arguments {
    own(guest.last::<InventoryTrade>()?.trade_id)
}
