//! What the entry points of a trade do.

use module_inventory::{
    Acceptance, Bag, Offered, SETTLED_TRADES_KEPT, SETTLED_TRADES_RECEIVED_KEPT, TRADE_LIFETIME_MICROS, TradeStanding,
    TradeStep, TradeTimer,
};
use spacetimedb::TimeDuration;

use crate::*;

pub(crate) fn propose_trade(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &TradeProposal,
) -> Result<InventoryTrade, DomainError> {
    let replayable = Replayable::new(caller.player, "offer_trade", &request.idempotency_key, request)?;
    if let Some(trade_id) = replayable.first_result(ctx)? {
        return load_trade(ctx, caller, trade_id).map(|(trade, _)| trade);
    }
    if request.partner == caller.player {
        return Err(RuleError::Malformed { field: "partner", rule: "name another player" }.into());
    }
    for player in [caller.player, request.partner] {
        check_takes_part(ctx, player, request.world_id)?;
    }
    let proposer_items = offer_of(ctx, caller.player, request.world_id, &request.items)?;
    let trades = ctx.db.inventory_trade();
    let offered = trades.by_proposer().filter((caller.player, TradeStatus::Open)).count();
    module_inventory::check_offered_trades(offered as u64)?;
    let received = trades.by_partner().filter((request.partner, TradeStatus::Open)).count();
    module_inventory::check_received_trades(received as u64)?;
    let trade = InventoryTrade {
        trade_id: fresh_id(ctx, |id| trades.trade_id().find(id).is_some())?,
        world_id: request.world_id,
        proposer: caller.player,
        partner: request.partner,
        status: TradeStatus::Open,
        revision: 1,
        proposer_items,
        partner_items: Vec::new(),
        accepted_by: None,
        created_at: ctx.timestamp,
        updated_at: ctx.timestamp,
        expires_at: later(ctx.timestamp, TRADE_LIFETIME_MICROS),
        settled_at: None,
    };
    let trade = trades.try_insert(trade).map_err(|_| DomainError::no_fresh_id())?;
    set_timer(ctx, trade.trade_id, trade.expires_at)?;
    replayable.remember(ctx, trade.trade_id)?;
    Ok(trade)
}

pub(crate) fn change_offer(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &TradeRevision,
) -> Result<InventoryTrade, DomainError> {
    let (trade, side) = load_trade(ctx, caller, request.trade_id)?;
    let revision = module_inventory::revise_trade(&standing_of(&trade), request.revision, now_of(ctx))?;
    let items = offer_of(ctx, caller.player, trade.world_id, &request.items)?;
    let (proposer_items, partner_items) = match side {
        TradeSide::Proposer => (items, trade.partner_items),
        TradeSide::Partner => (trade.proposer_items, items),
    };
    let revised = InventoryTrade {
        revision,
        proposer_items,
        partner_items,
        accepted_by: None,
        updated_at: ctx.timestamp,
        ..trade
    };
    Ok(ctx.db.inventory_trade().trade_id().update(revised))
}

pub(crate) fn accept_offers(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &TradeAcceptance,
) -> Result<InventoryTrade, DomainError> {
    let (trade, side) = load_trade(ctx, caller, request.trade_id)?;
    let acceptance = module_inventory::accept_trade(&standing_of(&trade), side.into(), request.revision, now_of(ctx))?;
    match acceptance {
        Acceptance::Already => Ok(trade),
        Acceptance::Noted => {
            let noted = InventoryTrade { accepted_by: Some(side), updated_at: ctx.timestamp, ..trade };
            Ok(ctx.db.inventory_trade().trade_id().update(noted))
        }
        Acceptance::Completes => {
            exchange_items(ctx, &trade)?;
            settle(ctx, trade, TradeStatus::Completed)
        }
    }
}

pub(crate) fn end_trade(
    ctx: &ReducerContext,
    caller: &Caller,
    trade_id: Uuid,
    status: TradeStatus,
) -> Result<InventoryTrade, DomainError> {
    let (trade, side) = load_trade(ctx, caller, trade_id)?;
    match module_inventory::settle_trade(trade.status.into(), status.into(), side.into())? {
        TradeStep::Already => Ok(trade),
        TradeStep::Moved => settle(ctx, trade, status),
    }
}

/// A trade that the caller has a side in, and which.
///
/// Errors: `not_found`.
pub(crate) fn load_trade(
    ctx: &ReducerContext,
    caller: &Caller,
    trade_id: Uuid,
) -> Result<(InventoryTrade, TradeSide), DomainError> {
    let trade = ctx.db.inventory_trade().trade_id().find(trade_id).ok_or(NO_TRADE)?;
    let side = if trade.proposer == caller.player {
        TradeSide::Proposer
    } else if trade.partner == caller.player {
        TradeSide::Partner
    } else {
        return Err(NO_TRADE.into());
    };
    Ok((trade, side))
}

/// The open trades of a player: proposed by it, then proposed to it.
pub(crate) fn open_trades(ctx: &ReducerContext, player: Identity) -> Vec<InventoryTrade> {
    let trades = ctx.db.inventory_trade();
    let proposed = trades.by_proposer().filter((player, TradeStatus::Open));
    proposed.chain(trades.by_partner().filter((player, TradeStatus::Open))).collect()
}

pub(crate) fn run_trade_timer(ctx: &ReducerContext, trade_id: Uuid) -> Result<(), DomainError> {
    let Some(trade) = ctx.db.inventory_trade().trade_id().find(trade_id) else {
        return Ok(());
    };
    let (expires_at, settled_at) = (micros(trade.expires_at), micros(trade.settled_at.unwrap_or(trade.updated_at)));
    match module_inventory::trade_timer(trade.status.into(), expires_at, settled_at, now_of(ctx)) {
        TradeTimer::Wait(due) => set_timer(ctx, trade_id, Timestamp::from_micros_since_unix_epoch(due)),
        TradeTimer::Expire => settle(ctx, trade, TradeStatus::Expired).map(drop),
        TradeTimer::Forget => {
            forget_trade(ctx, trade_id);
            Ok(())
        }
    }
}

const NO_TRADE: RuleError = RuleError::Hidden { what: "trade" };

/// What a player would give, as it stands.
fn offer_of(
    ctx: &ReducerContext,
    player: Identity,
    world_id: Uuid,
    items: &[TradeItemRequest],
) -> Result<Vec<TradeItem>, DomainError> {
    let bag = load_bag(ctx, player, world_id).map_or_else(|| Bag::new(0, Vec::new()), |held| held.bag);
    let mut wanted = Vec::with_capacity(items.len());
    for item in items {
        wanted.push((item.item_id, item.quantity));
    }
    let offer = module_inventory::check_offer(&bag, &wanted)?;
    Ok(offer.into_iter().map(|offered| shown(ctx, offered)).collect())
}

fn shown(ctx: &ReducerContext, offered: Offered<Uuid, HeldKind>) -> TradeItem {
    let HeldKind { item_key, traits, runtime_item_id } = offered.kind;
    let instance = runtime_item_id.and_then(|id| find_runtime_item(ctx, id));
    let (attributes, skill) = instance.map(|instance| (instance.attributes, instance.skill)).unwrap_or_default();
    TradeItem { item_id: offered.id, quantity: offered.quantity, item_key, traits, runtime_item_id, attributes, skill }
}

fn offered(items: &[TradeItem]) -> Vec<Offered<Uuid, HeldKind>> {
    let mut offer = Vec::with_capacity(items.len());
    for item in items {
        let (item_key, traits) = (item.item_key.clone(), item.traits.clone());
        let kind = HeldKind { item_key, traits, runtime_item_id: item.runtime_item_id };
        offer.push(Offered { id: item.item_id, quantity: item.quantity, kind });
    }
    offer
}

/// Moves the items of both sides, with their instances.
fn exchange_items(ctx: &ReducerContext, trade: &InventoryTrade) -> Result<(), DomainError> {
    check_takes_part(ctx, trade.proposer, trade.world_id)?;
    check_takes_part(ctx, trade.partner, trade.world_id)?;
    let mut proposer = load_or_make_bag(ctx, trade.proposer, trade.world_id)?;
    let mut partner = load_or_make_bag(ctx, trade.partner, trade.world_id)?;
    let (given, received) = (offered(&trade.proposer_items), offered(&trade.partner_items));
    (proposer.bag, partner.bag) = module_inventory::exchange(&proposer.bag, &partner.bag, &given, &received)?;
    save_bag(ctx, proposer)?;
    save_bag(ctx, partner)?;
    hand_over(ctx, &trade.proposer_items, trade.partner);
    hand_over(ctx, &trade.partner_items, trade.proposer);
    Ok(())
}

fn hand_over(ctx: &ReducerContext, items: &[TradeItem], owner: Identity) {
    for item in items {
        if let Some(instance) = item.runtime_item_id.and_then(|id| find_runtime_item(ctx, id)) {
            ctx.db.runtime_item().runtime_item_id().update(RuntimeItem { owner, ..instance });
        }
    }
}

/// Errors: `not_found` unless this player has begun a story in the world and has an open account.
fn check_takes_part(ctx: &ReducerContext, player: Identity, world_id: Uuid) -> Result<(), DomainError> {
    let plays = find_played_world(ctx, player, world_id).is_some();
    if plays && check_account_open(ctx, player).is_ok() {
        Ok(())
    } else {
        Err(RuleError::Hidden { what: "player in this world" }.into())
    }
}

fn settle(ctx: &ReducerContext, trade: InventoryTrade, status: TradeStatus) -> Result<InventoryTrade, DomainError> {
    let settled = InventoryTrade {
        status,
        accepted_by: None,
        updated_at: ctx.timestamp,
        settled_at: Some(ctx.timestamp),
        ..trade
    };
    set_timer(ctx, settled.trade_id, later(ctx.timestamp, module_inventory::TRADE_RETENTION_MICROS))?;
    let trades = ctx.db.inventory_trade();
    let settled = trades.trade_id().update(settled);
    let proposed = trades.by_proposer().filter((settled.proposer, status)).collect();
    forget_oldest(ctx, proposed, SETTLED_TRADES_KEPT);
    let received = trades.by_partner().filter((settled.partner, status)).collect();
    forget_oldest(ctx, received, SETTLED_TRADES_RECEIVED_KEPT);
    Ok(settled)
}

/// Each settlement adds one trade to those that are kept, so there is one more than the limit at most.
fn forget_oldest(ctx: &ReducerContext, mut settled: Vec<InventoryTrade>, kept: usize) {
    settled.sort_by_key(|trade| (trade.settled_at, trade.created_at));
    let excess = settled.len().saturating_sub(kept);
    for trade in settled.into_iter().take(excess) {
        forget_trade(ctx, trade.trade_id);
    }
}

fn forget_trade(ctx: &ReducerContext, trade_id: Uuid) {
    ctx.db.inventory_trade_timer().trade_id().delete(trade_id);
    ctx.db.inventory_trade().trade_id().delete(trade_id);
}

/// Replaces the timer of a trade.
fn set_timer(ctx: &ReducerContext, trade_id: Uuid, due: Timestamp) -> Result<(), DomainError> {
    let timers = ctx.db.inventory_trade_timer();
    timers.trade_id().delete(trade_id);
    let timer = InventoryTradeTimer { scheduled_id: 0, scheduled_at: ScheduleAt::Time(due), trade_id };
    timers.try_insert(timer).map_err(|_| DomainError::no_fresh_id())?;
    Ok(())
}

fn standing_of(trade: &InventoryTrade) -> TradeStanding {
    TradeStanding {
        status: trade.status.into(),
        revision: trade.revision,
        accepted_by: trade.accepted_by.map(Into::into),
        expires_at: micros(trade.expires_at),
    }
}

fn later(time: Timestamp, pause_micros: i64) -> Timestamp {
    time.checked_add(TimeDuration::from_micros(pause_micros)).unwrap_or(time)
}

fn micros(time: Timestamp) -> i64 {
    time.to_micros_since_unix_epoch()
}

fn now_of(ctx: &ReducerContext) -> i64 {
    micros(ctx.timestamp)
}
