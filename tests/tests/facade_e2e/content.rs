//! Reading in part, and not reading again what the client has.

use anyhow::ensure;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RANGE};
use reqwest::{Method, StatusCode};
use worldloom_tests::Outcome;
use worldloom_tests::facade::{Upload, sha256};
use worldloom_tests::pictures::picture;

use crate::world::{World, expect_problem, id_of};

#[tokio::test]
async fn ranges_give_the_bytes_that_they_name() -> Outcome {
    let world = World::start().await?;
    let player = world.node.account().await?;
    let bytes = picture(3)?;
    let size = bytes.len();
    let asset = world.uploaded(&player, &Upload::private("ranges", bytes.clone())).await?;
    let path = format!("/assets/{}/content", id_of(&asset)?);
    let ask =
        |range: String| world.facade.client.request(Method::GET, &path, Some(&player)).header(RANGE, range).send();

    for (range, wanted) in [
        ("bytes=0-0".to_owned(), 0..1),
        ("bytes=100-199".to_owned(), 100..200),
        (format!("bytes={}-", size - 5), size - 5..size),
        ("bytes=-7".to_owned(), size - 7..size),
        (format!("bytes=10-{}", size + 1_000), 10..size),
    ] {
        let answer = ask(range.clone()).await?;
        ensure!(answer.status() == StatusCode::PARTIAL_CONTENT, "{range}: {}", answer.status());
        let extent = format!("bytes {}-{}/{size}", wanted.start, wanted.end - 1);
        ensure!(answer.headers().get(CONTENT_RANGE).is_some_and(|value| value == extent.as_str()), "{range}");
        ensure!(answer.bytes().await? == bytes[wanted], "{range}");
    }
    for range in ["bytes=0-1,4-5", "pages=1-2", "bytes=9-1"] {
        let answer = ask(range.to_owned()).await?;
        ensure!(answer.status() == StatusCode::OK && answer.bytes().await? == bytes, "{range} is ignored");
    }
    let answer = ask(format!("bytes={size}-")).await?;
    ensure!(answer.headers().get(CONTENT_RANGE).is_some_and(|value| value == format!("bytes */{size}").as_str()));
    expect_problem(answer, 416, "range_not_satisfiable").await?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_has_the_bytes_gets_none() -> Outcome {
    let world = World::start().await?;
    let player = world.node.account().await?;
    let bytes = picture(3)?;
    let asset = world.uploaded(&player, &Upload::private("tag", bytes.clone())).await?;
    let head = world.about(Method::HEAD, &asset, "/content", Some(&player)).await?;
    ensure!(head.status() == StatusCode::OK);
    let header = |name| head.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    ensure!(header(CONTENT_LENGTH) == bytes.len().to_string() && header(CONTENT_TYPE) == "image/jpeg");
    ensure!(header(ETAG) == format!("\"{}\"", sha256(&bytes)));
    ensure!(header(reqwest::header::X_CONTENT_TYPE_OPTIONS) == "nosniff");

    let path = format!("/assets/{}/content", id_of(&asset)?);
    let kept = world.facade.client.request(Method::GET, &path, Some(&player)).header(IF_NONE_MATCH, header(ETAG));
    let answer = kept.send().await?;
    ensure!(answer.status() == StatusCode::NOT_MODIFIED && answer.bytes().await?.is_empty());
    Ok(())
}
