//! Health, figures, and the API's description.

use crate::support::{ASSET, Answer, World};

async fn get(world: &World, path: &str) -> Answer {
    Answer::of(world.http.get(world.at(path)).send().await.unwrap()).await
}

#[tokio::test]
async fn the_facade_lives_but_is_not_ready_without_the_node() {
    let world = World::start().await;
    let live = get(&world, "/health/live").await;
    assert_eq!((live.status, live.body["status"].as_str()), (200, Some("alive")));
    let ready = get(&world, "/health/ready").await;
    ready.is_problem(503, "node_unavailable");
    assert!(ready.body["node_silent_for_s"].is_null(), "the node has never answered: {ready:?}");
}

#[tokio::test]
async fn figures_count_requests_by_route_and_not_by_path() {
    let world = World::start().await;
    get(&world, ASSET).await;
    get(&world, "/nowhere/at/all").await;
    let figures = get(&world, "/metrics").await;
    let text = figures.body.as_str().unwrap();
    let asset = r#"worldloom_http_requests_total{method="GET",route="/assets/{asset_id}",status="503"} 1"#;
    assert!(text.contains(asset), "{text}");
    assert!(text.contains(r#"route="(none)",status="404"} 1"#), "{text}");
    assert!(text.contains(r#"outcome="unavailable",procedure="read_asset_object_and_return"} 1"#), "{text}");
    assert!(text.contains("worldloom_node_connected 0"), "{text}");
    assert!(!text.contains("nowhere") && !text.contains("0194f0c5"), "{text}");
}

#[tokio::test]
async fn the_description_names_every_route_and_problem() {
    let world = World::start().await;
    let document = get(&world, "/openapi.json").await;
    assert_eq!(document.status, 200);
    let paths = document.body["paths"].as_object().unwrap();
    let mut operations: Vec<String> = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}")))
        .collect();
    operations.sort();
    assert_eq!(
        operations,
        [
            "delete /ai/tasks/{task_id}",
            "delete /assets/{asset_id}",
            "delete /assets/{asset_id}/bindings",
            "delete /auth/account",
            "delete /auth/devices",
            "delete /auth/devices/{session_id}",
            "delete /auth/logins/{login_id}",
            "get /.well-known/jwks.json",
            "get /.well-known/openid-configuration",
            "get /ai/tasks/{task_id}",
            "get /ai/tasks/{task_id}/events",
            "get /assets/{asset_id}",
            "get /assets/{asset_id}/content",
            "get /assets/{asset_id}/upload",
            "get /assets/{asset_id}/url",
            "get /assets/{asset_id}/variants/{variant}",
            "get /auth/authorize",
            "get /auth/callback/{provider}",
            "get /auth/devices",
            "get /auth/logins",
            "get /auth/providers",
            "get /health/live",
            "get /health/ready",
            "get /metrics",
            "get /objects/{grant}",
            "post /ai/tasks",
            "post /assets",
            "post /assets/uploads",
            "post /assets/{asset_id}/bindings",
            "post /assets/{asset_id}/confirm",
            "post /assets/{asset_id}/upload/parts",
            "post /auth/login",
            "post /auth/logins",
            "post /auth/logout",
            "post /auth/refresh",
            "post /auth/sms/codes",
            "post /operations/objects/sweep",
            "put /objects/{grant}",
        ]
    );
    let upload = &document.body["paths"]["/assets"]["post"];
    assert!(upload["requestBody"]["content"]["multipart/form-data"].is_object(), "{upload}");
    assert_eq!(document.body["components"]["securitySchemes"]["player"]["scheme"], "bearer");
}

#[tokio::test]
async fn the_page_to_browse_it_loads_nothing_from_elsewhere() {
    let world = World::start().await;
    let page = get(&world, "/docs/").await;
    let html = page.body.as_str().unwrap();
    assert_eq!(page.status, 200);
    let sources: Vec<&str> =
        html.split(['"', '\'']).filter(|text| text.ends_with(".js") || text.ends_with(".css")).collect();
    assert!(sources.len() >= 3, "{html}");
    for source in sources {
        assert!(!source.contains("//"), "{source} lies elsewhere");
        let file = get(&world, &format!("/docs/{}", source.trim_start_matches("./"))).await;
        assert_eq!(file.status, 200, "{source}");
    }
}
