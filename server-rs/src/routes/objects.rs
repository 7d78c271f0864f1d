//! The local store's own answers to the requests that the facade has signed: as S3 answers them, but with problem
//! documents.

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

use crate::app::App;
use crate::contract::Bytes;
use crate::objects::direct::Announced;
use crate::objects::grant::{Grant, GrantError};
use crate::objects::parts::PartError;
use crate::objects::{ObjectKey, ObjectStore, StoreError, content_type};
use crate::problem::{Problem, ProblemCode, body_failure};
use crate::routes::assets::content::serve_signed;
use crate::routes::extract::Path;

/// Takes the bytes of an upload, or of one part, from a client with a signed URL.
///
/// Send the headers that came with the URL as they are. Sending the same bytes again changes nothing.
#[utoipa::path(
    put, path = "/objects/{grant}", tag = "objects", operation_id = "put_object",
    params(("grant" = String, Path, description = "From a signed URL", example = "eyJraW5kIjoicHV0In0.c2ln")),
    request_body(content = Bytes, content_type = "*/*", description = "The bytes, as they were announced"),
    security(()),
    responses(
        (status = 200, description = "The bytes are kept"),
        (status = 403),
        (status = 409),
        (status = 413),
        (status = 415),
        (status = 422),
        (status = 507),
    )
)]
pub async fn put(State(app): State<App>, Path(word): Path<String>, request: Request) -> Result<StatusCode, Problem> {
    match app.store.check_grant(&word)? {
        (Grant::Put(announced), _) => {
            check_size(request.headers(), announced.byte_size)?;
            check_type(request.headers(), &announced)?;
            put_object(&app.store, &announced, request).await?;
        }
        (Grant::Part { asset_id, number, byte_size }, parts) => {
            check_size(request.headers(), byte_size)?;
            parts.write(asset_id, number, byte_size, request.into_body().into_data_stream()).await?;
        }
        (Grant::Get(_), _) => return Err(GrantError::Forged.into()),
    }
    Ok(StatusCode::OK)
}

/// Returns the bytes of an asset to a client with a signed URL. Takes the same conditions as `/assets/{asset_id}/content`.
#[utoipa::path(
    get, path = "/objects/{grant}", tag = "objects", operation_id = "get_object",
    params(
        ("grant" = String, Path, description = "From a signed URL", example = "eyJraW5kIjoicHV0In0.c2ln"),
        ("Range" = Option<String>, Header, description = "One range of bytes", example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header, description = "The range counts only if the entity tag is still this", example = "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\""),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags of what the client has", example = "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\""),
    ),
    security(()),
    responses(
        (status = 200, description = "All bytes, in the type of the asset", body = Bytes, content_type = "*/*", headers(("ETag" = String, description = "SHA-256 of all bytes, in quotes"))),
        (status = 206, description = "The bytes of the range", body = Bytes, content_type = "*/*", headers(
            ("ETag" = String, description = "SHA-256 of all bytes, in quotes"),
            ("Content-Range" = String, description = "Which bytes of how many"),
        )),
        (status = 304, description = "The client has them already"),
        (status = 403),
        (status = 416),
    )
)]
pub async fn get(
    State(app): State<App>,
    Path(word): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (Grant::Get(announced), _) = app.store.check_grant(&word)? else { return Err(GrantError::Forged.into()) };
    let key = ObjectKey::parse(&announced.object_key).ok_or(StoreError::Missing)?;
    if app.store.size(&announced.bucket, &key).await?.is_none() {
        return Err(Problem::not_found("The asset was deleted."));
    }
    Ok(serve_signed(&app.store, &announced, &method, &headers).await?.into_response())
}

async fn put_object(store: &ObjectStore, announced: &Announced, request: Request) -> Result<(), Problem> {
    let allowed = [announced.content_type.clone()];
    let key = ObjectKey::parse(&announced.object_key).ok_or(StoreError::Missing)?;
    let mut writer = store.stage(announced.byte_size).await?;
    let mut body = request.into_body().into_data_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| body_failure(&error))?;
        writer.write(chunk, None, &allowed).await?;
    }
    let staged = writer.finish(None, &allowed).await?;
    if staged.sha256 != announced.sha256 {
        return Err(Problem::new(ProblemCode::Conflict, "The bytes have another SHA-256 than was announced.")
            .with("expected", announced.sha256.clone())
            .with("actual", staged.sha256.clone()));
    }
    let _held = store.lock(&announced.bucket, &key).await;
    // A URL outlives its asset, and the place may since be that of another one, whose bytes are confirmed.
    if store.observe(announced).await?.is_some_and(|found| found.sha256 != announced.sha256) {
        return Err(Problem::new(
            ProblemCode::Conflict,
            "Other bytes lie here. If the asset is pending, confirm it, which removes them; then send yours again.",
        ));
    }
    // The same bytes are placed again, because whoever placed them may not have written the folder through.
    Ok(store.place(staged, &announced.bucket, &key).await?)
}

fn check_size(headers: &HeaderMap, expected: u64) -> Result<(), Problem> {
    let given = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match given {
        Some(size) if size == expected => Ok(()),
        Some(size) if size > expected => {
            Err(Problem::new(ProblemCode::PayloadTooLarge, format!("This URL takes {expected} bytes."))
                .with("limit", expected))
        }
        _ => Err(Problem::invalid("content-length", format!("This URL takes {expected} bytes, declared as such."))),
    }
}

fn check_type(headers: &HeaderMap, announced: &Announced) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(content_type::canonical);
    if given.as_ref() == Some(&announced.content_type) {
        return Ok(());
    }
    let expected = &announced.content_type;
    Err(Problem::new(ProblemCode::UnsupportedMediaType, format!("This URL takes {expected}, declared as such.")))
}

impl From<GrantError> for Problem {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Forged => Self::new(
                ProblemCode::LinkInvalid,
                "This URL was not signed here for this request, or was changed since. Ask for a new one.",
            ),
            GrantError::Expired => {
                Self::new(ProblemCode::LinkExpired, "The time of this URL is over. Ask for a new one.")
            }
        }
    }
}

impl From<PartError> for Problem {
    fn from(error: PartError) -> Self {
        match error {
            PartError::Size { expected } => {
                Self::invalid("content-length", format!("This part has {expected} bytes. Send them all."))
            }
            PartError::Body(error) => body_failure(&error),
            PartError::Store(error) => error.into(),
        }
    }
}
