//! Binding an asset to a slot of an entity, and taking it out again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use worldloom_client::{AssetEntityBindingRequest, AssetEntityUnbindRequest};

use crate::app::App;
use crate::assets::record::{BindingOutcome, BindingRecord};
use crate::auth::Player;
use crate::node_client::sdk_uuid;
use crate::problem::Problem;
use crate::routes::extract::{self, Path, Query};

/// A slot of an entity. At most one asset is in it.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntitySlot {
    /// What the entity is.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 64, example = "world")]
    #[param(pattern = "^[a-z][a-z0-9_]*$", max_length = 64, example = "world")]
    entity_kind: String,
    /// Which entity of that kind.
    #[schema(min_length = 1, max_length = 128, example = "world-1")]
    #[param(min_length = 1, max_length = 128, example = "world-1")]
    entity_id: String,
    /// Which of its slots.
    #[schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 64, example = "cover")]
    #[param(pattern = "^[a-z][a-z0-9_]*$", max_length = 64, example = "cover")]
    slot: String,
}

/// Puts a confirmed asset of the caller into a slot, in place of what is there.
///
/// It needs no idempotency key: binding again changes nothing.
#[utoipa::path(
    post, path = "/assets/{asset_id}/bindings", tag = "assets", operation_id = "bind_asset",
    params(("asset_id" = Uuid, Path, description = "The asset")),
    request_body = EntitySlot,
    security(("player" = [])),
    responses(
        (status = 201, body = BindingOutcome),
        (status = 409),
    )
)]
pub async fn bind(
    State(app): State<App>,
    Player(player): Player,
    Path(asset_id): Path<Uuid>,
    extract::Json(place): extract::Json<EntitySlot>,
) -> Result<(StatusCode, Json<BindingOutcome>), Problem> {
    let EntitySlot { entity_kind, entity_id, slot } = place;
    let request = AssetEntityBindingRequest { asset_id: sdk_uuid(asset_id), entity_kind, entity_id, slot };
    let outcome = app.node.bind_asset(player, request).await?;
    Ok((StatusCode::CREATED, Json(outcome.into())))
}

/// Takes an asset of the caller out of a slot.
#[utoipa::path(
    delete, path = "/assets/{asset_id}/bindings", tag = "assets", operation_id = "unbind_asset",
    params(("asset_id" = Uuid, Path, description = "The asset"), EntitySlot),
    security(("player" = [])),
    responses(
        (status = 200, description = "The binding that was removed", body = BindingRecord),
        (status = 409, description = "Another asset is in the slot"),
        (status = 422),
    )
)]
pub async fn unbind(
    State(app): State<App>,
    Player(player): Player,
    Path(asset_id): Path<Uuid>,
    Query(place): Query<EntitySlot>,
) -> Result<Json<BindingRecord>, Problem> {
    let EntitySlot { entity_kind, entity_id, slot } = place;
    let request = AssetEntityUnbindRequest { entity_kind, entity_id, slot, asset_id: Some(sdk_uuid(asset_id)) };
    Ok(Json(app.node.unbind_asset(player, request).await?.into()))
}
