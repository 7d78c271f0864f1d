//! Refresh tokens of apps and of browsers.

use anyhow::{Context, ensure};
use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use worldloom_tests::Outcome;

use crate::world::{World, expect, refused, secret, text};

#[tokio::test]
async fn each_refresh_gives_new_tokens_for_the_same_player() -> Outcome {
    let world = World::start().await?;
    let first = world.guest(&secret()).await?;
    let mut tokens = first.clone();
    for _ in 0..3 {
        let next = expect(world.refresh(text(&tokens, "refresh_token")).await?, StatusCode::OK).await?;
        for member in ["player", "account_id", "session_id"] {
            ensure!(next[member] == first[member], "{next}");
        }
        ensure!(next["refresh_token"] != tokens["refresh_token"] && next["access_token"] != tokens["access_token"]);
        ensure!(world.at_node(text(&next, "access_token")).await?.is_ok());
        tokens = next;
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_given_again() -> Outcome {
    let world = World::start().await?;
    let tokens = world.guest(&secret()).await?;
    let first = expect(world.refresh(text(&tokens, "refresh_token")).await?, StatusCode::OK).await?;
    let again = expect(world.refresh(text(&tokens, "refresh_token")).await?, StatusCode::OK).await?;
    ensure!(first["refresh_token"] == again["refresh_token"], "two windows of a browser end up with one token");
    expect(world.refresh(text(&again, "refresh_token")).await?, StatusCode::OK).await?;
    Ok(())
}

#[tokio::test]
async fn a_replayed_token_ends_the_whole_family_and_no_other() -> Outcome {
    let world = World::start().await?;
    let mine = secret();
    let (stolen_from, other_device) = (world.guest(&mine).await?, world.guest(&mine).await?);
    let stolen = text(&stolen_from, "refresh_token");
    let second = expect(world.refresh(stolen).await?, StatusCode::OK).await?;
    let third = expect(world.refresh(text(&second, "refresh_token")).await?, StatusCode::OK).await?;
    for token in [stolen, text(&third, "refresh_token"), text(&second, "refresh_token")] {
        refused(world.refresh(token).await?, 401, "login_refused", &[token]).await?;
    }
    let other = expect(world.refresh(text(&other_device, "refresh_token")).await?, StatusCode::OK).await?;
    ensure!(world.devices(&other).await?.len() == 1);
    Ok(())
}

#[tokio::test]
async fn whatever_is_no_refresh_token_is_refused() -> Outcome {
    let world = World::start().await?;
    let tokens = world.guest(&secret()).await?;
    for token in ["", "short", text(&tokens, "access_token"), &secret(), &"a".repeat(5_000)] {
        refused(world.refresh(token).await?, 401, "login_refused", &[]).await?;
    }
    let none = world.request(Method::POST, "/auth/refresh").send().await?;
    refused(none, 401, "login_refused", &[]).await?;
    for body in ["{", "[]", "{\"refresh_token\":7}", "{\"token\":\"x\"}", &"[".repeat(10_000)] {
        let answer = world.request(Method::POST, "/auth/refresh").body(body.to_owned()).send().await?;
        refused(answer, 400, "malformed_request", &[]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_stored_gives_nobody_a_token() -> Outcome {
    let world = World::start().await?;
    let tokens = world.guest(&secret()).await?;
    let next = expect(world.refresh(text(&tokens, "refresh_token")).await?, StatusCode::OK).await?;
    let mut stored = String::new();
    for table in ["refresh_token", "login_session", "player_login", "login_ticket"] {
        stored.push_str(&format!("{:?}", world.database.sql(&format!("SELECT * FROM {table}")).await?));
    }
    for tokens in [tokens, next] {
        ensure!(!stored.contains(text(&tokens, "refresh_token")));
        ensure!(!stored.contains(text(&tokens, "access_token")));
    }
    Ok(())
}

/// A browser's login; the answer and its cookie.
async fn browser_login(world: &World) -> anyhow::Result<(Value, String)> {
    let proof = json!({ "device_secret": secret() });
    let body = json!({ "provider": "device", "proof": proof, "client": "browser" });
    let request = world.request(Method::POST, "/auth/login").header(ORIGIN, &world.facade.client.url).json(&body);
    let answer = request.send().await?;
    let cookie = cookie(&answer)?;
    Ok((expect(answer, StatusCode::OK).await?, cookie))
}

fn cookie(answer: &Response) -> anyhow::Result<String> {
    let cookie = answer.headers().get(SET_COOKIE).context("no cookie")?.to_str()?;
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        ensure!(cookie.contains(attribute), "{attribute} is missing in {cookie}");
    }
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_browser_gets_its_refresh_token_in_a_cookie_that_scripts_cannot_read() -> Outcome {
    let world = World::start().await?;
    let own_origin = world.facade.client.url.clone();
    let (tokens, first_cookie) = browser_login(&world).await?;
    ensure!(tokens.get("refresh_token").is_none(), "a script could read it: {tokens}");
    let refresh = |cookie: &str| world.request(Method::POST, "/auth/refresh").header(COOKIE, cookie.to_owned());
    let answer = refresh(&first_cookie).header(ORIGIN, &own_origin).send().await?;
    let second_cookie = cookie(&answer)?;
    let refreshed = expect(answer, StatusCode::OK).await?;
    ensure!(refreshed["player"] == tokens["player"] && refreshed.get("refresh_token").is_none());

    let logout = world.request(Method::POST, "/auth/logout").header(COOKIE, &second_cookie);
    let answer = logout.header(ORIGIN, &own_origin).send().await?;
    ensure!(cookie(&answer)?.ends_with('='), "the cookie is taken away");
    expect(answer, StatusCode::NO_CONTENT).await?;
    let answer = refresh(&second_cookie).header(ORIGIN, &own_origin).send().await?;
    refused(answer, 401, "login_refused", &[]).await
}

#[tokio::test]
async fn pages_of_other_origins_cannot_use_the_cookie() -> Outcome {
    let world = World::start_with(&[("IDENTITY__ALLOWED_ORIGINS", "[\"https://play.example.com\"]")]).await?;
    let (_, cookie) = browser_login(&world).await?;
    for path in ["/auth/refresh", "/auth/logout"] {
        let request = || world.request(Method::POST, path).header(COOKIE, &cookie);
        refused(request().send().await?, 403, "forbidden", &[&cookie]).await?;
        for origin in
            ["https://evil.example", "null", "https://play.example.com.evil.example", "http://play.example.com"]
        {
            refused(request().header(ORIGIN, origin).send().await?, 403, "forbidden", &[&cookie]).await?;
        }
    }
    let proof = json!({ "device_secret": secret() });
    let body = json!({ "provider": "device", "proof": proof, "client": "browser" });
    let foreign = world.request(Method::POST, "/auth/login").header(ORIGIN, "https://evil.example").json(&body);
    refused(foreign.send().await?, 403, "forbidden", &[]).await?;
    let refresh = world.request(Method::POST, "/auth/refresh").header(COOKIE, &cookie);
    expect(refresh.header(ORIGIN, "https://play.example.com").send().await?, StatusCode::OK).await?;
    Ok(())
}
