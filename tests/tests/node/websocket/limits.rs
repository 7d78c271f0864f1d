//! Hostile and slow clients: each costs the node a known amount, and nobody else anything.

use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::try_join_all;
use futures::stream::FuturesUnordered;
use futures::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use worldloom_tests::{Account, DEADLINE, Database, NodeOptions, Outcome, TestNode, eventually};

use crate::answers::{self, refused};
use crate::programs;
use crate::socket::{Socket, V1_JSON, V2, V3, changes, connect, ending};

pub(super) async fn node_with(websocket: &str) -> anyhow::Result<TestNode> {
    node_configured(&format!("[websocket]\n{websocket}")).await
}

async fn node_configured(config: &str) -> anyhow::Result<TestNode> {
    TestNode::start_with(NodeOptions { config: Some(config.to_owned()), ..NodeOptions::default() }).await
}

#[tokio::test]
async fn messages_that_do_not_decode_end_the_connection() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    for protocol in [V2, V3] {
        for message in [
            Message::Binary(vec![0xff; 100].into()),
            Message::Binary(vec![3, 1, 0].into()),
            Message::Binary(Vec::new().into()),
            Message::Text("{}".into()),
        ] {
            let mut socket = Socket::open_with(&database, &database.owner, protocol, "").await?;
            let shown = format!("{message:?} in {protocol}");
            socket.raw.send(message).await?;
            assert_eq!(socket.ending().await?.map(|(code, _)| code), Some(1011), "{shown}");
        }
    }
    let (mut socket, _) = connect(&database, &database.owner, V1_JSON, "").await?;
    socket.send(Message::Text("{\"Subscribe\":".into())).await?;
    assert_eq!(ending(&mut socket).await?.map(|(code, _)| code), Some(1011));
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    Ok(())
}

#[tokio::test]
async fn a_message_past_the_limit_ends_the_connection_in_one_frame_or_many() -> Outcome {
    let node = node_with("max-message-bytes = 65536").await?;
    let database = node.publish("tally", "tally_v1").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    socket.raw.send(Message::Binary(vec![0; 70_000].into())).await?;
    assert_eq!(socket.ending().await?.map(|(code, _)| code), Some(1009));

    let mut socket = Socket::open(&database, &database.owner).await?;
    let (mut sink, mut stream) = futures::StreamExt::split(&mut socket.raw);
    let endless = async {
        let mut kind = Data::Binary;
        loop {
            let fragment = Frame::message(vec![0; 4_096], OpCode::Data(kind), false);
            if sink.send(Message::Frame(fragment)).await.is_err() {
                return;
            }
            kind = Data::Continue;
        }
    };
    let goodbye = async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    };
    let ended = async {
        tokio::select! {
            code = goodbye => code,
            () = endless => None,
        }
    };
    // The close frame can be lost when the client is still writing; the end cannot.
    let code = timeout(DEADLINE, ended).await?;
    assert!(matches!(code, Some(1009) | None), "{code:?}");
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    Ok(())
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_the_connection() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    for (what, frame) in [
        ("unmasked", &[0x82, 0x01, 0x00][..]),
        ("a reserved opcode", &[0x83, 0x80, 0, 0, 0, 0]),
        ("a reserved bit", &[0xc2, 0x80, 0, 0, 0, 0]),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0]),
        ("a fragmented ping", &[0x09, 0x80, 0, 0, 0, 0]),
    ] {
        let mut stream = upgraded(&node, &database, &database.owner).await?;
        stream.write_all(frame).await?;
        let mut rest = Vec::new();
        timeout(DEADLINE, stream.read_to_end(&mut rest))
            .await
            .map_err(|cause| anyhow::anyhow!("{what}: {cause}"))??;
        // 1002, protocol error, in an unmasked close frame.
        assert!(rest.windows(2).any(|bytes| bytes == 1002u16.to_be_bytes()), "{what}: {rest:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_and_a_silent_one_goes() -> Outcome {
    let node = node_with("ping-interval = '200ms'\nidle-timeout = '2s'").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut alive = Socket::open(&database, &database.owner).await?;
    let mut silent = upgraded(&node, &database, &database.owner).await?;
    // More pings than fit the time-out, each answered by reading on.
    let mut pings = 0;
    while pings < 15 {
        if let Some(Message::Ping(_)) = timeout(DEADLINE, alive.raw.next()).await?.transpose()? {
            pings += 1;
        }
    }
    alive.call("log_line", &("still here",)).await?;
    let mut rest = Vec::new();
    timeout(DEADLINE, silent.read_to_end(&mut rest)).await??;
    eventually("the silent client to be gone", || async {
        let visitors = database.sql("SELECT * FROM visitor").await.ok()?.len();
        // The other socket and this very request.
        (visitors == 2).then_some(())
    })
    .await
}

#[tokio::test]
async fn a_slow_reader_is_dropped_while_others_are_served_and_memory_stays() -> Outcome {
    const ROUNDS: usize = 60;
    const EVENTS: u16 = 40;
    let node = node_with("outgoing-queue-bytes = 4194304").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let reader = node.account().await?;
    let mut slow = Socket::open_with(&database, &node.account().await?, V2, "compression=None").await?;
    slow.subscribe("SELECT * FROM sighting").await?;
    let mut fast = Socket::open_with(&database, &reader, V2, "compression=None").await?;
    fast.subscribe("SELECT * FROM sighting").await?;
    let before = peak_memory(&node)?;

    // A megabyte and a half for each subscriber in each round: far more than may wait.
    let name = "x".repeat(40_000);
    for _ in 0..ROUNDS {
        database.call_ok(&database.owner, "emit_sightings", json!([name, EVENTS])).await?;
        assert_eq!(changes(&fast.update().await?).events, usize::from(EVENTS));
    }
    eventually("the slow client to be dropped", || async {
        let visitors = database.sql("SELECT * FROM visitor").await.ok()?.len();
        (visitors == 2).then_some(())
    })
    .await?;
    let grown = peak_memory(&node)?.saturating_sub(before);
    let sent = ROUNDS * usize::from(EVENTS) * name.len();
    assert!(grown < sent / 2, "{sent} bytes were sent and the node grew by {grown}");
    Ok(())
}

#[tokio::test]
async fn slow_request_heads_are_cut_off() -> Outcome {
    let node = node_configured("[http]\nheader-timeout = '300ms'").await?;
    let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await?;
    stream.write_all(b"GET /v1/ping HTTP/1.1\r\nhost: lo").await?;
    let mut rest = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut rest)).await??;
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
    Ok(())
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_and_one_that_waits_for_an_answer_is_not() -> Outcome {
    let node = node_configured("[http]\nheader-timeout = '1s'").await?;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let mut silent = Vec::new();
    // Nothing at all, what may become HTTP/2 or not, and HTTP/2 without a request.
    for beginning in [b"".as_slice(), b"P", b"PRI * HTTP/2.0\r\n\r\nSM", preface] {
        let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await?;
        stream.write_all(beginning).await?;
        silent.push((beginning, stream));
    }
    for (beginning, mut stream) in silent {
        let ended = timeout(DEADLINE, stream.read_to_end(&mut Vec::new())).await;
        // A reset is an end, too.
        assert!(ended.is_ok(), "{}", beginning.escape_ascii());
    }

    let database = node.publish("zoo", "schema_zoo").await?;
    let later = SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_secs(2);
    database.call_ok(&database.owner, "wait_until", json!([[later.as_micros() as i64]])).await?;
    Ok(())
}

#[tokio::test]
async fn no_body_but_that_of_a_program_may_be_larger_than_the_limit() -> Outcome {
    const LIMIT: usize = 1_000;
    let node = node_configured(&format!("[http]\nmax-body-bytes = {LIMIT}")).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let post = |path: &str, body: String| {
        database.request(Method::POST, path, &database.owner).header("content-type", "application/json").body(body)
    };
    for (path, code) in
        [("/sql", "body_too_large"), ("/call/log_line", "body_too_large"), ("/route/echo", "invalid_body")]
    {
        let body = |bytes: usize| match path {
            "/sql" => format!("{:bytes$}", "SELECT * FROM animal"),
            _ => format!("[\"{}\"]", "x".repeat(bytes - 4)),
        };
        answers::text(post(path, body(LIMIT))).await?;
        refused(post(path, body(LIMIT + 1)), 413, code).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_body_that_stops_arriving_is_not_waited_for() -> Outcome {
    let node = node_configured("[http]\nbody-idle-timeout = '300ms'").await?;
    node.publish("zoo", "schema_zoo").await?;
    let delivery = "/call-from-database/log_line?stream_id=1&seq=1&ack_prefix=0&signature_hash=00";
    // Bodies of every kind: bytes, text, JSON, and those that modules and other databases get.
    for (method, path) in [
        ("PUT", "-two"),
        ("POST", "/sql"),
        ("PUT", "/names"),
        ("POST", "/call/log_line"),
        ("POST", "/route/echo"),
        ("POST", delivery),
    ] {
        for beginning in ["content-length: 1000\r\n\r\n[", "transfer-encoding: chunked\r\n\r\n1\r\n[\r\n"] {
            let answer = answer_to(&node, method, path, beginning).await?;
            let shown = format!("{method} {path} with {beginning:?}: {answer}");
            assert!(answer.starts_with("HTTP/1.1 408 "), "{shown}");
            assert!(answer.contains("\r\nspacetime-error-code: request_timeout\r\n"), "{shown}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{shown}");
            assert!(answer.contains("\r\naccess-control-allow-origin: *\r\n"), "{shown}");
            assert!(answer.ends_with("stopped arriving; send it without long pauses."), "{shown}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_slow_but_steady_body_is_not_cut_off() -> Outcome {
    let node = node_configured("[http]\nbody-idle-timeout = '3s'").await?;
    node.publish("zoo", "schema_zoo").await?;
    let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await?;
    let head = "POST /v1/database/zoo/route/echo HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    // Longer in all than any silence may be.
    let begun = Instant::now();
    let mut sent = String::new();
    while begun.elapsed() < Duration::from_secs(4) {
        stream.write_all(b"1\r\na\r\n").await?;
        sent.push('a');
        sleep(Duration::from_millis(50)).await;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    let mut answer = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut answer)).await??;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!("\r\n\r\n{sent}")), "{answer}");
    Ok(())
}

#[tokio::test]
async fn the_limit_on_bodies_leaves_subscriptions_and_followed_logs_alone() -> Outcome {
    let node = node_configured("[http]\nbody-idle-timeout = '300ms'").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    let follow = database.request(Method::GET, "/logs?num_lines=0&follow=true", &database.owner).send().await?;
    let mut log = follow.bytes_stream();
    // Each of these takes as long as the limit.
    for _ in 0..3 {
        let answer = answer_to(&node, "POST", "/sql", "content-length: 1000\r\n\r\nSELECT").await?;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    socket.call("log_line", &("still here",)).await?;
    let mut heard = String::new();
    while !heard.contains("still here") {
        let chunk = timeout(DEADLINE, log.next()).await?.unwrap()?;
        heard.push_str(std::str::from_utf8(&chunk)?);
    }
    Ok(())
}

/// One is tried out and 32 wait.
#[tokio::test]
async fn who_comes_when_too_many_programs_wait_is_told_so_and_who_leaves_makes_room() -> Outcome {
    let node = node_configured("[publish]\ntrials-at-once = 1\ntrial-limit = '3s'").await?;
    let owners = try_join_all((0..5).map(|_| node.account())).await?;
    let publish = |n: usize| programs::put(&node, &format!("a-{n}"), &owners[n % 5], programs::without_end()).send();
    let mut waiting: FuturesUnordered<_> = (0..40).map(publish).collect();
    for _ in 0..7 {
        let answer = timeout(DEADLINE, waiting.next()).await?.unwrap()?;
        answers::refusal(answer, 503, "too_many_publishes").await?;
    }
    drop(waiting);
    // The node hears of one goodbye after the other. After the trials of all the others it would be too late.
    let owner = node.account().await?;
    let last = eventually("room for one more", || async {
        let answer = programs::put(&node, "last", &owner, programs::without_end()).send().await.ok()?;
        (answer.status() != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    });
    answers::refusal(timeout(DEADLINE, last).await??, 400, "module_refused").await?;
    Ok(())
}

#[tokio::test]
async fn a_publish_over_a_database_does_not_wait_long_for_another() -> Outcome {
    let node = node_configured("[publish]\ntrial-limit = '8s'").await?;
    let database = node.publish("tally", "tally_v1").await?;
    let publish = || programs::put(&node, "tally", &database.owner, programs::without_end()).send();
    let answers = try_join_all([publish(), publish()]).await?;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [400, 409]);
    Ok(())
}

#[tokio::test]
async fn only_so_many_programs_are_tried_out_at_once() -> Outcome {
    let node = node_configured("[publish]\ntrials-at-once = 1\ntrial-limit = '1s'").await?;
    let owner = node.account().await?;
    let publish = |name: &str| programs::put(&node, name, &owner, programs::without_end());
    let refusals = ["a", "b", "c"].map(|name| refused(publish(name), 400, "module_refused"));
    let mut refusals = pin!(try_join_all(refusals));
    let mut most = 0;
    // All are refused in the end, so each has had its turn.
    let sentences = loop {
        most = most.max(trials(&node)?);
        if let Ok(sentences) = timeout(Duration::from_millis(20), &mut refusals).await {
            break sentences?;
        }
    };
    assert_eq!(most, 1);
    assert!(sentences.iter().all(|sentence| sentence.contains("not ready after 1s")), "{sentences:?}");

    // Nor does anybody keep a place by leaving.
    let leaving = tokio::spawn(publish("d").send());
    eventually("the trial to begin", || async { (trials(&node).ok()? == 1).then_some(()) }).await?;
    leaving.abort();
    refused(publish("e"), 400, "module_refused").await?;
    Ok(())
}

/// Sends a request to the database `zoo` that ends in the middle of its body; returns all that is answered until the
/// connection ends. `beginning` is the last header and what there is of the body.
async fn answer_to(node: &TestNode, method: &str, path: &str, beginning: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await?;
    let request = format!(
        "{method} /v1/database/zoo{path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{beginning}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut answer)).await??;
    Ok(answer)
}

/// Processes of the node in which programs are tried out: it has no others.
fn trials(node: &TestNode) -> anyhow::Result<usize> {
    let parent = node.pid().to_string();
    let stats = std::fs::read_dir("/proc")?.flatten().filter_map(|entry| {
        // Most entries are no processes, and some processes end meanwhile.
        std::fs::read_to_string(entry.path().join("stat")).ok()
    });
    // The name, in parentheses, may hold anything; after it come the state and the parent.
    let parents = stats.filter_map(|stat| stat.rsplit_once(')')?.1.split_whitespace().nth(1).map(str::to_owned));
    Ok(parents.filter(|found| *found == parent).count())
}

/// A socket after the handshake, without anything that would answer pings or read on.
pub(super) async fn upgraded(node: &TestNode, database: &Database, account: &Account) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await?;
    let head = format!(
        "GET /v1/database/{}/subscribe?compression=None HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: {V2}\r\nauthorization: Bearer {}\r\n\r\n",
        database.name, account.token
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(timeout(DEADLINE, stream.read_u8()).await??);
    }
    anyhow::ensure!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    Ok(stream)
}

/// The most memory that the node ever had, in bytes.
fn peak_memory(node: &TestNode) -> anyhow::Result<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? * 1024)
}
