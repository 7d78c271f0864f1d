//! Rules of characters: affinity, mood, memory, relations.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
