//! Bodies that a handler answers before it has read them, as it does when it refuses the caller.
//!
//! Closing such a connection at once would reset it, and a client that is still writing would see
//! a broken pipe in place of the answer. So the rest is received and thrown away, within limits.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use futures::StreamExt;
use hyper::body::{Frame, SizeHint};

/// Most bytes that are thrown away: more than the usual module has.
const THROWN_AWAY_MAX: usize = 16 << 20;
/// How long a client may take to send them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Has the rest of a request's body received when its handler lets go of it.
pub async fn receive_rest(request: Request) -> Request {
    request.map(|body| if body.is_end_stream() { body } else { Body::new(ReceivedToEnd(body)) })
}

struct ReceivedToEnd(Body);

impl HttpBody for ReceivedToEnd {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl Drop for ReceivedToEnd {
    fn drop(&mut self) {
        if !self.0.is_end_stream() {
            let rest = mem::take(&mut self.0);
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
