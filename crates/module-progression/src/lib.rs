//! Rules of experience, levels and what they unlock.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
