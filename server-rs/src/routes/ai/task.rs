//! Looking at a task, and cancelling it.

use axum::Json;
use axum::extract::State;
use spacetimedb_sdk::Identity;
use uuid::Uuid;
use worldloom_client::AiTaskSnapshot;

use super::record::TaskRecord;
use crate::app::App;
use crate::auth::Player;
use crate::node_client::sdk_uuid;
use crate::problem::Problem;
use crate::routes::extract::Path;

/// A task of the caller.
#[utoipa::path(
    get, path = "/ai/tasks/{task_id}", tag = "ai", operation_id = "read_task",
    params(("task_id" = Uuid, Path, description = "The task")),
    security(("player" = [])),
    responses(
        (status = 200, description = "The task", body = TaskRecord),
    )
)]
pub async fn read(
    State(app): State<App>,
    Player(player): Player,
    Path(task_id): Path<Uuid>,
) -> Result<Json<TaskRecord>, Problem> {
    Ok(Json(own_task(&app, player, task_id).await?.into()))
}

/// Cancels a task of the caller, waiting or under work. The text that had arrived stays. Repeating it changes nothing.
#[utoipa::path(
    delete, path = "/ai/tasks/{task_id}", tag = "ai", operation_id = "cancel_task",
    params(("task_id" = Uuid, Path, description = "The task")),
    security(("player" = [])),
    responses(
        (status = 200, description = "The task as cancelled", body = TaskRecord),
        (status = 409),
    )
)]
pub async fn cancel(
    State(app): State<App>,
    Player(player): Player,
    Path(task_id): Path<Uuid>,
) -> Result<Json<TaskRecord>, Problem> {
    own_task(&app, player, task_id).await?;
    Ok(Json(app.node.cancel_task(player, sdk_uuid(task_id)).await?.into()))
}

/// A task that is the player's own. Moderators may see others', but not here.
pub async fn own_task(app: &App, player: Identity, task_id: Uuid) -> Result<AiTaskSnapshot, Problem> {
    let snapshot = app.node.read_task(player, sdk_uuid(task_id)).await?;
    if snapshot.task.owner == player { Ok(snapshot) } else { Err(Problem::not_found("There is no such task.")) }
}
