//! Session starts: a token is checked, and profile, inventory, quests and the last save are read in one round trip.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::Failure;
use crate::database::Database;

/// What is prepared: the stored procedure, which writes the answer.
pub const STATEMENT: &str = "SELECT session_start($1)::text";

/// What the route shares.
#[derive(Clone)]
pub struct Sessions {
    /// Connections with the statement.
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
    let row = sessions.database.ask(&[&player]).await?;
    let found: Option<String> = row.get(0);
    let answer = found.ok_or(Failure::Refused(StatusCode::NOT_FOUND))?;
    Ok(([(CONTENT_TYPE, "application/json")], answer))
}

impl Sessions {
    fn player(&self, headers: &HeaderMap) -> Option<i32> {
        let token = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let claims = decode::<Claims>(token, &self.key, &Validation::new(Algorithm::HS256)).ok()?;
        claims.claims.sub.parse().ok()
    }
}
