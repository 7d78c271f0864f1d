//! Uploads that go from the client to the store: announced here, sent there, confirmed here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use worldloom_client::{AssetObject, IllegalTransition};

use crate::app::App;
use crate::assets::direct::{self, Announcement, DirectError, Way};
use crate::assets::record::{AccessPolicy, AssetRecord, SignedRequestRecord};
use crate::auth::Player;
use crate::problem::{Problem, ProblemCode};
use crate::routes::extract::{self, Path};
use crate::routes::idempotency_key::IdempotencyKey;

/// Parts that one request signs.
const PARTS_SIGNED_MAX: usize = 100;
/// Length of an MD5 in base64.
const MD5_LENGTH: usize = 24;

/// A file to upload.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadAnnouncement {
    /// Its name, of which letters, digits, `.`, `-` and `_` are kept.
    #[schema(example = "castle.png")]
    file_name: Option<String>,
    #[schema(example = "image/png")]
    content_type: String,
    #[schema(minimum = 1, example = 48_213)]
    byte_size: u64,
    /// 64 lower-case hex digits.
    #[schema(pattern = "^[0-9a-f]{64}$", example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
    /// MD5 in base64. Aliyun OSS checks it on arrival, and nothing else of the content.
    #[schema(min_length = 24, max_length = 24, example = "1B2M2Y8AsgTpgAmY7PhCfg==")]
    content_md5: Option<String>,
    /// Private when left out.
    access_policy: Option<AccessPolicy>,
}

/// An upload and what is to be sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadTicket {
    asset: AssetRecord,
    upload: UploadWay,
}

/// What is to be sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum UploadWay {
    /// Nothing: the asset is confirmed.
    Done,
    /// This request, with the file as its body; then the confirmation.
    Single {
        /// The request.
        request: SignedRequestRecord,
    },
    /// The parts that have not arrived, each by a signed request; then the confirmation.
    Parts {
        /// Size of each part but the last.
        #[schema(example = 8_388_608)]
        part_bytes: u64,
        /// Number of parts.
        #[schema(example = 3)]
        part_count: u32,
        /// Numbers of the parts to send still.
        #[schema(example = json!([2, 3]))]
        missing: Vec<u32>,
    },
}

/// Parts to sign requests for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartsWanted {
    /// 1 to 100 numbers, counted from 1.
    #[schema(min_items = 1, max_items = 100, example = json!([1, 2]))]
    numbers: Vec<u32>,
}

/// One part's request.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartTicket {
    #[schema(example = 1)]
    number: u32,
    request: SignedRequestRecord,
}

/// Announces a file and signs a request for its bytes.
///
/// The same announcement again, with the same key, gives the same asset and a fresh request.
#[utoipa::path(
    post, path = "/assets/uploads", tag = "assets", operation_id = "announce_upload",
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters, fresh for each upload: the same key and request give the same answer",
         min_length = 1, max_length = 128, pattern = "^[!-~]+$", example = "0194f0c5-0000-7000-8000-0000000000aa")),
    request_body = UploadAnnouncement,
    security(("player" = [])),
    responses(
        (status = 201, body = UploadTicket, headers(("Location" = String, description = "Path of the asset"))),
        (status = 409),
    )
)]
pub async fn announce(
    State(app): State<App>,
    Player(player): Player,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    extract::Json(body): extract::Json<UploadAnnouncement>,
) -> Result<Response, Problem> {
    let is_md5 = |text: &String| {
        text.len() == MD5_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
    };
    if !body.content_md5.as_ref().is_none_or(is_md5) {
        return Err(Problem::invalid("content_md5", "Write the 16 bytes of the MD5 in base64: 24 characters."));
    }
    let announcement = Announcement {
        player,
        idempotency_key,
        access_policy: body.access_policy.unwrap_or(AccessPolicy::Private).into(),
        file_name: body.file_name,
        content_type: body.content_type,
        byte_size: body.byte_size,
        sha256: body.sha256,
    };
    let row = direct::announce(&app.node, &app.uploads, announcement).await?;
    let ticket = ticket(&app, row, body.content_md5.as_deref()).await?;
    Ok((StatusCode::CREATED, [(LOCATION, ticket.asset.path())], Json(ticket)).into_response())
}

/// Tells what of an upload is still to be sent, and signs a fresh request.
#[utoipa::path(
    get, path = "/assets/{asset_id}/upload", tag = "assets", operation_id = "resume_upload",
    params(("asset_id" = Uuid, Path, description = "The asset")),
    security(("player" = [])),
    responses(
        (status = 200, body = UploadTicket),
    )
)]
pub async fn resume(
    State(app): State<App>,
    Player(player): Player,
    Path(asset_id): Path<Uuid>,
) -> Result<Json<UploadTicket>, Problem> {
    let row = own(&app, Player(player), asset_id).await?;
    Ok(Json(ticket(&app, row, None).await?))
}

/// Signs requests for parts of a large upload. A part that is sent again takes the place of the first.
#[utoipa::path(
    post, path = "/assets/{asset_id}/upload/parts", tag = "assets", operation_id = "sign_upload_parts",
    params(("asset_id" = Uuid, Path, description = "The asset")),
    request_body = PartsWanted,
    security(("player" = [])),
    responses(
        (status = 200, body = Vec<PartTicket>),
        (status = 409),
    )
)]
pub async fn parts(
    State(app): State<App>,
    Player(player): Player,
    Path(asset_id): Path<Uuid>,
    extract::Json(PartsWanted { numbers }): extract::Json<PartsWanted>,
) -> Result<Json<Vec<PartTicket>>, Problem> {
    if !(1..=PARTS_SIGNED_MAX).contains(&numbers.len()) {
        return Err(Problem::invalid("numbers", "Ask for 1 to 100 parts at a time."));
    }
    let row = own(&app, Player(player), asset_id).await?;
    let signed = direct::sign_parts(&app.store, &app.uploads, &row, &numbers).await?;
    let tickets = numbers.into_iter().zip(signed);
    Ok(Json(tickets.map(|(number, request)| PartTicket { number, request: request.into() }).collect()))
}

/// Looks at what has arrived in the store and makes it the asset, if it is what was announced.
///
/// It needs no idempotency key: confirming again changes nothing. What is not as announced is removed, and may be sent
/// again.
#[utoipa::path(
    post, path = "/assets/{asset_id}/confirm", tag = "assets", operation_id = "confirm_upload",
    params(("asset_id" = Uuid, Path, description = "The asset")),
    security(("player" = [])),
    responses(
        (status = 200, body = AssetRecord),
        (status = 409),
        (status = 415),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    Player(player): Player,
    Path(asset_id): Path<Uuid>,
) -> Result<Json<AssetRecord>, Problem> {
    let row = own(&app, Player(player), asset_id).await?;
    let byte_size = row.byte_size;
    let (node, store, config) = (app.node.clone(), app.store.clone(), app.uploads.clone());
    // A task of its own, because the steps must not be cut short by a client that hangs up.
    let confirmed = app.tasks.spawn(async move { direct::confirm(&node, &store, &config, row).await });
    let row = confirmed.await.map_err(|_| Problem::internal())??;
    app.metrics.uploaded(byte_size);
    Ok(Json(row.into()))
}

/// The asset, if it is the caller's own.
async fn own(app: &App, Player(player): Player, asset_id: Uuid) -> Result<AssetObject, Problem> {
    let row = app.node.read_asset(player, asset_id).await?;
    if row.owner != player {
        return Err(Problem::new(ProblemCode::Forbidden, "This asset is another player's."));
    }
    Ok(row)
}

async fn ticket(app: &App, row: AssetObject, content_md5: Option<&str>) -> Result<UploadTicket, Problem> {
    let upload = match direct::way(&app.store, &app.uploads, &row, content_md5).await? {
        Way::Done => UploadWay::Done,
        Way::Single(request) => UploadWay::Single { request: request.into() },
        Way::Parts(cut, present) => {
            UploadWay::Parts { part_bytes: cut.part_bytes(), part_count: cut.count(), missing: cut.missing(&present) }
        }
    };
    Ok(UploadTicket { asset: row.into(), upload })
}

impl From<DirectError> for Problem {
    fn from(error: DirectError) -> Self {
        match error {
            DirectError::Upload(error) => error.into(),
            DirectError::Call(error) => error.into(),
            DirectError::NothingThere => Self::new(
                ProblemCode::Conflict,
                "No bytes have arrived in the store. Send the signed request first, then confirm.",
            ),
            DirectError::PartsMissing(missing) => {
                let first: Vec<u32> = missing.into_iter().take(PARTS_SIGNED_MAX).collect();
                Self::new(ProblemCode::Conflict, "Parts have not arrived. Send those that are missing, then confirm.")
                    .with("missing", first)
            }
            DirectError::NoSuchPart(number) => Self::invalid("numbers", format!("This upload has no part {number}.")),
            DirectError::Differs { what, expected, actual } => Self::new(
                ProblemCode::Conflict,
                format!("{what} of the bytes in the store is not as announced; they were removed. Send them again."),
            )
            .with("expected", expected)
            .with("actual", actual),
            DirectError::OtherStore => Self::new(
                ProblemCode::Conflict,
                "The asset was registered for another store. Announce it here under a new Idempotency-Key.",
            ),
            DirectError::NotPending(IllegalTransition { from, to }) => Self::new(
                ProblemCode::IllegalTransition,
                format!("The asset is {from}. Announce a new one under a new Idempotency-Key."),
            )
            .with("from", from)
            .with("to", to),
        }
    }
}
