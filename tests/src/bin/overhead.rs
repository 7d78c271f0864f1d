//! What `cargo xtask bench facade` calls: a node, a facade before it, and a bare axum handler, each asked for the
//! same task in its own way.
//!
//! Says on one line of JSON where they are and what to send them, and ends with its standard input. The handler
//! answers with what the facade answers and does nothing else, so the difference is what the facade does.

use anyhow::Context;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use worldloom_tests::{Account, TestFacade, TestNode};

/// Nobody works on the task, so that it stays as it is. The requests of the one client are counted, and let through.
const SETTINGS: [(&str, &str); 5] = [
    ("AI__ENABLED", "false"),
    ("HTTP__LIMITS__ADDRESS__PER_MINUTE", "60000000"),
    ("HTTP__LIMITS__ADDRESS__BURST", "1000000"),
    ("HTTP__LIMITS__PLAYER__PER_MINUTE", "60000000"),
    ("HTTP__LIMITS__PLAYER__BURST", "1000000"),
];

const MISSING: &str = "the answer names no task";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let node = TestNode::start().await?;
    let database = node.publish("worldloom", "spacetime_module").await?;
    let facade = TestFacade::start_with(&node, &database, &SETTINGS).await?;
    let player = node.account().await?;
    let task_id = ask_for_text(&facade, &player).await?;
    let path = format!("/ai/tasks/{task_id}");
    let answer = facade.client.request(Method::GET, &path, Some(&player)).send().await?.error_for_status()?;
    let bare = serve(&path, answer.text().await?).await?;
    let number = u128::from_str_radix(&task_id.replace('-', ""), 16).context(MISSING)?;
    let arguments = format!("[{{\"none\":[]}},[{number}]]");
    let procedure = format!("{}/v1/database/{}/call/read_ai_task_and_return", node.url, database.name);
    println!(
        "{}",
        json!({
            "token": player.token,
            "bare": { "method": "GET", "url": format!("{bare}{path}"), "body": "" },
            "node": { "method": "POST", "url": procedure, "body": arguments },
            "facade": { "method": "GET", "url": format!("{}{path}", facade.client.url), "body": "" },
        })
    );
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

async fn ask_for_text(facade: &TestFacade, player: &Account) -> anyhow::Result<String> {
    let task = json!({ "kind": "text", "request": "A text that nobody writes." });
    let request = facade.client.request(Method::POST, "/ai/tasks", Some(player)).header("idempotency-key", "bench");
    let task: Value = request.json(&task).send().await?.error_for_status()?.json().await?;
    Ok(task["task_id"].as_str().context(MISSING)?.to_owned())
}

/// Serves these bytes at this path.
async fn serve(path: &str, answer: String) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let handler = move || std::future::ready(([(CONTENT_TYPE, "application/json")], answer.clone()));
    let router = Router::new().route(path, get(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}
