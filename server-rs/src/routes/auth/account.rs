//! Closing an account.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::auth::Player;
use crate::problem::Problem;

/// Closes the caller's account and logs it out everywhere. Only an Admin can open it again.
#[utoipa::path(
    delete, path = "/auth/account", tag = "identity", operation_id = "close_account",
    security(("player" = [])),
    responses(
        (status = 204, description = "Closed"),
        (status = 403, description = "It is closed already"),
    )
)]
pub async fn close(State(app): State<App>, Player(player): Player) -> Result<StatusCode, Problem> {
    app.node.close_account(player).await?;
    Ok(StatusCode::NO_CONTENT)
}
