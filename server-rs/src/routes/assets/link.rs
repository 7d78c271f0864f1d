//! Signed URLs for downloads, given to whoever may read the asset.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use worldloom_client::{AssetAccessPolicy, AssetStatus};

use super::content::disposition;
use super::read::readable;
use crate::app::App;
use crate::assets::direct::announced;
use crate::assets::record::SignedRequestRecord;
use crate::auth::Player;
use crate::objects::config::SHARED_URL_LIFE_MAX_S;
use crate::objects::{ObjectKey, StoreError};
use crate::problem::Problem;
use crate::routes::extract::{Path, Query};

/// How a link is to be.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinkWishes {
    /// How long it is to be good, in seconds: as configured unless given, and longer than that only for assets of the
    /// policy `signed`, which are made to be handed on.
    #[param(minimum = 1, example = 60)]
    life_s: Option<u64>,
}

/// Signs a URL for the bytes of an asset that the caller may read. Whoever has the URL has the bytes, until it ends.
#[utoipa::path(
    get, path = "/assets/{asset_id}/url", tag = "assets", operation_id = "sign_download",
    params(("asset_id" = Uuid, Path, description = "The asset"), LinkWishes),
    security((), ("player" = [])),
    responses(
        (status = 200, body = SignedRequestRecord),
        (status = 422),
    )
)]
pub async fn link(
    State(app): State<App>,
    caller: Option<Player>,
    Path(asset_id): Path<Uuid>,
    Query(LinkWishes { life_s }): Query<LinkWishes>,
) -> Result<Json<SignedRequestRecord>, Problem> {
    let row = readable(&app.node, caller, asset_id).await?;
    if row.status != AssetStatus::Confirmed {
        return Err(Problem::not_found("The bytes of this asset have not arrived. Confirm its upload first."));
    }
    let usual_s = app.uploads.download_url_life_s;
    let longest_s = match row.access_policy {
        AssetAccessPolicy::Signed => SHARED_URL_LIFE_MAX_S,
        AssetAccessPolicy::Private | AssetAccessPolicy::Public => usual_s,
    };
    let life_s = life_s.unwrap_or(usual_s);
    if !(1..=longest_s).contains(&life_s) {
        return Err(Problem::invalid("life_s", format!("Ask for 1 to {longest_s} seconds.")));
    }
    let key = ObjectKey::parse(&row.object_key).ok_or(StoreError::Missing)?;
    let disposition = disposition(&row.content_type, &key);
    let signed = app.store.sign_get(&announced(&row), &disposition, Duration::from_secs(life_s)).await?;
    Ok(Json(signed.into()))
}
