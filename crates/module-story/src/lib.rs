//! Story rules: sessions, the order of events, branches.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
