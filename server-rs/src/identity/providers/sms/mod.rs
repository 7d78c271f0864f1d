//! Login by a code that is sent to a phone.
//!
//! Whoever asks for a code gets a challenge, and must bring both back. So a code alone, read over a shoulder, is
//! worth nothing, nobody else can use up the attempts, and the stored hash cannot be searched for the code.

mod aliyun;
mod sender;
mod webhook;

use futures::FutureExt;
use futures::future::BoxFuture;
use rand::Rng;
use rand::rngs::OsRng;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use worldloom_client::{LoginProof, LoginThrottleRule};

use super::{LoginProvider, proof};
use crate::config::ConfigError;
use crate::identity::config::{SmsConfig, SmsSenderConfig};
use crate::identity::error::LoginError;
use crate::identity::secrets::{derived, digest, fresh};
use crate::identity::tickets::{Content, NewTicket, Taking, Tickets};

pub use sender::SmsSender;

/// The provider's name.
pub const NAME: &str = "sms";

const CODE_DIGITS: usize = 6;
/// With six digits, five attempts find a code once in 200,000.
const ATTEMPTS: u8 = 5;
const MINUTE_S: u32 = 60;
const HOUR_S: u32 = 60 * MINUTE_S;

/// Sends codes and takes them back.
pub struct SmsProvider {
    sender: Box<dyn SmsSender>,
    tickets: Tickets,
    config: SmsConfig,
}

/// For `sms`: what came on the phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsProof {
    /// From POST /auth/sms/codes.
    #[schema(example = "Z0hhbGxlbmdl")]
    challenge: String,
    /// The six digits.
    #[schema(example = "493021")]
    code: String,
}

/// A code is on its way.
pub struct SentCode {
    /// To be brought back with the code.
    pub challenge: SecretString,
    /// How long the code can be used.
    pub life_s: u32,
}

impl SmsProvider {
    /// Sets the sender up.
    pub fn new(config: &SmsConfig, http: Client, tickets: Tickets) -> Result<Self, ConfigError> {
        let sender: Box<dyn SmsSender> = match &config.sender {
            SmsSenderConfig::Aliyun { endpoint, access_key_id, access_key_secret_file, sign_name, template_code } => {
                Box::new(aliyun::Aliyun::new(
                    http,
                    endpoint,
                    access_key_id,
                    access_key_secret_file,
                    sign_name,
                    template_code,
                )?)
            }
            SmsSenderConfig::Webhook { url, key_file } => Box::new(webhook::Webhook::new(http, url, key_file)?),
        };
        Ok(Self { sender, tickets, config: config.clone() })
    }

    /// Sends a code to a number. `address_key` stands for where the request came from.
    pub async fn send_code(&self, number: &str, address_key: &str) -> Result<SentCode, LoginError> {
        let number = self.checked(number)?;
        let code = fresh_code();
        let challenge = fresh();
        let ticket = NewTicket {
            name: challenge.expose_secret(),
            secret_hash: secret_hash(challenge.expose_secret(), code.expose_secret()),
            content: Content::Proof(LoginProof { provider: NAME.to_owned(), subject: number.clone() }),
            attempts: ATTEMPTS,
            life_s: self.config.code_life_s,
            throttles: self.throttles(&number, address_key),
        };
        // Counted before it is sent, so that a sender that fails after sending is not a way around the limits.
        self.tickets.issue(ticket).await?;
        self.sender.send(&number, &code).await.map_err(|error| {
            tracing::error!(%error, "A code cannot be sent");
            LoginError::ProviderFailed
        })?;
        Ok(SentCode { challenge, life_s: self.config.code_life_s })
    }

    fn checked(&self, number: &str) -> Result<String, LoginError> {
        let digits = number.strip_prefix('+').unwrap_or_default();
        let is_number = (8..=15).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0');
        let problem = "phone_number must be in the international form, such as +8613800138000";
        if !is_number {
            return Err(LoginError::Invalid { field: "phone_number", problem });
        }
        let prefixes = &self.config.number_prefixes;
        if !prefixes.is_empty() && !prefixes.iter().any(|prefix| number.starts_with(prefix)) {
            let problem = "Codes are not sent to numbers of this country. Log in in another way.";
            return Err(LoginError::Invalid { field: "phone_number", problem });
        }
        Ok(number.to_owned())
    }

    fn throttles(&self, number: &str, address_key: &str) -> Vec<LoginThrottleRule> {
        let number = digest(number);
        let rule = |what: &str, who: &str, uses_max, window_s| {
            let key = format!("{what}:{who}");
            LoginThrottleRule { key, uses_max, window_s }
        };
        vec![
            rule("sms-number-minute", &number, 1, MINUTE_S),
            rule("sms-number-hour", &number, self.config.per_number_hour, HOUR_S),
            rule("sms-number-day", &number, self.config.per_number_hour.saturating_mul(3), 24 * HOUR_S),
            rule("sms-address-hour", address_key, self.config.per_address_hour, HOUR_S),
        ]
    }
}

impl LoginProvider for SmsProvider {
    fn verify(&self, value: Value) -> BoxFuture<'_, Result<String, LoginError>> {
        async {
            let SmsProof { challenge, code } = proof(value)?;
            match self.tickets.take(&challenge, secret_hash(&challenge, &code)).await? {
                Taking::Taken(Content::Proof(proof)) if proof.provider == NAME => Ok(proof.subject),
                Taking::Refused(0) | Taking::Unknown | Taking::Taken(_) => {
                    Err(LoginError::Refused("This code can no longer be used. Ask for a new one."))
                }
                Taking::Refused(_) => Err(LoginError::Refused("This is not the code. Look again.")),
            }
        }
        .boxed()
    }
}

/// Six digits, each as likely as any other.
fn fresh_code() -> SecretString {
    let number = OsRng.gen_range(0..10_u32.pow(CODE_DIGITS as u32));
    SecretString::from(format!("{number:0CODE_DIGITS$}"))
}

fn secret_hash(challenge: &str, code: &str) -> String {
    digest(&derived(challenge, code))
}
