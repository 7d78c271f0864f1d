//! Rules of world creation, publishing and the gallery.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
