//! Inventory rules: bags and their stacks, what is worn, and trades between two players.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own. A bag is loaded as a whole,
//! changed here, and stored as a whole; a refused change leaves it as it was.

mod bag;
mod exchange;
mod outfit;
mod rearrange;
mod trade;

pub use bag::{BAG_CAPACITY, Bag, ItemKind, Stack, check_revision, slots_for};
pub use exchange::{BagPair, Offered, TRADE_ITEMS_MAX, check_offer, exchange};
pub use outfit::Outfit;
pub use trade::{
    Acceptance, OPEN_TRADES_OFFERED_MAX, OPEN_TRADES_RECEIVED_MAX, SETTLED_TRADES_KEPT, SETTLED_TRADES_RECEIVED_KEPT,
    TRADE_LIFETIME_MICROS, TRADE_RETENTION_MICROS, TradeSide, TradeStanding, TradeStatus, TradeStep, TradeTimer,
    accept_trade, check_offered_trades, check_received_trades, revise_trade, settle_trade, trade_timer,
    trade_transition,
};
