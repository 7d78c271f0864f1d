//! HTTP handlers of modules, and what modules ask of others over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use worldloom_tests::{Database, NodeOptions, Outcome, TestNode, http_client};

use crate::answers::{self, refused, refused_for_its_size};
use crate::outside::Outside;

#[tokio::test]
async fn requests_reach_the_handler_with_method_and_body() -> Outcome {
    let node = TestNode::start().await?;
    node.publish("zoo", "schema_zoo").await?;
    let body = vec![0, 159, 146, 150];
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let request = node.request(method.clone(), "/v1/database/zoo/route/echo?any=query").body(body.clone());
        let answer = request.send().await?;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-method"], method.as_str());
        // Which pages may call is the module's to say as well.
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://zoo.example");
        // Modules check their own credentials, so that nobody gets an identity here.
        assert!(!answer.headers().contains_key("spacetime-identity-token"));
        assert_eq!(answer.bytes().await?, body);
    }
    Ok(())
}

#[tokio::test]
async fn browsers_may_call_from_any_page_unless_a_module_says_otherwise() -> Outcome {
    let node = TestNode::start().await?;
    node.publish("zoo", "schema_zoo").await?;
    let from_page = |method, path: &str| {
        let request = node.request(method, path).header("origin", "https://page.example");
        request.header("access-control-request-method", "POST").send()
    };
    for path in [
        "/v1/database/zoo/call/log_line",
        "/v1/identity",
        "/v1/database/zoo/route/greeting",
        "/v1/database/zoo/route/nothing",
        "/v1/database/nowhere/route/greeting",
        "/v1/nothing",
    ] {
        let preflight = from_page(Method::OPTIONS, path).await?;
        assert_eq!(preflight.status(), 200, "{path}");
        assert_eq!(preflight.headers()["access-control-allow-origin"], "*", "{path}");
        assert_eq!(preflight.headers()["access-control-allow-headers"], "authorization,accept,content-type", "{path}");
        let answer = from_page(Method::GET, path).await?;
        assert_eq!(answer.headers()["access-control-allow-origin"], "*", "{path}");
        let exposed = answer.headers()["access-control-expose-headers"].to_str()?;
        assert!(exposed.contains("spacetime-error-code"), "{path}: {exposed}");
    }
    // Its handler takes any method, and is not asked what pages may send.
    let preflight = from_page(Method::OPTIONS, "/v1/database/zoo/route/echo").await?;
    assert_eq!(preflight.status(), 200);
    assert_eq!(preflight.headers()["access-control-allow-headers"], "authorization,accept,content-type");
    assert!(!preflight.headers().contains_key("x-method"));
    // This route has a handler for just that.
    let told = from_page(Method::OPTIONS, "/v1/database/zoo/route/visits").await?;
    assert_eq!(told.headers()["access-control-allow-origin"], "https://zoo.example");
    assert!(!told.headers().contains_key("access-control-allow-headers"));
    Ok(())
}

#[tokio::test]
async fn a_handler_is_told_the_address_that_the_client_used() -> Outcome {
    let node = TestNode::start().await?;
    node.publish("zoo", "schema_zoo").await?;
    let path = "/v1/database/zoo/route/echo?any=query";
    for (proto, host, told) in [
        (None, None, format!("{}{path}", node.url)),
        (Some("https"), None, format!("{}{path}", node.url.replacen("http", "https", 1))),
        (None, Some("play.example.com"), format!("http://play.example.com{path}")),
        (Some("https"), Some("play.example.com:8443"), format!("https://play.example.com:8443{path}")),
        // What makes no address is left out, and with it all that a proxy or client says.
        (Some("https"), Some("play example com"), path.to_owned()),
    ] {
        let headers = [("x-forwarded-proto", proto), ("x-forwarded-host", host)];
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let request =
            headers.fold(node.request(Method::GET, path), |request, (name, value)| request.header(name, value));
        let answer = request.send().await?;
        assert_eq!(answer.headers()["x-uri"], told, "{proto:?}, {host:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_handler_reads_the_environment_and_writes_rows() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let route = |method, path: &str| node.request(method, &format!("/v1/database/zoo/route{path}"));
    assert_eq!(answers::text(route(Method::GET, "/greeting")).await?, "Welcome to the zoo.");
    assert_eq!(answers::text(route(Method::POST, "/visits").body("a visit")).await?, "1");
    assert_eq!(answers::text(route(Method::GET, "/visits")).await?, "1");
    assert_eq!(database.sql("SELECT note FROM visit").await?, [serde_json::json!(["a visit"])]);
    Ok(())
}

#[tokio::test]
async fn unknown_routes_traps_and_large_bodies_are_told() -> Outcome {
    let node = TestNode::start().await?;
    node.publish("zoo", "schema_zoo").await?;
    let route = |method, path: &str| node.request(method, &format!("/v1/database/zoo/route{path}"));
    for (method, path) in [
        (Method::GET, ""),
        (Method::GET, "/"),
        (Method::GET, "/echo/"),
        (Method::GET, "/nothing"),
        (Method::DELETE, "/visits"),
    ] {
        refused(route(method, path), 404, "no_such_handler").await?;
    }
    let sentence = refused(route(Method::GET, "/zoo/trap"), 500, "function_failed").await?;
    // Which functions of the module were under way is nothing to strangers.
    assert!(!sentence.contains("wasm") && !sentence.contains("trap_in_handler"), "{sentence}");
    let large = vec![0; 33 * 1024 * 1024];
    refused_for_its_size(route(Method::POST, "/echo").body(large), "invalid_body").await?;
    // On a new connection, since the node has closed the other.
    let visits = http_client()?.get(format!("{}/v1/database/zoo/route/visits", node.url)).send().await?;
    assert_eq!(visits.text().await?, "0");
    Ok(())
}

#[tokio::test]
async fn a_module_fetches_what_is_outside_and_nothing_of_this_machine() -> Outcome {
    let mut outside = Outside::start().await?;
    let options = NodeOptions { environment: outside.environment(), ..NodeOptions::default() };
    let node = TestNode::start_with(options).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let answering = async {
        let asked = outside.asked().await?;
        let url = asked.url.clone();
        asked.answer("Two cubs were born.");
        anyhow::Ok(url)
    };
    let news = "http://elsewhere.example/news?page=2";
    let (fetched, url) = tokio::try_join!(fetch(&database, news), answering)?;
    assert_eq!((fetched, url.as_str()), (json!([0, "Two cubs were born."]), news));

    for own in [node.url.clone(), format!("http://[::1]:{}", node.port())] {
        let refused = fetch(&database, &format!("{own}/v1/ping")).await?;
        assert_eq!(refused[0], 1, "{own}: {refused}");
        assert!(refused[1].as_str().unwrap().contains("refusing to connect"), "{own}: {refused}");
    }
    Ok(())
}

#[tokio::test]
async fn modules_fetch_nothing_where_that_is_switched_off() -> Outcome {
    let mut outside = Outside::start().await?;
    let config = Some("[module-http]\nenabled = false".to_owned());
    let options = NodeOptions { config, environment: outside.environment(), ..NodeOptions::default() };
    let node = TestNode::start_with(options).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let refused = tokio::select! {
        refused = fetch(&database, "http://elsewhere.example/news") => refused?,
        asked = outside.asked() => panic!("it was asked for {}", asked?.url),
    };
    assert_eq!(refused[0], 1, "{refused}");
    assert!(refused[1].as_str().unwrap().contains("disabled"), "{refused}");
    // Handlers of the module are none of that.
    let greeting = node.request(Method::GET, "/v1/database/zoo/route/greeting");
    assert_eq!(answers::text(greeting).await?, "Welcome to the zoo.");
    Ok(())
}

/// Has the module fetch a URL: 0 and the text, or 1 and what went wrong.
async fn fetch(database: &Database, url: &str) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&database.call_ok(&database.owner, "fetch_text", json!([url])).await?)?)
}
