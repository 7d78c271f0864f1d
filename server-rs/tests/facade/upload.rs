//! What is wrong with an upload is found while it arrives, and leaves nothing behind.

use bytes::Bytes;
use futures::stream;
use reqwest::Body;
use reqwest::multipart::{Form, Part};

use crate::support::{Answer, World, files_below};

const PNG_HEAD: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn png(bytes: usize) -> Vec<u8> {
    let mut png = PNG_HEAD.to_vec();
    png.resize(bytes.max(PNG_HEAD.len()), 7);
    png
}

fn form(file: Part) -> Form {
    Form::new().text("access_policy", "public").part("file", file)
}

async fn post(world: &World, form: Form) -> Answer {
    let request = world.http.post(world.at("/assets")).bearer_auth(world.token()).header("idempotency-key", "key-1");
    Answer::of(request.multipart(form).send().await.unwrap()).await
}

/// Posts a body as it stands, with this boundary declared.
async fn post_raw(world: &World, body: impl Into<Body>) -> Answer {
    let request = world.http.post(world.at("/assets")).bearer_auth(world.token()).header("idempotency-key", "key-1");
    let request = request.header("content-type", "multipart/form-data; boundary=b");
    Answer::of(request.body(body).send().await.unwrap()).await
}

#[tokio::test]
async fn caller_and_key_come_before_the_bytes() {
    let world = World::start().await;
    let upload = |part| world.http.post(world.at("/assets")).multipart(form(part));
    let anonymous = upload(Part::bytes(png(100))).header("idempotency-key", "k").send().await.unwrap();
    Answer::of(anonymous).await.is_problem(401, "unauthenticated");
    for key in ["", "with space", &"x".repeat(129)] {
        let request = upload(Part::bytes(png(100))).bearer_auth(world.token()).header("idempotency-key", key);
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.is_problem(422, "invalid_argument").body["field"], "idempotency-key");
    }
    let keyless = upload(Part::bytes(png(100))).bearer_auth(world.token()).send().await.unwrap();
    Answer::of(keyless).await.is_problem(422, "invalid_argument");
    world.wait_until_empty().await;
}

#[tokio::test]
async fn a_file_above_the_limit_is_refused_however_it_is_sent() {
    let world = World::start_with(|config| config.objects.upload_limit_bytes = 100_000).await;
    let answer = post(&world, form(Part::bytes(png(100_001)))).await;
    assert_eq!(answer.is_problem(413, "payload_too_large").body["limit"], 100_000);
    // In chunks, without a length, and far more than the limit.
    let chunks = stream::iter((0..400).map(|_| Ok::<_, std::io::Error>(Bytes::from(png(10_000)))));
    post(&world, form(Part::stream(Body::wrap_stream(chunks)))).await.is_problem(413, "payload_too_large");
    post(&world, form(Part::bytes(png(100_000)))).await.is_problem(503, "node_unavailable");
    world.wait_until_empty().await;
}

#[tokio::test]
async fn the_content_is_held_against_the_declared_type() {
    let world = World::start().await;
    let part = |bytes: Vec<u8>, declared: &str| form(Part::bytes(bytes).mime_str(declared).unwrap());
    let refused = [
        part(png(100), "image/jpeg"),
        part(png(100_000), "image/jpeg"),
        part(b"#!/bin/sh\nrm -rf /\n".to_vec(), "image/png"),
        part(b"<html><script>alert(1)</script>".to_vec(), "text/html"),
        part(b"\x7fELF\x02\x01\x01".repeat(3000), "application/octet-stream"),
    ];
    for form in refused {
        post(&world, form).await.is_problem(415, "unsupported_media_type");
    }
    let empty = post(&world, part(Vec::new(), "image/png")).await;
    assert_eq!(empty.is_problem(422, "invalid_argument").body["field"], "file");
    world.wait_until_empty().await;
}

#[tokio::test]
async fn forms_that_do_not_fit_are_refused() {
    let world = World::start().await;
    let file = || Part::bytes(png(100));
    let cases = [
        (Form::new().text("access_policy", "public"), "file"),
        (form(file()).part("file", file()), "file"),
        (form(file()).text("access_policy", "public"), "access_policy"),
        (Form::new().part("file", file()).text("access_policy", "everyone"), "access_policy"),
        (form(file()).text("owner", "somebody"), "owner"),
        (form(file()).text("object_key", "x".repeat(1025)), "object_key"),
    ];
    for (form, field) in cases {
        let answer = post(&world, form).await;
        assert_eq!(answer.is_problem(422, "invalid_argument").body["field"], field, "{answer:?}");
    }
    let answer = post_raw(&world, "--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nx").await;
    answer.is_problem(400, "malformed_request");
    post_raw(&world, "no form at all").await.is_problem(400, "malformed_request");
    let json = world.http.post(world.at("/assets")).bearer_auth(world.token()).header("idempotency-key", "k");
    let json = json.header("content-type", "application/json").body("{}").send().await.unwrap();
    Answer::of(json).await.is_problem(415, "unsupported_media_type");
    world.wait_until_empty().await;
}

#[tokio::test]
async fn a_part_head_without_end_is_cut_off() {
    let world = World::start().await;
    let first = Bytes::from_static(b"--b\r\nx-filler: ");
    let rest = (0..300).map(|_| Bytes::from(vec![b'x'; 10_000]));
    let chunks = stream::iter(std::iter::once(first).chain(rest).map(Ok::<_, std::io::Error>));
    post_raw(&world, Body::wrap_stream(chunks)).await.is_problem(413, "payload_too_large");
    let preamble = stream::iter((0..300).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b'-'; 10_000]))));
    post_raw(&world, Body::wrap_stream(preamble)).await.is_problem(413, "payload_too_large");
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let world = World::start().await;
    let root = world.folder.path().join("objects");
    let (seen, staged) = (root.clone(), Bytes::from(png(1 << 20)));
    // Breaks off once the facade has written something.
    let broken = stream::unfold(0, move |step| {
        let (seen, staged) = (seen.clone(), staged.clone());
        async move {
            if step == 0 {
                return Some((Ok(staged), 1));
            }
            crate::support::wait_for("the file to be staged", || !files_below(&seen).is_empty()).await;
            (step == 1).then(|| (Err(std::io::Error::other("the client goes away")), 2))
        }
    });
    let request = world.http.post(world.at("/assets")).bearer_auth(world.token()).header("idempotency-key", "k");
    let sent = request.multipart(form(Part::stream(Body::wrap_stream(broken)))).send().await;
    assert!(sent.is_err(), "the request was broken off: {sent:?}");
    world.wait_until_empty().await;
}

#[tokio::test]
async fn without_the_node_an_upload_is_refused_and_not_kept() {
    let world = World::start().await;
    post(&world, form(Part::bytes(png(50_000)))).await.is_problem(503, "node_unavailable");
    world.wait_until_empty().await;
}
