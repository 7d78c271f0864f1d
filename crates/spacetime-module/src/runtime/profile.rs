//! A player's profile: wallet, played worlds, archives of saves, and the dashboard over them.
//!
//! - `wallet`, `postings`: money and the ledger that explains it.
//! - `played_worlds`: how long which world was played.
//! - `archives`: saves under a name, out of the way of the slots.
//! - `dashboard`: the totals, kept in step by the others in the same transaction.
//! - `overview`: what a player comes back to, in one answer.
//! - `checks`: recomputes what is kept in step, for an Operator.

mod archives;
mod checks;
mod dashboard;
mod overview;
mod played_worlds;
mod postings;
mod wallet;

pub use archives::*;
pub use checks::*;
pub use dashboard::*;
pub use overview::*;
pub use played_worlds::*;
pub(crate) use postings::*;
pub use wallet::*;
