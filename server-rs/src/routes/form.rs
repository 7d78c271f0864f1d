//! Multipart forms, read as a stream within bounds.
//!
//! The parser takes in whatever the body has ready and looks for the end of a part's head without a limit of its
//! own. [`Form`] hands it one chunk at a time and bounds what may come before a head ends, so that memory stays
//! at a few chunks however large or hostile the body is.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::RequestExt;
use axum::body::BodyDataStream;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures::Stream;

use crate::problem::{Problem, ProblemCode};

/// Most bytes that may pass before a part's head is complete.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const UNBOUNDED: usize = usize::MAX;

/// A part's head did not end in time.
#[derive(Debug, thiserror::Error)]
#[error("the head of a form field is larger than {HEAD_BYTES_MAX} bytes")]
pub struct FormHeadTooLarge;

/// After a refusal, this much of the rest is read and thrown away. A client that is still sending when the
/// connection closes loses the answer, so it gets the chance to finish, within reason.
const DISCARD_BYTES_MAX: usize = 64 * 1024 * 1024;
const DISCARD_TIME_MAX: Duration = Duration::from_secs(5);

type SharedBody = Arc<Mutex<BodyDataStream>>;

/// A form whose fields are read one after the other.
pub struct Form {
    parts: multer::Multipart<'static>,
    body: SharedBody,
    head_budget: Arc<AtomicUsize>,
}

impl Form {
    /// The next field, or `None` at the end of the form. The field before it must have been read to its end.
    pub async fn next_field(&mut self) -> Result<Option<multer::Field<'static>>, Problem> {
        self.head_budget.store(HEAD_BYTES_MAX, Ordering::Relaxed);
        let field = self.parts.next_field().await;
        self.head_budget.store(UNBOUNDED, Ordering::Relaxed);
        Ok(field?)
    }

    /// Reads on to the end of the body for a moment, keeping nothing.
    pub async fn discard_rest(self) {
        let mut discarded = 0;
        let to_end = std::future::poll_fn(|cx| {
            while let Some(Ok(chunk)) = ready!(poll_body(&self.body, cx)) {
                discarded += chunk.len();
                if discarded > DISCARD_BYTES_MAX {
                    break;
                }
            }
            Poll::Ready(())
        });
        // Either way the answer is sent next, so it does not matter which came first.
        let _ = tokio::time::timeout(DISCARD_TIME_MAX, to_end).await;
    }
}

fn poll_body(body: &SharedBody, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
    let mut body = body.lock().unwrap_or_else(PoisonError::into_inner);
    Pin::new(&mut *body).poll_next(cx)
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let boundary = content_type.and_then(|value| multer::parse_boundary(value).ok()).ok_or_else(|| {
            Problem::new(
                ProblemCode::UnsupportedMediaType,
                "Send a form: Content-Type: multipart/form-data with a boundary.",
            )
        })?;
        let head_budget = Arc::new(AtomicUsize::new(UNBOUNDED));
        let body = Arc::new(Mutex::new(request.with_limited_body().into_body().into_data_stream()));
        let paced = Paced { body: body.clone(), head_budget: head_budget.clone(), rests: false };
        Ok(Self { parts: multer::Multipart::new(paced, boundary), body, head_budget })
    }
}

/// A body that rests after each chunk, which makes the parser hand out what it has before it takes more.
struct Paced {
    body: SharedBody,
    head_budget: Arc<AtomicUsize>,
    rests: bool,
}

impl Stream for Paced {
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rests) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let chunk = match poll_body(&self.body, cx) {
            Poll::Ready(Some(Ok(chunk))) => chunk,
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        };
        self.rests = true;
        let budget = self.head_budget.load(Ordering::Relaxed);
        if budget == UNBOUNDED {
            return Poll::Ready(Some(Ok(chunk)));
        }
        match budget.checked_sub(chunk.len()) {
            Some(left) => {
                self.head_budget.store(left, Ordering::Relaxed);
                Poll::Ready(Some(Ok(chunk)))
            }
            // A chunk may hold the rest of a head and much content after it; only a head that
            // is still open when the budget is spent is too large.
            None if budget > 0 => {
                self.head_budget.store(0, Ordering::Relaxed);
                Poll::Ready(Some(Ok(chunk)))
            }
            None => Poll::Ready(Some(Err(FormHeadTooLarge.into()))),
        }
    }
}
