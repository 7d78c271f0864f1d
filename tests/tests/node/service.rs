//! What is told about the node and about a database: health, metrics, schema, and wrong addresses.

use reqwest::{Method, header};
use serde_json::json;
use worldloom_tests::{Outcome, TestNode};

use crate::answers::{self, refused};

#[tokio::test]
async fn health_and_metrics_are_open() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    assert_eq!(answers::text(node.request(Method::GET, "/v1/ping")).await?, "");
    let health = answers::json(node.request(Method::GET, "/v1/health")).await?;
    assert_eq!((&health["ready"], &health["databases"]), (&json!(true), &json!(1)));
    assert_eq!(health["failed_databases"], 0);

    database.call_ok(&database.owner, "log_line", json!(["counted"])).await?;
    let metrics = answers::text(node.request(Method::GET, "/v1/metrics")).await?;
    let identity = answers::text(database.request(Method::GET, "/identity", &database.owner)).await?;
    assert!(metrics.contains(&identity), "no metric names the database");
    assert!(metrics.contains("# TYPE"), "not the format of Prometheus");
    let targets = answers::json(node.request(Method::GET, "/v1/prometheus/sd_config")).await?;
    assert_eq!(targets[0]["targets"][0], format!("127.0.0.1:{}", node.port()));
    let energy = format!("/v1/energy/{}", database.owner.identity);
    answers::json(node.request(Method::GET, &energy)).await?;
    refused(node.request(Method::PUT, &energy), 501, "energy_disabled").await?;
    Ok(())
}

#[tokio::test]
async fn a_database_describes_itself() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let stranger = node.account().await?;
    let told = answers::json(database.request(Method::GET, "", &stranger)).await?;
    assert_eq!(told["owner_identity"]["__identity__"], format!("0x{}", database.owner.identity));
    assert_eq!(told["host_type"], json!({ "Wasm": [] }));
    let identity = answers::text(database.request(Method::GET, "/identity", &stranger)).await?;
    let by_identity = node.database(&identity, &database.owner);
    assert_eq!(answers::json(by_identity.request(Method::GET, "", &stranger)).await?, told);

    let newest = answers::text(database.request(Method::GET, "/schema?version=10", &stranger)).await?;
    assert!(newest.contains("animals_of_species") && newest.contains("/zoo/trap"));
    let older = answers::json(database.request(Method::GET, "/schema?version=9", &stranger)).await?;
    assert!(!older["tables"].as_array().unwrap().is_empty());
    for query in ["", "?version=8", "?version=x"] {
        let path = format!("/schema{query}");
        refused(database.request(Method::GET, &path, &stranger), 400, "invalid_schema_version").await?;
    }
    Ok(())
}

#[tokio::test]
async fn wrong_addresses_are_told_apart() -> Outcome {
    let node = TestNode::start().await?;
    let account = node.account().await?;
    for path in ["/", "/v1", "/v1/nothing", "/v2/ping", "/v1/database/a/b/c"] {
        refused(node.request(Method::GET, path), 404, "no_such_route").await?;
    }
    refused(node.request(Method::DELETE, "/v1/ping"), 405, "method_not_allowed").await?;
    refused(node.request(Method::GET, "/v1/database/a/sql"), 405, "method_not_allowed").await?;
    let nowhere = node.database("nowhere", &account);
    for (method, path) in [
        (Method::GET, ""),
        (Method::GET, "/names"),
        (Method::GET, "/identity"),
        (Method::GET, "/schema?version=10"),
        (Method::GET, "/logs"),
        (Method::GET, "/environment"),
        (Method::GET, "/route/echo"),
        (Method::POST, "/sql"),
        (Method::POST, "/pre_publish"),
        (Method::PUT, "/reset"),
        (Method::POST, "/lock"),
    ] {
        refused(nowhere.request(method, path, &account), 404, "no_such_database").await?;
    }
    let unknown_identity = node.database(&"c2".repeat(32), &account);
    refused(unknown_identity.request(Method::GET, "", &account), 404, "no_such_database").await?;
    Ok(())
}

#[tokio::test]
async fn browsers_may_call_from_any_page() -> Outcome {
    let node = TestNode::start().await?;
    let preflight = node
        .request(Method::OPTIONS, "/v1/database/zoo/call/f")
        .header(header::ORIGIN, "https://game.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
    let answer = preflight.send().await?;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let allowed = answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str()?.to_lowercase();
    assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{allowed}");
    Ok(())
}
