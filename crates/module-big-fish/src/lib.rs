//! Rules of the eat-or-be-eaten game, its creation and its runs.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
