//! Rules of rolled items and treasures.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
