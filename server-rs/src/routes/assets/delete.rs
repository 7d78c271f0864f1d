//! Deleting an asset.

use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use crate::app::App;
use crate::assets::record::AssetRecord;
use crate::auth::Player;
use crate::problem::Problem;
use crate::routes::extract::Path;

/// Deletes an asset of the caller that is bound to nothing. Its bytes go a moment later.
#[utoipa::path(
    delete, path = "/assets/{asset_id}", tag = "assets", operation_id = "delete_asset",
    params(("asset_id" = Uuid, Path, description = "The asset")),
    security(("player" = [])),
    responses(
        (status = 200, description = "The asset as it was deleted", body = AssetRecord),
        (status = 409),
    )
)]
pub async fn delete(
    State(app): State<App>,
    Player(player): Player,
    Path(asset_id): Path<Uuid>,
) -> Result<Json<AssetRecord>, Problem> {
    let row = app.node.delete_asset(player, asset_id).await?;
    // The sweeper alone removes objects, in the one order that leaves none behind.
    app.deleted.notify_one();
    Ok(Json(row.into()))
}
