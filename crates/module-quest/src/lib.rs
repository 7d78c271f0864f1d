//! Quest rules: acceptance, progress, turning in.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
