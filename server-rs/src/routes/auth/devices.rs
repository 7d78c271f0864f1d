//! The devices on which a player is logged in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use worldloom_client::LoginSession;

use crate::app::App;
use crate::assets::record::rfc3339;
use crate::auth::Player;
use crate::problem::Problem;
use crate::routes::extract::Path;

/// A device. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceRecord {
    session_id: Uuid,
    /// What the player called it.
    #[schema(example = "Ada's phone")]
    device_name: String,
    /// How the player logged in.
    #[schema(example = "device")]
    provider: String,
    #[schema(format = DateTime)]
    logged_in_at: String,
    #[schema(format = DateTime)]
    last_used_at: String,
    /// When the login ends unless it is used.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<LoginSession> for DeviceRecord {
    fn from(row: LoginSession) -> Self {
        Self {
            session_id: row.session_id.to_uuid(),
            device_name: row.device_name,
            provider: row.provider,
            logged_in_at: rfc3339(row.begun_at),
            last_used_at: rfc3339(row.last_used_at),
            expires_at: rfc3339(row.ends_at),
        }
    }
}

/// The caller's devices.
#[utoipa::path(
    get, path = "/auth/devices", tag = "identity", operation_id = "list_devices",
    security(("player" = [])),
    responses(
        (status = 200, body = Vec<DeviceRecord>),
    )
)]
pub async fn list(State(app): State<App>, Player(player): Player) -> Result<Json<Vec<DeviceRecord>>, Problem> {
    let sessions = app.node.list_login_sessions(player).await?;
    Ok(Json(sessions.into_iter().map(DeviceRecord::from).collect()))
}

/// Logs the caller out everywhere, here too. Returns the devices.
#[utoipa::path(
    delete, path = "/auth/devices", tag = "identity", operation_id = "log_out_everywhere",
    security(("player" = [])),
    responses(
        (status = 200, body = Vec<DeviceRecord>),
    )
)]
pub async fn log_out_everywhere(
    State(app): State<App>,
    Player(player): Player,
) -> Result<Json<Vec<DeviceRecord>>, Problem> {
    let sessions = app.node.end_login_sessions(player).await?;
    Ok(Json(sessions.into_iter().map(DeviceRecord::from).collect()))
}

/// Logs the caller out on one device.
#[utoipa::path(
    delete, path = "/auth/devices/{session_id}", tag = "identity", operation_id = "log_out_device",
    params(("session_id" = Uuid, Path, description = "The device")),
    security(("player" = [])),
    responses(
        (status = 204, description = "Logged out there"),
    )
)]
pub async fn log_out(
    State(app): State<App>,
    Player(player): Player,
    Path(session_id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    app.node.end_login_session(player, session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
