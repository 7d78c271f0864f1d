//! What a player keeps between plays.

mod overview;
mod profile;
mod saves;
mod settings;
mod wallet;
