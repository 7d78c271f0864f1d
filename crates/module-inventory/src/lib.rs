//! Inventory rules: stacks, capacity, equipment, trade.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
