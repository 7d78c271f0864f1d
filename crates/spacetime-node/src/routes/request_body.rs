//! The bodies of requests: those that stop arriving, and those that nobody reads.
//!
//! A client that falls silent in the middle of a body would keep its connection, and what has arrived so far in memory,
//! for as long as it likes. After a while it is told so and not waited for.
//!
//! A handler may answer before it has read the body, as it does when it refuses the caller. Closing such a connection
//! at once would reset it, and a client that is still writing would see a broken pipe in place of the answer. So the
//! rest is received and thrown away, within limits.

use std::error::Error;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use hyper::body::Frame;
use tower_http::timeout::{TimeoutBody, TimeoutError};

use crate::error::ApiError;

/// Most bytes that are thrown away: more than the usual module has.
const THROWN_AWAY_MAX: usize = 16 << 20;
/// How long a client may take to send them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Middleware: refuses a request whose body says nothing for so long, and has the rest of a body received when its
/// handler lets go of it.
pub async fn look_after(State(idle_timeout): State<Duration>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let has_stalled = Arc::new(AtomicBool::new(false));
    let request = request.map(|body| {
        let body = Body::new(TimeoutBody::new(idle_timeout, body));
        Body::new(LookedAfter { body, has_ended: false, has_stalled: has_stalled.clone() })
    });
    let answer = next.run(request).await;
    // Extractors refuse every body that breaks off in the same way, so this one is told apart here.
    if has_stalled.load(Ordering::Relaxed) { stopped_arriving() } else { answer }
}

/// The connection ends with the answer: what might still come of the body would be taken for another request.
fn stopped_arriving() -> Response {
    let sentence = "The body of the request stopped arriving; send it without long pauses.";
    let refused = ApiError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", sentence);
    ([(header::CONNECTION, "close")], refused).into_response()
}

/// A body with a limit on silence.
struct LookedAfter {
    body: Body,
    /// Nothing more will come, whole or not. The body inside does not know.
    has_ended: bool,
    has_stalled: Arc<AtomicBool>,
}

impl HttpBody for LookedAfter {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(_)) => {}
            Some(Err(cause)) => {
                self.has_ended = true;
                if cause.source().is_some_and(|cause| cause.is::<TimeoutError>()) {
                    self.has_stalled.store(true, Ordering::Relaxed);
                }
            }
            None => self.has_ended = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }
}

impl Drop for LookedAfter {
    fn drop(&mut self) {
        if !self.has_ended {
            let rest = mem::take(&mut self.body);
            // Who is too slow, or sends too much, loses the connection after all.
            tokio::spawn(tokio::time::timeout(PATIENCE, throw_away(rest)));
        }
    }
}

async fn throw_away(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut received = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        received += chunk.len();
        if received > THROWN_AWAY_MAX {
            break;
        }
    }
}
