//! Rules of generation tasks: leases, stages, chunks, attempts.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
