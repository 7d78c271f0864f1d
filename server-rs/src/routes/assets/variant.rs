//! Smaller pictures of an asset.

use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;
use worldloom_client::{AssetAccessPolicy, AssetObject, AssetStatus};

use super::content::validators;
use super::read::readable;
use crate::app::App;
use crate::assets::variants::{Variant, VariantError, kept, make, turn};
use crate::auth::Player;
use crate::contract;
use crate::pictures::{PictureError, PictureFile};
use crate::problem::{Problem, ProblemCode};
use crate::routes::extract::Path;
use crate::routes::range::is_known;

/// Returns a smaller picture of an asset that the caller may read: a JPEG, or a WebP if parts of it are transparent.
///
/// It is made at the first request and kept. Pictures that are small enough are not made larger.
#[utoipa::path(
    get, path = "/assets/{asset_id}/variants/{variant}", tag = "assets", operation_id = "read_variant",
    params(
        ("asset_id" = Uuid, Path, description = "The asset"),
        ("variant" = Variant, Path, description = "Which size"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags of what the client has", example = "\"9f86d081-thumbnail\""),
    ),
    security((), ("player" = [])),
    responses(
        (status = 200, description = "The picture", content((contract::Bytes = "image/jpeg"), (contract::Bytes = "image/webp")),
            headers(("ETag" = String, description = "Of this picture"))),
        (status = 304, description = "The client has it already"),
        (status = 415),
        (status = 422),
    )
)]
pub async fn picture(
    State(app): State<App>,
    caller: Option<Player>,
    Path((asset_id, wanted)): Path<(Uuid, Variant)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let row = readable(&app.node, caller, asset_id).await?;
    if row.status != AssetStatus::Confirmed {
        return Err(Problem::not_found("The bytes of this asset have not arrived. Confirm its upload first."));
    }
    let etag = format!("\"{}-{}\"", row.sha_256, wanted.name());
    let mut answer = validators(&etag, row.access_policy == AssetAccessPolicy::Public)?;
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    let picture = match kept(&app.store, &row, wanted).await? {
        Some(picture) => picture,
        None => made(&app, row, wanted).await?,
    };
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(picture.content_type));
    answer.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok((answer, picture.bytes).into_response())
}

async fn made(app: &App, row: AssetObject, wanted: Variant) -> Result<PictureFile, Problem> {
    // The request itself waits for its turn, so that nothing is left of it if the client hangs up before.
    let turn = turn(&app.pictures, &row).await?;
    // A task of its own, so that work that was begun is kept even if the client hangs up.
    let store = app.store.clone();
    let made = app.tasks.spawn(async move { make(&store, turn, &row, wanted).await });
    Ok(made.await.map_err(|_| Problem::internal())??)
}

impl From<VariantError> for Problem {
    fn from(error: VariantError) -> Self {
        match error {
            VariantError::Store(error) => error.into(),
            VariantError::Picture(PictureError::NoPicture) => Self::new(
                ProblemCode::UnsupportedMediaType,
                "Only PNG, JPEG, WebP and GIF have smaller pictures. Ask for the content instead.",
            ),
            VariantError::Picture(PictureError::TooLarge) => Self::new(
                ProblemCode::LimitExceeded,
                "The picture is too large to be made smaller here. Upload one of at most 24 million pixels and 32 MiB.",
            ),
            VariantError::Picture(PictureError::Damaged) => Self::new(
                ProblemCode::UnsupportedMediaType,
                "The picture is damaged and cannot be made smaller. Ask for the content instead.",
            ),
            VariantError::Picture(PictureError::Busy) => Self::new(
                ProblemCode::StoreUnavailable,
                "Too many pictures are waiting to be made smaller; nothing was kept. Try again in a moment, or ask for \
                 the content instead.",
            )
            .retry_after_s(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::RETRY_AFTER;

    use super::*;

    #[test]
    fn whoever_finds_too_many_waiting_is_told_when_to_come_back() {
        let answer = Problem::from(VariantError::from(PictureError::Busy)).into_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[RETRY_AFTER], "2");
    }
}
