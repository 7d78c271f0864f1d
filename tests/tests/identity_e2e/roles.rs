//! Roles in tokens: what the facade writes, and what the module makes of it.

use anyhow::ensure;
use reqwest::StatusCode;
use serde_json::{Value, json};
use worldloom_tests::{Account, Outcome};

use crate::access_tokens::{claims_of, signing_key};
use crate::world::{World, account, expect, secret, text};

/// A token of the facade's own key that claims a role which nobody has granted.
fn with_role(world: &World, tokens: &Value, role: &str) -> anyhow::Result<Account> {
    let token = text(tokens, "access_token");
    let mut claims = claims_of(token)?;
    claims["roles"] = json!([role]);
    let token = jsonwebtoken::encode(&jsonwebtoken::decode_header(token)?, &claims, &signing_key(&world.facade)?)?;
    Ok(Account { token, ..account(tokens) })
}

/// How the node answers a call that is for Admins.
async fn grants_a_role(world: &World, caller: &Account) -> anyhow::Result<StatusCode> {
    let arguments = json!([[format!("0x{}", caller.identity)], { "operator": {} }]);
    Ok(world.database.call(caller, "grant_role", arguments).await?.status())
}

#[tokio::test]
async fn granted_roles_are_in_the_next_token() -> Outcome {
    let world = World::start().await?;
    let tokens = world.guest(&secret()).await?;
    world.database.grant(&account(&tokens), "moderator").await?;
    let next = expect(world.refresh(text(&tokens, "refresh_token")).await?, StatusCode::OK).await?;
    ensure!(next["roles"] == json!(["moderator"]), "{next}");
    ensure!(claims_of(text(&next, "access_token"))?["roles"] == json!(["moderator"]));
    Ok(())
}

#[tokio::test]
async fn a_claimed_role_counts_only_from_an_issuer_that_the_owner_has_named() -> Outcome {
    let world = World::start().await?;
    let tokens = world.guest(&secret()).await?;
    let claimant = with_role(&world, &tokens, "admin")?;
    ensure!(!grants_a_role(&world, &claimant).await?.is_success(), "nobody has named the facade");

    let owner = &world.database.owner;
    let named = json!([world.facade.client.url, [{ "moderator": {} }, { "admin": {} }]]);
    world.database.call_ok(owner, "name_role_issuer", named).await?;
    ensure!(grants_a_role(&world, &claimant).await?.is_success());
    ensure!(!grants_a_role(&world, &account(&tokens)).await?.is_success(), "without the claim nothing has changed");
    ensure!(!grants_a_role(&world, &with_role(&world, &tokens, "operator")?).await?.is_success());

    let forgotten = json!([world.facade.client.url]);
    world.database.call_ok(owner, "forget_role_issuer", forgotten).await?;
    ensure!(!grants_a_role(&world, &claimant).await?.is_success());
    Ok(())
}
