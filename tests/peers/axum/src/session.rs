//! Session starts: a token is checked, and profile, inventory, quests and the last save are read.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::Failure;
use crate::database::Database;

/// What is prepared. PostgreSQL writes the rows as JSON, which is cheaper than taking them apart here only to put
/// them together again.
pub const STATEMENTS: &[&str] = &[
    "SELECT row_to_json(profile)::text FROM profile WHERE player = $1",
    "SELECT coalesce(json_agg(item), '[]')::text FROM inventory_item item WHERE owner = $1",
    "SELECT coalesce(json_agg(quest), '[]')::text FROM quest WHERE owner = $1",
    "SELECT row_to_json(last)::text FROM (SELECT save.*, encode(payload, 'base64') AS payload
     FROM save JOIN save_payload ON holder_id = snapshot_id
     WHERE owner = $1 ORDER BY saved_at DESC LIMIT 1) last",
];

/// What the route shares.
#[derive(Clone)]
pub struct Sessions {
    /// Connections with the statements.
    pub database: Database,
    /// The secret that tokens are signed with.
    pub key: Arc<DecodingKey>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

/// Everything that a player begins with.
pub async fn start(
    State(sessions): State<Sessions>,
    headers: HeaderMap,
) -> Result<([(HeaderName, &'static str); 1], String), Failure> {
    let player = sessions.player(&headers).ok_or(Failure::Refused(StatusCode::UNAUTHORIZED))?;
    let rows = sessions.database.all(&[&player]).await?;
    let found = rows.iter().map(|rows| rows.first().map(|row| row.get::<_, &str>(0)));
    let found: Option<Vec<&str>> = found.collect();
    let [profile, inventory, quests, save] = found.as_deref().ok_or(Failure::Refused(StatusCode::NOT_FOUND))? else {
        return Err(Failure::Refused(StatusCode::INTERNAL_SERVER_ERROR));
    };
    let answer = format!(r#"{{"profile":{profile},"inventory":{inventory},"quests":{quests},"save":{save}}}"#);
    Ok(([(CONTENT_TYPE, "application/json")], answer))
}

impl Sessions {
    fn player(&self, headers: &HeaderMap) -> Option<i32> {
        let token = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let claims = decode::<Claims>(token, &self.key, &Validation::new(Algorithm::HS256)).ok()?;
        claims.claims.sub.parse().ok()
    }
}
