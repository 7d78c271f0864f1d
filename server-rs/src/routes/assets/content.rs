//! The bytes of one asset, whole or in part.

use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;
use worldloom_client::{AssetAccessPolicy, AssetObject, AssetStatus};

use super::read::readable;
use crate::app::App;
use crate::assets::direct::announced;
use crate::auth::Player;
use crate::contract;
use crate::objects::direct::Announced;
use crate::objects::{ObjectKey, ObjectStore, StoreError};
use crate::problem::{Problem, ProblemCode};
use crate::routes::extract::Path;
use crate::routes::range::{Wanted, wanted};

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Returns the bytes of an asset that the caller may read.
///
/// Takes a single `Range`, `If-Range` and `If-None-Match`; the entity tag is the SHA-256 in quotes.
#[utoipa::path(
    get, path = "/assets/{asset_id}/content", tag = "assets", operation_id = "read_content",
    params(
        ("asset_id" = Uuid, Path, description = "The asset"),
        ("Range" = Option<String>, Header, description = "One range of bytes", example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header, description = "The range counts only if the entity tag is still this", example = "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\""),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags of what the client has", example = "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\""),
    ),
    security((), ("player" = [])),
    responses(
        (status = 200, description = "All bytes, in the type of the asset", body = contract::Bytes, content_type = "*/*", headers(("ETag" = String, description = "SHA-256 of all bytes, in quotes"))),
        (status = 206, description = "The bytes of the range", body = contract::Bytes, content_type = "*/*", headers(
            ("ETag" = String, description = "SHA-256 of all bytes, in quotes"),
            ("Content-Range" = String, description = "Which bytes of how many"),
        )),
        (status = 304, description = "The client has them already"),
        (status = 416),
    )
)]
pub async fn content(
    State(app): State<App>,
    caller: Option<Player>,
    Path(asset_id): Path<Uuid>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let row = readable(&app.node, caller, asset_id).await?;
    if row.status != AssetStatus::Confirmed {
        return Err(Problem::not_found("The bytes of this asset have not arrived. Upload it again with the same key."));
    }
    serve(&app.store, &row, &method, &headers).await
}

/// Answers with the wanted part of the row's object.
async fn serve(
    store: &ObjectStore,
    row: &AssetObject,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let is_public = row.access_policy == AssetAccessPolicy::Public;
    serve_object(store, &announced(row), is_public, method, headers).await
}

/// Answers the holder of a signed URL.
pub async fn serve_signed(
    store: &ObjectStore,
    object: &Announced,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    serve_object(store, object, false, method, headers).await
}

async fn serve_object(
    store: &ObjectStore,
    object: &Announced,
    is_public: bool,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let etag = format!("\"{}\"", object.sha256);
    let size = object.byte_size;
    let (status, range) = match wanted(method, headers, &etag, size) {
        Wanted::NotModified => {
            return Ok((StatusCode::NOT_MODIFIED, validators(&etag, is_public)?).into_response());
        }
        Wanted::Unsatisfiable => {
            return Err(Problem::new(ProblemCode::RangeNotSatisfiable, format!("The asset has {size} bytes."))
                .header(CONTENT_RANGE, header_value(&format!("bytes */{size}"))?));
        }
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
    };
    let mut answer = validators(&etag, is_public)?;
    if status == StatusCode::PARTIAL_CONTENT {
        let extent = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        answer.insert(CONTENT_RANGE, header_value(&extent)?);
    }
    send(store, object, status, answer, range).await
}

async fn send(
    store: &ObjectStore,
    object: &Announced,
    status: StatusCode,
    mut headers: HeaderMap,
    range: Range<u64>,
) -> Result<Response, Problem> {
    let key = ObjectKey::parse(&object.object_key).ok_or(StoreError::Missing)?;
    if store.size(&object.bucket, &key).await? != Some(object.byte_size) {
        tracing::error!("The object of a confirmed asset is missing or has another size");
        return Err(Problem::internal());
    }
    headers.insert(CONTENT_TYPE, header_value(&object.content_type)?);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    headers.insert(CONTENT_DISPOSITION, header_value(&disposition(&object.content_type, &key))?);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Should a type that can hold script ever be allowed, it runs with no origin and loads nothing.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    let bytes = store.read(&object.bucket, &key, range).await?;
    Ok((status, headers, Body::from_stream(bytes)).into_response())
}

/// What lets a client keep and compare the bytes. They never change, but access can end, so every use of a kept
/// copy is checked against the tag.
pub fn validators(etag: &str, is_public: bool) -> Result<HeaderMap, Problem> {
    let (cache, resource) =
        if is_public { ("public, no-cache", "cross-origin") } else { ("private, no-cache", "same-site") };
    let mut headers = HeaderMap::new();
    headers.insert(ETAG, header_value(etag)?);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static(resource));
    Ok(headers)
}

/// Pictures and sounds may be shown in place; everything else is to be saved.
pub fn disposition(content_type: &str, key: &ObjectKey) -> String {
    let kind = content_type.split('/').next().unwrap_or_default();
    let shown = matches!(kind, "image" | "audio" | "video") && content_type != "image/svg+xml";
    let way = if shown { "inline" } else { "attachment" };
    // The name has no character that would need quoting; see ObjectKey.
    format!("{way}; filename=\"{}\"", key.file_name())
}

fn header_value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| {
        tracing::error!("A stored row holds text that no header can carry");
        Problem::internal()
    })
}

#[cfg(test)]
mod tests {
    use axum::http::header::{IF_NONE_MATCH, RANGE};
    use bytes::Bytes;
    use http_body_util::BodyExt;
    use spacetimedb_sdk::{Identity, Timestamp, Uuid};
    use tempfile::TempDir;

    use super::*;

    const BUCKET: &str = "worldloom";

    struct Stored {
        _folder: TempDir,
        store: ObjectStore,
        row: AssetObject,
        bytes: Vec<u8>,
    }

    async fn stored() -> anyhow::Result<Stored> {
        let folder = TempDir::new()?;
        let store = ObjectStore::open(folder.path())?;
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.extend((0..600_000_u32).flat_map(u32::to_le_bytes));
        let allowed = ["image/png".to_owned()];
        let mut writer = store.stage(1 << 30).await?;
        writer.write(Bytes::from(bytes.clone()), None, &allowed).await?;
        let staged = writer.finish(None, &allowed).await?;
        let key = ObjectKey::for_upload(Identity::ONE, "key-1", Some("cat \"x\".png"));
        let row = AssetObject {
            asset_id: Uuid::NIL,
            owner: Identity::ONE,
            bucket: BUCKET.into(),
            object_key: key.as_str().into(),
            content_type: staged.content_type.into(),
            byte_size: staged.byte_size,
            sha_256: staged.sha256.clone(),
            access_policy: AssetAccessPolicy::Private,
            status: AssetStatus::Confirmed,
            idempotency_key: "key-1".into(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            expires_at: None,
            confirmed_at: Some(Timestamp::UNIX_EPOCH),
            deleted_at: None,
        };
        store.place(staged, BUCKET, &key).await?;
        Ok(Stored { _folder: folder, store, row, bytes })
    }

    impl Stored {
        async fn get(&self, name: HeaderName, value: &str) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
            self.ask(Method::GET, name, value).await
        }

        async fn ask(
            &self,
            method: Method,
            name: HeaderName,
            value: &str,
        ) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value)?);
            let answer = serve(&self.store, &self.row, &method, &headers).await;
            let (parts, body) = answer.unwrap_or_else(IntoResponse::into_response).into_parts();
            Ok((parts.status, parts.headers, body.collect().await?.to_bytes()))
        }
    }

    #[tokio::test]
    async fn the_whole_object_goes_out_with_headers_that_tame_it() -> anyhow::Result<()> {
        let stored = stored().await?;
        let (status, headers, body) = stored.get(RANGE, "rows=1-2").await?;
        assert_eq!((status, body.len()), (StatusCode::OK, stored.bytes.len()));
        assert!(body == stored.bytes);
        let size = stored.bytes.len().to_string();
        let expected = [
            (CONTENT_TYPE, "image/png"),
            (CONTENT_LENGTH, size.as_str()),
            (CONTENT_DISPOSITION, "inline; filename=\"cat__x_.png\""),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
            (CACHE_CONTROL, "private, no-cache"),
            (CROSS_ORIGIN_RESOURCE_POLICY, "same-site"),
            (ACCEPT_RANGES, "bytes"),
        ];
        for (name, value) in expected {
            assert_eq!(headers[&name], value, "{name}");
        }
        assert_eq!(headers[ETAG], format!("\"{}\"", stored.row.sha_256));
        Ok(())
    }

    #[tokio::test]
    async fn parts_go_out_byte_for_byte() -> anyhow::Result<()> {
        let stored = stored().await?;
        let size = stored.bytes.len();
        for (range, first, last) in
            [("bytes=0-0", 0, 0), ("bytes=262143-262144", 262_143, 262_144), ("bytes=-5", size - 5, size - 1)]
        {
            let (status, headers, body) = stored.get(RANGE, range).await?;
            assert_eq!(status, StatusCode::PARTIAL_CONTENT);
            assert_eq!(headers[CONTENT_RANGE], format!("bytes {first}-{last}/{size}"));
            assert_eq!(body, stored.bytes[first..=last]);
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_range_is_for_whoever_wants_the_bytes() -> anyhow::Result<()> {
        let stored = stored().await?;
        let size = stored.bytes.len().to_string();
        for range in ["bytes=0-0", "bytes=99999999-"] {
            let (status, headers, _) = stored.ask(Method::HEAD, RANGE, range).await?;
            assert_eq!((status, headers[CONTENT_LENGTH].to_str()?), (StatusCode::OK, size.as_str()), "{range}");
            assert!(!headers.contains_key(CONTENT_RANGE), "{range}");
        }
        let (status, _, _) = stored.ask(Method::HEAD, IF_NONE_MATCH, "*").await?;
        assert_eq!(status, StatusCode::NOT_MODIFIED, "conditions count");
        Ok(())
    }

    #[tokio::test]
    async fn what_is_known_or_beyond_the_end_goes_without_bytes() -> anyhow::Result<()> {
        let stored = stored().await?;
        let (status, headers, body) = stored.get(IF_NONE_MATCH, &format!("\"{}\"", stored.row.sha_256)).await?;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert!(headers.contains_key(ETAG));
        let (status, headers, _) = stored.get(RANGE, "bytes=99999999-").await?;
        assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(headers[CONTENT_RANGE], format!("bytes */{}", stored.bytes.len()));
        Ok(())
    }

    #[tokio::test]
    async fn a_lost_object_is_a_fault_and_no_empty_answer() -> anyhow::Result<()> {
        let stored = stored().await?;
        let key = ObjectKey::parse(&stored.row.object_key).ok_or(StoreError::Missing)?;
        stored.store.remove(BUCKET, &key).await?;
        let (status, _, _) = stored.get(RANGE, "bytes=0-1").await?;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        Ok(())
    }
}
