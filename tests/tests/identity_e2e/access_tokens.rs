//! The facade as an issuer: discovery, keys, and tokens that are refused by facade and node alike.

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use worldloom_tests::{Outcome, TestFacade};

use crate::world::{World, expect, refused, secret, text};

async fn document(world: &World, path: &str) -> anyhow::Result<Value> {
    expect(world.request(Method::GET, path).send().await?, StatusCode::OK).await
}

/// The key that signs, as its file holds it.
pub fn signing_key(facade: &TestFacade) -> anyhow::Result<EncodingKey> {
    let files: Result<Vec<_>, _> = std::fs::read_dir(facade.identity_keys())?.collect();
    let file = files?.into_iter().map(|file| file.path()).find(|path| path.extension().is_some_and(|end| end == "pem"));
    Ok(EncodingKey::from_ec_pem(&std::fs::read(file.context("no key")?)?)?)
}

/// The claims of a token, unchecked.
pub fn claims_of(token: &str) -> anyhow::Result<Value> {
    let payload = token.split('.').nth(1).context("no payload")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
}

#[tokio::test]
async fn a_stranger_can_check_the_tokens_by_discovery() -> Outcome {
    let world = World::start().await?;
    let issuer = &world.facade.client.url;
    let configuration = document(&world, "/.well-known/openid-configuration").await?;
    ensure!(text(&configuration, "issuer") == issuer, "{configuration}");
    let keys_path = text(&configuration, "jwks_uri").strip_prefix(issuer.as_str()).context("another host")?.to_owned();
    let keys = document(&world, &keys_path).await?;
    ensure!(!keys.to_string().contains("\"d\""), "a private key is published");

    let tokens = world.guest(&secret()).await?;
    let token = text(&tokens, "access_token");
    let header = jsonwebtoken::decode_header(token)?;
    let keys = keys["keys"].as_array().context("keys")?;
    let key = keys.iter().find(|key| key["kid"].as_str() == header.kid.as_deref()).context("the key is published")?;
    let key = DecodingKey::from_ec_components(text(key, "x"), text(key, "y"))?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["worldloom"]);
    validation.set_issuer(&[issuer]);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation)?.claims;
    ensure!(claims["sub"] == tokens["account_id"] && claims["sid"] == tokens["session_id"], "{claims}");
    let life = claims["exp"].as_u64().zip(claims["iat"].as_u64()).map(|(exp, iat)| exp - iat);
    ensure!(life == Some(900) && claims["roles"] == json!([]), "{claims}");
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn keys_are_for_their_owner_only() -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let world = World::start().await?;
    let folder = world.facade.identity_keys();
    ensure!(std::fs::metadata(&folder)?.permissions().mode() & 0o777 == 0o700);
    for file in std::fs::read_dir(&folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().ends_with(".pem") {
            ensure!(file.metadata()?.permissions().mode() & 0o777 == 0o600, "{file:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn forged_foreign_and_expired_tokens_are_refused_by_both() -> Outcome {
    let world = World::start().await?;
    let (tokens, other) = (world.guest(&secret()).await?, world.guest(&secret()).await?);
    let token = text(&tokens, "access_token");
    let key = signing_key(&world.facade)?;
    let good_header = jsonwebtoken::decode_header(token)?;
    let changed = |member: &str, value: Value| -> anyhow::Result<String> {
        let mut claims = claims_of(token)?;
        claims[member] = value;
        Ok(jsonwebtoken::encode(&good_header, &claims, &key)?)
    };
    let parts: Vec<_> = token.split('.').collect();
    let others: Vec<_> = text(&other, "access_token").split('.').collect();
    let now = jsonwebtoken::get_current_timestamp();
    let unknown_key = Header { kid: Some("0000000000000000".to_owned()), ..good_header.clone() };
    let confused = EncodingKey::from_secret(document(&world, "/.well-known/jwks.json").await?.to_string().as_bytes());
    let hs256 = Header { kid: good_header.kid.clone(), typ: good_header.typ.clone(), ..Header::new(Algorithm::HS256) };
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    let forgeries = [
        ("expired", changed("exp", json!(now - 61))?),
        ("another audience", changed("aud", json!("elsewhere"))?),
        ("another player's claims", format!("{}.{}.{}", parts[0], others[1], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("alg none", format!("{none}.{}.", parts[1])),
        ("alg HS256 with the public key", jsonwebtoken::encode(&hs256, &claims_of(token)?, &confused)?),
        ("a key that is not published", jsonwebtoken::encode(&unknown_key, &claims_of(token)?, &key)?),
        ("the refresh token", text(&tokens, "refresh_token").to_owned()),
    ];
    for (what, forged) in forgeries {
        let at_facade = world.request(Method::GET, "/auth/devices").bearer_auth(&forged).send().await?;
        refused(at_facade, 401, "unauthenticated", &[&forged]).await.with_context(|| what)?;
        let at_node = world.at_node(&forged).await?;
        ensure!(at_node == Err(StatusCode::UNAUTHORIZED), "{what}: {at_node:?}");
    }
    ensure!(world.at_node(&changed("iat", json!(now))?).await?.is_ok(), "the key itself is right");
    Ok(())
}

#[tokio::test]
async fn a_former_key_stays_good_after_a_restart_with_a_new_one() -> Outcome {
    let mut world = World::start().await?;
    let tokens = world.guest(&secret()).await?;
    let first = jsonwebtoken::decode_header(text(&tokens, "access_token"))?.kid.context("kid")?;
    // Both keys are made older than they are: the first has signed for a month, the second is ripe.
    let folder = world.facade.identity_keys();
    let now = jsonwebtoken::get_current_timestamp();
    world.facade.kill()?;
    rename_key(&folder, &first, now - 30 * 86_400)?;
    world.facade.restart().await?;
    let keys = document(&world, "/.well-known/jwks.json").await?;
    let ids: Vec<_> = keys["keys"].as_array().context("keys")?.iter().map(|key| text(key, "kid").to_owned()).collect();
    ensure!(ids.len() == 2 && ids[0] == first, "the next key is published ahead: {ids:?}");
    world.facade.kill()?;
    rename_key(&folder, &ids[1], now - 15 * 60)?;
    world.facade.restart().await?;

    let next = expect(world.refresh(text(&tokens, "refresh_token")).await?, StatusCode::OK).await?;
    let signer = jsonwebtoken::decode_header(text(&next, "access_token"))?.kid;
    ensure!(signer.as_deref() == Some(ids[1].as_str()), "the second key signs");
    for tokens in [&tokens, &next] {
        ensure!(world.devices(tokens).await?.len() == 1, "nobody is logged out");
    }
    Ok(())
}

/// Has a key's file say that it was made at another time.
fn rename_key(folder: &std::path::Path, id: &str, made_s: u64) -> Outcome {
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path.to_string_lossy().ends_with(&format!("-{id}.pem")) {
            std::fs::rename(&path, folder.join(format!("es256-{made_s}-{id}.pem")))?;
        }
    }
    Ok(())
}
