//! Bags, what is worn, trades, rolled items and treasures.

mod equipment;
mod market;
mod sequences;
mod stacks;
mod trade_refusals;
mod trades;
mod treasures;

pub use market::*;
