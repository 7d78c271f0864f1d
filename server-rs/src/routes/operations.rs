//! What those who run the game ask of the facade. Each of these calls is written down (`audit`).

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::App;
use crate::assets::reconcile::{Reconciler, Report};
use crate::assets::sweeper::SweepError;
use crate::audit::PrivilegedCall;
use crate::auth::Player;
use crate::problem::Problem;
use crate::request_context::RequestId;
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
    Extension(request_id): Extension<RequestId>,
    extract::Json(SweepWishes { dry_run }): extract::Json<SweepWishes>,
) -> Result<Json<Report>, Problem> {
    let target = json!({ "dry_run": dry_run });
    let call = PrivilegedCall { actor: player, action: "objects.sweep", target, request_id };
    let audit = app.audit.clone();
    let report = audit.recorded(call, async move {
        let reconciler = Reconciler { operator: Some(player), ..Reconciler::new(&app.node, &app.store, &app.uploads) };
        reconciler.run(dry_run).await.map_err(|error| match error {
            SweepError::Call(error) => Problem::from(error),
            SweepError::Store(error) => Problem::from(error),
        })
    });
    report.await.map(Json)
}
