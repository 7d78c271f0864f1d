//! The load of `cargo xtask bench peers`: one program for every system, so that no client is better than another.
//!
//! `wallet` makes transfers and `session` session starts, as fast as answers come (closed loop) or at a fixed rate
//! of arrivals (open loop). `driver` keeps one connection busy, `pacer` says when calls are due, `http`, `trpc` and
//! `node` are the ways to speak, `tokens` signs what players show, `recorder` keeps what was measured. `rooms` is about
//! members of rooms who see each other move. The result is one line of JSON.
//!
//! `soak` is the load of `cargo xtask soak`: everything that a live game does at once, for as long as one likes, with a
//! line of JSON for each few seconds. `player` is a player's connection, for it and for session starts.

mod driver;
mod http;
mod latencies;
mod node;
mod pacer;
mod pairs;
mod player;
mod recorder;
mod rooms;
mod session;
mod soak;
mod tokens;
mod trpc;
mod wallet;

use clap::Parser;

// What the node and the axum peer run on too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser)]
enum Workload {
    /// Transfers between accounts.
    Wallet(wallet::Options),
    /// Session starts.
    Session(session::Options),
    /// Members of rooms who see each other move.
    Rooms(rooms::Options),
    /// Everything that a live game does at once.
    Soak(soak::Options),
}

fn main() -> anyhow::Result<()> {
    let workload = Workload::parse();
    // One thread, as the Node.js client has: the other cores are for who is measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        match workload {
            Workload::Wallet(options) => serde_json::to_string(&wallet::run(options).await?),
            Workload::Session(options) => serde_json::to_string(&session::run(options).await?),
            Workload::Rooms(options) => serde_json::to_string(&rooms::run(&options).await?),
            Workload::Soak(options) => serde_json::to_string(&soak::run(options).await?),
        }
        .map_err(anyhow::Error::from)
    })?;
    println!("{result}");
    Ok(())
}
