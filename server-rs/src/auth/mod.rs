//! Who is calling: players prove themselves with tokens that the facade or the node has issued.

mod node_key;
mod verified_tokens;
mod verifier;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use spacetimedb_sdk::Identity;

pub use node_key::NodeKey;
pub use verified_tokens::Verified;
pub use verifier::{TokenError, TokenVerifier};

use crate::app::App;
use crate::problem::Problem;
use crate::request_context::note_player;

/// The clocks of those who issue tokens may differ by this much.
pub const LEEWAY_S: u64 = 60;

/// A caller who has proved an identity. As `Option<Player>`, a request without a token is anonymous, while one
/// with a token that is not valid is still refused. Each use counts against the player's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Player(pub Identity);

impl FromRequestParts<App> for Player {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let player = <Self as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?;
        player.ok_or_else(Problem::token_missing)
    }
}

impl OptionalFromRequestParts<App> for Player {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        let mut given = parts.headers.get_all(AUTHORIZATION).iter();
        let Some(header) = given.next() else { return Ok(None) };
        if given.next().is_some() {
            return Err(Problem::token_invalid("Send one Authorization header, not several."));
        }
        let token = header
            .to_str()
            .ok()
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| Problem::token_invalid("The Authorization header must be: Bearer <token>."))?;
        let identity = app.verifier.verify(token).await?;
        note_player(identity);
        app.limits.check_player(identity)?;
        Ok(Some(Self(identity)))
    }
}
