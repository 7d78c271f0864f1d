//! What a service that sends short messages must do.

use futures::future::BoxFuture;
use secrecy::SecretString;

use crate::identity::providers::http::FetchError;

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The service could not be asked.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It has refused; its own code for the reason.
    #[error("the service refuses with {0}")]
    Refused(String),
}

/// Sends codes to phones.
pub trait SmsSender: Send + Sync {
    /// Sends a code to a number in the international form, `+` first.
    fn send<'a>(&'a self, number: &'a str, code: &'a SecretString) -> BoxFuture<'a, Result<(), SendError>>;
}
