//! Codes to phones.

use axum::Json;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::identity::client_address::throttle_key;
use crate::problem::Problem;
use crate::routes::extract;

/// A wish for a code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// In the international form.
    #[schema(example = "+8613800138000")]
    phone_number: String,
}

/// A code is on its way.
#[derive(Serialize, ToSchema)]
pub struct CodeRecord {
    /// To be brought back with the code.
    #[schema(example = "Z0hhbGxlbmdl")]
    challenge: String,
    /// Seconds until the code can no longer be used.
    #[schema(example = 300)]
    expires_in: u32,
}

/// Sends a code to a phone. It logs in together with the challenge, by POST /auth/login.
#[utoipa::path(
    post, path = "/auth/sms/codes", tag = "identity", operation_id = "send_sms_code",
    request_body = CodeRequest,
    security(()),
    responses(
        (status = 202, body = CodeRecord),
        (status = 404, description = "Codes are not sent here"),
        (status = 503),
    )
)]
pub async fn send_code(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    extract::Json(request): extract::Json<CodeRequest>,
) -> Result<(StatusCode, Json<CodeRecord>), Problem> {
    let address_key = throttle_key(&extensions, &headers, app.identity.trusted_proxies);
    let sent = app.identity.providers.sms()?.send_code(&request.phone_number, &address_key).await?;
    let record = CodeRecord { challenge: sent.challenge.expose_secret().to_owned(), expires_in: sent.life_s };
    Ok((StatusCode::ACCEPTED, Json(record)))
}
