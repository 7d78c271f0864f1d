//! The logins that lead to one account.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use worldloom_client::PlayerLogin;

use super::login::{Proof, with_proof};
use crate::app::App;
use crate::assets::record::rfc3339;
use crate::auth::Player;
use crate::problem::Problem;
use crate::routes::extract::{self, Path};

/// A login. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginRecord {
    #[schema(example = 7)]
    login_id: u64,
    #[schema(example = "sms")]
    provider: String,
    #[schema(format = DateTime)]
    linked_at: String,
    #[schema(format = DateTime)]
    last_used_at: String,
}

impl From<PlayerLogin> for LoginRecord {
    fn from(row: PlayerLogin) -> Self {
        let (linked_at, last_used_at) = (rfc3339(row.linked_at), rfc3339(row.last_used_at));
        Self { login_id: row.login_id, provider: row.provider, linked_at, last_used_at }
    }
}

/// A login to link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// Name of the provider.
    #[schema(example = "sms")]
    provider: String,
    /// The proof, as for a login.
    #[schema(value_type = Proof)]
    proof: Value,
}

/// The caller's logins.
#[utoipa::path(
    get, path = "/auth/logins", tag = "identity", operation_id = "list_logins",
    security(("player" = [])),
    responses(
        (status = 200, body = Vec<LoginRecord>),
    )
)]
pub async fn list(State(app): State<App>, Player(player): Player) -> Result<Json<Vec<LoginRecord>>, Problem> {
    let logins = app.node.list_logins(player).await?;
    Ok(Json(logins.into_iter().map(LoginRecord::from).collect()))
}

/// Links one more login to the caller's account.
#[utoipa::path(
    post, path = "/auth/logins", tag = "identity", operation_id = "link_login",
    request_body = LinkRequest,
    security(("player" = [])),
    responses(
        (status = 201, body = LoginRecord),
        (status = 404, description = "No such provider, or no account"),
        (status = 409, description = "The login belongs to another account"),
    )
)]
pub async fn link(
    State(app): State<App>,
    Player(player): Player,
    extract::Json(request): extract::Json<LinkRequest>,
) -> Result<(StatusCode, Json<LoginRecord>), Problem> {
    let sessions = &app.identity.sessions;
    // Before the proof is used up.
    sessions.check_account(player).await?;
    let login = with_proof(&app, request.provider, request.proof, |proof| sessions.link(player, proof)).await?;
    Ok((StatusCode::CREATED, Json(login.into())))
}

/// Takes a login away. Devices that came in by it are logged out.
#[utoipa::path(
    delete, path = "/auth/logins/{login_id}", tag = "identity", operation_id = "unlink_login",
    params(("login_id" = u64, Path, description = "The login", example = 7)),
    security(("player" = [])),
    responses(
        (status = 204, description = "Unlinked"),
        (status = 409, description = "It is the last"),
    )
)]
pub async fn unlink(
    State(app): State<App>,
    Player(player): Player,
    Path(login_id): Path<u64>,
) -> Result<StatusCode, Problem> {
    app.node.unlink_login(player, login_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
