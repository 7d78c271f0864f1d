//! Guests: a secret that the device has made up and keeps is all that says who they are.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{LoginProvider, proof};
use crate::identity::error::LoginError;
use crate::identity::secrets;

/// Takes any secret that cannot be guessed; the same one leads to the same account.
pub struct DeviceProvider;

/// For `device`: a secret that the device has made up once and keeps.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceProof {
    /// 32 random bytes in base64url.
    #[schema(example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA")]
    device_secret: String,
}

impl LoginProvider for DeviceProvider {
    fn verify(&self, value: Value) -> BoxFuture<'_, Result<String, LoginError>> {
        async {
            let DeviceProof { device_secret } = proof(value)?;
            if !secrets::is_strong(&device_secret) {
                let problem =
                    "device_secret must be 43 to 128 letters, digits, '-' and '_': 32 random bytes in base64url";
                return Err(LoginError::MalformedProof(problem.to_owned()));
            }
            // The account's name is no secret, so it must not log anybody in.
            Ok(secrets::digest(&device_secret))
        }
        .boxed()
    }

    fn spends_proofs(&self) -> bool {
        false
    }
}
