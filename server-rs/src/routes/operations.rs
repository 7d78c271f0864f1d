//! What those who run the game ask of the facade.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::assets::reconcile::{Reconciler, Report};
use crate::assets::sweeper::SweepError;
use crate::auth::Player;
use crate::problem::Problem;
use crate::routes::extract;

/// How the store is to be swept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepWishes {
    /// Whether everything is to stay as it is. There is no default, so that nobody removes anything by an oversight.
    #[schema(example = true)]
    dry_run: bool,
}

/// Holds the object store against the game's rows and reports what does not fit. For Operators.
#[utoipa::path(
    post, path = "/operations/objects/sweep", tag = "operations", operation_id = "sweep_objects",
    request_body = SweepWishes,
    security(("player" = [])),
    responses(
        (status = 200, body = Report),
    )
)]
pub async fn sweep_objects(
    State(app): State<App>,
    Player(player): Player,
    extract::Json(SweepWishes { dry_run }): extract::Json<SweepWishes>,
) -> Result<Json<Report>, Problem> {
    let reconciler = Reconciler { operator: Some(player), ..Reconciler::new(&app.node, &app.store, &app.uploads) };
    let report = reconciler.run(dry_run).await.map_err(|error| match error {
        SweepError::Call(error) => Problem::from(error),
        SweepError::Store(error) => Problem::from(error),
    })?;
    tracing::info!(
        operator = %player.to_hex(),
        dry_run,
        orphans = report.orphans.count,
        lost = report.lost.count,
        leftover_parts = report.leftover_parts.count,
        "Swept the object store for an Operator"
    );
    Ok(Json(report))
}
