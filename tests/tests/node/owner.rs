//! What only a database's owner may do, and the lock that guards the owner against accidents.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use worldloom_tests::binaries::module;
use worldloom_tests::{NodeOptions, Outcome, TestNode};

use crate::answers::{self, refused};
use crate::programs::put;

#[tokio::test]
async fn strangers_are_refused_on_every_owners_route() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    let stranger = node.account().await?;
    for (method, path) in [
        (Method::PUT, ""),
        (Method::PUT, "?clear=true"),
        (Method::POST, "/pre_publish"),
        (Method::PUT, "/reset"),
        (Method::DELETE, ""),
        (Method::POST, "/lock"),
        (Method::POST, "/unlock"),
        (Method::GET, "/logs"),
        (Method::GET, "/environment"),
    ] {
        let request = database.request(method, path, &stranger).body(module("tally_v2")?);
        refused(request, 403, "not_owner").await?;
    }
    refused(database.request(Method::POST, "/names", &stranger).body("mine"), 403, "not_owner").await?;
    let names = database.request(Method::PUT, "/names", &stranger).json(&json!(["mine"]));
    refused(names, 401, "not_owner").await?;
    let environment = json!({ "values": { "A": "b" }, "expected_module_hash": format!("0x{}", "0".repeat(64)) });
    refused(database.request(Method::PUT, "/environment", &stranger).json(&environment), 403, "not_owner").await?;
    // Somebody without any token is a stranger too.
    refused(node.request(Method::DELETE, "/v1/database/tally"), 403, "not_owner").await?;

    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    let names = answers::json(database.request(Method::GET, "/names", &stranger)).await?;
    assert_eq!(names, json!({ "names": ["tally"] }));
    Ok(())
}

/// The refusal comes before the body has been read, and yet it must arrive.
#[tokio::test]
async fn a_stranger_who_sends_a_large_module_hears_why_it_is_refused() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let stranger = node.account().await?;
    for path in ["", "/reset", "/environment"] {
        let request = database.request(Method::PUT, path, &stranger).body(vec![0u8; 8 << 20]);
        let answer = request.send().await?;
        assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
        // The connection goes on.
        refused(database.request(Method::GET, "/logs", &stranger), 403, "not_owner").await?;
    }
    Ok(())
}

#[tokio::test]
async fn only_those_create_databases_whom_the_configuration_lists() -> Outcome {
    let mut node = TestNode::start().await?;
    let (listed, unlisted) = (node.account().await?, node.publish("theirs", "tally_v1").await?);
    node.stop().await?;
    node.options_mut().config = Some(format!("[publish]\ncreators = ['{}']", listed.identity));
    node.restart().await?;
    let program = module("tally_v1")?;
    let unnamed = || node.request(Method::POST, "/v1/database").body(program.clone());
    refused(put(&node, "new", &unlisted.owner, program.clone()), 403, "may_not_create").await?;
    refused(unnamed().bearer_auth(&unlisted.owner.token), 403, "may_not_create").await?;
    refused(unnamed(), 403, "may_not_create").await?;

    // The program need not be sent for that.
    let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await?;
    let head = "POST /v1/database HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"HTTP/1.1 403");

    answers::text(put(&node, "new", &listed, program.clone())).await?;
    // What somebody has, he goes on with.
    answers::text(put(&node, "theirs", &unlisted.owner, crate::programs::variant(program, "next"))).await?;
    Ok(())
}

#[tokio::test]
async fn nobody_creates_more_databases_than_an_identity_may_have() -> Outcome {
    let config = Some("[publish]\ndatabases-per-identity = 1".to_owned());
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let database = node.publish("one", "tally_v1").await?;
    let another = || Ok::<_, anyhow::Error>(put(&node, "two", &database.owner, module("tally_v1")?));
    refused(another()?, 403, "too_many_databases").await?;
    node.publish("theirs", "tally_v1").await?;
    answers::text(database.request(Method::DELETE, "", &database.owner)).await?;
    answers::text(another()?).await?;
    Ok(())
}

#[tokio::test]
async fn a_locked_database_is_neither_deleted_nor_emptied() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let owner = &database.owner;
    database.call_ok(owner, "count", json!(["a"])).await?;
    answers::text(database.request(Method::POST, "/lock", owner)).await?;
    // Confirmed, unlike the call.
    assert_eq!(database.sql("SELECT * FROM tally").await?.len(), 1);
    node.kill()?;
    node.restart().await?;
    for (method, path) in [(Method::DELETE, ""), (Method::PUT, "/reset"), (Method::PUT, "?clear=true")] {
        let request = database.request(method, path, owner).body(module("tally_v1")?);
        refused(request, 403, "database_locked").await?;
    }
    // Updates are what a locked database is for.
    answers::text(put(&node, "tally", owner, crate::programs::variant(module("tally_v1")?, "next"))).await?;
    assert_eq!(database.sql("SELECT * FROM tally").await?, [json!(["a", 1])]);

    answers::text(database.request(Method::POST, "/unlock", owner)).await?;
    answers::text(database.request(Method::DELETE, "", owner)).await?;
    Ok(())
}
