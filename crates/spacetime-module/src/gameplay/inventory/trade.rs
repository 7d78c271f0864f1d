//! Trades between two players of one world: tables and entry points.
//!
//! Each side puts items in and may change them; both have to accept the same revision of both
//! offers. With the second acceptance everything changes hands in that transaction.

use crate::*;

/// How far a trade has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeStatus {
    /// Both sides may change their offers, and accept.
    Open,
    /// Both accepted, and the items have changed hands.
    Completed,
    /// The partner did not want it.
    Declined,
    /// The proposer took it back.
    Cancelled,
    /// Its time was over.
    Expired,
}

/// The two sides of a trade.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeSide {
    /// Who proposed it.
    Proposer,
    /// To whom it was proposed.
    Partner,
}

/// One thing on one side of a trade, as both players see it.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct TradeItem {
    /// The stack that it is taken from.
    pub item_id: Uuid,
    /// How many.
    pub quantity: u32,
    /// Key of the item in its world.
    pub item_key: String,
    /// What it is like.
    pub traits: ItemTraits,
    /// The instance, if it is something to wear.
    pub runtime_item_id: Option<Uuid>,
    /// What was rolled for the instance.
    pub attributes: Vec<RolledItemAttribute>,
    /// The skill that the instance teaches.
    pub skill: Option<CombatSkill>,
}

/// A trade, open or settled. Both players see all of it.
#[table(
    accessor = inventory_trade,
    index(accessor = by_proposer, btree(columns = [proposer, status])),
    index(accessor = by_partner, btree(columns = [partner, status]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryTrade {
    /// UUIDv7.
    #[primary_key]
    pub trade_id: Uuid,
    /// The world that both play.
    pub world_id: Uuid,
    /// Who proposed it.
    #[index(btree)]
    pub proposer: Identity,
    /// To whom it was proposed.
    #[index(btree)]
    pub partner: Identity,
    /// How far it has come.
    pub status: TradeStatus,
    /// Number of the present offers, from 1: each change of either side raises it.
    pub revision: u32,
    /// What the proposer gives.
    pub proposer_items: Vec<TradeItem>,
    /// What the partner gives.
    pub partner_items: Vec<TradeItem>,
    /// The side that has accepted this revision, while the other has yet to.
    pub accepted_by: Option<TradeSide>,
    /// When it was proposed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// When it was completed, declined, cancelled or lapsed.
    pub settled_at: Option<Timestamp>,
}

/// When to look at a trade next: to let it lapse, or to forget it. One row per trade.
#[table(accessor = inventory_trade_timer, scheduled(expire_trade))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryTradeTimer {
    /// Number of the timer.
    #[primary_key]
    #[auto_inc]
    pub scheduled_id: u64,
    /// The due time.
    pub scheduled_at: ScheduleAt,
    /// The trade.
    #[index(btree)]
    pub trade_id: Uuid,
}

/// Something to put into a trade.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct TradeItemRequest {
    /// The stack.
    pub item_id: Uuid,
    /// How many of it.
    pub quantity: u32,
}

/// A trade to propose.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct TradeProposal {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The world that both play.
    pub world_id: Uuid,
    /// The other player.
    pub partner: Identity,
    /// What the caller gives; it may be nothing yet.
    pub items: Vec<TradeItemRequest>,
}

/// A change of the caller's side of a trade.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct TradeRevision {
    /// The trade.
    pub trade_id: Uuid,
    /// The revision that the caller saw.
    pub revision: u32,
    /// Everything that the caller gives from now on.
    pub items: Vec<TradeItemRequest>,
}

/// An acceptance of both offers as they stand.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct TradeAcceptance {
    /// The trade.
    pub trade_id: Uuid,
    /// The revision that the caller saw.
    pub revision: u32,
}

/// Proposes a trade for the sender.
///
/// Errors: as [`offer_trade_and_return`].
#[reducer]
pub fn offer_trade(ctx: &ReducerContext, request: TradeProposal) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    propose_trade(ctx, &caller, &request).map(drop)
}

/// Proposes a trade to another player of the same world and returns it. It lapses after a day.
///
/// The items stay the player's to use; whether they are still there is looked at when the trade
/// is completed.
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found` if either player has never begun a story in this world, the partner's account
/// is closed, or there is no such stack; `invalid_argument` for a trade with oneself, a stack
/// named twice, a quantity of 0, or something that may not be traded; `insufficient`;
/// `limit_exceeded` (8 stacks, 8 open proposals of one player, 64 to one player); `conflict` if
/// the idempotency key was used for another request. A repeated request whose trade has been
/// forgotten is `not_found`.
#[procedure]
pub fn offer_trade_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: TradeProposal,
) -> Result<InventoryTrade, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        propose_trade(tx, &caller, &request)
    })
}

/// Changes what the sender gives.
///
/// Errors: as [`revise_trade_and_return`].
#[reducer]
pub fn revise_trade(ctx: &ReducerContext, request: TradeRevision) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    change_offer(ctx, &caller, &request).map(drop)
}

/// Changes what the player gives and returns the trade. Nobody has accepted it any more.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found` for a trade of others or an unknown stack; `conflict` if an offer has changed
/// since `revision`; `illegal_transition` if the trade is settled or its time over;
/// `invalid_argument`, `insufficient`, `limit_exceeded` as for [`offer_trade_and_return`].
#[procedure]
pub fn revise_trade_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: TradeRevision,
) -> Result<InventoryTrade, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        change_offer(tx, &caller, &request)
    })
}

/// Accepts a trade for the sender.
///
/// Errors: as [`accept_trade_and_return`].
#[reducer]
pub fn accept_trade(ctx: &ReducerContext, request: TradeAcceptance) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    accept_offers(ctx, &caller, &request).map(drop)
}

/// Accepts both offers as they stand, and returns the trade. If the other side has accepted the
/// same revision, the items change hands; accepting again changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found` for a trade of others, or if the other account is closed; `conflict` if an offer
/// has changed since `revision`; `illegal_transition` if the trade was settled otherwise or its
/// time is over. At the second acceptance also `insufficient` if something offered is not there
/// any more, `limit_exceeded` if a bag has no room, `invalid_argument` if both sides are empty.
#[procedure]
pub fn accept_trade_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: TradeAcceptance,
) -> Result<InventoryTrade, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        accept_offers(tx, &caller, &request)
    })
}

/// Declines a trade that was proposed to the sender.
///
/// Errors: as [`decline_trade_and_return`].
#[reducer]
pub fn decline_trade(ctx: &ReducerContext, trade_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    end_trade(ctx, &caller, trade_id, TradeStatus::Declined).map(drop)
}

/// Declines a trade that was proposed to the player, and returns it; declining again changes
/// nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found` for a trade of others; `conflict` if the player proposed it;
/// `illegal_transition` if it was settled otherwise.
#[procedure]
pub fn decline_trade_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    trade_id: Uuid,
) -> Result<InventoryTrade, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        end_trade(tx, &caller, trade_id, TradeStatus::Declined)
    })
}

/// Cancels a trade that the sender proposed.
///
/// Errors: as [`cancel_trade_and_return`].
#[reducer]
pub fn cancel_trade(ctx: &ReducerContext, trade_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    end_trade(ctx, &caller, trade_id, TradeStatus::Cancelled).map(drop)
}

/// Cancels a trade that the player proposed, and returns it; cancelling again changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found` for a trade of others; `conflict` if it was proposed to the player;
/// `illegal_transition` if it was settled otherwise.
#[procedure]
pub fn cancel_trade_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    trade_id: Uuid,
) -> Result<InventoryTrade, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        end_trade(tx, &caller, trade_id, TradeStatus::Cancelled)
    })
}

/// Returns a trade of the player, open or settled.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for a trade of others.
#[procedure]
pub fn read_trade_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    trade_id: Uuid,
) -> Result<InventoryTrade, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        load_trade(tx, &caller, trade_id).map(|(trade, _)| trade)
    })
}

/// Lists the player's open trades: those that it proposed, then those proposed to it.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player.
#[procedure]
pub fn list_open_trades_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
) -> Result<Vec<InventoryTrade>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(open_trades(tx, caller.player))
    })
}

/// Lets a trade lapse whose time is over, and forgets one that was settled long ago. Run by the
/// schedule.
///
/// Errors: `forbidden` for every caller but the engine.
#[reducer]
pub fn expire_trade(ctx: &ReducerContext, timer: InventoryTradeTimer) -> Result<(), DomainError> {
    guard(ctx, Admits::Engine, None)?;
    run_trade_timer(ctx, timer.trade_id)
}

/// The trades that the sender proposed.
#[view(accessor = my_trades, public, primary_key = trade_id)]
pub fn my_trades(ctx: &ViewContext) -> Vec<InventoryTrade> {
    ctx.db.inventory_trade().proposer().filter(ctx.sender()).collect()
}

/// The trades that were proposed to the sender.
#[view(accessor = my_received_trades, public, primary_key = trade_id)]
pub fn my_received_trades(ctx: &ViewContext) -> Vec<InventoryTrade> {
    ctx.db.inventory_trade().partner().filter(ctx.sender()).collect()
}

impl From<TradeStatus> for module_inventory::TradeStatus {
    fn from(status: TradeStatus) -> Self {
        match status {
            TradeStatus::Open => module_inventory::TradeStatus::Open,
            TradeStatus::Completed => module_inventory::TradeStatus::Completed,
            TradeStatus::Declined => module_inventory::TradeStatus::Declined,
            TradeStatus::Cancelled => module_inventory::TradeStatus::Cancelled,
            TradeStatus::Expired => module_inventory::TradeStatus::Expired,
        }
    }
}

impl From<TradeSide> for module_inventory::TradeSide {
    fn from(side: TradeSide) -> Self {
        match side {
            TradeSide::Proposer => module_inventory::TradeSide::Proposer,
            TradeSide::Partner => module_inventory::TradeSide::Partner,
        }
    }
}
