//! Streams of events: how many a player may have open.

use futures::future::join_all;

use crate::support::{Answer, World, claims};

const EVENTS: &str = "/ai/tasks/0194f0c5-0000-7000-8000-000000000001/events";

async fn follow(world: &World, subject: &str) -> Answer {
    let request = world.http.get(world.at(EVENTS)).bearer_auth(world.key.sign(&claims(subject)));
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_player_has_sixteen_streams_at_most() {
    // There is no node, so each request waits so long for a connection, and has its seat meanwhile.
    let world = World::start_with(|config| config.node.connect_wait_ms = 2000).await;
    let (asked, other) =
        tokio::join!(join_all((0..17).map(|_| follow(&world, "player-1"))), follow(&world, "player-2"));
    let (refused, waited): (Vec<_>, Vec<_>) = asked.iter().partition(|answer| answer.status == 429);
    assert_eq!((refused.len(), waited.len()), (1, 16), "{asked:?}");
    refused[0].is_problem(429, "too_many_requests");
    assert_eq!(refused[0].body["scope"], "streams");
    assert_eq!(refused[0].body["limit"], 16);
    assert_eq!(refused[0].header("retry-after"), "15");
    for answer in waited {
        answer.is_problem(503, "node_unavailable");
    }
    other.is_problem(503, "node_unavailable");
    // All seats have been given back.
    follow(&world, "player-1").await.is_problem(503, "node_unavailable");
    let figures = Answer::of(world.http.get(world.at("/metrics")).send().await.unwrap()).await;
    assert!(figures.body.as_str().unwrap().contains("worldloom_http_limited_total{scope=\"streams\"} 1"));
}
