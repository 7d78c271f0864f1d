//! One member for the length of a run: it moves when it is due and sees the others.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::{FutureExt, SinkExt, StreamExt};
use tokio::time::sleep_until;

use super::schedule::Schedule;
use super::sight::Sight;
use super::speech::{Move, Seat, Speech};
use crate::node::Socket;
use crate::recorder::Recorder;

/// How long after the last move members still listen at most.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A member that has entered its room.
pub struct Member<S> {
    /// Its connection.
    pub socket: Socket,
    /// What it speaks.
    pub speech: S,
    /// Its place.
    pub seat: Seat,
    /// Members of each room.
    pub seats: u32,
    /// Moves that should be seen.
    pub expected: u64,
    /// The times of the run.
    pub schedule: Schedule,
}

impl<S: Speech> Member<S> {
    /// Moves to the end of the run, and listens until everything was seen or patience is at its end. A system may throw
    /// a member out that cannot keep up: then it sees nothing more, which the figures show.
    pub async fn play(self, recorder: &RefCell<Recorder>) {
        let member = self.seat.member;
        if let Err(cause) = self.stay(recorder).await {
            eprintln!("member {member} is out: {cause:#}");
        }
    }

    async fn stay(mut self, recorder: &RefCell<Recorder>) -> anyhow::Result<()> {
        let mut number = 0;
        let mut sight = Sight::new(self.schedule, self.seat, self.seats);
        let mut moves = Vec::new();
        let mut seen = 0;
        loop {
            let due = self.schedule.due(self.seat.member, number);
            if due.is_none() && seen == self.expected {
                return Ok(());
            }
            let wake_at = due.unwrap_or(self.schedule.window.end + PATIENCE);
            tokio::select! {
                biased;
                () = sleep_until(wake_at.into()) => {
                    let Some(due) = due else { return Ok(()) };
                    self.walk(due, number).await?;
                    number += 1;
                }
                message = self.socket.next() => {
                    self.speech.heard(&message.context("the server closed a connection")??, &mut moves)?;
                    // What has arrived with it.
                    while let Some(Some(message)) = self.socket.next().now_or_never() {
                        self.speech.heard(&message?, &mut moves)?;
                    }
                    let mut recorder = recorder.borrow_mut();
                    let before = recorder.due();
                    moves.drain(..).for_each(|moved| sight.note(moved, &mut recorder));
                    seen += recorder.due() - before;
                }
            }
        }
    }

    async fn walk(&mut self, due: Instant, number: u32) -> anyhow::Result<()> {
        let sent_micros = self.schedule.micros(due);
        let (x, y) = (number as f32, self.seat.seat as f32);
        let moved = Move { member: self.seat.member, x, y, sent_micros };
        Ok(self.socket.send(self.speech.said(&moved)?).await?)
    }
}
