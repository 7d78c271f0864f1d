//! What a player keeps between plays.

mod profile;
mod saves;
mod settings;
mod wallet;
