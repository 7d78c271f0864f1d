//! Uploading an asset: a form, streamed into the store, then made an asset.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema;

use crate::app::App;
use crate::assets::publish::{PublishError, Upload, publish};
use crate::assets::record::{AccessPolicy, AssetRecord};
use crate::auth::Player;
use crate::objects::{ObjectKey, StagedObject};
use crate::problem::{Problem, ProblemCode};
use crate::routes::form::Form;
use crate::routes::idempotency_key::IdempotencyKey;

/// Longest small field of the form, in bytes.
const SMALL_FIELD_BYTES_MAX: usize = 1024;

/// The form of an upload; its fields may come in any order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form, which is read as a stream")]
struct UploadForm {
    /// The bytes. The type is told from the content, and the part's declared type must agree with it.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Who may read it; private when left out.
    access_policy: Option<AccessPolicy>,
    /// A name to keep within the object's key, instead of the file's own name.
    object_key: Option<String>,
}

#[derive(Default)]
struct Received {
    file: Option<StagedObject>,
    file_name: Option<String>,
    object_key: Option<String>,
    access_policy: Option<AccessPolicy>,
}

/// Stores a file and makes it an asset of the caller.
///
/// A repeated request with the same key and the same file is answered like the first one.
#[utoipa::path(
    post, path = "/assets", tag = "assets", operation_id = "upload_asset",
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, fresh for each upload: the same key and request give the same answer",
         min_length = 1, max_length = 128, pattern = "^[!-~]+$", example = "0194f0c5-0000-7000-8000-0000000000aa")),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    security(("player" = [])),
    responses(
        (status = 201, body = AssetRecord, headers(("Location" = String, description = "Path of the asset"))),
        (status = 400),
        (status = 409),
        (status = 413),
        (status = 415),
        (status = 422),
        (status = 507),
    )
)]
pub async fn upload(
    State(app): State<App>,
    Player(player): Player,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    mut form: Form,
) -> Result<Response, Problem> {
    let received = match receive(&app, &mut form).await {
        Ok(received) => received,
        Err(problem) => {
            form.discard_rest().await;
            return Err(problem);
        }
    };
    let staged = received.file.ok_or_else(|| Problem::invalid("file", "The form has no field \"file\"."))?;
    let file_name = received.object_key.or(received.file_name);
    let byte_size = staged.byte_size;
    let upload = Upload {
        object_key: ObjectKey::for_upload(player, &idempotency_key, file_name.as_deref()),
        bucket: app.uploads.bucket.clone(),
        access_policy: received.access_policy.unwrap_or(AccessPolicy::Private).into(),
        player,
        idempotency_key,
        staged,
    };
    // A task of its own, because the steps must not be cut short by a client that hangs up.
    let (node, store) = (app.node.clone(), app.store.clone());
    let published = app.tasks.spawn(async move { publish(&node, &store, upload).await });
    let row = published.await.map_err(|_| Problem::internal())??;
    app.metrics.uploaded(byte_size);
    let record = AssetRecord::from(row);
    Ok((StatusCode::CREATED, [(LOCATION, record.path())], Json(record)).into_response())
}

async fn receive(app: &App, form: &mut Form) -> Result<Received, Problem> {
    let mut received = Received::default();
    while let Some(field) = form.next_field().await? {
        match field.name() {
            Some("file") if received.file.is_none() => {
                received.file_name = field.file_name().map(str::to_owned);
                received.file = Some(stage(app, field).await?);
            }
            Some("access_policy") if received.access_policy.is_none() => {
                received.access_policy = Some(parse_policy(&small_text(field).await?)?);
            }
            Some("object_key") if received.object_key.is_none() => {
                received.object_key = Some(small_text(field).await?);
            }
            name => {
                let name = name.unwrap_or("(unnamed)");
                return Err(Problem::invalid(name, "The form has this field twice, or it is not known here."));
            }
        }
    }
    Ok(received)
}

async fn stage(app: &App, mut field: multer::Field<'static>) -> Result<StagedObject, Problem> {
    let declared = field.content_type().map(ToString::to_string);
    let allowed = &app.uploads.content_types;
    let mut writer = app.store.stage(app.uploads.upload_limit_bytes).await?;
    while let Some(chunk) = field.chunk().await? {
        writer.write(chunk, declared.as_deref(), allowed).await?;
    }
    Ok(writer.finish(declared.as_deref(), allowed).await?)
}

async fn small_text(mut field: multer::Field<'static>) -> Result<String, Problem> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > SMALL_FIELD_BYTES_MAX {
            return Err(Problem::invalid(&name, "The field is longer than 1024 bytes."));
        }
    }
    String::from_utf8(bytes).map_err(|_| Problem::invalid(&name, "The field is not UTF-8 text."))
}

fn parse_policy(text: &str) -> Result<AccessPolicy, Problem> {
    match text {
        "private" => Ok(AccessPolicy::Private),
        "signed" => Ok(AccessPolicy::Signed),
        "public" => Ok(AccessPolicy::Public),
        _ => Err(Problem::invalid("access_policy", "Write private, signed or public.")),
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Call(error) => error.into(),
            PublishError::Store(error) => error.into(),
            PublishError::Deleted => Self::new(
                ProblemCode::Conflict,
                "This Idempotency-Key belongs to an asset that was deleted or never completed. Use a new key.",
            ),
        }
    }
}
