//! The store library's HTTP, over the client that the rest of the facade uses.

use futures::TryStreamExt;
use futures::stream::BoxStream;
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

/// Sends requests by `reqwest`.
pub struct Transport(pub reqwest::Client);

impl HttpTransport for Transport {
    async fn fetch(&self, request: axum::http::Request<Buffer>) -> opendal::Result<axum::http::Response<HttpBody>> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string();
        let request = self
            .0
            .request(parts.method, url)
            .headers(parts.headers)
            .body(reqwest::Body::from(body.to_bytes()))
            .send()
            .await
            .map_err(|cause| failed(cause.without_url()))?;
        let mut response = axum::http::Response::builder().status(request.status());
        if let Some(headers) = response.headers_mut() {
            *headers = request.headers().clone();
        }
        let size = request.content_length();
        let bytes = request.bytes_stream().map_ok(Buffer::from).map_err(|cause| failed(cause.without_url()));
        let body = HttpBody::new(Shared(Mutex::new(Box::pin(bytes))), size);
        response.body(body).map_err(|cause| Error::new(ErrorKind::Unexpected, cause.to_string()))
    }
}

fn failed(cause: reqwest::Error) -> Error {
    let is_temporary = cause.is_timeout() || cause.is_connect() || cause.is_body();
    let error = Error::new(ErrorKind::Unexpected, "the object store did not answer").set_source(cause);
    if is_temporary { error.set_temporary() } else { error }
}

/// Bodies must be shareable between threads, which a stream behind a lock is.
struct Shared(Mutex<BoxStream<'static, opendal::Result<Buffer>>>);

impl futures::Stream for Shared {
    type Item = opendal::Result<Buffer>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let stream = self.get_mut().0.get_mut();
        stream.unwrap_or_else(std::sync::PoisonError::into_inner).as_mut().poll_next(context)
    }
}
