//! Tokens of players. The seeder has made them as identities of an issuer of its own; whoever holds a node's key can
//! sign for any issuer, which only a benchmark's node is there for.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use spacetimedb_lib::Identity;

/// The seeder's issuer, and the number that it draws everything by.
const ISSUER: &str = "worldloom-seed";
const SEED: u64 = 1;
/// Long enough for any benchmark.
const LIFE_SECONDS: u64 = 24 * 60 * 60;

/// Signs tokens.
pub struct Tokens {
    key: EncodingKey,
    algorithm: Algorithm,
    /// In seconds since 1970; the same for all, so that tokens of different ages are different.
    now: u64,
}

impl Tokens {
    /// As the node signs its own, with an elliptic curve.
    pub fn of_node(key_file: &Path) -> anyhow::Result<Self> {
        let key = EncodingKey::from_ec_pem(&read(key_file)?)?;
        Ok(Self { key, algorithm: Algorithm::ES256, now: now()? })
    }

    /// With a secret that the server knows too: what most servers do that check their own tokens, and the cheapest.
    pub fn of_peer(key_file: &Path) -> anyhow::Result<Self> {
        let key = EncodingKey::from_secret(&read(key_file)?);
        Ok(Self { key, algorithm: Algorithm::HS256, now: now()? })
    }

    /// The token of the player of this number.
    pub fn of_player(&self, player: u32) -> anyhow::Result<String> {
        self.of_player_since(player, 0)
    }

    /// The same as if it had been signed so many seconds ago, which makes it another token.
    pub fn of_player_since(&self, player: u32, age_seconds: u64) -> anyhow::Result<String> {
        let iat = self.now - age_seconds;
        let exp = iat + LIFE_SECONDS;
        let claims: Value = match self.algorithm {
            Algorithm::ES256 => {
                let subject = subject_of(player);
                let identity = identity_of(player).to_hex().to_string();
                json!({ "hex_identity": identity, "sub": subject, "iss": ISSUER, "aud": [], "iat": iat, "exp": exp })
            }
            _ => json!({ "sub": player.to_string(), "iat": iat, "exp": exp }),
        };
        Ok(encode(&Header::new(self.algorithm), &claims, &self.key)?)
    }
}

/// Who the player of this number is.
pub fn identity_of(player: u32) -> Identity {
    Identity::from_claims(ISSUER, &subject_of(player))
}

fn subject_of(player: u32) -> String {
    format!("{SEED}-{player}")
}

fn now() -> anyhow::Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn read(key_file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(key_file).with_context(|| format!("{} cannot be read", key_file.display()))
}
