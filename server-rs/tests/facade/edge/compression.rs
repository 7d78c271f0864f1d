//! Large answers of text are sent compressed to whoever takes it.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::support::World;

async fn get(world: &World, path: &str, encodings: &str) -> reqwest::Response {
    world.http.get(world.at(path)).header("accept-encoding", encodings).send().await.unwrap()
}

fn encoding(response: &reqwest::Response) -> Option<&str> {
    response.headers().get("content-encoding").map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_description_is_compressed_and_unharmed() {
    let world = World::start().await;
    let plain = get(&world, "/openapi.json", "identity").await;
    assert_eq!(encoding(&plain), None);
    let plain = plain.bytes().await.unwrap();
    let packed = get(&world, "/openapi.json", "br;q=1, gzip;q=0.5").await;
    assert_eq!(encoding(&packed), Some("gzip"));
    assert_eq!(packed.headers()["vary"], "accept-encoding");
    let packed = packed.bytes().await.unwrap();
    assert!(packed.len() * 3 < plain.len(), "{} of {}", packed.len(), plain.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
}

#[tokio::test]
async fn small_answers_are_sent_as_they_are() {
    let world = World::start().await;
    for path in ["/health/live", "/auth/providers", "/nowhere"] {
        assert_eq!(encoding(&get(&world, path, "gzip").await), None, "{path}");
    }
}

#[tokio::test]
async fn it_can_be_left_to_a_proxy() {
    let world = World::start_with(|config| config.http.compression = false).await;
    assert_eq!(encoding(&get(&world, "/openapi.json", "gzip").await), None);
}
