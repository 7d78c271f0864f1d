//! Every error is a problem document, whoever noticed it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{ASSET, Answer, DEADLINE, World};

async fn send(request: reqwest::RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let world = World::start().await;
    send(world.http.get(world.at("/nowhere"))).await.is_problem(404, "not_found");
    send(world.http.get(world.at("/assets/not-a-uuid"))).await.is_problem(404, "not_found");
    send(world.http.get(world.at("/assets/..%2f..%2fetc"))).await.is_problem(404, "not_found");
    let answer = send(world.http.put(world.at(ASSET))).await;
    answer.is_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD,DELETE");
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let world = World::start_with(|config| config.http.body_limit_bytes = 1024).await;
    let bind = || world.http.post(world.at(&format!("{ASSET}/bindings"))).bearer_auth(world.token());
    let json = || bind().header("content-type", "application/json");
    send(bind().body("{}")).await.is_problem(415, "unsupported_media_type");
    send(json().body("{")).await.is_problem(400, "malformed_request");
    send(json().body("{}")).await.is_problem(422, "invalid_argument");
    send(json().body(r#"{"entity_kind":"world","entity_id":"1","slot":"cover","x":1}"#))
        .await
        .is_problem(422, "invalid_argument");
    send(json().body("[".repeat(1000))).await.is_problem(422, "invalid_argument");
    send(json().body(" ".repeat(1025))).await.is_problem(413, "payload_too_large");
    let unbind = world.http.delete(world.at(&format!("{ASSET}/bindings"))).bearer_auth(world.token());
    send(unbind).await.is_problem(400, "malformed_request");
}

#[tokio::test]
async fn a_body_that_stops_arriving_is_not_waited_for() {
    let world = World::start_with(|config| config.http.body_idle_timeout_s = 1).await;
    let mut stream = TcpStream::connect(world.facade.address()).await.unwrap();
    let head = format!(
        "POST /assets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: 100\r\nconnection: close\r\n\r\n--b\r\n",
        world.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"code\":\"request_timeout\""), "{answer}");
    world.wait_until_empty().await;
}

#[tokio::test]
async fn a_head_that_stops_arriving_is_not_waited_for() {
    let world = World::start_with(|config| config.http.header_timeout_s = 1).await;
    let mut stream = TcpStream::connect(world.facade.address()).await.unwrap();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: ").await.unwrap();
    // The connection is closed; how much is said before that is hyper's choice.
    read_all(&mut stream).await;
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("the connection ends").unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended() {
    let world = World::start_with(|config| {
        config.http.request_timeout_s = 1;
        config.node.connect_wait_ms = 60_000;
    })
    .await;
    let answer = send(world.http.get(world.at(ASSET))).await;
    answer.is_problem(408, "request_timeout");
}

#[tokio::test]
async fn request_ids_are_taken_over_unless_they_could_do_harm() {
    let world = World::start().await;
    let get = |id: &str| world.http.get(world.at("/nowhere")).header("x-request-id", id).send();
    let kept = get("trace-7.a_b").await.unwrap();
    assert_eq!(kept.headers()["x-request-id"], "trace-7.a_b");
    for hostile in ["a b", "<script>", &"x".repeat(65)] {
        let replaced = Answer::of(get(hostile).await.unwrap()).await;
        replaced.is_problem(404, "not_found");
        assert_ne!(replaced.header("x-request-id"), hostile);
        assert!(uuid::Uuid::parse_str(replaced.header("x-request-id")).is_ok());
    }
}

#[tokio::test]
async fn without_the_node_a_call_is_refused_after_a_bounded_wait() {
    let world = World::start().await;
    let answer = tokio::time::timeout(Duration::from_secs(20), send(world.http.get(world.at(ASSET)))).await.unwrap();
    answer.is_problem(503, "node_unavailable");
    assert_eq!(answer.header("retry-after"), "2");
}
