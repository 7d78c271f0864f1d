//! Names of databases: adding, replacing, and whose they are.

use reqwest::Method;
use serde_json::json;
use worldloom_tests::binaries::module;
use worldloom_tests::{Outcome, TestNode};

use crate::answers::{self, refused};
use crate::programs::put;

#[tokio::test]
async fn a_database_answers_to_every_name_until_it_is_taken_away() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("first", "tally_v1").await?;
    let owner = &database.owner;
    let added = answers::json(database.request(Method::POST, "/names", owner).body("second")).await?;
    assert_eq!(added["Success"]["domain"], "second");
    node.database("second", owner).call_ok(owner, "count", json!(["a"])).await?;
    let names = answers::json(database.request(Method::GET, "/names", owner)).await?;
    assert_eq!(names, json!({ "names": ["first", "second"] }));

    // Confirmed, unlike the call.
    assert_eq!(database.sql("SELECT * FROM tally").await?.len(), 1);

    answers::text(database.request(Method::PUT, "/names", owner).json(&json!(["third"]))).await?;
    node.kill()?;
    node.restart().await?;
    refused(database.request(Method::GET, "", owner), 404, "no_such_database").await?;
    assert_eq!(node.database("third", owner).sql("SELECT * FROM tally").await?, [json!(["a", 1])]);
    Ok(())
}

#[tokio::test]
async fn a_name_belongs_to_its_first_publisher_even_when_it_is_free_again() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let other = node.publish("other", "tally_v1").await?;
    refused(put(&node, "tally", &other.owner, module("tally_v1")?), 403, "not_owner").await?;
    let taken = refused(other.request(Method::POST, "/names", &other.owner).body("tally"), 401, "name_taken").await?;
    assert!(taken.contains("PermissionDenied"), "{taken}");
    let names = other.request(Method::PUT, "/names", &other.owner).json(&json!(["tally"]));
    refused(names, 401, "name_taken").await?;
    // A refused replacement takes no name away.
    let names = answers::json(other.request(Method::GET, "/names", &other.owner)).await?;
    assert_eq!(names, json!({ "names": ["other"] }));

    answers::text(database.request(Method::DELETE, "", &database.owner)).await?;
    refused(put(&node, "tally", &other.owner, module("tally_v1")?), 401, "name_taken").await?;
    answers::text(put(&node, "tally", &database.owner, module("tally_v1")?)).await?;
    Ok(())
}

#[tokio::test]
async fn a_database_has_only_so_many_names() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let (other, owner) = (node.publish("other", "tally_v1").await?, &database.owner);
    let replace = |count: usize| {
        let names: Vec<_> = (1..count).map(|n| format!("tally-{n}")).chain(["tally".to_owned()]).collect();
        database.request(Method::PUT, "/names", owner).json(&names)
    };
    for too_many in [17, 100_000] {
        let sentence = refused(replace(too_many), 400, "too_many_names").await?;
        assert!(sentence.contains("at most 16 names"), "{sentence}");
    }
    answers::text(replace(16)).await?;
    refused(database.request(Method::POST, "/names", owner).body("more"), 400, "too_many_names").await?;
    let names = answers::json(database.request(Method::GET, "/names", owner)).await?;
    assert_eq!(names["names"].as_array().unwrap().len(), 16);
    // What has been refused belongs to nobody.
    answers::text(other.request(Method::POST, "/names", &other.owner).body("tally-16")).await?;
    Ok(())
}

#[tokio::test]
async fn impossible_names_are_not_added() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let long = "x".repeat(10_000);
    for name in ["", "a/b", "🎲", "Caps", &long] {
        let request = database.request(Method::POST, "/names", &database.owner).body(name.to_owned());
        refused(request, 400, "invalid_name").await?;
    }
    refused(database.request(Method::PUT, "/names", &database.owner).body("no json"), 415, "unsupported_media_type")
        .await?;
    let wrong = database.request(Method::PUT, "/names", &database.owner).json(&json!({ "names": 1 }));
    refused(wrong, 422, "malformed_body").await?;
    Ok(())
}
