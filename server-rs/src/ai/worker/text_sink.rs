//! Gathers the text of one attempt at a stage into chunks.

use std::collections::VecDeque;
use std::time::Duration;

use spacetimedb_sdk::Uuid;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use worldloom_client::AiTextChunkAppend;

use super::appender::{Appender, NotStored};

/// A chunk is sent when it has so many characters …
const CHUNK_CHARS: usize = 512;
/// … or when its first character is so old, whichever comes first.
const CHUNK_AGE: Duration = Duration::from_millis(50);
/// From this chunk on they may grow older, so that a long text does not run out of the 4,096 that it may have.
const LONG_TEXT_CHUNKS: u32 = 2_048;
const LONG_TEXT_CHUNK_AGE: Duration = Duration::from_millis(500);

/// Nobody takes text any more when the process ends.
fn ending() -> NotStored {
    NotStored::Lost("the facade is ending".to_owned())
}

/// What there is to do.
pub enum Woken {
    /// What has been gathered is to be sent.
    Due,
    /// A chunk is stored, or refused.
    Settled(Result<(), NotStored>),
}

/// The text of one attempt.
pub struct TextSink {
    appender: Appender,
    place: Place,
    sequence: u32,
    buffer: String,
    chars: usize,
    due: Option<Instant>,
    under_way: VecDeque<oneshot::Receiver<Result<(), NotStored>>>,
}

/// Where the text belongs.
#[derive(Clone)]
pub struct Place {
    /// The task.
    pub task_id: Uuid,
    /// Token of the lease.
    pub lease_token: String,
    /// Place of the stage.
    pub position: u32,
    /// The attempt at it.
    pub attempt: u32,
}

impl TextSink {
    /// An empty text; `next_sequence` is the number of its first chunk.
    pub fn new(appender: Appender, place: Place, next_sequence: u32) -> Self {
        let under_way = VecDeque::new();
        Self { appender, place, sequence: next_sequence, buffer: String::new(), chars: 0, due: None, under_way }
    }

    /// Adds text.
    pub async fn push(&mut self, text: &str) {
        for letter in text.chars() {
            if self.buffer.is_empty() {
                self.due = Some(Instant::now() + self.age_max());
            }
            self.buffer.push(letter);
            self.chars += 1;
            if self.chars >= CHUNK_CHARS {
                self.send().await;
            }
        }
    }

    /// Waits until there is something to do. May be dropped at any time.
    pub async fn wait(&mut self) -> Woken {
        let due = self.due;
        let send_time = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let settled = async {
            match self.under_way.front_mut() {
                Some(stored) => stored.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = send_time => Woken::Due,
            stored = settled => {
                self.under_way.pop_front();
                Woken::Settled(stored.unwrap_or_else(|_| Err(ending())))
            }
        }
    }

    /// Sends what is left and waits until all of it is stored.
    ///
    /// Errors: a chunk was refused.
    pub async fn finish(&mut self) -> Result<(), NotStored> {
        self.send().await;
        while let Some(stored) = self.under_way.pop_front() {
            stored.await.unwrap_or_else(|_| Err(ending()))?;
        }
        Ok(())
    }

    /// Sends what has been gathered. Dropped while it waits, it has taken nothing.
    pub async fn send(&mut self) {
        self.due = None;
        if self.buffer.is_empty() {
            return;
        }
        let slot = self.appender.slot().await;
        let Place { task_id, lease_token, position, attempt } = self.place.clone();
        let (sequence, text) = (self.sequence, std::mem::take(&mut self.buffer));
        (self.chars, self.sequence) = (0, sequence + 1);
        let chunk = AiTextChunkAppend { task_id, lease_token, position, attempt, sequence, text };
        self.under_way.push_back(slot.fill(chunk));
    }

    fn age_max(&self) -> Duration {
        if self.sequence < LONG_TEXT_CHUNKS { CHUNK_AGE } else { LONG_TEXT_CHUNK_AGE }
    }
}
