//! Privileged calls leave a trail, however they end.

use serde_json::{Value, json};

use crate::support::{Answer, World, claims};

async fn sweep(world: &World, token: Option<String>, body: Value) -> Answer {
    let request = world.http.post(world.at("/operations/objects/sweep")).header("x-request-id", "sweep-1").json(&body);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn who_tried_what_is_written_down_with_its_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    let world = World::start_with(|config| config.audit.file = file.clone()).await;
    // Nobody in particular, and nothing that can be done: neither is a privileged call.
    sweep(&world, None, json!({ "dry_run": true })).await.is_problem(401, "unauthenticated");
    sweep(&world, Some(world.token()), json!({})).await.is_problem(422, "invalid_argument");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "");
    sweep(&world, Some(world.token()), json!({ "dry_run": false })).await.is_problem(503, "node_unavailable");
    let text = std::fs::read_to_string(&file).unwrap();
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 2, "{text}");
    for record in &records {
        assert_eq!(record["actor"], claims("player-1")["hex_identity"]);
        assert_eq!((&record["action"], &record["request_id"]), (&json!("objects.sweep"), &json!("sweep-1")));
        assert_eq!(record["target"], json!({ "dry_run": false }));
    }
    assert_eq!((&records[0]["event"], &records[0]["outcome"]), (&json!("begun"), &Value::Null));
    assert_eq!((&records[1]["event"], &records[1]["outcome"]), (&json!("ended"), &json!("node_unavailable")));
}

#[tokio::test]
async fn without_a_trail_no_privileged_call_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    let world = World::start_with(|config| config.audit.file = file.clone()).await;
    // As a disk that went away would leave it.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let refused = sweep(&world, Some(world.token()), json!({ "dry_run": true })).await;
    refused.is_problem(503, "audit_unavailable");
    std::fs::remove_dir(&file).unwrap();
    sweep(&world, Some(world.token()), json!({ "dry_run": true })).await.is_problem(503, "node_unavailable");
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2, "it is made anew, as after a rotation");
}
