//! Logging in, whatever the provider.

use axum::extract::State;
use axum::http::{Extensions, HeaderMap};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use worldloom_client::LoginProof;

use super::tokens::{ClientKind, TokenRecord, answer};
use crate::app::App;
use crate::identity::client_address::throttle_key;
use crate::identity::error::LoginError;
use crate::identity::providers::oidc::CodeProof;
use crate::identity::providers::sms::SmsProof;
use crate::identity::providers::{DeviceProof, WeChatProof};
use crate::problem::Problem;
use crate::routes::extract;

/// A proof of who somebody is, in the form that the provider needs.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Proof {
    /// Of a device.
    Device(DeviceProof),
    /// Of a phone.
    Sms(SmsProof),
    /// Of a mini-program.
    WeChat(WeChatProof),
    /// Of a browser that was at a provider.
    Redirect(CodeProof),
}

/// A login.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Name of the provider.
    #[schema(example = "device")]
    provider: String,
    /// The proof.
    #[schema(value_type = Proof)]
    proof: Value,
    /// What kind of client it is.
    client: ClientKind,
    /// What the player calls the device, for the list of devices.
    #[serde(default)]
    #[schema(example = "Ada's phone")]
    device_name: String,
}

/// Logs somebody in, and makes an account for who comes for the first time.
#[utoipa::path(
    post, path = "/auth/login", tag = "identity", operation_id = "log_in",
    request_body = LoginRequest,
    security(()),
    responses(
        (status = 200, body = TokenRecord),
        (status = 401, description = "The proof is refused"),
        (status = 403, description = "The account is closed, or a browser's page is not of this game"),
        (status = 404, description = "No such provider"),
        (status = 503),
    )
)]
pub async fn login(
    State(app): State<App>,
    extensions: Extensions,
    headers: HeaderMap,
    extract::Json(request): extract::Json<LoginRequest>,
) -> Result<Response, Problem> {
    let identity = &app.identity;
    if request.client == ClientKind::Browser {
        identity.cookies.check_origin(&headers)?;
    }
    // Whatever can be refused is refused before the proof is used up.
    module_access::check_device_name(&request.device_name).map_err(LoginError::from)?;
    let address_key = throttle_key(&extensions, &headers, identity.trusted_proxies);
    let log_in = |proof| identity.sessions.log_in(proof, &request.device_name, &address_key);
    let (tokens, is_new_account) = with_proof(&app, request.provider, request.proof, log_in).await?;
    Ok(answer(identity, request.client, tokens, Some(is_new_account)))
}

/// Has the provider find out whom the proof stands for, and goes on from there. What fails then says whether the proof
/// can be sent again.
pub async fn with_proof<T, F>(
    app: &App,
    provider: String,
    proof: Value,
    go_on: impl FnOnce(LoginProof) -> F,
) -> Result<T, LoginError>
where
    F: Future<Output = Result<T, LoginError>>,
{
    let vouching = app.identity.providers.named(&provider)?;
    let subject = vouching.verify(proof).await?;
    let outcome = go_on(LoginProof { provider, subject }).await;
    if vouching.spends_proofs() { outcome.map_err(LoginError::with_spent_proof) } else { outcome }
}
