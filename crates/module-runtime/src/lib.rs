//! Rules of settings, saves, browse history, wallets and what a player has played.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
