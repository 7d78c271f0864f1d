//! A task as a stream of server-sent events, to be taken up again where it broke.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use serde::Serialize;
use spacetimedb_sdk::Identity;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;
use worldloom_client::{AiNews, AiStageStatus, AiTaskSnapshot, AiTextChunkListing, AiTextPiece};

use super::record::{EndEvent, StageEvent, TaskEvent, TextEvent, WorkStatus};
use super::task::own_task;
use crate::ai::feed::{Heard, Reader};
use crate::app::App;
use crate::auth::Player;
use crate::node_client::{CallError, NodeClient, sdk_uuid};
use crate::problem::Problem;
use crate::routes::extract::Path;

/// A comment is sent when there was nothing to say for so long, so that nobody on the way takes the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const LISTING_CHUNKS: u32 = 256;

/// The place of a chunk in its task: stage, attempt, number. They come in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    position: u32,
    attempt: u32,
    sequence: u32,
}

/// The header `Last-Event-ID`: the place of the last chunk that the client has seen.
pub struct LastEventId(Option<Place>);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("last-event-id") else { return Ok(Self(None)) };
        let place = value.to_str().ok().and_then(Place::parse);
        let advice = "Send the id of the last event that you have seen, such as 0.1.17, or leave the header out.";
        place.map(|place| Self(Some(place))).ok_or_else(|| Problem::invalid("last-event-id", advice))
    }
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let place = Self { position: numbers.next()??, attempt: numbers.next()??, sequence: numbers.next()?? };
        numbers.next().is_none().then_some(place)
    }
}

/// Streams a task of the caller: `stage` as each begins and ends, `text` as it arrives, `end` with the task's end.
///
/// Each `text` has an id; sent back as `Last-Event-ID`, the stream goes on after it. When an attempt at a stage has
/// failed, its text stays as it was, and the next attempt's begins anew.
#[utoipa::path(
    get, path = "/ai/tasks/{task_id}/events", tag = "ai", operation_id = "follow_task",
    params(
        ("task_id" = Uuid, Path, description = "The task"),
        ("Last-Event-ID" = Option<String>, Header, description = "Id of the last event that was seen: the stream goes on after it",
         pattern = r"^\d{1,9}\.\d{1,9}\.\d{1,9}$", example = "0.1.17"),
    ),
    security(("player" = [])),
    responses(
        (status = 200, description = "The stream, event by event", content_type = "text/event-stream", body = TaskEvent),
        (status = 422),
    )
)]
pub async fn events(
    State(app): State<App>,
    Player(player): Player,
    Path(task_id): Path<Uuid>,
    LastEventId(last): LastEventId,
) -> Result<impl IntoResponse, Problem> {
    // First the look whether the caller may, then the news, then the list: nothing falls between.
    own_task(&app, player, task_id).await?;
    let reader = app.feeds.read(sdk_uuid(task_id));
    let snapshot = own_task(&app, player, task_id).await?;
    let seen = last.unwrap_or(Place { position: 0, attempt: 0, sequence: 0 });
    let mut telling = Telling {
        node: app.node.clone(),
        player,
        task_id,
        reader,
        seen,
        said: Vec::new(),
        ready: VecDeque::new(),
        over: false,
    };
    telling.catch_up(snapshot).await?;
    let stopping = app.stopping.clone();
    let stream = futures::StreamExt::take_until(telling.into_stream(), stopping.cancelled_owned());
    let sse = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([(CACHE_CONTROL, "no-store"), (axum::http::HeaderName::from_static("x-accel-buffering"), "no")], sse))
}

/// One reader's stream, and how far it has come.
struct Telling {
    node: NodeClient,
    player: Identity,
    task_id: Uuid,
    reader: Reader,
    /// The last chunk that was told.
    seen: Place,
    /// What was last said of each stage.
    said: Vec<(AiStageStatus, u32)>,
    ready: VecDeque<Event>,
    over: bool,
}

impl Telling {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(self, |mut telling| async move {
            loop {
                if let Some(event) = telling.ready.pop_front() {
                    return Some((Ok(event), telling));
                }
                if telling.over {
                    return None;
                }
                telling.hear().await;
            }
        })
    }

    /// Waits for news and makes events of it.
    async fn hear(&mut self) {
        let outcome = match self.reader.news.recv().await {
            Ok(Heard::News(news)) => self.tell(&news).await,
            Ok(Heard::Anew) | Err(RecvError::Lagged(_)) => self.list().await,
            Err(RecvError::Closed) => {
                self.over = true;
                Ok(())
            }
        };
        if let Err(error) = outcome {
            // The client comes again with the id of the last event.
            tracing::info!(task = %self.task_id, %error, "A stream is ended because the module cannot be asked");
            self.over = true;
        }
    }

    async fn tell(&mut self, news: &AiNews) -> Result<(), CallError> {
        match news {
            AiNews::Text(piece) => self.tell_text(piece).await,
            AiNews::Stage(stage) if self.is_said(stage.position, stage.status, stage.attempt) => Ok(()),
            AiNews::Stage(stage) if stage.status == AiStageStatus::Running => {
                self.say_stage(stage.position, &stage.key, stage.status, stage.attempt);
                Ok(())
            }
            // Its last text may not have been among the news.
            AiNews::Stage(_) => self.list().await,
            AiNews::Task(task) if WorkStatus::from(task.status).is_final() => self.list().await,
            AiNews::Task(_) => Ok(()),
        }
    }

    /// Tells a chunk if it is the next one.
    async fn tell_text(&mut self, piece: &AiTextPiece) -> Result<(), CallError> {
        let place = Place { position: piece.position, attempt: piece.attempt, sequence: piece.sequence };
        if place <= self.seen {
            return Ok(());
        }
        let is_same_text = (place.position, place.attempt) == (self.seen.position, self.seen.attempt);
        let next = if is_same_text { self.seen.sequence + 1 } else { 1 };
        let text_is_announced = self.is_said(place.position, AiStageStatus::Running, place.attempt);
        if place.sequence != next || !text_is_announced {
            return self.list().await;
        }
        self.say_text(place, &piece.text);
        Ok(())
    }

    async fn list(&mut self) -> Result<(), CallError> {
        let snapshot = self.node.read_task(self.player, sdk_uuid(self.task_id)).await?;
        self.catch_up(snapshot).await
    }

    /// Tells everything that has not been told.
    async fn catch_up(&mut self, snapshot: AiTaskSnapshot) -> Result<(), CallError> {
        let AiTaskSnapshot { task, stages, .. } = snapshot;
        for stage in stages {
            if stage.position >= self.seen.position && stage.attempt > 0 {
                let was_reading =
                    stage.position == self.seen.position && (1..stage.attempt).contains(&self.seen.attempt);
                if was_reading {
                    // The rest of an attempt that has failed since.
                    self.list_text(stage.position, self.seen.attempt).await?;
                }
                if self.said.get(stage.position as usize).is_none_or(|(_, attempt)| *attempt != stage.attempt) {
                    self.say_stage(stage.position, &stage.key, AiStageStatus::Running, stage.attempt);
                }
                self.list_text(stage.position, stage.attempt).await?;
            }
            self.say_stage(stage.position, &stage.key, stage.status, stage.attempt);
        }
        let status = WorkStatus::from(task.status);
        if status.is_final() {
            let (error, input_tokens, output_tokens) = (task.error.as_deref(), task.input_tokens, task.output_tokens);
            self.say(Event::default().event("end"), &EndEvent { status, error, input_tokens, output_tokens });
            self.over = true;
        }
        Ok(())
    }

    async fn list_text(&mut self, position: u32, attempt: u32) -> Result<(), CallError> {
        loop {
            let is_same_text = (position, attempt) == (self.seen.position, self.seen.attempt);
            let after_sequence = if is_same_text { self.seen.sequence } else { 0 };
            let task_id = sdk_uuid(self.task_id);
            let request = AiTextChunkListing { task_id, position, attempt, after_sequence, limit: LISTING_CHUNKS };
            let page = self.node.list_chunks(Some(self.player), request).await?;
            for chunk in &page {
                self.say_text(Place { position, attempt, sequence: chunk.sequence }, &chunk.text);
            }
            if page.len() < LISTING_CHUNKS as usize {
                return Ok(());
            }
        }
    }

    fn is_said(&self, position: u32, status: AiStageStatus, attempt: u32) -> bool {
        self.said.get(position as usize) == Some(&(status, attempt))
    }

    fn say_stage(&mut self, position: u32, key: &str, status: AiStageStatus, attempt: u32) {
        if self.is_said(position, status, attempt) {
            return;
        }
        let index = position as usize;
        if self.said.len() <= index {
            self.said.resize(index + 1, (AiStageStatus::Pending, 0));
        }
        self.said[index] = (status, attempt);
        let stage = StageEvent { position, key, status: status.into(), attempt };
        self.say(Event::default().event("stage"), &stage);
    }

    fn say_text(&mut self, place: Place, text: &str) {
        self.seen = place;
        let Place { position, attempt, sequence } = place;
        let id = format!("{position}.{attempt}.{sequence}");
        self.say(Event::default().id(id).event("text"), &TextEvent { position, attempt, sequence, text });
    }

    fn say(&mut self, event: Event, data: &impl Serialize) {
        match event.json_data(data) {
            Ok(event) => self.ready.push_back(event),
            Err(error) => tracing::error!(%error, "An event cannot be written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_is_three_numbers() {
        assert_eq!(Place::parse("1.2.3"), Some(Place { position: 1, attempt: 2, sequence: 3 }));
        for text in ["", "1", "1.2", "1.2.3.4", "1.2.-3", "1.2.x", "1..3", "99999999999.1.1"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }

    #[test]
    fn places_come_in_the_order_of_stage_attempt_and_number() {
        let place = |text| Place::parse(text).unwrap();
        assert!(place("0.1.9") < place("0.2.1") && place("0.2.1") < place("1.1.1"));
    }
}
