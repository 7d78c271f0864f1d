//! Answers that come, and what was asked.

use serde_json::json;
use worldloom_facade::ai::config::OfflineConfig;
use worldloom_facade::ai::provider::{Offline, Provider};

use super::endpoint::{COST, Endpoint, FIRST, HELLO, Reply, STOP, USAGE, WORLD, answered, stream_of};
use super::{PATIENCE, Read, models, prompt, provider, provider_with, read};

fn whole() -> Read {
    Read { text: "Grüße, 世界 🌍".to_owned(), tokens: Some(COST), ..Read::default() }
}

#[tokio::test]
async fn an_answer_is_read_however_it_is_cut() {
    for size in [1, 2, 3, 7, 64, 1 << 20] {
        let bytes = stream_of(&[FIRST, HELLO, WORLD, STOP, USAGE, "[DONE]"], true);
        let endpoint = Endpoint::start(vec![Reply::Bytes(bytes, size)]).await;
        assert_eq!(read(models(vec![provider(&endpoint)], PATIENCE).answer(prompt(None))).await, whole(), "{size}");
    }
}

#[tokio::test]
async fn an_endpoint_may_leave_out_what_is_not_needed() {
    // No `[DONE]`, no usage, comments, and lines that end as Windows ends them.
    let mut bytes =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n: hello\r\n\r\n".to_vec();
    for event in [HELLO, STOP] {
        bytes.extend_from_slice(format!("data: {event}\r\n\r\n").as_bytes());
    }
    let endpoint = Endpoint::start(vec![Reply::Bytes(bytes, 1 << 20)]).await;
    let answer = read(models(vec![provider(&endpoint)], PATIENCE).answer(prompt(None))).await;
    assert_eq!(answer, Read { text: "Grüße, ".to_owned(), ..Read::default() });
}

#[tokio::test]
async fn a_cost_that_is_told_before_the_text_counts() {
    let bytes = stream_of(&[FIRST, USAGE, HELLO, WORLD, STOP, "[DONE]"], true);
    let endpoint = Endpoint::start(vec![Reply::Bytes(bytes, 1 << 20)]).await;
    assert_eq!(read(models(vec![provider(&endpoint)], PATIENCE).answer(prompt(None))).await, whole());
}

#[tokio::test]
async fn the_request_says_what_the_protocol_asks_for() {
    let endpoint = Endpoint::start(vec![answered()]).await;
    let schema = json!({ "type": "object" });
    read(models(vec![provider(&endpoint)], PATIENCE).answer(prompt(Some(schema.clone())))).await;
    let request = endpoint.requests().remove(0);
    assert!(request.head.starts_with("post /v1/chat/completions http/1.1\r\n"), "{}", request.head);
    assert!(request.head.contains("\r\nauthorization: bearer sk-secret\r\n"), "{}", request.head);
    let held = json!({ "name": "text_write_v1", "schema": schema, "strict": true });
    assert_eq!(
        request.body,
        json!({
            "model": "m-1",
            "max_tokens": 8192,
            "stream": true,
            "stream_options": { "include_usage": true },
            "response_format": { "type": "json_schema", "json_schema": held },
            "messages": [{ "role": "system", "content": "You write." }, { "role": "user", "content": "Write." }],
        })
    );
}

#[tokio::test]
async fn an_endpoint_that_knows_no_schemas_reads_it_in_the_prompt() {
    let endpoint = Endpoint::start(vec![answered()]).await;
    let provider = provider_with(&endpoint, |config| config.json_schema = false);
    read(models(vec![provider], PATIENCE).answer(prompt(Some(json!({ "type": "object" }))))).await;
    let body = endpoint.requests().remove(0).body;
    assert_eq!(body.get("response_format"), None);
    assert!(body["messages"][2]["content"].as_str().unwrap().contains(r#"{"type":"object"}"#), "{body}");
}

#[tokio::test]
async fn the_offline_provider_always_says_the_same() {
    let mut asked = prompt(None);
    asked.variables = json!({ "stage_title": "A song", "request": "The sea.", "length": 40 });
    let offline = Offline::new(&OfflineConfig { pieces_per_second: 0 });
    let (once, again) = (read(offline.answer(&asked)).await, read(offline.answer(&asked)).await);
    assert_eq!(once, again);
    assert_eq!(once.text.split_whitespace().count(), 42, "{once:?}");
    assert!(once.error.is_none() && once.tokens.is_some_and(|tokens| tokens.output > 0), "{once:?}");
    asked.variables["request"] = "The mountains.".into();
    assert_ne!(read(offline.answer(&asked)).await.text, once.text);
}
