//! Workload 2: members of rooms move at fixed times, and every member of a room sees every move.
//!
//! `schedule` says when moves are due, `member` makes them, `sight` times those that it sees, `speech` is what the
//! systems have in common and `node`, `plain` and `colyseus` what they have not.

mod colyseus;
mod member;
mod node;
mod plain;
mod schedule;
mod sight;
mod speech;

use std::cell::RefCell;
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt, stream};

use crate::node::{Database, Socket};
use crate::pacer::Window;
use crate::recorder::{Recorder, Summary};
use member::{Member, PATIENCE};
use schedule::Schedule;
use speech::{Seat, Speech};

/// Members that enter at the same time; more would make a queue at the server's door and nothing else.
const ENTERING_MAX: usize = 16;

/// What the other side speaks.
#[derive(Clone, Copy, ValueEnum)]
enum Protocol {
    /// A node's WebSocket, each move by itself.
    Node,
    /// A node's WebSocket, moves with the next tick.
    NodeTicking,
    /// Bytes that are handed on as they are.
    Plain,
    /// Colyseus, with the positions in the room's state.
    ColyseusState,
    /// Colyseus, with a message for each move.
    ColyseusMessages,
}

#[derive(Args)]
pub struct Options {
    /// What the other side speaks.
    #[arg(long)]
    protocol: Protocol,
    /// Address and port.
    #[arg(long)]
    address: String,
    /// Name of the database, for a node.
    #[arg(long, default_value = "rooms")]
    database: String,
    /// A node's members see a move before it is on disk.
    #[arg(long)]
    unconfirmed: bool,
    /// Rooms.
    #[arg(long)]
    rooms: u32,
    /// Members of each room.
    #[arg(long, default_value_t = 20)]
    seats: u32,
    /// Moves a second of each member.
    #[arg(long, default_value_t = 10.0)]
    moves_a_second: f64,
    /// Before anything counts.
    #[arg(long)]
    warm_up_seconds: f64,
    /// While everything counts.
    #[arg(long)]
    seconds: f64,
}

/// Lets members move.
pub async fn run(options: &Options) -> anyhow::Result<Summary> {
    let address = options.address.as_str();
    let is_confirmed = !options.unconfirmed;
    let database = Database { address: address.to_owned(), name: options.database.clone(), is_confirmed };
    match options.protocol {
        Protocol::Node => play(options, async |seat| node::enter(&database, node::WALK, seat).await).await,
        Protocol::NodeTicking => play(options, async |seat| node::enter(&database, node::STEER, seat).await).await,
        Protocol::Plain => play(options, async |seat| plain::enter(address, seat).await).await,
        Protocol::ColyseusState => {
            play(options, async |seat| colyseus::enter(address, colyseus::STATE_ROOM, seat).await).await
        }
        Protocol::ColyseusMessages => {
            play(options, async |seat| colyseus::enter(address, colyseus::MESSAGES_ROOM, seat).await).await
        }
    }
}

async fn play<S: Speech>(
    options: &Options,
    enter: impl AsyncFn(Seat) -> anyhow::Result<(Socket, S)>,
) -> anyhow::Result<Summary> {
    let seats = options.seats;
    let members = options.rooms * seats;
    let places = (0..members).map(|member| Seat { room: member / seats, seat: member % seats, member });
    let entered = stream::iter(places).map(async |seat| anyhow::Ok((seat, enter(seat).await?)));
    let entered: Vec<_> = entered.buffered(ENTERING_MAX).try_collect().await?;
    let [warm_up, measured] = [options.warm_up_seconds, options.seconds].map(Duration::from_secs_f64);
    let window = Window::beginning_now(warm_up, measured);
    let schedule = Schedule { window, interval: Duration::from_secs_f64(1.0 / options.moves_a_second), members };
    let recorder = RefCell::new(Recorder::new(window)?);
    let expected = |room: u32| (room * seats..(room + 1) * seats).map(|member| schedule.counted(member)).sum();
    let playing = entered.into_iter().map(|(seat, (socket, speech))| {
        Member { socket, speech, seat, seats, expected: expected(seat.room), schedule }.play(&recorder)
    });
    join_all(playing).await;
    let all: u64 = (0..options.rooms).map(expected).sum::<u64>() * u64::from(seats);
    let mut recorder = recorder.into_inner();
    // Whatever was seen in the end was seen sooner than that.
    let waited = (window.end + PATIENCE - window.measured).max(window.measured.elapsed());
    recorder.missed(all.saturating_sub(recorder.due()), waited);
    Ok(recorder.summary())
}
