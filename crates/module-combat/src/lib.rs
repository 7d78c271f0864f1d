//! Combat rules: turns, damage, status effects, how a battle ends.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
