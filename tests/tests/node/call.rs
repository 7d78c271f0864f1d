//! Reducers and procedures over HTTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;
use worldloom_tests::{DEADLINE, Database, Outcome, TestNode};

use crate::answers::{self, refusal, refused};

#[tokio::test]
async fn a_reducer_answers_nothing_but_what_it_cost() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let answer = database.call(&database.owner, "insert_row", json!(["Leo", "lion", 190_000])).await?;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("spacetime-execution-duration-micros"));
    assert!(answer.headers().contains_key("spacetime-energy-used"));
    assert_eq!(answer.headers()["spacetime-identity"], database.owner.identity.as_str());
    assert_eq!(answer.text().await?, "");
    // Arguments by name work as well as by position.
    database.call_ok(&database.owner, "write_secret_note", json!({ "text": "by name" })).await?;
    assert_eq!(database.sql("SELECT * FROM secret_note").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_procedure_answers_its_value() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let lion = json!([{ "name": "Leo", "species": "lion", "weight_grams": 190_000, "diet": { "carnivore": [] } }]);
    let registered = procedure(&database, "register_animal", lion.clone()).await?;
    // Results are sums: the variant's number and its payload.
    assert_eq!(registered[0], 0, "{registered}");
    assert_eq!(registered[1][1], "Leo");
    assert_eq!(procedure(&database, "register_animal", lion).await?, json!([1, [0, "Leo"]]));
    assert_eq!(procedure(&database, "animal_summary", json!([])).await?[1], 190_000);
    assert_eq!(procedure(&database, "find_animal", json!(["Nobody"])).await?, json!([1, []]));
    assert_eq!(procedure(&database, "new_ids", json!([3])).await?[1].as_array().unwrap().len(), 3);
    procedure(&database, "note_twice", json!(["seen"])).await?;
    assert_eq!(database.sql("SELECT * FROM visit").await?.len(), 2);
    let now = answers::json(database.request(Method::GET, "/unstable/timestamp", &database.owner)).await?;
    let now = now["__timestamp_micros_since_unix_epoch__"].as_i64().unwrap();
    let woken = procedure(&database, "wait_until", json!([[now + 50_000]])).await?;
    assert!(woken[0].as_i64().unwrap() >= now + 50_000, "{woken}");
    Ok(())
}

/// The engine's default is an instance for each core, and whoever waits holds one.
#[tokio::test]
async fn procedures_that_wait_do_not_keep_others_from_running() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let in_an_hour = SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_secs(3_600);
    let long = json!([[in_an_hour.as_micros() as i64]]);
    let mut waiting = JoinSet::new();
    for _ in 0..20 {
        waiting.spawn(database.request(Method::POST, "/call/wait_until", &database.owner).json(&long).send());
    }
    for _ in 0..20 {
        let ids = timeout(DEADLINE, procedure(&database, "new_ids", json!([1]))).await??;
        assert_eq!(ids[0], 0);
    }
    assert!(waiting.try_join_next().is_none(), "one of them did not wait");
    Ok(())
}

#[tokio::test]
async fn a_procedure_rolls_back_what_it_refuses_and_goes_on_after_a_trap() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    for name in ["Leo", "Nala"] {
        database.call_ok(&database.owner, "insert_row", json!([name, "lion", 1])).await?;
    }
    assert_eq!(procedure(&database, "fail_in_procedure", json!(["no"])).await?, json!([1, "no"]));
    let missing = procedure(&database, "swap_names", json!([1, 99])).await?;
    assert_eq!(missing[0], 1, "{missing}");
    let trapped = database.call(&database.owner, "trap_in_procedure", json!([])).await?;
    refusal(trapped, 500, "function_failed").await?;
    assert_eq!(procedure(&database, "swap_names", json!([1, 2])).await?[0], 0);
    let first = database.sql("SELECT name FROM animal WHERE id = 1").await?;
    assert_eq!(first, [json!(["Nala"])]);
    assert_eq!(database.sql("SELECT * FROM secret_note").await?, Vec::<Value>::new());
    Ok(())
}

#[tokio::test]
async fn errors_and_traps_undo_the_reducer_and_spare_the_database() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let failed = database.call(&database.owner, "fail_with", json!(["because"])).await?;
    assert_eq!(refusal(failed, 530, "reducer_error").await?, "because");
    let trapped = database.call(&database.owner, "trap", json!([])).await?;
    refusal(trapped, 530, "reducer_error").await?;
    assert_eq!(database.sql("SELECT * FROM secret_note").await?, Vec::<Value>::new());
    database.call_ok(&database.owner, "write_secret_note", json!(["still here"])).await?;
    Ok(())
}

#[tokio::test]
async fn calls_that_do_not_fit_are_refused() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    for (function, args) in [
        ("insert_row", json!([])),
        ("insert_row", json!(["Leo", "lion"])),
        ("insert_row", json!(["Leo", "lion", 1, 2])),
        ("insert_row", json!(["Leo", "lion", "heavy"])),
        ("insert_row", json!(["Leo", "lion", -1])),
        ("insert_row", json!(["Leo", "lion", 4_294_967_296u64])),
        ("insert_row", json!("Leo")),
        ("insert_row", json!({ "name": "Leo" })),
        ("find_animal", json!([])),
        ("find_animal", json!([1])),
    ] {
        let answer = database.call(&database.owner, function, args.clone()).await?;
        let sentence = refusal(answer, 400, "invalid_arguments").await?;
        assert!(sentence.contains(function), "{args}: {sentence}");
    }
    let not_json = database.request(Method::POST, "/call/insert_row", &database.owner);
    let not_json = not_json.header("content-type", "application/json");
    refused(not_json.body("[1,"), 400, "invalid_arguments").await?;
    let not_text = database.request(Method::POST, "/call/insert_row", &database.owner);
    let not_text = not_text.header("content-type", "application/json");
    refused(not_text.body(vec![0xff, 0xfe]), 400, "invalid_arguments").await?;
    for content_type in ["text/plain", "application/json; charset=utf-8"] {
        let request = database.request(Method::POST, "/call/insert_row", &database.owner);
        let request = request.header("content-type", content_type).body("[]");
        refused(request, 415, "unsupported_media_type").await?;
    }
    assert_eq!(database.sql("SELECT * FROM animal").await?, Vec::<Value>::new());
    Ok(())
}

#[tokio::test]
async fn functions_that_are_not_for_callers_are_not_found() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let stranger = node.account().await?;
    let long = "x".repeat(5_000);
    let due = json!([{ "scheduled_id": 1, "scheduled_at": { "Interval": 1 }, "animal": "Leo" }]);
    for (function, args) in [("nothing", json!([])), ("%F0%9F%8E%B2", json!([])), (&long, json!([])), ("feed", due)] {
        let sentence = refusal(database.call(&stranger, function, args).await?, 404, "no_such_function").await?;
        assert!(sentence.len() < 500);
    }
    // The names that strangers make up are not for the module's log.
    let log = answers::text(database.request(Method::GET, "/logs?num_lines=200", &database.owner)).await?;
    assert!(!log.contains("nonexistent procedure"), "{log}");
    for lifecycle in ["open_zoo", "visitor_arrived", "visitor_left"] {
        let answer = database.call(&database.owner, lifecycle, json!([])).await?;
        refusal(answer, 400, "lifecycle_reducer").await?;
    }
    let nowhere = node.database("nowhere", &stranger);
    refusal(nowhere.call(&stranger, "insert_row", json!([])).await?, 404, "no_such_database").await?;
    assert_eq!(database.sql("SELECT * FROM feeding_record").await?, Vec::<Value>::new());
    Ok(())
}

#[tokio::test]
async fn every_call_is_a_visit_that_the_module_may_refuse() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let visitor = node.account().await?;
    database.call_ok(&visitor, "ban_me", json!([])).await?;
    let banned = database.call(&visitor, "log_line", json!(["in"])).await?;
    let sentence = refusal(banned, 403, "connection_rejected").await?;
    assert!(sentence.contains("banned"), "{sentence}");
    // Whoever came has left: only this very request is there.
    assert_eq!(database.sql("SELECT * FROM visitor").await?.len(), 1);
    Ok(())
}

async fn procedure(database: &Database, name: &str, args: Value) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&database.call_ok(&database.owner, name, args).await?)?)
}
