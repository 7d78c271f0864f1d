//! HTTP handlers of modules.

use reqwest::Method;
use worldloom_tests::{Outcome, TestNode};

use crate::answers::{self, refused, refused_for_its_size};

#[tokio::test]
async fn requests_reach_the_handler_with_method_and_body() -> Outcome {
    let node = TestNode::start().await?;
    node.publish("zoo", "schema_zoo").await?;
    let body = vec![0, 159, 146, 150];
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let request = node.request(method.clone(), "/v1/database/zoo/route/echo?any=query").body(body.clone());
        let answer = request.send().await?;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-method"], method.as_str());
        // Modules check their own credentials, so that nobody gets an identity here.
        assert!(!answer.headers().contains_key("spacetime-identity-token"));
        assert_eq!(answer.bytes().await?, body);
    }
    Ok(())
}

#[tokio::test]
async fn a_handler_reads_the_environment_and_writes_rows() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let route = |method, path: &str| node.request(method, &format!("/v1/database/zoo/route{path}"));
    assert_eq!(answers::text(route(Method::GET, "/greeting")).await?, "Welcome to the zoo.");
    assert_eq!(answers::text(route(Method::POST, "/visits").body("a visit")).await?, "1");
    assert_eq!(answers::text(route(Method::GET, "/visits")).await?, "1");
    assert_eq!(database.sql("SELECT note FROM visit").await?, [serde_json::json!(["a visit"])]);
    Ok(())
}

#[tokio::test]
async fn unknown_routes_traps_and_large_bodies_are_told() -> Outcome {
    let node = TestNode::start().await?;
    node.publish("zoo", "schema_zoo").await?;
    let route = |method, path: &str| node.request(method, &format!("/v1/database/zoo/route{path}"));
    for (method, path) in [
        (Method::GET, ""),
        (Method::GET, "/"),
        (Method::GET, "/echo/"),
        (Method::GET, "/nothing"),
        (Method::DELETE, "/visits"),
    ] {
        refused(route(method, path), 404, "no_such_handler").await?;
    }
    let sentence = refused(route(Method::GET, "/zoo/trap"), 500, "function_failed").await?;
    // Which functions of the module were under way is nothing to strangers.
    assert!(!sentence.contains("wasm") && !sentence.contains("trap_in_handler"), "{sentence}");
    let large = vec![0; 33 * 1024 * 1024];
    refused_for_its_size(route(Method::POST, "/echo").body(large), "invalid_body").await?;
    // On a new connection, since the node has closed the other.
    let visits = reqwest::get(format!("{}/v1/database/zoo/route/visits", node.url)).await?;
    assert_eq!(visits.text().await?, "0");
    Ok(())
}
