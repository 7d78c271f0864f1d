//! Heads that are too large, and targets that try to lead elsewhere.

use super::raw::{request, send};
use crate::support::World;

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let world = World::start_with(|config| config.http.header_limit_bytes = 4096).await;
    let address = world.facade.address();
    let get = |fields: &[(&str, &str)]| request("GET", "/health/live", fields, b"");
    assert_eq!(send(address, &get(&[("x-pad", &"a".repeat(3000))])).await.status, Some(200));
    let large = send(address, &get(&[("x-pad", &"a".repeat(5000))])).await;
    large.is_problem(431, "header_too_large");
    let cookies = vec![("cookie", "worldloom-refresh=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"); 60];
    send(address, &get(&cookies)).await.is_problem(431, "header_too_large");
    let many = vec![("x-a", "b"); 80];
    send(address, &get(&many)).await.is_problem(431, "header_too_large");
    // Beyond these, the HTTP library answers before there is a request.
    let too_many = vec![("x-a", "b"); 500];
    assert_eq!(send(address, &get(&too_many)).await.status, Some(431));
    assert_eq!(send(address, &get(&[("x-pad", &"a".repeat(1_000_000))])).await.status, Some(431));
}

#[tokio::test]
async fn targets_that_are_too_long_are_refused() {
    let world = World::start().await;
    let address = world.facade.address();
    for target in [format!("/{}", "a".repeat(9000)), format!("/auth/authorize?state={}", "a".repeat(9000))] {
        send(address, &request("GET", &target, &[], b"")).await.is_problem(414, "uri_too_long");
    }
    let longer = format!("/{}", "a".repeat(100_000));
    assert_eq!(send(address, &request("GET", &longer, &[], b"")).await.status, Some(414));
}

#[tokio::test]
async fn targets_lead_nowhere_else() {
    let world = World::start().await;
    for target in [
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%5c..%5cwindows",
        "/assets/%00",
        "/assets/%ff%fe",
        "/assets/%c0%ae%c0%ae%c0%af",
        "/objects/../.url-key",
        "/objects/..%2f.url-key",
        "/objects/%2fetc%2fpasswd",
        "/objects/....//....//etc/passwd",
        "//etc/passwd",
        "/docs/../../../etc/passwd",
        "/docs/..%2f..%2f..%2fetc%2fpasswd",
        "/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "http://evil.example.com/etc/passwd",
    ] {
        let answer = send(world.facade.address(), &request("GET", target, &[], b"")).await;
        assert!(matches!(answer.status, Some(403 | 404)), "{target}: {answer:?}");
        answer
            .is_problem(answer.status.unwrap(), if answer.status == Some(404) { "not_found" } else { "link_invalid" });
        assert!(!answer.body.contains("root:"), "{target}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let world = World::start().await;
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".as_slice(),
        b"GET /health/live\r\n\r\n",
        b"GET /health/live HTTP/9.9\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        b"POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n{}",
        b"POST /auth/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n{}",
    ] {
        let answer = send(world.facade.address(), bytes).await;
        assert!(matches!(answer.status, None | Some(400)), "{answer:?}");
    }
    assert_eq!(send(world.facade.address(), &request("GET", "/health/live", &[], b"")).await.status, Some(200));
}
