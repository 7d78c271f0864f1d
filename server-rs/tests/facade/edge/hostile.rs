//! Requests that mean harm are refused with a problem, logged once, and leave nothing behind.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::program::Program;
use super::raw::{request, send};
use crate::support::{ASSET, claims, wait_for};

/// A request by its name, and what it is to be answered with.
struct Hostile {
    name: &'static str,
    bytes: Vec<u8>,
    status: u16,
    code: &'static str,
}

/// Ten mebibytes of zeros in ten kibibytes.
fn zip_bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 10 * 1024 * 1024]).unwrap();
    encoder.finish().unwrap()
}

fn all(token: &str) -> Vec<Hostile> {
    let bearer = format!("Bearer {token}");
    let make = |name, method, target: &str, fields: &[(&str, &str)], body: &[u8], status, code| {
        let fields = [&[("x-request-id", name)], fields].concat();
        Hostile { name, bytes: request(method, target, &fields, body), status, code }
    };
    let player = ("authorization", bearer.as_str());
    let json = ("content-type", "application/json");
    let key = ("idempotency-key", "k");
    let form = ("content-type", "multipart/form-data; boundary=b");
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let deep_objects = r#"{"a":"#.repeat(10_000);
    let deep_proof = format!(r#"{{"provider":"device","client":"app","proof":{deep}}}"#);
    let bindings = format!("{ASSET}/bindings");
    let bomb = zip_bomb();
    let gzip = ("content-encoding", "gzip");
    let announced = |key: &str| {
        let sha256 = "0".repeat(64);
        format!(
            r#"{{"object_key":"{key}","content_type":"image/png","byte_size":1,"sha256":"{sha256}","access_policy":"private"}}"#
        )
    };
    let unmarked = b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.exe\"\r\n\
                     content-type: image/png\r\n\r\nMZ\x90\0\x03\0\0\0\r\n--b--\r\n";
    let large = "a".repeat(20_000);
    vec![
        make("deep-login", "POST", "/auth/login", &[json], deep_proof.as_bytes(), 400, "malformed_request"),
        make("deep-refresh", "POST", "/auth/refresh", &[json], deep.as_bytes(), 400, "malformed_request"),
        make(
            "deep-objects",
            "POST",
            "/ai/tasks",
            &[json, player, key],
            deep_objects.as_bytes(),
            422,
            "invalid_argument",
        ),
        make("deep-binding", "POST", &bindings, &[json, player], deep.as_bytes(), 422, "invalid_argument"),
        make("bomb-json", "POST", "/auth/login", &[json, gzip], &bomb, 415, "unsupported_media_type"),
        make("bomb-form", "POST", "/assets", &[form, player, key, gzip], &bomb, 415, "unsupported_media_type"),
        make("bomb-object", "PUT", "/objects/x", &[gzip], &bomb, 415, "unsupported_media_type"),
        make("bomb-bare", "POST", "/auth/login", &[json], &bomb, 400, "malformed_request"),
        make("head-large", "GET", "/health/live", &[("x-pad", &large)], b"", 431, "header_too_large"),
        make("head-many", "GET", "/health/live", &[("x-a", "b"); 70], b"", 431, "header_too_large"),
        make("body-large", "POST", "/auth/login", &[json], &[b' '; 70_000], 413, "payload_too_large"),
        make("path-up", "GET", "/assets/..%2f..%2fetc%2fpasswd", &[], b"", 404, "not_found"),
        make("path-object", "GET", "/objects/..%2f.url-key", &[], b"", 403, "link_invalid"),
        make(
            "key-up",
            "POST",
            "/assets/uploads",
            &[json, player, key],
            announced("../../etc/passwd").as_bytes(),
            422,
            "invalid_argument",
        ),
        make(
            "type-text",
            "POST",
            "/auth/login",
            &[("content-type", "text/plain")],
            b"{}",
            415,
            "unsupported_media_type",
        ),
        make("type-none", "POST", &bindings, &[player], b"{}", 415, "unsupported_media_type"),
        make(
            "type-xml",
            "POST",
            "/ai/tasks",
            &[("content-type", "application/xml"), player, key],
            b"<a/>",
            415,
            "unsupported_media_type",
        ),
        make("type-lies", "POST", "/assets", &[form, player, key], unmarked, 415, "unsupported_media_type"),
        make("token-forged", "GET", "/auth/devices", &[("authorization", "Bearer a.b.c")], b"", 401, "unauthenticated"),
        make("no-method", "BREW", "/assets", &[], b"", 405, "method_not_allowed"),
    ]
}

#[tokio::test]
async fn each_is_refused_and_logged_once() {
    let program = Program::start(|_| {}).await;
    let token = program.key.sign(&claims("player-1"));
    for hostile in all(&token) {
        let answer = send(program.address, &hostile.bytes).await;
        assert_eq!(answer.status, Some(hostile.status), "{}: {answer:?}", hostile.name);
        answer.is_problem(hostile.status, hostile.code);
        wait_for(hostile.name, || !program.lines_of(hostile.name).is_empty()).await;
    }
    // The last line of all is there, so are those before it.
    for hostile in all(&token) {
        let lines = program.lines_of(hostile.name);
        assert_eq!(lines.len(), 1, "{}: {lines:?}", hostile.name);
        let fields = &lines[0]["fields"];
        assert_eq!(
            (fields["status"].as_u64(), fields["code"].as_str()),
            (Some(hostile.status.into()), Some(hostile.code))
        );
        assert!(lines[0]["span"]["route"].is_string() && fields["elapsed_ms"].is_u64(), "{lines:?}");
    }
    let health = send(program.address, &request("GET", "/health/live", &[], b"")).await;
    assert_eq!(health.status, Some(200), "it lives");
}

#[tokio::test]
async fn what_is_refused_before_there_is_a_request_is_logged_once() {
    let program = Program::start(|config| config.http.header_timeout_s = 1).await;
    let refused = |message: &'static str| {
        let program = &program;
        move || program.log().iter().filter(|line| line["fields"]["message"] == message).count()
    };
    let heads = refused("Refused a request head");
    let huge = request("GET", "/", &[("x-pad", &"a".repeat(1_000_000))], b"");
    assert_eq!(send(program.address, &huge).await.status, Some(431));
    wait_for("the line", || heads() > 0).await;
    send(program.address, b"GET /health/live\r\n\r\n").await;
    wait_for("the second line", || heads() > 1).await;
    let silent = refused("Closed a connection: no request head came in time");
    let mut stream = tokio::net::TcpStream::connect(program.address).await.unwrap();
    super::raw::read_to_end(&mut stream).await;
    wait_for("the line", || silent() > 0).await;
    assert_eq!((heads(), silent()), (2, 1));
}

#[tokio::test]
async fn the_log_holds_nothing_personal() {
    let program = Program::start(|config| config.identity.trusted_proxies = 1).await;
    let token = program.key.sign(&claims("player-1"));
    let fields = [
        ("x-request-id", "mine"),
        ("authorization", &format!("Bearer {token}")),
        ("x-forwarded-for", "203.0.113.77"),
        ("cookie", "worldloom-refresh=biscuit"),
        ("user-agent", "agent-of-mine"),
    ];
    send(program.address, &request("GET", &format!("{ASSET}/content?secret=of-mine"), &fields, b"")).await;
    let body =
        br#"{"provider":"device","proof":{"device_secret":"mine-is-the-secret"},"client":"app","device_name":"Ada"}"#;
    let json = ("content-type", "application/json");
    send(program.address, &request("POST", "/auth/login", &[("x-request-id", "login"), json], body)).await;
    wait_for("the lines", || !program.lines_of("login").is_empty() && !program.lines_of("mine").is_empty()).await;
    let line = program.lines_of("mine").pop().unwrap();
    let player = line["span"]["player"].as_str().unwrap();
    assert!(player.len() == 12 && player.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
    assert!(program.lines_of("login")[0]["span"]["player"].is_null(), "nobody has proved anything");
    let identity = claims("player-1")["hex_identity"].as_str().unwrap().to_owned();
    let signature = token.rsplit('.').next().unwrap();
    let log = serde_json::to_string(&program.log()).unwrap();
    for personal in [
        signature,
        &identity,
        &identity[..16],
        "203.0.113.77",
        "biscuit",
        "agent-of-mine",
        "of-mine",
        "Ada",
        "mine-is-the-secret",
        "0194f0c5",
    ] {
        assert!(!log.contains(personal), "{personal} is in {log}");
    }
}

#[tokio::test]
async fn a_flood_leaves_no_memory_behind() {
    let program = Program::start(|config| {
        config.log.filter = "warn,worldloom_facade::serve=info".to_owned();
        config.identity.trusted_proxies = 1;
        config.http.limits.remembered = 1024;
    })
    .await;
    let token = program.key.sign(&claims("player-1"));
    let mut number = 0_u32;
    let mut round = async || {
        for hostile in all(&token) {
            number += 1;
            // From another address each time, as a flood would come.
            let [_, a, b, c] = number.to_be_bytes();
            let line_end = hostile.bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            let (line, rest) = hostile.bytes.split_at(line_end);
            let from = format!("x-forwarded-for: 10.{a}.{b}.{c}\r\n");
            send(program.address, &[line, from.as_bytes(), rest].concat()).await;
        }
    };
    for _ in 0..10 {
        round().await;
    }
    let Some(before) = program.resident_kib() else { return };
    for _ in 0..50 {
        round().await;
    }
    let after = program.resident_kib().unwrap();
    assert!(after < before + 8 * 1024, "{before} KiB before, {after} KiB after");
}
