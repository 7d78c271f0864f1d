//! Login at a certified OpenID provider from npm, through a browser, for clients of each kind.

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use worldloom_tests::{LoginProvider, Outcome, TestFacade};

use crate::browser::{Browser, Page, host};
use crate::world::{World, expect, refused, secret, text};

/// Where an app waits for its login; the port is its own choice.
const CLIENT: &str = "http://127.0.0.1:45999/back";
/// Where a page of the game lies.
pub const PAGE: &str = "https://play.example.com";
const ALLOWED: (&str, &str) =
    ("IDENTITY__REDIRECT_URIS", "[\"http://127.0.0.1/back\", \"https://play.example.com/back\"]");

/// A facade with the provider `acme`, for pages of this origin.
pub async fn world_with_provider(origin: &str) -> anyhow::Result<(World, LoginProvider, tempfile::TempDir)> {
    let mut provider = LoginProvider::start().await?;
    let folder = tempfile::tempdir()?;
    let secret_file = folder.path().join("acme.secret");
    std::fs::write(&secret_file, LoginProvider::CLIENT_SECRET)?;
    let secret_file = secret_file.display().to_string();
    let settings = [
        ("IDENTITY__OIDC__ACME__ISSUER", provider.issuer.as_str()),
        ("IDENTITY__OIDC__ACME__CLIENT_ID", "worldloom"),
        ("IDENTITY__OIDC__ACME__CLIENT_SECRET_FILE", &secret_file),
        ALLOWED,
        ("IDENTITY__ALLOWED_ORIGINS", &format!("[\"{origin}\"]")),
    ];
    let world = World::start_with(&settings).await?;
    provider.order(&format!("client {}/auth/callback/acme", world.facade.client.url)).await?;
    Ok((world, provider, folder))
}

/// The address at which a login begins.
pub fn authorize_url(facade: &str, provider: &str, redirect_uri: &str, verifier: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let mut url = Url::parse(&format!("{facade}/auth/authorize")).unwrap();
    url.query_pairs_mut()
        .append_pair("provider", provider)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", "my-state")
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    url.into()
}

/// Logs in at the provider's pages as somebody, and consents; ends where the facade leads back to the client.
async fn through_the_provider(
    browser: &mut Browser,
    facade: &TestFacade,
    login: &str,
    verifier: &str,
) -> anyhow::Result<Page> {
    let mut page = browser.visit(&authorize_url(&facade.client.url, "acme", CLIENT, verifier), CLIENT).await?;
    if page.text.contains("name=\"password\"") {
        page = browser.submit(&page, &[("login", login), ("password", "any")], CLIENT).await?;
    }
    if page.text.contains("value=\"consent\"") {
        page = browser.submit(&page, &[], CLIENT).await?;
    }
    Ok(page)
}

async fn exchange(world: &World, page: &Page, verifier: &str) -> anyhow::Result<reqwest::Response> {
    let code = page.code().with_context(|| format!("no code: {} {}", page.url, page.text))?;
    world.log_in("acme", json!({ "code": code, "code_verifier": verifier })).await
}

#[tokio::test]
async fn a_browser_goes_through_login_and_consent_and_the_code_works_once() -> Outcome {
    let (world, _provider, _secrets) = world_with_provider(PAGE).await?;
    let mut browser = Browser::new()?;
    let verifier = secret();
    let page = through_the_provider(&mut browser, &world.facade, "ada", &verifier).await?;
    ensure!(page.parameter("state").as_deref() == Some("my-state"), "{}", page.url);
    let tokens = expect(exchange(&world, &page, &verifier).await?, StatusCode::OK).await?;
    ensure!(world.at_node(text(&tokens, "access_token")).await?.as_deref() == Ok(text(&tokens, "player")));
    refused(exchange(&world, &page, &verifier).await?, 401, "login_refused", &[&verifier]).await?;

    // The provider remembers the browser, so the second login needs no page at all.
    let page = through_the_provider(&mut browser, &world.facade, "ada", &verifier).await?;
    let again = expect(exchange(&world, &page, &verifier).await?, StatusCode::OK).await?;
    ensure!(again["player"] == tokens["player"] && again["is_new_account"] == false);
    let mut other = Browser::new()?;
    let page = through_the_provider(&mut other, &world.facade, "bob", &verifier).await?;
    let bob = expect(exchange(&world, &page, &verifier).await?, StatusCode::OK).await?;
    ensure!(bob["player"] != tokens["player"]);
    Ok(())
}

#[tokio::test]
async fn keys_that_the_provider_rotates_are_fetched_anew() -> Outcome {
    let (world, mut provider, _secrets) = world_with_provider(PAGE).await?;
    let verifier = secret();
    let page = through_the_provider(&mut Browser::new()?, &world.facade, "ada", &verifier).await?;
    let first = expect(exchange(&world, &page, &verifier).await?, StatusCode::OK).await?;
    provider.order("rotate").await?;
    let page = through_the_provider(&mut Browser::new()?, &world.facade, "ada", &verifier).await?;
    let second = expect(exchange(&world, &page, &verifier).await?, StatusCode::OK).await?;
    ensure!(first["player"] == second["player"]);
    Ok(())
}

#[tokio::test]
async fn the_code_is_for_the_client_that_began() -> Outcome {
    let (world, _provider, _secrets) = world_with_provider(PAGE).await?;
    let page = through_the_provider(&mut Browser::new()?, &world.facade, "ada", &secret()).await?;
    let thief = exchange(&world, &page, &secret()).await?;
    refused(thief, 401, "login_refused", &[]).await?;
    let devices = world.database.sql("SELECT * FROM login_session").await?;
    ensure!(devices.is_empty(), "nobody is logged in: {devices:?}");
    Ok(())
}

#[tokio::test]
async fn a_login_belongs_to_the_browser_that_began_it() -> Outcome {
    let (world, _provider, _secrets) = world_with_provider(PAGE).await?;
    let callback = format!("{}/auth/callback", world.facade.client.url);
    // The attacker stops on the way back from the provider, and has the victim's browser go on.
    let mut attacker = Browser::new()?;
    let start = authorize_url(&world.facade.client.url, "acme", CLIENT, &secret());
    let page = attacker.visit(&start, &callback).await?;
    let page = attacker.submit(&page, &[("login", "mallory"), ("password", "any")], &callback).await?;
    let page = attacker.submit(&page, &[], &callback).await?;
    ensure!(page.url.path() == "/auth/callback/acme" && page.parameter("code").is_some(), "{}", page.url);

    let mut victim = Browser::new()?;
    victim.visit(page.url.as_str(), CLIENT).await?.is_problem(401, "login_refused")?;
    victim.visit(&authorize_url(&world.facade.client.url, "acme", CLIENT, &secret()), CLIENT).await?;
    victim.visit(page.url.as_str(), CLIENT).await?.is_problem(401, "login_refused")?;
    let made_up = format!("{callback}/acme?code=x&state={}", secret());
    attacker.visit(&made_up, CLIENT).await?.is_problem(401, "login_refused")?;
    attacker.forget(&host(&Url::parse(&world.facade.client.url)?));
    attacker.visit(page.url.as_str(), CLIENT).await?.is_problem(401, "login_refused")?;
    Ok(())
}

#[tokio::test]
async fn a_login_leads_back_to_listed_addresses_only() -> Outcome {
    let (world, _provider, _secrets) = world_with_provider(PAGE).await?;
    let mut browser = Browser::new()?;
    let hostile = [
        "https://evil.example/back",
        "https://play.example.com.evil.example/back",
        "https://play.example.com@evil.example/back",
        "//evil.example/back",
        "javascript:alert(1)",
        "https://play.example.com/back/../elsewhere",
        "",
    ];
    for redirect_uri in hostile {
        let url = authorize_url(&world.facade.client.url, "acme", redirect_uri, &secret());
        let page = browser.visit(&url, "https://evil").await?;
        page.is_problem(422, "invalid_argument")?;
    }
    let good = authorize_url(&world.facade.client.url, "acme", "https://play.example.com/back", &secret());
    for (parameter, harmful) in [("S256", "plain"), ("provider=acme", "provider=device")] {
        let page = browser.visit(&good.replace(parameter, harmful), CLIENT).await?;
        ensure!(matches!(page.status.as_u16(), 404 | 422), "{harmful}: {}", page.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_player_who_says_no_comes_back_with_the_reason() -> Outcome {
    let (world, _provider, _secrets) = world_with_provider(PAGE).await?;
    let mut browser = Browser::new()?;
    let url = authorize_url(&world.facade.client.url, "acme", CLIENT, &secret());
    let page = browser.visit(&url, CLIENT).await?;
    let cancel =
        page.text.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|href| href.contains("abort"));
    let cancel = page.url.join(cancel.with_context(|| format!("no way out of {}", page.text))?)?;
    let page = browser.visit(cancel.as_str(), CLIENT).await?;
    ensure!(page.parameter("error").as_deref() == Some("access_denied"), "{} {}", page.url, page.text);
    ensure!(page.parameter("state").as_deref() == Some("my-state") && page.parameter("code").is_none());
    Ok(())
}

#[tokio::test]
async fn a_guest_links_a_login_at_the_provider() -> Outcome {
    let (world, _provider, _secrets) = world_with_provider(PAGE).await?;
    let guest = world.guest(&secret()).await?;
    let verifier = secret();
    let page = through_the_provider(&mut Browser::new()?, &world.facade, "ada", &verifier).await?;
    let proof: Value = json!({ "code": page.code(), "code_verifier": verifier });
    let link = world.request_as(&guest, Method::POST, "/auth/logins");
    let link = link.json(&json!({ "provider": "acme", "proof": proof })).send().await?;
    expect(link, StatusCode::CREATED).await?;
    let page = through_the_provider(&mut Browser::new()?, &world.facade, "ada", &verifier).await?;
    let tokens = expect(exchange(&world, &page, &verifier).await?, StatusCode::OK).await?;
    ensure!(tokens["player"] == guest["player"]);
    Ok(())
}

#[tokio::test]
async fn a_login_begun_at_one_facade_is_finished_at_another() -> Outcome {
    let (world, _provider, _secrets) = world_with_provider(PAGE).await?;
    let keys = world.facade.identity_keys().display().to_string();
    let secret_file = _secrets.path().join("acme.secret").display().to_string();
    let settings = [
        ("IDENTITY__PUBLIC_URL", world.facade.client.url.as_str()),
        ("IDENTITY__KEY_FOLDER", &keys),
        ("IDENTITY__OIDC__ACME__ISSUER", &_provider.issuer),
        ("IDENTITY__OIDC__ACME__CLIENT_ID", "worldloom"),
        ("IDENTITY__OIDC__ACME__CLIENT_SECRET_FILE", &secret_file),
        ALLOWED,
    ];
    let second = TestFacade::start_with(&world.node, &world.database, &settings).await?;
    let verifier = secret();
    let page = through_the_provider(&mut Browser::new()?, &world.facade, "ada", &verifier).await?;
    let proof = json!({ "code": page.code(), "code_verifier": verifier });
    let login = json!({ "provider": "acme", "proof": proof, "client": "app" });
    let tokens = second.client.request(Method::POST, "/auth/login", None).json(&login).send().await?;
    expect(tokens, StatusCode::OK).await?;
    Ok(())
}
