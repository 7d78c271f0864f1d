//! Looking up one asset under its access policy.

use axum::Json;
use axum::extract::State;
use spacetimedb_sdk::Identity;
use uuid::Uuid;
use worldloom_client::{AssetAccessPolicy, AssetObject, AssetStatus};

use crate::app::App;
use crate::assets::record::AssetRecord;
use crate::auth::Player;
use crate::node_client::NodeClient;
use crate::problem::Problem;
use crate::routes::extract::Path;

/// Stands for a caller without a token. No issuer and subject hash to it, so it owns nothing and holds no role.
const ANONYMOUS: Identity = Identity::ZERO;

/// Returns what is known of an asset that the caller may read.
#[utoipa::path(
    get, path = "/assets/{asset_id}", tag = "assets", operation_id = "read_asset",
    params(("asset_id" = Uuid, Path, description = "The asset")),
    security((), ("player" = [])),
    responses(
        (status = 200, body = AssetRecord),
    )
)]
pub async fn metadata(
    State(app): State<App>,
    caller: Option<Player>,
    Path(asset_id): Path<Uuid>,
) -> Result<Json<AssetRecord>, Problem> {
    Ok(Json(readable(&app.node, caller, asset_id).await?.into()))
}

/// The asset, if the caller may read it.
pub async fn readable(node: &NodeClient, caller: Option<Player>, asset_id: Uuid) -> Result<AssetObject, Problem> {
    let reader = caller.map_or(ANONYMOUS, |Player(identity)| identity);
    let row = node.read_asset(reader, asset_id).await?;
    // The module has applied the policy. This second look keeps private bytes in even if the
    // facade were ever given a module that takes the nobody above for somebody.
    let is_open = row.access_policy == AssetAccessPolicy::Public && row.status == AssetStatus::Confirmed;
    if caller.is_none() && !is_open {
        return Err(Problem::not_found("There is no such asset."));
    }
    Ok(row)
}
