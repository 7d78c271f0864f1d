//! Who may read what, and which tokens count.

use anyhow::ensure;
use reqwest::{Method, StatusCode};
use serde_json::json;
use worldloom_tests::facade::Upload;
use worldloom_tests::pictures::picture;
use worldloom_tests::{Account, NodeOptions, Outcome, TestNode};

use crate::world::{World, expect, expect_problem};

#[tokio::test]
async fn each_policy_opens_an_asset_to_whom_it_says() -> Outcome {
    let world = World::start().await?;
    let (owner, stranger, moderator) =
        (world.node.account().await?, world.node.account().await?, world.node.account().await?);
    let role = json!([[format!("0x{}", moderator.identity)], { "moderator": {} }]);
    world.database.call_ok(&world.database.owner, "grant_role", role).await?;

    for access_policy in ["private", "signed", "public"] {
        let bytes = picture(7)?;
        let upload = Upload { access_policy, ..Upload::private(access_policy, bytes.clone()) };
        let asset = world.uploaded(&owner, &upload).await?;
        for reader in [&owner, &moderator] {
            ensure!(world.content(&asset, Some(reader)).await? == bytes, "{access_policy}");
        }
        for caller in [Some(&stranger), None] {
            if access_policy == "public" {
                ensure!(world.content(&asset, caller).await? == bytes);
                expect(world.about(Method::GET, &asset, "", caller).await?, StatusCode::OK).await?;
            } else {
                for rest in ["", "/content"] {
                    let refusal = world.about(Method::GET, &asset, rest, caller).await?;
                    expect_problem(refusal, 404, "not_found").await?;
                }
            }
        }
        let (status, code) = if access_policy == "public" { (403, "forbidden") } else { (404, "not_found") };
        expect_problem(world.about(Method::DELETE, &asset, "", Some(&stranger)).await?, status, code).await?;
        expect_problem(world.bind(&stranger, &asset, "w").await?, status, code).await?;
        expect_problem(world.about(Method::DELETE, &asset, "", None).await?, 401, "unauthenticated").await?;
    }
    Ok(())
}

#[tokio::test]
async fn tokens_that_the_node_did_not_issue_are_refused() -> Outcome {
    let world = World::start().await?;
    let (player, other) = (world.node.account().await?, world.node.account().await?);
    let upload = Upload { access_policy: "public", ..Upload::private("open", picture(1)?) };
    let asset = world.uploaded(&player, &upload).await?;

    let (head, claims, signature) = parts(&player.token)?;
    let (_, others_claims, _) = parts(&other.token)?;
    // {"alg":"none","typ":"JWT"}
    let unsigned_head = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let elsewhere = TestNode::start_with(NodeOptions { in_memory: true, ..NodeOptions::default() }).await?;
    let forgeries = [
        ("another player's claims", format!("{head}.{others_claims}.{signature}")),
        ("no signature", format!("{head}.{claims}.")),
        ("alg none", format!("{unsigned_head}.{claims}.")),
        ("alg none with a signature", format!("{unsigned_head}.{claims}.{signature}")),
        ("another node's", elsewhere.account().await?.token),
        ("no token at all", "rubbish".to_owned()),
    ];
    for (what, token) in forgeries {
        let forger = Account { token, ..player.clone() };
        // Even where nobody needs a token, a wrong one is not taken for none.
        let read = world.about(Method::GET, &asset, "/content", Some(&forger)).await?;
        ensure!(read.headers().contains_key("www-authenticate"), "{what}");
        let problem = expect_problem(read, 401, "unauthenticated").await?;
        ensure!(!problem.to_string().contains(&forger.token) || forger.token == "rubbish", "{what} is repeated");
        let upload = world.facade.client.upload(&forger, &Upload::private("forged", picture(2)?))?.send().await?;
        expect_problem(upload, 401, "unauthenticated").await?;
    }
    ensure!(world.facade.stored()?.len() == 1);
    Ok(())
}

fn parts(token: &str) -> anyhow::Result<(&str, &str, &str)> {
    let parts: Vec<_> = token.split('.').collect();
    match parts[..] {
        [head, claims, signature] => Ok((head, claims, signature)),
        _ => anyhow::bail!("the node's token has {} parts", parts.len()),
    }
}
