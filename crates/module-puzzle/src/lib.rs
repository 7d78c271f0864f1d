//! Rules of picture puzzles: shuffles, moves, results.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
