//! A task as a stream of server-sent events, to be taken up again where it broke.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use spacetimedb_sdk::Identity;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;
use worldloom_client::AiTextChunkListing;

use super::record::TaskEvent;
use super::task::own_task;
use super::telling::{Next, PAGE_CHUNKS, Place, Telling};
use crate::ai::feed::seats::{STREAMS_PER_PLAYER, Seat};
use crate::ai::feed::{Heard, Reader};
use crate::app::App;
use crate::auth::Player;
use crate::node_client::{CallError, NodeClient, sdk_uuid};
use crate::problem::{Problem, ProblemCode};
use crate::routes::extract::Path;

/// A comment is sent when there was nothing to say for so long, so that nobody on the way takes the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

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
    let seat = app.feeds.seats.take(player).ok_or_else(|| too_many_streams(&app))?;
    // First the look whether the caller may, then the news, then the list: nothing falls between.
    own_task(&app, player, task_id).await?;
    let reader = app.feeds.read(sdk_uuid(task_id));
    let snapshot = own_task(&app, player, task_id).await?;
    let mut telling = Telling::after(last);
    telling.catch_up(snapshot);
    let following = Following { node: app.node.clone(), player, task_id, reader, telling, _seat: seat };
    let stopping = app.stopping.clone();
    let stream = futures::StreamExt::take_until(following.into_stream(), stopping.cancelled_owned());
    let sse = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([(CACHE_CONTROL, "no-store"), (axum::http::HeaderName::from_static("x-accel-buffering"), "no")], sse))
}

fn too_many_streams(app: &App) -> Problem {
    let scope = "streams";
    app.metrics.limited(scope);
    let detail = "This player has as many event streams open as it may. Close one, or try again after Retry-After.";
    let problem = Problem::new(ProblemCode::TooManyRequests, detail).with("scope", scope);
    // The comments show which clients have gone without a word.
    problem.with("limit", STREAMS_PER_PLAYER).retry_after_s(KEEP_ALIVE.as_secs())
}

/// One reader's stream.
struct Following {
    node: NodeClient,
    player: Identity,
    task_id: Uuid,
    reader: Reader,
    telling: Telling,
    // Left when the stream is over or its client has gone.
    _seat: Seat,
}

impl Following {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        stream::unfold(self, |mut following| async move {
            let event = following.next_event().await?;
            Some((Ok(event), following))
        })
    }

    /// Waits for the next event; none when the stream is over.
    async fn next_event(&mut self) -> Option<Event> {
        loop {
            let outcome = match self.telling.go_on() {
                Next::Tell(told) => match told.event() {
                    Ok(event) => return Some(event),
                    Err(error) => {
                        tracing::error!(%error, "An event cannot be written");
                        Ok(())
                    }
                },
                Next::List(after) => self.list_text(after).await,
                Next::Hear => self.hear().await?,
                Next::End => return None,
            };
            if let Err(error) = outcome {
                // The client comes again with the id of the last event.
                tracing::info!(task = %self.task_id, %error, "A stream is ended because the module cannot be asked");
                return None;
            }
        }
    }

    /// Waits for news, and asks for the task where they do not say everything; none when there will be no more.
    async fn hear(&mut self) -> Option<Result<(), CallError>> {
        let is_enough = match self.reader.news.recv().await {
            Ok(Heard::News(news)) => self.telling.hear(&news),
            Ok(Heard::Anew) | Err(RecvError::Lagged(_)) => false,
            Err(RecvError::Closed) => return None,
        };
        Some(if is_enough { Ok(()) } else { self.list().await })
    }

    async fn list(&mut self) -> Result<(), CallError> {
        let snapshot = self.node.read_task(self.player, sdk_uuid(self.task_id)).await?;
        self.telling.catch_up(snapshot);
        Ok(())
    }

    async fn list_text(&mut self, after: Place) -> Result<(), CallError> {
        let Place { position, attempt, sequence: after_sequence } = after;
        let task_id = sdk_uuid(self.task_id);
        let request = AiTextChunkListing { task_id, position, attempt, after_sequence, limit: PAGE_CHUNKS };
        let page = self.node.list_chunks(Some(self.player), request).await?;
        self.telling.take_page(after, page);
        Ok(())
    }
}
