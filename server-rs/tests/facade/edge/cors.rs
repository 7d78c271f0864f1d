//! Pages of other origins read what they are allowed to and no more.

use reqwest::{Method, RequestBuilder, Response};

use crate::support::{ASSET, Answer, World};

const READER: &str = "https://wiki.example.com";
const PLAYER: &str = "https://play.example.com";
const STRANGER: &str = "https://evil.example.com";

async fn world() -> World {
    World::start_with(|config| {
        config.http.cors.allowed_origins = vec![READER.to_owned()];
        config.identity.allowed_origins = vec![PLAYER.to_owned()];
    })
    .await
}

fn preflight(world: &World, path: &str, origin: &str) -> RequestBuilder {
    let request = world.http.request(Method::OPTIONS, world.at(path)).header("origin", origin);
    request
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,idempotency-key")
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn without_configuration_nothing_is_opened() {
    let world = World::start().await;
    for origin in [READER, &world.url.clone(), "null"] {
        let answer = send(world.http.get(world.at("/auth/providers")).header("origin", origin)).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "access-control-allow-origin")), (200, None));
        let answer = send(preflight(&world, "/auth/login", origin)).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "access-control-allow-origin")), (405, None));
    }
}

#[tokio::test]
async fn listed_pages_may_call_every_route() {
    let world = world().await;
    for path in ["/assets", "/auth/login", "/ai/tasks", "/operations/objects/sweep", "/objects/x", ASSET] {
        let answer = send(preflight(&world, path, READER)).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(READER), "{path}");
        assert_eq!(header(&answer, "access-control-allow-credentials"), None, "{path}");
        let allowed = header(&answer, "access-control-allow-headers").unwrap();
        assert!(allowed.contains("authorization") && allowed.contains("idempotency-key"), "{allowed}");
        let stranger = send(preflight(&world, path, STRANGER)).await;
        assert_eq!(header(&stranger, "access-control-allow-origin"), None, "{path}");
    }
}

#[tokio::test]
async fn listed_pages_can_read_what_went_wrong() {
    let world = world().await;
    for path in ["/nowhere", ASSET, "/auth/devices"] {
        let answer = send(world.http.get(world.at(path)).header("origin", READER)).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(READER), "{path}");
        let exposed = header(&answer, "access-control-expose-headers").unwrap();
        assert!(exposed.contains("x-request-id") && exposed.contains("retry-after"), "{exposed}");
        let vary: Vec<_> = answer.headers().get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
        assert!(vary.join(",").contains("origin"), "{vary:?}");
    }
}

#[tokio::test]
async fn only_pages_that_may_use_the_cookie_get_credentials() {
    let world = world().await;
    let refresh = |origin| {
        let request = world.http.post(world.at("/auth/refresh")).header("origin", origin);
        send(request.header("cookie", format!("worldloom-refresh={}", "a".repeat(43))))
    };
    let answer = refresh(PLAYER).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), Some(PLAYER));
    assert_eq!(header(&answer, "access-control-allow-credentials"), Some("true"));
    // Past the check of the origin, to the node, which is not there.
    Answer::of(answer).await.is_problem(503, "node_unavailable");
    for origin in [READER, STRANGER] {
        let answer = refresh(origin).await;
        assert_eq!(header(&answer, "access-control-allow-credentials"), None, "{origin}");
        Answer::of(answer).await.is_problem(403, "forbidden");
    }
}
